// Part of Tillbridge. See LICENSE.

/// One movement of money between a shopper and the merchant, as a wallet's bill lists it.
package struct BillLine: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        case payment
        case refund(RefundRecord)
        /// The merchant's cancel of a paid order.
        case reversal
    }

    package let kind: Kind
    package let trade: Trade
    /// Milliseconds since 1970 UTC: when it was paid, the refund accepted, the order cancelled.
    package let at: Int64
    /// Fen, positive in both directions.
    package let amount: Int64

    /// Fen that the merchant gained; negative for what went back.
    package var gain: Int64 { kind == .payment ? amount : -amount }

    package var refund: RefundRecord? {
        guard case .refund(let record) = kind else { return nil }
        return record
    }
}

extension TradeBook {
    /// What belongs to a bill, oldest first. A refund counts when it is accepted, for then the money leaves the
    /// merchant; one that failed has come back and is in no bill.
    package func billLines(in period: BillPeriod) -> [BillLine] {
        var lines: [BillLine] = []
        for trade in sequence.compactMap({ trades[$0] }) {
            guard let paidAt = trade.paidAt else { continue }
            if period.contains(paidAt) {
                lines.append(BillLine(kind: .payment, trade: trade, at: paidAt, amount: trade.amount))
            }
            for refund in trade.refunds where refund.state != .failed && period.contains(refund.createdAt) {
                lines.append(
                    BillLine(kind: .refund(refund), trade: trade, at: refund.createdAt, amount: refund.amount)
                )
            }
            if trade.state == .reversed, let endedAt = trade.endedAt, period.contains(endedAt) {
                lines.append(BillLine(kind: .reversal, trade: trade, at: endedAt, amount: trade.amount))
            }
        }
        // By position where moments are equal, so that a bill is the same each time it is made.
        return lines.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
    }
}

extension Sequence<BillLine> {
    /// Fen gained, less what went back.
    package var gain: Int64 { reduce(0) { $0 + $1.gain } }

    /// Fen of the lines that `isIncluded` takes.
    package func total(where isIncluded: (BillLine) -> Bool) -> Int64 {
        reduce(0) { $0 + (isIncluded($1) ? $1.amount : 0) }
    }
}
