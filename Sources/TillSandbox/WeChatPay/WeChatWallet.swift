// Part of Tillbridge. See LICENSE.

/// WeChat Pay's rules for code payments (付款码支付, V2): what a number may do in which state.
package struct WeChatWallet: WalletMachine {
    package var book: TradeBook

    /// An unpaid code payment is closed at this age. Wallet time.
    package static let unpaidLife: Int64 = 45_000
    /// A reverse is not meant to come earlier than this after the payment. Wallet time.
    package static let earliestReversal: Int64 = 15_000
    package static let reversalWindow: Int64 = 7 * 24 * 3_600_000
    static let refundLimits = KeyedRefundLimits(window: 365 * 24 * 3_600_000, perOrder: 50, processing: 2000)

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
        return book.take(request, absoluteExpiry: applies, at: now, using: &generator)
    }

    /// The identical call again reports the order as it is.
    private func replay(_ request: PayRequest, of trade: Trade) -> PayAnswer {
        guard request.fingerprint == trade.fingerprint else {
            let other = book.codes[request.code]?.shopper
            if request.code != trade.code, let other, other != trade.shopper { return .refused(.otherShopper) }
            return .refused(trade.state == .paid ? .alreadyPaid : .inconsistent)
        }
        return trade.repeated
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

    package mutating func refund(
        _ request: KeyedRefundRequest,
        course: RefundCourse,
        at now: Int64,
        using generator: inout SeededGenerator
    ) -> KeyedRefundAnswer {
        book.refund(
            request,
            limits: WeChatWallet.refundLimits,
            course: course,
            at: now,
            using: &generator
        )
    }

    // MARK: refundquery

    /// The refund by which the wallet itself gives a reversed order's money back (Q8).
    private func reversal(of trade: Trade, policies: Policies, at now: Int64) -> RefundRecord? {
        guard trade.state == .reversed, trade.paidAt != nil, let reversedAt = trade.endedAt,
            policies[.afterReversal] == "refund"
        else { return nil }
        let settlesAt = reversedAt + book.pace.wait(WeChatWallet.refundLimits.processing)
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
        _ reference: KeyedRefundReference,
        policies: Policies,
        at now: Int64
    ) -> (trade: Trade, refunds: [RefundRecord])? {
        if case .order(let order) = reference, let trade = book.trade(order),
            let reversal = reversal(of: trade, policies: policies, at: now)
        {
            return (trade, [reversal])
        }
        return book.refunds(reference)
    }
}
