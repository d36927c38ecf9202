// Part of Tillbridge. See LICENSE.
import TillDomain

/// Conditions of the table's rows. Each is a question to the record, the event, the context and the time.
package enum CloudGuard: UInt8, WireName, Hashable {
    /// The request's intent line or paying cloud is not the stored one.
    case otherData
    /// The intent names the other cloud as the paying one.
    case notHome
    /// This cloud is so busy that it writes no rows for new payments.
    case overloaded
    /// The routing version of the intent is not held here yet.
    case routingMissing
    /// The routing document gives this code no wallet, so no cloud ever sends a pay for it.
    case noWallet
    /// t0 is not later than the last promotion of the database plus 5 s plus 2ε: a missing row proves nothing.
    case promotedSince
    /// now ≥ D.
    case pastDeadline
    /// t0 too far ahead, own clock not trusted, sequence not new, wallet off, shedding.
    case notAdmitted
    /// The trade is the intent's: number, amount and, where echoed, nonce (S11).
    case tradeOurs
    /// The trade carries another attempt's nonce: a stranger's sale under a colliding number.
    case tradeForeign
    /// The query was made to prove a CONFIRM.
    case forConfirm
    /// Confirmed by the register's word alone: this cloud has not seen the money yet.
    case unproven
    /// The completion is not what the row waits for in its phase, or was asked before the row got there.
    case stale
    /// A definite error code is stored, and this query was asked after it.
    case declineAgreed
    /// The query was asked after F + 5 s + 2ε.
    case absenceProven
    /// The last look at the wallet is older than the wallet's cadence.
    case lookDue
    /// The row was last changed later than now: by a clock that ran ahead, so its plans are not believed.
    case writtenAhead
    /// The phase is ``UndoPhase/verify``.
    case verifying
    /// The phase is ``UndoPhase/sleeping``.
    case sleeping
    /// This is the paying cloud, it never sends (or its call ended with a definite error), and the query was asked
    /// after that was known.
    case unsentProof
    /// ``unsentProof`` but for the moment of the query: one more look decides.
    case unsentSinceQuery
    /// This is the paying cloud, and t0 is safe or its tombstone says unsent.
    case canProveUnsent
    /// The wallet's reversal window is over: a refund takes the reversal's place.
    case windowOver
    /// The last cancel was refused.
    case cancelRefused
    /// The last cancel closed the order or returned the money.
    case cancelDone
    /// The decision comes from two persons.
    case twoPersons
    /// A register in contact would have undone or confirmed the payment by now, by a clock that is trusted.
    case registerSilent
    /// The undo's own refund was asked for, and it is not known that it failed.
    case refundMayArrive
    /// A refund with this reference exists.
    case refundKnown
    /// Another cloud executes this payment's refunds.
    case refundElsewhere
    /// Without authority, not positive, or more than is left.
    case refundNotAllowed

    package var wireName: StaticString {
        switch self {
        case .otherData: "other-data"
        case .notHome: "not-home"
        case .overloaded: "overloaded"
        case .routingMissing: "routing-missing"
        case .noWallet: "no-wallet"
        case .promotedSince: "promoted-since"
        case .pastDeadline: "past-deadline"
        case .notAdmitted: "not-admitted"
        case .tradeOurs: "trade-ours"
        case .tradeForeign: "trade-foreign"
        case .forConfirm: "for-confirm"
        case .unproven: "unproven"
        case .stale: "stale"
        case .declineAgreed: "decline-agreed"
        case .absenceProven: "absence-proven"
        case .lookDue: "look-due"
        case .writtenAhead: "written-ahead"
        case .verifying: "verifying"
        case .sleeping: "sleeping"
        case .unsentProof: "unsent-proof"
        case .unsentSinceQuery: "unsent-since-query"
        case .canProveUnsent: "can-prove-unsent"
        case .windowOver: "window-over"
        case .cancelRefused: "cancel-refused"
        case .cancelDone: "cancel-done"
        case .twoPersons: "two-persons"
        case .registerSilent: "register-silent"
        case .refundMayArrive: "refund-may-arrive"
        case .refundKnown: "refund-known"
        case .refundElsewhere: "refund-elsewhere"
        case .refundNotAllowed: "refund-not-allowed"
        }
    }
}
