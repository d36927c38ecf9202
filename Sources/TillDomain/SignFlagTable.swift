// Part of Tillbridge. See LICENSE.

/// Which wallet a scanned payment code belongs to: the Sign-Flag. A versioned table of data, so that a new wallet or
/// a new number range needs no change at any register.
///
/// A table is immutable, and both clouds keep every version: with the intent's sign, code length and time, wallet
/// and payment account can be worked out again at any time.
package struct SignFlagTable: Equatable, Sendable {
    package let version: Int
    /// How many first characters of a code go into the intent, 1–8.
    package let signLength: Int
    /// At most 64, no two of which overlap.
    package let rules: [SignFlagRule]

    package static let maxRules = 64

    package init(version: Int, signLength: Int, rules: [SignFlagRule]) throws(SignFlagError) {
        guard (1...1 << 31).contains(version) else { throw .version }
        guard (1...8).contains(signLength) else { throw .signLength }
        guard rules.count <= SignFlagTable.maxRules else { throw .tooManyRules(rules.count) }
        for (index, rule) in rules.enumerated() {
            if let problem = SignFlagTable.problem(in: rule, signLength: signLength) {
                throw .rule(SignFlagError.Place(index: index, rule: rule), problem)
            }
            for other in 0..<index where rules[other].overlaps(rule) {
                throw .overlap(
                    SignFlagError.Place(index: other, rule: rules[other]),
                    SignFlagError.Place(index: index, rule: rule)
                )
            }
        }
        self.version = version
        self.signLength = signLength
        self.rules = rules
    }

    /// What is wrong with a rule by itself.
    package static func problem(in rule: SignFlagRule, signLength: Int) -> SignFlagError.RuleProblem? {
        let visible = { (byte: UInt8) in (33...126).contains(byte) && byte != 124 }
        let digit = { (byte: UInt8) in (48...57).contains(byte) }
        guard (1...signLength).contains(rule.low.count), rule.high.count == rule.low.count else { return .prefixLength }
        guard rule.low.allSatisfy(visible), rule.high.allSatisfy(visible) else { return .prefixCharacters }
        guard rule.low == rule.high || (rule.low + rule.high).allSatisfy(digit) else { return .rangeOfLetters }
        guard !rule.high.lexicographicallyPrecedes(rule.low) else { return .emptyRange }
        guard 1 <= rule.minLength, rule.minLength <= rule.maxLength, rule.maxLength <= 512,
            rule.low.count <= rule.minLength
        else { return .lengths }
        if let until = rule.until, until <= rule.from { return .dates }
        return nil
    }

    /// The first characters of a code, as they go into the intent.
    package func sign(of code: PaymentCode) -> [UInt8] { [UInt8](code.secret.prefix(signLength)) }

    /// What a code is at a moment.
    package func classify(_ code: PaymentCode, at moment: Timestamp) -> PaymentCodeClass {
        switch PaymentCodeForm(code.secret) {
        case .receive: .receiveCode
        case .other: .notAPaymentCode
        case .digits, .faceToken, .emv:
            classify(sign: sign(of: code), codeLength: code.secret.count, at: moment)
        }
    }

    /// What a scanned text is at a moment. A text that cannot be a code at all is not a payment code.
    package func classify(
        scanned text: some Collection<UInt8>,
        framing: ScannerFraming = .none,
        at moment: Timestamp
    ) -> PaymentCodeClass {
        PaymentCode(scanned: text, framing: framing).map { classify($0, at: moment) } ?? .notAPaymentCode
    }

    /// The same from what the intent holds of the code. Both clouds decide by this, at t0.
    package func classify(sign: [UInt8], codeLength: Int, at moment: Timestamp) -> PaymentCodeClass {
        for rule in rules where rule.matches(sign: sign, length: codeLength) && rule.isEffective(at: moment) {
            return rule.codeClass
        }
        return .notAPaymentCode
    }

    package func classify(_ intent: Intent) -> PaymentCodeClass {
        classify(sign: intent.sign, codeLength: intent.codeLength, at: intent.startedAt)
    }

    /// The rules that hold at a moment or later: what a register needs to hold.
    package func rules(from moment: Timestamp) -> [SignFlagRule] {
        rules.filter { rule in rule.until.map { moment < $0 } ?? true }
    }
}

package enum PaymentCodeClass: Equatable, Sendable {
    case wallet(Wallet)
    /// A wallet that the chain does not take, or not here.
    case disabled(Wallet)
    case notAPaymentCode
    /// The shopper shows a code for receiving money: the cashier should ask for the payment code instead.
    case receiveCode
}
