// Part of Tillbridge. See LICENSE.
package import TillDomain

/// Money taken at a wallet, as stored.
package struct CloudTrade: Equatable, Sendable {
    package let transaction: WalletTransactionID
    package let payer: [UInt8]

    package init(transaction: WalletTransactionID, payer: [UInt8]) {
        self.transaction = transaction
        self.payer = payer
    }
}

/// Answers to PAY and QUERY.
package enum CloudPaymentAnswer: Equatable, Sendable {
    /// Amount and currency are the intent's: anything else is a conflict.
    case paid(CloudTrade)
    case pending(Waiting)
    case unknown
    case declined(DeclineReason)
    case refused(RefusalReason)
    case conflict
    case revoking
    case revoked

    /// Whether waiting longer may show more.
    package var isSettled: Bool {
        switch self {
        case .pending, .unknown: false
        default: true
        }
    }
}

/// Answers to REVOKE. Spans in seconds, from the moment of the answer.
package enum CloudUndoAnswer: Equatable, Sendable {
    case revoking(UndoStep, nextSeconds: Int64)
    case duty(UndoStep, nextSeconds: Int64)
    case revoked(UndoKind)
    /// `kept`: two persons decided that the sale stands.
    case confirmed(kept: Bool)
    case stuck(StuckReason)

    package var isSettled: Bool {
        if case .revoking = self { return false }
        return true
    }
}

/// Answers to CONFIRM.
/// What a cloud says of a sale that the register took.
package enum CloudConfirmAnswer: Equatable, Sendable {
    case confirmed
    /// It is being undone, as a person ordered while the register was silent, and may yet be kept: ask again.
    case revoking
    /// It was undone for good. The goods are unpaid, and nothing is owed to this cloud any more.
    case revoked
}

package enum CloudRefundStatus: Equatable, Sendable {
    case accepted, done, failed
    /// Not created: no authority, or more than is left, or the payment is not confirmed.
    case refused
}

/// Answers to REFUND.
package struct CloudRefundAnswer: Equatable, Sendable {
    package let status: CloudRefundStatus
    /// Nil when refused.
    package let number: RefundNumber?
    /// What has been given back of this payment, failed refunds not counted.
    package let refunded: Money

    package init(status: CloudRefundStatus, number: RefundNumber?, refunded: Money) {
        self.status = status
        self.number = number
        self.refunded = refunded
    }
}

package enum CloudAnswer: Equatable, Sendable {
    case payment(CloudPaymentAnswer)
    case undo(CloudUndoAnswer)
    case confirm(CloudConfirmAnswer)
    case refund(CloudRefundAnswer)
    /// A problem document that promises nothing; also a refund that another cloud executes.
    case notHome
    case busy
    /// No answer at all, so that the plug-in asks again.
    case nothing

    package var isSettled: Bool {
        switch self {
        case .payment(let answer): answer.isSettled
        case .undo(let answer): answer.isSettled
        case .confirm, .refund, .notHome, .busy: true
        case .nothing: false
        }
    }
}
