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
    package let wallet: RoutedWallet
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
        wallet: RoutedWallet,
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
        _ wallet: RoutedWallet,
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
        guard let known = wallet.wallet else { return .unsupported(wallet) }
        return enabled ? .wallet(known) : .disabled(known)
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

/// A wallet as a routing rule names it. A rule may name a wallet this build has no adapter for: its codes are then
/// known for what they are, and refused.
package struct RoutedWallet: Equatable, Sendable, CustomStringConvertible {
    /// 1–20 of `a-z 0-9 -`.
    package let name: [UInt8]

    package init?(_ name: some Collection<UInt8>) {
        guard (1...20).contains(name.count),
            name.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == 45 })
        else { return nil }
        self.name = [UInt8](name)
    }

    package init(_ wallet: Wallet) { name = wallet.wireBytes }

    private init(known name: StaticString) { self.name = name.bytes }

    /// Nil where this build has no adapter.
    package var wallet: Wallet? { Wallet(wireName: name) }

    package var description: String { String(decoding: name, as: UTF8.self) }

    package static let eCNY = RoutedWallet(known: "ecny")
    package static let bestPay = RoutedWallet(known: "bestpay")
    package static let jdPay = RoutedWallet(known: "jdpay")
    /// Alipay's face-pay token: the same call with another scene.
    package static let alipayFace = RoutedWallet(known: "alipay-face")
    /// EMVCo consumer-presented codes: UnionPay International and foreign schemes.
    package static let emvCPM = RoutedWallet(known: "emv-cpm")
}
