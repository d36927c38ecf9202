// Part of Tillbridge. See LICENSE.

/// QQ Wallet's rules for code payments (付款码支付): what a number may do in which state.
package struct QQWallet: WalletMachine {
    package var book: TradeBook

    /// A reverse is not meant to come earlier than this after the payment. Wallet time.
    package static let earliestReversal: Int64 = 300_000
    /// An unpaid order is closed at this age. No document says when: our choice is the time for which a merchant is
    /// asked to wait with the reverse. Wallet time.
    package static let unpaidLife: Int64 = 300_000
    package static let refundWindow: Int64 = 365 * 24 * 3_600_000
    /// A refund is accepted at once and reaches the shopper after this. Wallet time.
    package static let refundProcessing: Int64 = 2000

    package init(book: TradeBook) { self.book = book }

    // MARK: micropay

    package mutating func pay(
        _ request: PayRequest,
        policies: Policies,
        at now: Int64,
        using generator: inout SeededGenerator
    ) -> PayAnswer {
        let number = request.merchantOrderNumber
        if let trade = book.trade(number: number) { return replay(request, of: trade) }
        if book.isFenced(number) { return .refused(.alreadyReversed) }
        switch book.judge(code: request.code, for: number, at: now) {
        case .failure(let problem):
            return .refused(problem.refusal)
        case .success(let code):
            switch book.open(request, with: code, absoluteExpiry: false, at: now, using: &generator) {
            case .paid(let trade): return .paid(trade)
            case .waiting(let trade): return .waiting(trade)
            case .refused(let refusal):
                book.keepRefused(request, shopper: code.shopper, refusal: refusal, at: now, using: &generator)
                return .refused(refusal)
            }
        }
    }

    package mutating func payLate(
        _ request: PayRequest,
        policies: Policies,
        at now: Int64,
        using generator: inout SeededGenerator
    ) {
        _ = pay(request, policies: policies, at: now, using: &generator)
    }

    /// The same fields again report the order as it is; others are refused.
    private func replay(_ request: PayRequest, of trade: Trade) -> PayAnswer {
        guard request.fingerprint == trade.fingerprint else { return .refused(.inconsistent) }
        switch trade.state {
        case .waiting: return .waiting(trade)
        case .paid: return .paid(trade)
        case .refunded: return .refused(.alreadyPaid)
        case .reversed: return .refused(.alreadyReversed)
        case .closed: return .refused(trade.refusal ?? .alreadyClosed)
        }
    }

    // MARK: order query

    package func query(_ reference: OrderReference, policies: Policies, at now: Int64) -> Trade? {
        visible(book.trade(reference), policies: policies, at: now)
    }

    package static func tradeState(of trade: Trade) -> String {
        switch trade.state {
        case .waiting: "USERPAYING"
        case .paid: trade.refundAccepted > 0 ? "REFUND" : "SUCCESS"
        case .refunded: "REFUND"
        case .reversed: "REVOKED"
        case .closed: "CLOSED"
        }
    }

    // MARK: reverse

    package enum ReverseAnswer: Equatable, Sendable {
        case done
        case refused(code: String)
    }

    package mutating func reverse(number: String, policies: Policies, at now: Int64) -> ReverseAnswer {
        guard let trade = book.trade(number: number) else {
            if policies[.cancelledUnknownThenPay] == "refused" { book.fence(number) }
            return .refused(code: "ORDERNOTEXIST")
        }
        let active = trade.state == .waiting || trade.state == .paid
        if active, now < trade.createdAt + book.pace.wait(QQWallet.earliestReversal) {
            // The harder answer: success is claimed, and neither is the order closed nor the money returned.
            return policies[.earlyReversal] == "harm" ? .done : .refused(code: "INVALID_REQUEST")
        }
        switch trade.state {
        case .reversed:
            return .done
        case .waiting, .closed:
            book.reverse(trade, at: now)
            return .done
        case .refunded:
            return .refused(code: "TRADE_ERROR")
        case .paid:
            if trade.refundAccepted > 0 { return .refused(code: "TRADE_ERROR") }
            book.reverse(trade, at: now)
            return .done
        }
    }

    // MARK: refund

    package struct RefundRequest: Equatable, Sendable {
        package let reference: OrderReference
        package let number: String
        /// Older merchants send the order's total too.
        package let total: Int64?
        package let amount: Int64
        package let fingerprint: String

        package init(reference: OrderReference, number: String, total: Int64?, amount: Int64, fingerprint: String) {
            self.reference = reference
            self.number = number
            self.total = total
            self.amount = amount
            self.fingerprint = fingerprint
        }
    }

    package enum RefundAnswer: Equatable, Sendable {
        case accepted(Trade, RefundRecord)
        case refused(code: String)
    }

    package mutating func refund(
        _ request: RefundRequest,
        course: RefundCourse,
        at now: Int64,
        using generator: inout SeededGenerator
    ) -> RefundAnswer {
        guard let trade = book.trade(request.reference) else { return .refused(code: "ORDERNOTEXIST") }
        if let owner = book.trade(refundNumber: request.number), owner.walletNumber != trade.walletNumber {
            return .refused(code: "INVALID_REQUEST")
        }
        if let earlier = trade.refunds.first(where: { $0.number == request.number }) {
            guard earlier.amount == request.amount else { return .refused(code: "REFUND_FEE_MISMATCH") }
            guard earlier.fingerprint == request.fingerprint else { return .refused(code: "INVALID_REQUEST") }
            if earlier.state != .failed { return .accepted(trade, earlier) }
        }
        guard trade.state == .paid, request.total ?? trade.amount == trade.amount else {
            return .refused(code: "INVALID_REQUEST")
        }
        guard request.amount <= trade.amount - trade.refundAccepted else { return .refused(code: "INVALID_REQUEST") }
        if now - (trade.paidAt ?? now) > QQWallet.refundWindow { return .refused(code: "TRADE_OVERDUE") }
        let record = book.refund(
            trade,
            number: request.number,
            amount: request.amount,
            fingerprint: request.fingerprint,
            reason: "",
            processing: book.pace.wait(course.failsAfter ?? QQWallet.refundProcessing),
            fails: course.failsAfter != nil,
            at: now,
            using: &generator
        )
        return .accepted(book.trade(number: trade.merchantOrderNumber) ?? trade, record)
    }

    // MARK: refund query

    package enum RefundReference: Equatable, Sendable {
        /// The wallet's or the merchant's number of one refund.
        case refund(String)
        case order(OrderReference)
    }

    /// Nil where there is no refund.
    package func refundQuery(_ reference: RefundReference) -> (trade: Trade, refunds: [RefundRecord])? {
        switch reference {
        case .refund(let number):
            guard let trade = book.trade(refundNumber: number) else { return nil }
            return (trade, trade.refunds.filter { $0.number == number || $0.walletNumber == number })
        case .order(let order):
            guard let trade = book.trade(order), !trade.refunds.isEmpty else { return nil }
            return (trade, trade.refunds)
        }
    }
}
