// Part of Tillbridge. See LICENSE.

/// Why a Sign-Flag table is refused. The description is one sentence that names the rules.
package enum SignFlagError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A rule and its place in the list.
    package struct Place: Equatable, Sendable, CustomStringConvertible {
        /// From 0.
        package let index: Int
        package let rule: SignFlagRule

        package init(index: Int, rule: SignFlagRule) {
            self.index = index
            self.rule = rule
        }

        /// `Rule 2 (25–30, length 16–24, alipay)`, counted from 1.
        package var description: String { String(decoding: name, as: UTF8.self) }
    }

    package enum RuleProblem: Equatable, Sendable {
        case prefixLength, prefixCharacters, rangeOfLetters, emptyRange, lengths, dates
    }

    case version
    case signLength
    case tooManyRules(Int)
    case rule(Place, RuleProblem)
    /// Some code would belong to both.
    case overlap(Place, Place)

    package var description: String { String(decoding: sentence, as: UTF8.self) }

    private var sentence: [UInt8] {
        switch self {
        case .version: ("The version of a routing document is a whole number from 1." as StaticString).bytes
        case .signLength: ("The sign length is 1 to 8 characters." as StaticString).bytes
        case .tooManyRules(let count):
            ("A table has at most 64 rules, not " as StaticString).bytes + Decimal.text(Int64(count)) + [46]
        case .rule(let place, let problem): place.name + problem.sentence.bytes
        case .overlap(let first, let second):
            first.name + (" and " as StaticString).bytes + second.name
                + (" overlap: a code must belong to one wallet." as StaticString).bytes
        }
    }
}

extension SignFlagError.Place {
    fileprivate var name: [UInt8] {
        var name = ("Rule " as StaticString).bytes + Decimal.text(Int64(index) + 1)
        name += (" (" as StaticString).bytes + rule.low + ("–" as StaticString).bytes + rule.high
        name += (", length " as StaticString).bytes + Decimal.text(Int64(rule.minLength))
        name += ("–" as StaticString).bytes + Decimal.text(Int64(rule.maxLength))
        name += (", " as StaticString).bytes + rule.wallet.bytes
        name.append(41)
        return name
    }
}

extension SignFlagError.RuleProblem {
    fileprivate var sentence: StaticString {
        switch self {
        case .prefixLength: " needs two prefixes of the same length, at most the sign length."
        case .prefixCharacters: " needs prefixes of visible ASCII without a vertical bar."
        case .rangeOfLetters: " spans a range of prefixes that are not digits."
        case .emptyRange: " begins above its end."
        case .lengths: " needs lengths from 1 to 512, the least not above the greatest, that hold the prefix."
        case .dates: " ends before it begins."
        }
    }
}
