// Part of Tillbridge. See LICENSE.

extension TradeBook {
    /// Takes a refund on. The money leaves the merchant now and reaches the shopper when the refund is done.
    ///
    /// - Parameters:
    ///   - processing: Milliseconds until it is done; nil for at once.
    ///   - fails: It will fail then, and the money comes back to the merchant.
    ///   - orderTime: The time that belongs to the refund's number, at UnionPay.
    package mutating func refund(
        _ trade: Trade,
        number: String,
        orderTime: String? = nil,
        amount: Int64,
        fingerprint: String,
        reason: String,
        echoes: [String: String]? = nil,
        processing: Int64?,
        fails: Bool,
        at now: Int64,
        using generator: inout SeededGenerator
    ) -> RefundRecord {
        var trade = trade
        let key = OrderKey.text(number, orderTime)
        let earlier = trade.refunds.firstIndex { $0.key == key }
        let record = RefundRecord(
            number: number,
            orderTime: orderTime,
            walletNumber: earlier.map { trade.refunds[$0].walletNumber }
                ?? refundNumber(of: trade, at: now, using: &generator),
            amount: amount,
            fingerprint: fingerprint,
            reason: reason,
            createdAt: now,
            state: .processing,
            settlesAt: now + (processing ?? 0),
            fails: fails,
            echoes: echoes
        )
        // A refund that failed may be tried again under its number.
        if let earlier { trade.refunds[earlier] = record } else { trade.refunds.append(record) }
        move(amount, from: .merchant, to: .inFlight, for: trade, at: now, memo: "refund \(number)")
        trade.note("refund-accepted", amount, at: now)
        put(trade)
        if processing == nil, !fails { settleRefunds(trade.key, at: now) }
        return trades[trade.key]?.refunds.first { $0.key == key } ?? record
    }

    private func refundNumber(
        of trade: Trade,
        at now: Int64,
        using generator: inout SeededGenerator
    ) -> String {
        let time = ChinaTime(milliseconds: now)
        // UnionPay numbers a refund as any other transaction; the 9 keeps it apart from the sales.
        if wallet == .unionpay { return time.compact + "9" + generator.digits(6) }
        let tail = String(trade.walletNumber.suffix(10))
        return "503" + generator.digits(2) + time.compactDate + tail + generator.digits(5)
    }

    package mutating func settleRefunds(_ key: String, at due: Int64) {
        guard var trade = trades[key] else { return }
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
        guard trade != trades[key] else { return }
        if trade.state == .paid, trade.refundDone == trade.amount {
            trade.state = .refunded
            trade.endedAt = due
        }
        put(trade)
    }
}
