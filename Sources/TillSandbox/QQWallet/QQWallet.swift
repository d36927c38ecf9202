// Part of Tillbridge. See LICENSE.

/// QQ Wallet's rules for code payments (付款码支付): what a number may do in which state.
package struct QQWallet: WalletMachine {
    package var book: TradeBook

    /// A reverse is not meant to come earlier than this after the payment. Wallet time.
    package static let earliestReversal: Int64 = 300_000
    /// An unpaid order is closed at this age. No document says when: our choice is the time for which a merchant is
    /// asked to wait with the reverse. Wallet time.
    package static let unpaidLife: Int64 = 300_000
    static let refundLimits = KeyedRefundLimits(window: 365 * 24 * 3_600_000, perOrder: nil, processing: 2000)

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
        return book.take(request, absoluteExpiry: false, at: now, using: &generator)
    }

    /// The same fields again report the order as it is; others are refused.
    private func replay(_ request: PayRequest, of trade: Trade) -> PayAnswer {
        guard request.fingerprint == trade.fingerprint else { return .refused(.inconsistent) }
        return trade.repeated
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

    package mutating func refund(
        _ request: KeyedRefundRequest,
        course: RefundCourse,
        at now: Int64,
        using generator: inout SeededGenerator
    ) -> KeyedRefundAnswer {
        book.refund(
            request,
            limits: QQWallet.refundLimits,
            course: course,
            at: now,
            using: &generator
        )
    }

    // MARK: refund query

    /// Nil where there is no refund.
    package func refundQuery(_ reference: KeyedRefundReference) -> (trade: Trade, refunds: [RefundRecord])? {
        book.refunds(reference)
    }
}
