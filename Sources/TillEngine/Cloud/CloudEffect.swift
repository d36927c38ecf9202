// Part of Tillbridge. See LICENSE.
package import TillDomain

/// Who caused a change, for the audit trail (S10).
package enum CloudActor: Equatable, Sendable {
    case register
    /// The operator named in a refund request.
    case caller([UInt8])
    case wallet
    case cloud
    case persons(CloudPersons)
}

/// One change of one row. The store writes record, refunds and one entry of the transaction log in one commit.
package struct CloudCommit: Equatable, Sendable {
    package let from: CloudState
    package let to: CloudState
    package let cause: CloudEventKind
    package let actor: CloudActor
    package let at: Timestamp
    /// For the claim: the commit must fail unless the database's own time is before this moment (D).
    package let before: Timestamp?
}

/// What needs people or counters, beyond the row itself.
package enum CloudAlarm: UInt8, WireName, Hashable {
    case otherData, tradeDiffers, foreignTrade, paidAfterDecline, paidAfterRefusal, moneyAfterFinal, contradiction
    case revokeOfConfirmed, lateRevoke, stuck, aged, unprovenConfirm, refundFailed, refundAfterFailure
    case sequenceReused, merchantConfiguration

    /// Whether somebody is called at once; the others are listed.
    package var pages: Bool {
        switch self {
        case .moneyAfterFinal, .stuck, .aged, .revokeOfConfirmed, .refundFailed, .refundAfterFailure,
            .merchantConfiguration, .contradiction:
            true
        case .otherData, .tradeDiffers, .foreignTrade, .paidAfterDecline, .paidAfterRefusal, .lateRevoke,
            .unprovenConfirm, .sequenceReused:
            false
        }
    }

    package var wireName: StaticString {
        switch self {
        case .otherData: "other-data"
        case .tradeDiffers: "trade-differs"
        case .foreignTrade: "foreign-trade"
        case .paidAfterDecline: "paid-after-decline"
        case .paidAfterRefusal: "paid-after-refusal"
        case .moneyAfterFinal: "money-after-final"
        case .contradiction: "contradiction"
        case .revokeOfConfirmed: "revoke-of-confirmed"
        case .lateRevoke: "late-revoke"
        case .stuck: "stuck"
        case .aged: "aged"
        case .unprovenConfirm: "unproven-confirm"
        case .refundFailed: "refund-failed"
        case .refundAfterFailure: "refund-after-failure"
        case .sequenceReused: "sequence-reused"
        case .merchantConfiguration: "merchant-configuration"
        }
    }
}

/// What the shell does, in this order. When ``commit(_:)`` is among them it is the first, and nothing after it may
/// happen unless the commit is known to have succeeded. A commit that lost against another writer is not repeated:
/// the row is read again and the same event handled again. A commit whose result is unknown ends the matter: nothing
/// is sent or answered.
package enum CloudEffect: Equatable, Sendable {
    case commit(CloudCommit)
    /// Answer the request that was handled. `mayHold`: the shell may wait for a change as long as the request allows,
    /// and then answers with the record's answer of that moment.
    case answer(CloudAnswer, mayHold: Bool)
    /// Answer everybody who waits for a QUERY of this number; nothing is stored.
    case tell(CloudPaymentAnswer)
    /// Send pay, at most once; the code is in the request that was handled.
    case pay(CloudPayCall)
    case query(CloudQuery)
    case cancel
    /// `counter` 0 is the undo's own refund.
    case refund(WalletRefund, counter: Int)
    case refundQuery(WalletRefund, counter: Int)
    /// Call ``CloudPayment/timerEvents(at:)`` at this moment; the stored record says the same.
    case schedule(Timestamp)
    case alarm(CloudAlarm)
    /// An event that the table does not list for this state, or that a row only counts.
    case count(CloudState, CloudEventKind)
}
