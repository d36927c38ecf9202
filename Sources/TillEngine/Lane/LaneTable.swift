// Part of Tillbridge. See LICENSE.

/// One row of the plug-in's table: in any of `states`, on `event`, if `guarded` holds, go to `next` and do `actions`.
package struct LaneRow: Equatable, Sendable {
    package let states: [LaneState]
    package let event: LaneEventKind
    package let guarded: LaneGuard
    /// Nil where the state stays.
    package let next: LaneState?
    package let actions: [LaneActionKind]
    /// Which attempts end here for good: CLOSED is written with the state.
    package let closes: Bool

    package init(
        _ states: [LaneState],
        _ event: LaneEventKind,
        if guarded: LaneGuard = .always,
        to next: LaneState? = nil,
        do actions: [LaneActionKind],
        closes: Bool = false
    ) {
        self.states = states
        self.event = event
        self.guarded = guarded
        self.next = next
        self.actions = actions
        self.closes = closes
    }
}

/// The plug-in's journal states, as data. The machine, the documentation and the model checker read this one table.
///
/// Rows of one pair of state and event are tried from top to bottom. A pair without a matching row leaves the state;
/// an event from outside is then counted, and a register's call is answered with the current state.
package enum LaneTable {
    package static let rows: [LaneRow] =
        freeRows + intentRows + paidRows + ackedRows + endedRows + undoRows

    // One row a line reads as the table it is.
    // swift-format-ignore
    private static let freeRows: [LaneRow] = [
        LaneRow([.free], .payNew, if: .admissible, to: .intent, do: [.journal, .sendPay]),
        LaneRow([.free], .payNew, if: .codeRefused, do: [.answerDeclined]),
        LaneRow([.free], .payNew, do: [.answerUnavailable]),
        LaneRow([.intent, .revoke], .payOtherSale, do: [.answerBusy]),
    ]

    // One row a line reads as the table it is.
    // swift-format-ignore
    private static let intentRows: [LaneRow] = [
        LaneRow([.intent], .paidReply, if: .equalAndBeforeDecision, to: .paid, do: [.journal, .answerPaid]),
        LaneRow(
            [.intent], .paidReply, if: .dataDiffer, to: .revoke, do: [.journal, .alarm, .answerCancelled, .sendRevoke]),
        LaneRow([.intent], .paidReply, to: .revoke, do: [.journal, .answerCancelled, .sendRevoke]),
        LaneRow(
            [.intent], .declinedReply, if: .beforeDecision, to: .declined,
            do: [.journal, .answerDeclined, .sendHygiene]),
        LaneRow([.intent], .paySameSale, do: [.answerWaiting]),
        LaneRow([.intent], .status, do: [.answerWaiting]),
        LaneRow([.intent], .refusedReply, if: .fromPayingCloud, to: .unsent, do: [.journal, .trySecondAttempt]),
        LaneRow([.intent], .neverLeft, if: .provablyUnwritten, to: .unsent, do: [.journal, .trySecondAttempt]),
        LaneRow([.intent], .neverLeft, if: .beforePayDeadline, do: [.sendPay]),
        LaneRow([.intent], .neverLeft, do: [.sendQuery]),
        LaneRow([.intent], .transportError, if: .beforePayDeadline, do: [.sendPay]),
        LaneRow([.intent], .transportError, do: [.sendQuery]),
        LaneRow([.intent], .pendingReply, do: [.sendQuery]),
        LaneRow([.intent], .unknownReply, do: [.sendQuery]),
        LaneRow([.intent], .revokingReply, to: .revoke, do: [.journal, .answerCancelled, .sendRevoke]),
        LaneRow([.intent], .conflictReply, to: .revoke, do: [.journal, .alarm, .answerCancelled, .sendRevoke]),
        LaneRow([.intent], .decisionTime, to: .revoke, do: [.journal, .answerCancelled, .sendRevoke]),
        LaneRow([.intent], .cancel, to: .revoke, do: [.journal, .answerCancelled, .sendRevoke]),
        // A restarted plug-in holds no code and cannot pay again: it waits a moment for the register to ask.
        LaneRow([.intent], .restart, do: [.count]),
        LaneRow([.intent], .reattachWindowOver, if: .reattached, do: [.sendQuery]),
        LaneRow([.intent], .reattachWindowOver, to: .revoke, do: [.journal, .answerCancelled, .sendRevoke]),
    ]

    // One row a line reads as the table it is.
    // swift-format-ignore
    private static let paidRows: [LaneRow] = [
        LaneRow([.paid], .acknowledge, to: .acked, do: [.journal, .answerAcknowledged, .sendConfirm]),
        LaneRow([.paid], .status, do: [.answerPaid]),
        LaneRow([.paid], .paySameSale, do: [.answerPaid]),
        LaneRow([.paid], .cancel, do: [.answerPaid]),
        LaneRow([.paid], .disown, to: .revoke, do: [.journal, .answerCancelled, .sendRevoke]),
        LaneRow([.paid], .release, if: .supervisor, to: .revoke, do: [.journal, .answerReleased, .sendRevoke]),
        LaneRow([.paid], .release, do: [.refuse]),
        LaneRow([.paid], .payOtherSale, if: .registerAcknowledges, do: [.answerUnacknowledged]),
        LaneRow([.paid], .payOtherSale, to: .acked, do: [.journal, .sendConfirm, .again]),
        LaneRow([.paid], .implicitAcknowledgement, to: .acked, do: [.journal, .sendConfirm]),
        LaneRow([.paid], .revokingReply, do: [.alarm]),
        LaneRow([.paid], .restart, do: [.count]),
    ]

    // One row a line reads as the table it is.
    // swift-format-ignore
    private static let ackedRows: [LaneRow] = [
        LaneRow([.acked], .paySameSale, do: [.answerPaid]),
        LaneRow([.acked], .status, do: [.answerPaid]),
        LaneRow([.acked], .cancel, do: [.answerPaid]),
        LaneRow([.acked], .acknowledge, do: [.answerAcknowledged]),
        LaneRow([.acked], .confirmedByBoth, do: [.journalClosed], closes: true),
        LaneRow([.acked], .restart, do: [.sendConfirm]),
        LaneRow([.acked], .revokingReply, do: [.alarm]),
        LaneRow([.acked], .disown, do: [.refuse]),
    ]

    // One row a line reads as the table it is.
    // swift-format-ignore
    private static let endedRows: [LaneRow] = [
        LaneRow([.declined, .final], .restart, do: [.sendHygiene]),
        LaneRow([.declined, .final], .finalByBoth, do: [.journalClosed], closes: true),
        LaneRow([.declined, .final], .undoConfirmed, do: [.page]),
        LaneRow([.declined, .final], .undoKept, do: [.page]),
        LaneRow([.declined, .unsent, .final], .paySameSale, do: [.answerStored]),
        LaneRow([.declined, .unsent, .final], .status, do: [.answerStored]),
        LaneRow([.declined, .unsent, .final], .cancel, do: [.answerStored]),
        LaneRow([.declined, .unsent, .final], .acknowledge, do: [.refuse]),
        LaneRow([.declined, .unsent, .final], .disown, do: [.answerStored]),
    ]

    // One row a line reads as the table it is.
    // swift-format-ignore
    private static let undoRows: [LaneRow] = [
        LaneRow([.revoke], .undoFinal, to: .final, do: [.journal]),
        LaneRow([.revoke], .undoDuty, if: .roomForDuty, to: .duty, do: [.journal]),
        LaneRow([.revoke], .undoDuty, do: [.sendRevoke]),
        LaneRow([.revoke, .duty, .released], .undoPending, do: [.sendRevoke]),
        LaneRow([.revoke, .duty, .released], .undoStuck, do: [.page, .sendRevoke]),
        LaneRow([.revoke], .release, if: .releasable, to: .released, do: [.journal, .answerReleased]),
        LaneRow([.revoke], .release, do: [.refuse]),
        LaneRow([.duty, .released], .undoFinal, to: .final, do: [.journal]),
        LaneRow([.duty, .released], .undoDuty, do: [.sendRevoke]),
        LaneRow([.revoke, .duty, .released], .transportError, do: [.sendRevoke]),
        LaneRow([.revoke, .duty, .released], .neverLeft, do: [.sendRevoke]),
        LaneRow([.revoke, .duty, .released], .restart, do: [.sendRevoke]),
        LaneRow([.revoke, .duty, .released], .status, do: [.answerCancelled]),
        LaneRow([.revoke, .duty, .released], .paySameSale, do: [.answerCancelled]),
        LaneRow([.revoke, .duty, .released], .cancel, do: [.answerCancelled]),
        LaneRow([.revoke, .duty, .released], .acknowledge, do: [.answerCancelled]),
        LaneRow([.revoke, .duty, .released], .disown, do: [.answerCancelled]),
        LaneRow([.revoke, .duty, .released], .undoKept, to: .final, do: [.journal, .page], closes: true),
        LaneRow([.revoke, .duty, .released], .undoConfirmed, do: [.page, .sendRevoke]),
    ]

    /// The rows of one pair, in the order in which they are tried.
    package static func rows(_ state: LaneState, _ event: LaneEventKind) -> [LaneRow] {
        rows.filter { row in row.event == event && row.states.contains(state) }
    }

    /// The place of the row that applies, or nil where the pair is not listed.
    static func place(
        in table: [LaneRow],
        _ state: LaneState,
        _ event: LaneEventKind,
        where holds: (LaneGuard) -> Bool
    ) -> Int? {
        table.firstIndex { row in row.event == event && row.states.contains(state) && holds(row.guarded) }
    }
}
