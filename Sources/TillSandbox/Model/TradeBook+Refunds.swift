// Part of Tillbridge. See LICENSE.

extension TradeBook {
    /// Takes a refund on. The money leaves the merchant now and reaches the shopper when the refund is done.
    ///
    /// - Parameters:
    ///   - processing: Milliseconds until it is done; nil for at once.
    ///   - fails: It will fail then, and the money comes back to the merchant.
    package mutating func refund(
        _ trade: Trade,
        number: String,
        amount: Int64,
        fingerprint: String,
        reason: String,
        processing: Int64?,
        fails: Bool,
        at now: Int64,
        using generator: inout SeededGenerator
    ) -> RefundRecord {
        var trade = trade
        let earlier = trade.refunds.firstIndex { $0.number == number }
        let record = RefundRecord(
            number: number,
            walletNumber: earlier.map { trade.refunds[$0].walletNumber }
                ?? refundNumber(of: trade, at: now, using: &generator),
            amount: amount,
            fingerprint: fingerprint,
            reason: reason,
            createdAt: now,
            state: .processing,
            settlesAt: now + (processing ?? 0),
            fails: fails
        )
        // A refund that failed may be tried again under its number.
        if let earlier { trade.refunds[earlier] = record } else { trade.refunds.append(record) }
        move(amount, from: .merchant, to: .inFlight, for: trade, at: now, memo: "refund \(number)")
        trade.note("refund-accepted", amount, at: now)
        put(trade)
        if processing == nil, !fails { settleRefunds(trade.merchantOrderNumber, at: now) }
        return trades[trade.merchantOrderNumber]?.refunds.first { $0.number == number } ?? record
    }

    private func refundNumber(
        of trade: Trade,
        at now: Int64,
        using generator: inout SeededGenerator
    ) -> String {
        let day = ChinaTime(milliseconds: now).compactDate
        return "503" + generator.digits(2) + day + String(trade.walletNumber.suffix(10)) + generator.digits(5)
    }

    package mutating func settleRefunds(_ number: String, at due: Int64) {
        guard var trade = trades[number] else { return }
        for (index, refund) in trade.refunds.enumerated() where refund.state == .processing && refund.settlesAt <= due {
            if refund.fails {
                move(refund.amount, from: .inFlight, to: .merchant, for: trade, at: due, memo: "refund failed")
                trade.refunds[index].state = .failed
                trade.note("refund-failed", refund.amount, at: due)
            } else {
                move(refund.amount, from: .inFlight, to: .shopper(trade.shopper), for: trade, at: due, memo: "refund")
                trade.refunds[index].state = .done
                trade.note("refund-done", refund.amount, at: due)
            }
        }
        guard trade != trades[number] else { return }
        if trade.state == .paid, trade.refundDone == trade.amount {
            trade.state = .refunded
            trade.endedAt = due
        }
        put(trade)
    }
}
