// Part of Tillbridge. See LICENSE.
import TillDomain

/// Events as the table names them: without their data.
package enum CloudEventKind: UInt8, WireName, Hashable {
    case pay, query, revoke, confirm, refund
    case payPaid, payWaiting, payDeclined, payUnknown, payUnwritten
    case queryPaid, queryOpen, queryNotFound, queryPayError, queryClosed, queryReturning, queryUnknown
    case cancelClosed, cancelRefunded, cancelNotFound, cancelRefused, cancelUnclear
    case refundAccepted, refundDone, refundFailed, refundUnclear
    case refundShownDone, refundShownPending, refundShownNotFound, refundShownFailed, refundShownUnclear
    case child
    case due, aged, restart, wake, notice
    case personConfirms, personRefunds, personRevokes, personKeeps, personSolved, personAsks, personAdopts

    /// Events that a caller waits for an answer to.
    package var wantsAnswer: Bool {
        switch self {
        case .pay, .query, .revoke, .confirm, .refund: true
        default: false
        }
    }

    package var wireName: StaticString {
        switch self {
        case .pay: "pay"
        case .query: "query"
        case .revoke: "revoke"
        case .confirm: "confirm"
        case .refund: "refund"
        case .payPaid: "pay-paid"
        case .payWaiting: "pay-waiting"
        case .payDeclined: "pay-declined"
        case .payUnknown: "pay-unknown"
        case .payUnwritten: "pay-unwritten"
        case .queryPaid: "query-paid"
        case .queryOpen: "query-open"
        case .queryNotFound: "query-not-found"
        case .queryPayError: "query-pay-error"
        case .queryClosed: "query-closed"
        case .queryReturning: "query-returning"
        case .queryUnknown: "query-unknown"
        case .cancelClosed: "cancel-closed"
        case .cancelRefunded: "cancel-refunded"
        case .cancelNotFound: "cancel-not-found"
        case .cancelRefused: "cancel-refused"
        case .cancelUnclear: "cancel-unclear"
        case .refundAccepted: "refund-accepted"
        case .refundDone: "refund-done"
        case .refundFailed: "refund-failed"
        case .refundUnclear: "refund-unclear"
        case .refundShownDone: "refund-shown-done"
        case .refundShownPending: "refund-shown-pending"
        case .refundShownNotFound: "refund-shown-not-found"
        case .refundShownFailed: "refund-shown-failed"
        case .refundShownUnclear: "refund-shown-unclear"
        case .child: "child"
        case .due: "due"
        case .aged: "aged"
        case .restart: "restart"
        case .wake: "wake"
        case .notice: "notice"
        case .personConfirms: "person-confirms"
        case .personRefunds: "person-refunds"
        case .personRevokes: "person-revokes"
        case .personKeeps: "person-keeps"
        case .personSolved: "person-solved"
        case .personAsks: "person-asks"
        case .personAdopts: "person-adopts"
        }
    }
}

extension CloudEvent {
    package var kind: CloudEventKind {
        switch self {
        case .pay: .pay
        case .query: .query
        case .revoke: .revoke
        case .confirm: .confirm
        case .refund: .refund
        case .payOutcome(let outcome): Self.kind(of: outcome)
        case .payUnwritten: .payUnwritten
        case .queryOutcome(let outcome, _): Self.kind(of: outcome)
        case .cancelOutcome(let outcome): Self.kind(of: outcome)
        case .refundOutcome(let outcome, let counter): counter == 0 ? Self.kind(of: outcome) : .child
        case .refundQueryOutcome(let outcome, let counter): counter == 0 ? Self.kind(of: outcome) : .child
        case .due: .due
        case .refundDue: .child
        case .aged: .aged
        case .restart: .restart
        case .wake: .wake
        case .notice: .notice
        case .person(let decision, _): Self.kind(of: decision)
        }
    }

    private static func kind(of outcome: PayOutcome) -> CloudEventKind {
        switch outcome {
        case .paid: .payPaid
        case .waitingForShopper: .payWaiting
        case .declined: .payDeclined
        case .unknown(.neverLeft): .payUnwritten
        case .unknown: .payUnknown
        }
    }

    private static func kind(of outcome: QueryOutcome) -> CloudEventKind {
        switch outcome {
        case .paid: .queryPaid
        case .open: .queryOpen
        case .notFound: .queryNotFound
        case .payError: .queryPayError
        case .returning: .queryReturning
        case .closed: .queryClosed
        case .unknown: .queryUnknown
        }
    }

    private static func kind(of outcome: CancelOutcome) -> CloudEventKind {
        switch outcome {
        case .closed: .cancelClosed
        case .refunded: .cancelRefunded
        case .notFound: .cancelNotFound
        case .refused: .cancelRefused
        case .retry, .unknown: .cancelUnclear
        }
    }

    private static func kind(of outcome: RefundOutcome) -> CloudEventKind {
        switch outcome {
        case .accepted: .refundAccepted
        case .done: .refundDone
        case .failed: .refundFailed
        case .retry, .unknown: .refundUnclear
        }
    }

    private static func kind(of outcome: RefundQueryOutcome) -> CloudEventKind {
        switch outcome {
        case .done: .refundShownDone
        case .pending: .refundShownPending
        case .notFound: .refundShownNotFound
        case .failed: .refundShownFailed
        case .unknown: .refundShownUnclear
        }
    }

    private static func kind(of decision: CloudPersonDecision) -> CloudEventKind {
        switch decision {
        case .confirms: .personConfirms
        case .refunds: .personRefunds
        case .revokes: .personRevokes
        case .keeps: .personKeeps
        case .solved: .personSolved
        case .asks: .personAsks
        case .adopts: .personAdopts
        }
    }
}
