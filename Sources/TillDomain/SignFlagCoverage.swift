// Part of Tillbridge. See LICENSE.

/// Codes of a rule that no other rule takes: what an edit would leave without a wallet.
package struct SignFlagGap: Equatable, Sendable {
    /// First and last prefix, of the same length.
    package let low: [UInt8]
    package let high: [UInt8]
    /// The length of the codes.
    package let length: Int

    /// The first codes of `rule`, by length and then by prefix, that fall under none of `others`. Dates are not
    /// looked at: the caller chooses rules that hold at one moment.
    package static func first(in rule: SignFlagRule, without others: [SignFlagRule]) -> SignFlagGap? {
        guard let whole = span(of: rule) else { return letters(rule, others) }
        for length in rule.minLength...rule.maxLength {
            let spans = others.filter { $0.minLength <= length && length <= $0.maxLength }.compactMap { span(of: $0) }
            var next = whole.lowerBound
            for span in spans.sorted(by: { $0.lowerBound < $1.lowerBound }) where span.upperBound >= next {
                if span.lowerBound > next { break }
                next = span.upperBound + 1
            }
            guard next <= whole.upperBound else { continue }
            let end = spans.map { $0.lowerBound }.filter { $0 > next }.min().map { $0 - 1 } ?? whole.upperBound
            return gap(next...min(end, whole.upperBound), digits: rule.low.count, length: length)
        }
        return nil
    }

    /// Prefixes have at most this many characters.
    private static let digits = 8

    /// The numbers of eight digits that begin with a prefix of the rule; nil for a prefix with letters.
    private static func span(of rule: SignFlagRule) -> ClosedRange<Int64>? {
        guard let low = number(rule.low, filling: 48), let high = number(rule.high, filling: 57), low <= high
        else { return nil }
        return low...high
    }

    private static func number(_ prefix: [UInt8], filling: UInt8) -> Int64? {
        guard prefix.count <= digits else { return nil }
        var value: Int64 = 0
        for place in 0..<digits {
            let digit = place < prefix.count ? prefix[place] : filling
            guard (48...57).contains(digit) else { return nil }
            value = value * 10 + Int64(digit - 48)
        }
        return value
    }

    /// Prefixes as short as they can be, and no shorter than the rule's.
    private static func gap(_ span: ClosedRange<Int64>, digits count: Int, length: Int) -> SignFlagGap {
        var (low, high) = (padded(span.lowerBound), padded(span.upperBound))
        while low.count > count, low.last == 48, high.last == 57 {
            low.removeLast()
            high.removeLast()
        }
        return SignFlagGap(low: low, high: high, length: length)
    }

    private static func padded(_ value: Int64) -> [UInt8] {
        let text = Decimal.text(value)
        return [UInt8](repeating: 48, count: digits - text.count) + text
    }

    /// A prefix with letters stands for itself; a shorter one takes its codes as well.
    private static func letters(_ rule: SignFlagRule, _ others: [SignFlagRule]) -> SignFlagGap? {
        let covering = others.filter { other in
            other.low.count <= rule.low.count && other.matches(sign: rule.low, length: other.minLength)
        }
        for length in rule.minLength...rule.maxLength
        where !covering.contains(where: { $0.minLength <= length && length <= $0.maxLength }) {
            return SignFlagGap(low: rule.low, high: rule.high, length: length)
        }
        return nil
    }
}
