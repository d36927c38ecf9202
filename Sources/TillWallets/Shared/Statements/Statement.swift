// Part of Tillbridge. See LICENSE.
package import TillDomain

package enum StatementKind: WireName {
    /// Money that a shopper paid.
    case sale
    /// Money that went back by a refund.
    case refund
    /// Money that went back because a paid order was reversed.
    case reversal

    package static let allCases: [StatementKind] = [.sale, .refund, .reversal]

    package var wireName: StaticString {
        switch self {
        case .sale: "sale"
        case .refund: "refund"
        case .reversal: "reversal"
        }
    }
}

/// One movement of money in a wallet's statement, in our own terms. Texts are as the file has them: an account may
/// have been used by other programs as well.
package struct StatementRow: Equatable, Sendable {
    package let kind: StatementKind
    /// The merchant's order number. Empty where the file does not say it.
    package let order: [UInt8]
    /// The merchant's refund number. Empty for a sale, and where the file has none.
    package let refund: [UInt8]
    /// The wallet's own number.
    package let transaction: [UInt8]
    package let time: Timestamp
    /// What a sale took, before discounts. Zero for the other kinds.
    package let amount: Money
    /// What went back, as it was asked for; positive. Zero for a sale.
    package let refunded: Money
    /// In thousandths of a fen, since one wallet writes five decimals of a yuan. Positive is what the merchant pays.
    package let feeThousandths: Int64
    package let currency: [UInt8]
}

/// A total that the file states, and the same total over its rows.
package struct StatementCheck: Equatable, Sendable {
    /// The file's own name of it.
    package let name: String
    /// A number of rows, or thousandths of a fen.
    package let stated: Int64
    package let summed: Int64
    package let isCount: Bool

    package var agrees: Bool { stated == summed }
}

/// A wallet's statement of one day.
package struct Statement: Equatable, Sendable {
    package let rows: [StatementRow]
    /// Rows of a kind that no document at hand names, and lines of errors. They are counted, never guessed at.
    package let others: Int
    /// Empty where the file states no totals.
    package let checks: [StatementCheck]
    /// Sums over the rows.
    package let sold: Money
    package let returned: Money
    package let feeThousandths: Int64

    init(rows: [StatementRow], others: Int, checks: [StatementCheck]) throws(StatementError) {
        var (sold, returned, fee): (Int64, Int64, Int64) = (0, 0, 0)
        for row in rows {
            sold = try Statement.sum(sold, row.amount.fen)
            returned = try Statement.sum(returned, row.refunded.fen)
            fee = try Statement.sum(fee, row.feeThousandths)
        }
        self.rows = rows
        self.others = others
        self.checks = checks
        self.sold = Money(fen: sold)
        self.returned = Money(fen: returned)
        feeThousandths = fee
    }

    static func sum(_ left: Int64, _ right: Int64) throws(StatementError) -> Int64 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        guard !overflow else { throw .malformed("its amounts have no sum") }
        return sum
    }
}

/// Why a file cannot be read.
package enum StatementError: Error, Equatable, Sendable {
    /// What was found, as the end of a sentence. It holds nothing from the file.
    case malformed(String)
    /// Larger than any statement: more is neither unpacked nor kept.
    case tooLarge
}

/// What no statement exceeds. The figures bound what one file costs, also one that was made to hurt.
enum StatementLimits {
    /// Bytes, packed.
    static let download = 32 << 20
    /// Bytes of everything that one download contains.
    static let unpacked = 128 << 20
    /// Packed text shrinks by ten to fifty; what shrinks more is not text.
    static let ratio = 250
    static let entries = 16
    static let rows = 500_000
}
