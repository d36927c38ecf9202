// Part of Tillbridge. See LICENSE.
import TillDomain

package enum CloudRefundEventKind: UInt8, WireName, Hashable {
    case due, accepted, done, failed, unclear
    case shownDone, shownPending, shownNotFound, shownFailed, shownUnclear

    package var wireName: StaticString {
        switch self {
        case .due: "due"
        case .accepted: "accepted"
        case .done: "done"
        case .failed: "failed"
        case .unclear: "unclear"
        case .shownDone: "shown-done"
        case .shownPending: "shown-pending"
        case .shownNotFound: "shown-not-found"
        case .shownFailed: "shown-failed"
        case .shownUnclear: "shown-unclear"
        }
    }

    init?(_ event: CloudEvent) {
        switch event {
        case .refundDue: self = .due
        case .refundOutcome(.accepted, _): self = .accepted
        case .refundOutcome(.done, _): self = .done
        case .refundOutcome(.failed, _): self = .failed
        case .refundOutcome(.retry, _), .refundOutcome(.unknown, _): self = .unclear
        case .refundQueryOutcome(.done, _): self = .shownDone
        case .refundQueryOutcome(.pending, _): self = .shownPending
        case .refundQueryOutcome(.notFound, _): self = .shownNotFound
        case .refundQueryOutcome(.failed, _): self = .shownFailed
        case .refundQueryOutcome(.unknown, _): self = .shownUnclear
        default: return nil
        }
    }
}

package enum CloudRefundActionKind: UInt8, WireName, Hashable {
    /// The refund call, always with the same number.
    case call
    case follow
    /// Wait, then work again.
    case later
    case finish
    case fail
    /// A refund that had failed shows as done.
    case alarmDone

    package var wireName: StaticString {
        switch self {
        case .call: "call"
        case .follow: "follow"
        case .later: "later"
        case .finish: "finish"
        case .fail: "fail"
        case .alarmDone: "alarm-done"
        }
    }
}

package struct CloudRefundRow: Sendable {
    package let states: [CloudRefundState]
    package let events: [CloudRefundEventKind]
    package let next: CloudRefundState
    package let actions: [CloudRefundActionKind]
    package let note: StaticString
}

/// The child's own small table. Pairs not listed leave the child as it is.
package enum CloudRefundTable {
    package static let rows: [CloudRefundRow] = [
        CloudRefundRow(
            states: [.requested, .sent, .unknown],
            events: [.due],
            next: .sent,
            actions: [.call],
            note: "SENT that is due again lost its answer: the same number returns nothing more (W6)"
        ),
        CloudRefundRow(states: [.accepted], events: [.due], next: .accepted, actions: [.follow], note: ""),
        CloudRefundRow(
            states: [.requested, .sent, .unknown],
            events: [.accepted],
            next: .accepted,
            actions: [.later],
            note: ""
        ),
        CloudRefundRow(
            states: [.requested, .sent, .unknown],
            events: [.done],
            next: .accepted,
            actions: [.follow],
            note: "done is believed when a refund query agrees"
        ),
        CloudRefundRow(
            states: [.requested, .sent, .unknown, .accepted],
            events: [.failed, .shownFailed],
            next: .failed,
            actions: [.fail],
            note: "a refund may be accepted and fail later"
        ),
        CloudRefundRow(
            states: [.requested, .sent, .unknown],
            events: [.unclear],
            next: .unknown,
            actions: [.later],
            note: ""
        ),
        CloudRefundRow(
            states: [.requested, .sent, .unknown, .accepted],
            events: [.shownDone],
            next: .done,
            actions: [.finish],
            note: ""
        ),
        CloudRefundRow(
            states: [.requested, .sent, .unknown, .accepted],
            events: [.shownPending],
            next: .accepted,
            actions: [.later],
            note: ""
        ),
        CloudRefundRow(
            states: [.accepted],
            events: [.shownNotFound],
            next: .unknown,
            actions: [.later],
            note: "repeat with the same number"
        ),
        CloudRefundRow(states: [.accepted], events: [.shownUnclear], next: .accepted, actions: [.later], note: ""),
        CloudRefundRow(
            states: [.failed],
            events: [.shownDone, .done],
            next: .done,
            actions: [.finish, .alarmDone],
            note: "the sum counts it again"
        ),
    ]

    package static func row(_ state: CloudRefundState, _ event: CloudRefundEventKind) -> CloudRefundRow? {
        for row in rows where row.states.contains(state) && row.events.contains(event) { return row }
        return nil
    }
}
