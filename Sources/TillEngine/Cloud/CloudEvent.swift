// Part of Tillbridge. See LICENSE.
package import TillDomain

/// Why a query is made. It comes back with the answer, because what an answer means depends on it.
package enum CloudQueryPurpose: UInt8, WireName, Hashable {
    /// To end UNKNOWN.
    case poll
    /// To answer a QUERY about a payment without a row; nothing is stored.
    case tell
    /// To prove a CONFIRM.
    case confirm
    /// The undo's query before the cancel.
    case look
    /// The undo's query after the cancel.
    case verify
    /// A second look at a payment that is final, or a wallet's notice.
    case watch

    package var wireName: StaticString {
        switch self {
        case .poll: "poll"
        case .tell: "tell"
        case .confirm: "confirm"
        case .look: "look"
        case .verify: "verify"
        case .watch: "watch"
        }
    }
}

/// One query call. The shell gives it back unchanged with the outcome.
package struct CloudQuery: Equatable, Sendable {
    package let purpose: CloudQueryPurpose
    /// When it was asked. What an answer proves is judged by this moment, never by its arrival.
    package let askedAt: Timestamp
    /// For ``CloudQueryPurpose/confirm``: the register never acknowledges, its next sale implied it.
    package let implied: Bool

    package init(purpose: CloudQueryPurpose, askedAt: Timestamp, implied: Bool = false) {
        self.purpose = purpose
        self.askedAt = askedAt
        self.implied = implied
    }
}

/// Why provably no byte of the pay request was written.
package enum CloudUnwritten: Equatable, Sendable {
    /// The last clock check, directly before writing, failed.
    case late
    /// No connection, no TLS, no name: nothing could be written.
    case noConnection
}

/// A refund by authority. The gateway has checked who asks.
package struct CloudRefundRequest: Equatable, Sendable {
    /// The caller's own key: the same reference is the same refund. 1–40 bytes.
    package let reference: [UInt8]
    package let amount: Money
    /// UTF-8, shown to the shopper.
    package let reason: [UInt8]
    /// Who asked, for the audit trail.
    package let operatorName: [UInt8]

    package init(reference: [UInt8], amount: Money, reason: [UInt8], operatorName: [UInt8]) {
        self.reference = reference
        self.amount = amount
        self.reason = reason
        self.operatorName = operatorName
    }
}

package enum CloudPersonDecision: Equatable, Sendable {
    /// PAID without CONFIRM: the register took the tender.
    case confirms
    /// PAID without CONFIRM: give the money back with authority.
    case refunds(CloudRefundRequest)
    /// Not certain yet, or PAID without CONFIRM, and the register is silent: undo it.
    case revokes
    /// STUCK: the sale stands after all.
    case keeps
    /// STUCK: the money is back, seen with evidence.
    case solved
    /// Ask the wallet, or try again, now.
    case asks
    /// This cloud executes the payment's refunds from now on, because its home cloud is gone.
    case adopts
}

/// Two names, for decisions that one person must not take alone.
package struct CloudPersons: Equatable, Sendable {
    package let first: [UInt8]
    package let second: [UInt8]
    package let evidence: [UInt8]

    package init(first: [UInt8], second: [UInt8] = [], evidence: [UInt8] = []) {
        self.first = first
        self.second = second
        self.evidence = evidence
    }

    package var areTwo: Bool { !first.isEmpty && !second.isEmpty && first != second }
}

package enum CloudEvent: Equatable, Sendable {
    // From the register, checked and signed.
    case pay(Intent, home: CloudName)
    case query(Intent, home: CloudName)
    case revoke(Intent, home: CloudName, RevokeReason)
    case confirm(Intent, home: CloudName, implied: Bool)
    /// From the register or the console; `authorised` is the gateway's judgement.
    case refund(CloudRefundRequest, authorised: Bool)

    // Completions of effects.
    case payOutcome(PayOutcome)
    case payUnwritten(CloudUnwritten)
    case queryOutcome(QueryOutcome, CloudQuery)
    case cancelOutcome(CancelOutcome)
    /// `counter` 0 is the undo's own refund, the others are children.
    case refundOutcome(RefundOutcome, counter: Int)
    case refundQueryOutcome(RefundQueryOutcome, counter: Int)

    // Time, the process, the wallet, persons.
    /// The row's next work is due. For SENDING: the sender's lease is over.
    case due
    case refundDue(counter: Int)
    /// The row is still open 30 minutes after its start.
    case aged
    /// The process has started and found this row.
    case restart
    /// The wallet's breaker closed: waiting work may go on at once.
    case wake
    /// The wallet sent a notice whose signature is good. It triggers a query and nothing else.
    case notice
    case person(CloudPersonDecision, CloudPersons)
}
