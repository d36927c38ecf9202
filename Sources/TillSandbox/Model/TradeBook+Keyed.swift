// Part of Tillbridge. See LICENSE.

// What WeChat Pay and its sibling QQ Wallet, whose messages are signed with a shared key, do alike.

package struct KeyedRefundRequest: Equatable, Sendable {
    package let reference: OrderReference
    package let number: String
    /// The order's total. QQ Wallet does without it.
    package let total: Int64?
    package let amount: Int64
    package let fingerprint: String
    package let reason: String

    package init(
        reference: OrderReference,
        number: String,
        total: Int64?,
        amount: Int64,
        fingerprint: String,
        reason: String = ""
    ) {
        self.reference = reference
        self.number = number
        self.total = total
        self.amount = amount
        self.fingerprint = fingerprint
        self.reason = reason
    }
}

package enum KeyedRefundAnswer: Equatable, Sendable {
    case accepted(Trade, RefundRecord)
    case refused(code: String)
}

package enum KeyedRefundReference: Equatable, Sendable {
    /// The wallet's or the merchant's number of one refund.
    case refund(String)
    case order(OrderReference)
}

struct KeyedRefundLimits: Sendable {
    /// From the payment on, in milliseconds.
    let window: Int64
    /// Nil: any number.
    let perOrder: Int?
    /// A refund is accepted at once and reaches the shopper after this. Wallet time.
    let processing: Int64
}

extension TradeBook {
    /// Takes a first pay call. An order that is refused is kept.
    mutating func take(
        _ request: PayRequest,
        absoluteExpiry: Bool,
        at now: Int64,
        using generator: inout SeededGenerator
    ) -> PayAnswer {
        switch judge(code: request.code, for: request.merchantOrderNumber, at: now) {
        case .failure(let problem):
            return .refused(problem.refusal)
        case .success(let code):
            switch open(request, with: code, absoluteExpiry: absoluteExpiry, at: now, using: &generator) {
            case .paid(let trade): return .paid(trade)
            case .waiting(let trade): return .waiting(trade)
            case .refused(let refusal):
                keepRefused(request, shopper: code.shopper, refusal: refusal, at: now, using: &generator)
                return .refused(refusal)
            }
        }
    }

    mutating func refund(
        _ request: KeyedRefundRequest,
        limits: KeyedRefundLimits,
        course: RefundCourse,
        at now: Int64,
        using generator: inout SeededGenerator
    ) -> KeyedRefundAnswer {
        guard let trade = trade(request.reference) else { return .refused(code: "ORDERNOTEXIST") }
        if let owner = self.trade(refundNumber: request.number), owner.walletNumber != trade.walletNumber {
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
        guard request.amount <= trade.amount - trade.refundAccepted,
            limits.perOrder.map({ trade.refunds.count < $0 }) ?? true
        else { return .refused(code: "INVALID_REQUEST") }
        if now - (trade.paidAt ?? now) > limits.window { return .refused(code: "TRADE_OVERDUE") }
        let record = refund(
            trade,
            number: request.number,
            amount: request.amount,
            fingerprint: request.fingerprint,
            reason: request.reason,
            processing: pace.wait(course.failsAfter ?? limits.processing),
            fails: course.failsAfter != nil,
            at: now,
            using: &generator
        )
        return .accepted(self.trade(number: trade.merchantOrderNumber) ?? trade, record)
    }

    /// Nil where there is no refund.
    func refunds(_ reference: KeyedRefundReference) -> (trade: Trade, refunds: [RefundRecord])? {
        switch reference {
        case .refund(let number):
            guard let trade = trade(refundNumber: number) else { return nil }
            return (trade, trade.refunds.filter { $0.number == number || $0.walletNumber == number })
        case .order(let order):
            guard let trade = trade(order), !trade.refunds.isEmpty else { return nil }
            return (trade, trade.refunds)
        }
    }
}

extension Trade {
    /// The same pay call again reports the order as it is.
    var repeated: PayAnswer {
        switch state {
        case .waiting: .waiting(self)
        case .paid: .paid(self)
        case .refunded: .refused(.alreadyPaid)
        case .reversed: .refused(.alreadyReversed)
        case .closed: .refused(refusal ?? .alreadyClosed)
        }
    }
}
