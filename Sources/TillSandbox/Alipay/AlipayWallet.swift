// Part of Tillbridge. See LICENSE.

/// Alipay's rules for bar-code payments (当面付): what a number may do in which state.
package struct AlipayWallet: WalletMachine {
    package var book: TradeBook

    /// A cancel returns money up to 24 hours after the payment.
    package static let cancelWindow: Int64 = 24 * 3_600_000
    /// A refund is possible for 12 months; afterwards the trade counts as finished.
    package static let refundWindow: Int64 = 365 * 24 * 3_600_000

    package init(book: TradeBook) { self.book = book }

    // MARK: pay

    package mutating func pay(
        _ request: PayRequest,
        policies: Policies,
        at now: Int64,
        using generator: inout SeededGenerator
    ) -> PayAnswer {
        let number = request.merchantOrderNumber
        if let trade = book.trade(number: number) { return replay(request, of: trade) }
        if book.isFenced(number) { return .refused(.alreadyClosed) }
        let applies = policies[.absoluteExpiry] == "applied"
        if applies, let expiry = request.absoluteExpiry, expiry <= now { return .refused(.expiryPassed) }
        switch book.judge(code: request.code, for: number, at: now) {
        case .failure(let problem):
            return .refused(problem.refusal)
        case .success(let code):
            switch book.open(request, with: code, absoluteExpiry: applies, at: now, using: &generator) {
            case .paid(let trade): return .paid(trade)
            case .waiting(let trade): return .waiting(trade)
            case .refused(let refusal): return .refused(refusal)
            }
        }
    }

    private func replay(_ request: PayRequest, of trade: Trade) -> PayAnswer {
        switch trade.state {
        case .closed, .reversed, .refunded:
            return .refused(.alreadyClosed)
        case .paid:
            return .refused(request.fingerprint == trade.fingerprint ? .alreadyPaid : .inconsistent)
        case .waiting:
            guard request.fingerprint == trade.fingerprint else { return .refused(.inconsistent) }
            if request.code != trade.code, book.codes[request.code]?.shopper != trade.shopper {
                return .refused(.otherShopper)
            }
            return .waiting(trade)
        }
    }

    // MARK: query

    package func query(_ reference: OrderReference, policies: Policies, at now: Int64) -> Trade? {
        visible(book.trade(reference), policies: policies, at: now)
    }

    /// WAIT_BUYER_PAY, TRADE_SUCCESS, TRADE_FINISHED or TRADE_CLOSED.
    package static func status(of trade: Trade, at now: Int64) -> String {
        switch trade.state {
        case .waiting: "WAIT_BUYER_PAY"
        case .paid: now - (trade.paidAt ?? now) > refundWindow ? "TRADE_FINISHED" : "TRADE_SUCCESS"
        case .closed, .reversed, .refunded: "TRADE_CLOSED"
        }
    }

    // MARK: cancel and close

    package enum CancelAnswer: Equatable, Sendable {
        /// 10000; `refunded` says whether `action` is refund or close.
        case done(Trade, refunded: Bool)
        /// 10000 without `action`: the wallet does not know the number.
        case nothingFound
        /// 40004: the wallet does not know its own number.
        case notExist
        case refused(subCode: String)
    }

    package mutating func cancel(_ reference: OrderReference, policies: Policies, at now: Int64) -> CancelAnswer {
        guard let trade = book.trade(reference) else {
            guard case .merchantNumber(let number) = reference else { return .notExist }
            if policies[.cancelledUnknownThenPay] == "refused" { book.fence(number) }
            return .nothingFound
        }
        switch trade.state {
        case .waiting:
            return .done(book.close(trade, as: .cancelled, at: now), refunded: false)
        case .closed:
            return .done(trade, refunded: false)
        case .reversed:
            return .done(trade, refunded: true)
        case .refunded:
            return .refused(subCode: "ACQ.REASON_TRADE_REFUND_FEE_ERR")
        case .paid:
            if trade.refundAccepted > 0 { return .refused(subCode: "ACQ.REASON_TRADE_REFUND_FEE_ERR") }
            if now - (trade.paidAt ?? now) > AlipayWallet.cancelWindow {
                return .refused(subCode: "ACQ.TRADE_CANCEL_TIME_OUT")
            }
            return .done(book.reverse(trade, at: now), refunded: true)
        }
    }

    package enum CloseAnswer: Equatable, Sendable {
        case done(Trade)
        case refused(subCode: String)
    }

    package mutating func close(_ reference: OrderReference, at now: Int64) -> CloseAnswer {
        guard let trade = book.trade(reference) else { return .refused(subCode: "ACQ.TRADE_NOT_EXIST") }
        guard trade.state == .waiting else { return .refused(subCode: "ACQ.TRADE_STATUS_ERROR") }
        return .done(book.close(trade, as: .cancelled, at: now))
    }

    // MARK: refund

    package enum RefundAnswer: Equatable, Sendable {
        /// `moved`: this call moved money to the shopper (fund_change).
        case accepted(Trade, RefundRecord, moved: Bool)
        case refused(subCode: String)
    }

    package mutating func refund(
        _ reference: OrderReference,
        number: String?,
        amount: Int64,
        reason: String,
        course: RefundCourse,
        at now: Int64,
        using generator: inout SeededGenerator
    ) -> RefundAnswer {
        guard let trade = book.trade(reference) else { return .refused(subCode: "ACQ.TRADE_NOT_EXIST") }
        let number = number ?? trade.merchantOrderNumber
        if let earlier = trade.refunds.first(where: { $0.number == number }) {
            guard earlier.amount == amount else { return .refused(subCode: "ACQ.DISCORDANT_REPEAT_REQUEST") }
            if earlier.state != .failed { return .accepted(trade, earlier, moved: false) }
        }
        switch trade.state {
        case .waiting: return .refused(subCode: "ACQ.TRADE_STATUS_ERROR")
        case .closed, .reversed: return .refused(subCode: "ACQ.TRADE_HAS_CLOSE")
        case .refunded: return .refused(subCode: "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
        case .paid: break
        }
        if now - (trade.paidAt ?? now) > AlipayWallet.refundWindow {
            return .refused(subCode: "ACQ.TRADE_HAS_FINISHED")
        }
        guard amount <= trade.amount - trade.refundAccepted else {
            return .refused(subCode: "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
        }
        let record = book.refund(
            trade,
            number: number,
            amount: amount,
            fingerprint: String(amount),
            reason: reason,
            processing: course.failsAfter.map(book.pace.wait),
            fails: course.failsAfter != nil,
            at: now,
            using: &generator
        )
        let after = book.trade(number: trade.merchantOrderNumber) ?? trade
        return .accepted(after, record, moved: record.state == .done)
    }

    /// Nil: no such trade. A refund that is unknown, failed or not finished is nil inside the answer.
    package func refundQuery(_ reference: OrderReference, number: String) -> (trade: Trade, refund: RefundRecord?)? {
        guard let trade = book.trade(reference) else { return nil }
        return (trade, trade.refunds.first { $0.number == number && $0.state == .done })
    }
}
