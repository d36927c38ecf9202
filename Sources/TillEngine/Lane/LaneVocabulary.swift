// Part of Tillbridge. See LICENSE.

/// The durable state of one attempt in the plug-in's journal, and `free` for a lane without a blocking attempt.
package enum LaneState: CaseIterable, Equatable, Sendable {
    /// No attempt stands in the way of a new payment.
    case free
    /// Durable, not decided: the wallet may or may not hold money.
    case intent
    /// A verified success is durable; the register has not taken the tender yet.
    case paid
    /// The register took the tender. Never undone from here.
    case acked
    case declined
    /// Proved that no pay request was or will be sent for this number.
    case unsent
    /// The one-way door: this attempt is never *paid* again, whatever arrives.
    case revoke
    /// A cloud has durably taken the undo over.
    case duty
    /// A supervisor opened the lane; the undo goes on.
    case released
    /// A cloud said under its signature that no money is held.
    case final

    /// While an attempt is in such a state, the lane takes no other payment.
    package var blocksLane: Bool {
        switch self {
        case .intent, .paid, .revoke: true
        case .free, .acked, .declined, .unsent, .duty, .released, .final: false
        }
    }
}

/// What can happen to an attempt, or to the free lane.
package enum LaneEventKind: CaseIterable, Equatable, Sendable {
    // The register.
    case payNew, paySameSale, payOtherSale, status, acknowledge, disown, cancel, release
    // Payment answers of a cloud, verified.
    case paidReply, declinedReply, refusedReply, pendingReply, unknownReply, revokingReply, conflictReply
    // Undo answers of a cloud, verified.
    case undoFinal, undoDuty, undoPending, undoStuck, undoKept, undoConfirmed
    // Both clouds have answered what closes an attempt.
    case confirmedByBoth, finalByBoth
    // The way to the cloud.
    case neverLeft, transportError
    // Time and process.
    case decisionTime, reattachWindowOver, implicitAcknowledgement, restart

    /// Answers of a cloud and of the way to it: they come late, twice and in any order.
    package var isReply: Bool {
        switch self {
        case .paidReply, .declinedReply, .refusedReply, .pendingReply, .unknownReply, .revokingReply, .conflictReply,
            .undoFinal, .undoDuty, .undoPending, .undoStuck, .undoKept, .undoConfirmed, .neverLeft, .transportError:
            true
        default: false
        }
    }
}

/// What must hold for a row to apply. ``LaneFacts`` answers it.
package enum LaneGuard: CaseIterable, Equatable, Sendable {
    case always
    /// A new payment may start: reachable, clock known, room in the journal, wallet of the code switched on, code not
    /// seen in another sale.
    case admissible
    /// The local quick check says that the code belongs to no wallet, or was used in another sale.
    case codeRefused
    /// The answer's data equal the intent's and the decision time has not come.
    case equalAndBeforeDecision
    case dataDiffer
    case beforeDecision
    /// The answer came from the paying cloud, the only one whose refusal proves anything.
    case fromPayingCloud
    /// No byte of this attempt ever left, and this is the process that began it.
    case provablyUnwritten
    /// Before D: a pay request may still start.
    case beforePayDeadline
    /// After a restart the register asked for the same sale in time, and the decision time has not come.
    case reattached
    case supervisor
    case registerAcknowledges
    /// Fewer than three attempts are DUTY or RELEASED.
    case roomForDuty
    /// Locked for at least 120 s, a supervisor, and room for one more.
    case releasable
}

/// What a row makes the plug-in do, in the order in which it is listed.
package enum LaneActionKind: CaseIterable, Equatable, Sendable {
    /// Append the record of the next state and sync, before anything that follows.
    case journal
    /// Append the close mark and sync: nothing is owed to any cloud any more.
    case journalClosed
    case sendPay, sendQuery, sendRevoke, sendConfirm
    /// REVOKE(hygiene) to both clouds in the background, all answers counted.
    case sendHygiene
    /// A new attempt with a new number at the other cloud, where the rules allow it; else answer *unavailable*.
    case trySecondAttempt
    case answerPaid, answerDeclined, answerCancelled, answerWaiting, answerBusy, answerUnacknowledged
    case answerUnavailable, answerStored, answerAcknowledged, answerReleased
    /// 409: the call makes no sense in this state; the state is in the answer.
    case refuse
    /// Treat the register's call once more, now that the lane is free.
    case again
    case alarm, page, count
}
