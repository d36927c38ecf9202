// Part of Tillbridge. See LICENSE.

/// One row of the Sign-Flag table: payment codes that begin with `low` … `high` and have a length in the range
/// belong to a wallet.
package struct SignFlagRule: Equatable, Sendable {
    /// First and last prefix, both of the same length and at most the table's `signLength`. A range of more than one
    /// prefix is made of digits.
    package let low: [UInt8]
    package let high: [UInt8]
    package let minLength: Int
    package let maxLength: Int
    package let wallet: Wallet
    /// Whether the chain takes this wallet at all.
    package let enabled: Bool
    /// The first moment at which the rule holds; ``Timestamp/unknown`` for "always did".
    package let from: Timestamp
    /// The first moment at which it does not hold any more; nil for "no end".
    package let until: Timestamp?

    package init(
        low: [UInt8],
        high: [UInt8],
        minLength: Int,
        maxLength: Int,
        wallet: Wallet,
        enabled: Bool,
        from: Timestamp = .unknown,
        until: Timestamp? = nil
    ) {
        self.low = low
        self.high = high
        self.minLength = minLength
        self.maxLength = maxLength
        self.wallet = wallet
        self.enabled = enabled
        self.from = from
        self.until = until
    }

    package init(
        _ low: StaticString,
        _ high: StaticString,
        _ minLength: Int,
        _ maxLength: Int,
        _ wallet: Wallet,
        enabled: Bool
    ) {
        self.init(
            low: low.bytes,
            high: high.bytes,
            minLength: minLength,
            maxLength: maxLength,
            wallet: wallet,
            enabled: enabled
        )
    }

    /// What a code under this rule is.
    package var codeClass: PaymentCodeClass {
        enabled ? .wallet(wallet) : .disabled(wallet)
    }

    /// The same rule with another switch, or other dates.
    package func with(enabled: Bool, from: Timestamp, until: Timestamp?) -> SignFlagRule {
        SignFlagRule(
            low: low,
            high: high,
            minLength: minLength,
            maxLength: maxLength,
            wallet: wallet,
            enabled: enabled,
            from: from,
            until: until
        )
    }

    package func isEffective(at moment: Timestamp) -> Bool {
        guard moment >= from else { return false }
        guard let until else { return true }
        return moment < until
    }

    /// Whether a code that begins with `sign` and has `length` characters falls under this rule.
    package func matches(sign: [UInt8], length: Int) -> Bool {
        guard length >= minLength, length <= maxLength, sign.count >= low.count else { return false }
        let prefix = sign[0..<low.count]
        return !prefix.lexicographicallyPrecedes(low) && !high.lexicographicallyPrecedes(prefix)
    }

    /// Whether some code at some moment falls under both rules.
    package func overlaps(_ other: SignFlagRule) -> Bool {
        // Of two prefixes of different length, the first characters decide.
        let common = min(low.count, other.low.count)
        let below = high.prefix(common).lexicographicallyPrecedes(other.low.prefix(common))
        let above = other.high.prefix(common).lexicographicallyPrecedes(low.prefix(common))
        let endsBefore = until.map { $0 <= other.from } ?? false
        let startsAfter = other.until.map { $0 <= from } ?? false
        return !below && !above && minLength <= other.maxLength && other.minLength <= maxLength && !endsBefore
            && !startsAfter
    }
}
