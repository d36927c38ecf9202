// Part of Tillbridge. See LICENSE.
package import TillDomain

package enum CloudRefundState: UInt8, WireName, Hashable {
    case requested
    /// Asked for; what the wallet made of it is not known yet.
    case sent
    /// The wallet has taken it over, not finished it.
    case accepted
    /// The answer was lost: the same call again, with the same number.
    case unknown
    case done
    /// Definitely not given back; another refund needs another reference.
    case failed

    package var wireName: StaticString {
        switch self {
        case .requested: "requested"
        case .sent: "sent"
        case .accepted: "accepted"
        case .unknown: "unknown"
        case .done: "done"
        case .failed: "failed"
        }
    }
}

/// One refund by authority: a child of a CONFIRMED payment, stored under the payment's row.
package struct CloudRefund: Equatable, Sendable {
    /// 1–99, the two digits of the refund number, drawn under the payment's row lock.
    package let counter: Int
    package let request: CloudRefundRequest
    package var state: CloudRefundState = .requested
    package var failure: RefundFailure?
    package var attempts = 0
    package let createdAt: Timestamp
    package var changedAt: Timestamp
    package var dueAt: Timestamp?

    package init(counter: Int, request: CloudRefundRequest, createdAt: Timestamp) {
        self.counter = counter
        self.request = request
        self.createdAt = createdAt
        changedAt = createdAt
        dueAt = createdAt
    }

    package var amount: Money { request.amount }

    package func number(of order: OrderNumber) -> RefundNumber { order.refundNumber(counter) }

    package var status: CloudRefundStatus {
        switch state {
        case .requested, .sent, .accepted, .unknown: .accepted
        case .done: .done
        case .failed: .failed
        }
    }
}
