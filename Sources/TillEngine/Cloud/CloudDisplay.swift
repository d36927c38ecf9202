// Part of Tillbridge. See LICENSE.
import TillDomain

/// The words of console, exports and command line for a payment's state.
package enum CloudDisplay: UInt8, WireName, Hashable {
    case paying, awaitingUser, unknown, succeeded, failed, closed, revoking, revoked, revokeFailed
    case refunding, partRefunded, refunded, refundFailed

    package var wireName: StaticString {
        switch self {
        case .paying: "paying"
        case .awaitingUser: "awaiting_user"
        case .unknown: "unknown"
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .closed: "closed"
        case .revoking: "revoking"
        case .revoked: "revoked"
        case .revokeFailed: "revoke_failed"
        case .refunding: "refunding"
        case .partRefunded: "part_refunded"
        case .refunded: "refunded"
        case .refundFailed: "refund_failed"
        }
    }
}

extension CloudPayment {
    package var display: CloudDisplay {
        // A declined payment is undone as well, to be sure. That is no news unless money was found.
        let isHygiene = record.revokeReason == .hygiene && record.trade == nil
        switch record.state {
        case .none: return .unknown
        case .sending: return .paying
        case .unknown: return record.waiting ? .awaitingUser : .unknown
        case .paid: return .succeeded
        case .declined: return record.declineReason == .closed ? .closed : .failed
        case .tomb: return .closed
        case .revoking: return isHygiene ? .failed : .revoking
        case .revoked: return isHygiene ? .failed : .revoked
        case .stuck: return record.refundMayArrive ? .revoking : .revokeFailed
        case .confirmed: if record.isUnproven { return .unknown }
        }
        if record.refunds.contains(where: { $0.status == .accepted }) { return .refunding }
        if record.refunded == intent.amount { return .refunded }
        if record.refunds.last?.state == .failed { return .refundFailed }
        return record.refunded > .zero ? .partRefunded : .succeeded
    }
}
