// Part of Tillbridge. See LICENSE.
import TillDomain

/// Amounts as yuan in decimal text, which is how some wallets write them. No floating point anywhere.
enum Yuan {
    /// Two decimals, always: `12.90`, `0.01`. The amount must not be negative.
    static func text(_ amount: Money) -> [UInt8] {
        precondition(amount.fen >= 0, "no wallet takes a negative amount")
        let fen = amount.fen % 100
        return Decimal.text(amount.fen / 100) + [46, UInt8(48 + fen / 10), UInt8(48 + fen % 10)]
    }

    /// Reads `12`, `12.9` and `12.90`. Nil for a sign, an exponent, a leading zero, a third decimal and whatever does
    /// not fit: an amount that is not understood is not an amount.
    static func parse(_ text: some Collection<UInt8>) -> Money? {
        let parts = [UInt8](text).split(separator: 46, maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, let yuan = Decimal.parse(whole) else { return nil }
        var fraction: Int64 = 0
        if parts.count == 2 {
            guard (1...2).contains(parts[1].count), parts[1].allSatisfy({ (48...57).contains($0) }) else { return nil }
            fraction = parts[1].reduce(0) { $0 * 10 + Int64($1 - 48) }
            if parts[1].count == 1 { fraction *= 10 }
        }
        let (hundredfold, overflow) = yuan.multipliedReportingOverflow(by: 100)
        guard !overflow else { return nil }
        return Money(fen: hundredfold).adding(Money(fen: fraction))
    }

    /// Reads an amount of a statement: a sign may stand before it, and up to five decimals behind it.
    ///
    /// - Returns: Thousandths of a fen; nil for whatever is something else.
    static func thousandths(_ text: ArraySlice<UInt8>) -> Int64? {
        let isNegative = text.first == 45
        let parts = (isNegative || text.first == 43 ? text.dropFirst() : text)
            .split(separator: 46, maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, let yuan = Decimal.parse(whole) else { return nil }
        var fraction: Int64 = 0
        if parts.count == 2 {
            guard (1...5).contains(parts[1].count), parts[1].allSatisfy({ (48...57).contains($0) }) else { return nil }
            fraction = parts[1].reduce(0) { $0 * 10 + Int64($1 - 48) }
            for _ in parts[1].count..<5 { fraction *= 10 }
        }
        let (hundredThousandfold, overflow) = yuan.multipliedReportingOverflow(by: 100_000)
        let (sum, sumOverflow) = hundredThousandfold.addingReportingOverflow(fraction)
        return overflow || sumOverflow ? nil : isNegative ? -sum : sum
    }
}
