// Part of Tillbridge. See LICENSE.

/// WeChat Pay's rules for code payments (付款码支付, V2): what a number may do in which state.
package struct WeChatWallet: WalletMachine {
    package var book: TradeBook

    /// An unpaid code payment is closed at this age. Wallet time.
    package static let unpaidLife: Int64 = 45_000
    /// A reverse is not meant to come earlier than this after the payment. Wallet time.
    package static let earliestReversal: Int64 = 15_000
    package static let reversalWindow: Int64 = 7 * 24 * 3_600_000
    package static let refundWindow: Int64 = 365 * 24 * 3_600_000
    package static let refundsPerOrder = 50
    /// A refund is accepted at once and reaches the shopper after this. Wallet time.
    package static let refundProcessing: Int64 = 2000

    /// Reversals that came too early, for people who look for the reason of a trouble.
    package private(set) var earlyReversals = 0

    package init(book: TradeBook) { self.book = book }

    /// The shopper as this merchant sees them.
    package static func openID(of shopper: String) -> String { "o" + ShopperIdentity.digits(of: shopper, count: 27) }

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
        let applies = policies[.absoluteExpiry] == "applied"
        if applies, let expiry = request.absoluteExpiry, expiry <= now { return .refused(.expiryPassed) }
        switch book.judge(code: request.code, for: number, at: now) {
        case .failure(let problem):
            return .refused(problem.refusal)
        case .success(let code):
            switch book.open(request, with: code, absoluteExpiry: applies, at: now, using: &generator) {
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

    /// The identical call again reports the order as it is.
    private func replay(_ request: PayRequest, of trade: Trade) -> PayAnswer {
        guard request.fingerprint == trade.fingerprint else {
            let other = book.codes[request.code]?.shopper
            if request.code != trade.code, let other, other != trade.shopper { return .refused(.otherShopper) }
            return .refused(trade.state == .paid ? .alreadyPaid : .inconsistent)
        }
        switch trade.state {
        case .waiting: return .waiting(trade)
        case .paid: return .paid(trade)
        case .refunded: return .refused(.alreadyPaid)
        case .reversed: return .refused(.alreadyReversed)
        case .closed: return .refused(trade.refusal ?? .alreadyClosed)
        }
    }

    // MARK: orderquery

    package func query(_ reference: OrderReference, policies: Policies, at now: Int64) -> Trade? {
        visible(book.trade(reference), policies: policies, at: now)
    }

    package static func tradeState(of trade: Trade, policies: Policies) -> String {
        switch trade.state {
        case .waiting: "USERPAYING"
        case .paid: trade.refundAccepted > 0 ? "REFUND" : "SUCCESS"
        case .refunded: "REFUND"
        case .reversed: trade.paidAt != nil && policies[.afterReversal] == "refund" ? "REFUND" : "REVOKED"
        case .closed: trade.closing == .declined ? "PAYERROR" : "CLOSED"
        }
    }

    // MARK: reverse

    package enum ReverseAnswer: Equatable, Sendable {
        case done
        case refused(code: String)
    }

    package mutating func reverse(_ reference: OrderReference, policies: Policies, at now: Int64) -> ReverseAnswer {
        guard let trade = book.trade(reference) else {
            if case .merchantNumber(let number) = reference, policies[.cancelledUnknownThenPay] == "refused" {
                book.fence(number)
            }
            return .refused(code: "ORDERNOTEXIST")
        }
        let active = trade.state == .waiting || trade.state == .paid
        if active, now < trade.createdAt + book.pace.wait(WeChatWallet.earliestReversal) {
            earlyReversals += 1
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
            if now - (trade.paidAt ?? now) > WeChatWallet.reversalWindow { return .refused(code: "REVERSE_EXPIRE") }
            book.reverse(trade, at: now)
            return .done
        }
    }

    // MARK: refund

    package struct RefundRequest: Equatable, Sendable {
        package let reference: OrderReference
        package let number: String
        package let total: Int64
        package let amount: Int64
        package let fingerprint: String
        package let reason: String

        package init(
            reference: OrderReference,
            number: String,
            total: Int64,
            amount: Int64,
            fingerprint: String,
            reason: String
        ) {
            self.reference = reference
            self.number = number
            self.total = total
            self.amount = amount
            self.fingerprint = fingerprint
            self.reason = reason
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
        guard trade.state == .paid, request.total == trade.amount else { return .refused(code: "INVALID_REQUEST") }
        guard request.amount <= trade.amount - trade.refundAccepted,
            trade.refunds.count < WeChatWallet.refundsPerOrder
        else { return .refused(code: "INVALID_REQUEST") }
        if now - (trade.paidAt ?? now) > WeChatWallet.refundWindow { return .refused(code: "TRADE_OVERDUE") }
        let record = book.refund(
            trade,
            number: request.number,
            amount: request.amount,
            fingerprint: request.fingerprint,
            reason: request.reason,
            processing: book.pace.wait(course.failsAfter ?? WeChatWallet.refundProcessing),
            fails: course.failsAfter != nil,
            at: now,
            using: &generator
        )
        return .accepted(book.trade(number: trade.merchantOrderNumber) ?? trade, record)
    }

    // MARK: refundquery

    package enum RefundReference: Equatable, Sendable {
        /// The wallet's or the merchant's number of one refund.
        case refund(String)
        case order(OrderReference)
    }

    /// The refund by which the wallet itself gives a reversed order's money back (Q8).
    private func reversal(of trade: Trade, policies: Policies, at now: Int64) -> RefundRecord? {
        guard trade.state == .reversed, trade.paidAt != nil, let reversedAt = trade.endedAt,
            policies[.afterReversal] == "refund"
        else { return nil }
        let settlesAt = reversedAt + book.pace.wait(WeChatWallet.refundProcessing)
        return RefundRecord(
            number: trade.walletNumber,
            walletNumber: "503" + trade.walletNumber.dropFirst(3),
            amount: trade.amount,
            fingerprint: "",
            reason: "",
            createdAt: reversedAt,
            state: now < settlesAt ? .processing : .done,
            settlesAt: settlesAt,
            fails: false
        )
    }

    /// Nil where there is no refund.
    package func refundQuery(
        _ reference: RefundReference,
        policies: Policies,
        at now: Int64
    ) -> (trade: Trade, refunds: [RefundRecord])? {
        switch reference {
        case .refund(let number):
            guard let trade = book.trade(refundNumber: number) else { return nil }
            return (trade, trade.refunds.filter { $0.number == number || $0.walletNumber == number })
        case .order(let order):
            guard let trade = book.trade(order) else { return nil }
            if let reversal = reversal(of: trade, policies: policies, at: now) { return (trade, [reversal]) }
            return trade.refunds.isEmpty ? nil : (trade, trade.refunds)
        }
    }
}
