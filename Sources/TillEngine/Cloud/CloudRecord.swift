// Part of Tillbridge. See LICENSE.
package import TillDomain

/// The durable columns of one payment at one cloud, besides its intent and its paying cloud, which never change.
/// A store writes and reads it; only ``CloudPayment`` changes it.
package struct CloudRecord: Equatable, Sendable {
    package var state: CloudState = .none
    /// Rises by one with every change; 0 means that no row is stored.
    package var version: Int64 = 0
    /// This row proves that this cloud never sends pay, or never again.
    package var unsent = false
    /// Since when; a query asked earlier is no confirmation of it.
    package var unsentSince: Timestamp = .unknown
    /// When the send right was claimed. Nil: never, or provably nothing was written.
    package var sentAt: Timestamp?
    /// Which wallet, once the route was known. For people.
    package var wallet: Wallet?

    // Outcome.
    package var trade: CloudTrade?
    /// A definite error code that waits for its confirming query.
    package var declineCandidate: DeclineReason?
    package var declineReason: DeclineReason?
    package var refusalReason: RefusalReason?
    /// UNKNOWN because the shopper is being asked.
    package var waiting = false
    /// The wallet showed a trade under this number that is not the intent's.
    package var conflictSeen = false
    package var confirmedBy: ConfirmedBy?

    // The undo.
    package var phase: UndoPhase = .idle
    package var attempts = 0
    package var cancelResult: CancelResult?
    /// The undo's refund n-R00 was asked for, and no answer said that it failed.
    package var refundSent = false
    /// The wallet has taken it over.
    package var refundAccepted = false
    package var revokeReason: RevokeReason?
    package var undoKind: UndoKind?
    package var stuckReason: StuckReason?

    // Refunds by authority.
    package var refunds: [CloudRefund] = []
    /// A person made this cloud the one that executes them.
    package var refundsAdopted = false

    // Time.
    package var createdAt: Timestamp = .unknown
    package var changedAt: Timestamp = .unknown
    /// When the present state began.
    package var stateSince: Timestamp = .unknown
    /// When the wallet was last asked.
    package var lastLook: Timestamp = .unknown
    /// When the row's own work goes on; while a call is out, when its lease ends. Nil: nothing to do.
    package var dueAt: Timestamp?
    /// When a person must be told unless the row is final by then.
    package var personAt: Timestamp?
    /// In the persons' queue.
    package var queued = false

    package init() {}

    /// CONFIRMED by the register alone: this cloud has not seen the money yet.
    package var isUnproven: Bool {
        switch confirmedBy {
        case .register, .implied: state == .confirmed && trade == nil
        case .persons, nil: false
        }
    }

    /// The money may still come back through the undo's own refund. Nobody must return it another way meanwhile.
    package var refundMayArrive: Bool { refundSent || refundAccepted }

    package var refundPending: CloudRefund? {
        for refund in refunds where refund.dueAt != nil { return refund }
        return nil
    }

    /// What has been given back or may yet be, failed refunds not counted.
    package var refunded: Money {
        var fen: Int64 = 0
        for refund in refunds where refund.state != .failed { fen += refund.amount.fen }
        return Money(fen: fen)
    }

    /// The earliest moment at which this row wants to be worked on.
    package var nextWork: Timestamp? {
        var earliest = dueAt
        if let personAt, earliest.map({ personAt < $0 }) ?? true { earliest = personAt }
        for refund in refunds {
            if let due = refund.dueAt, earliest.map({ due < $0 }) ?? true { earliest = due }
        }
        return earliest
    }
}
