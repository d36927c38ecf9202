// Part of Tillbridge. See LICENSE.
import Testing
import TillEngine

/// The table as data: what it may never say, whatever row is added or changed.
@Suite struct LaneTableTests {
    @Test("every pair of state and event has the rows of the specification, or none")
    func product() {
        var listed = 0
        var unlisted: [String] = []
        for state in LaneState.allCases {
            for event in LaneEventKind.allCases {
                let rows = LaneTable.rows(state, event)
                if rows.isEmpty { unlisted.append("\(state) \(event)") } else { listed += 1 }
                // Only the last row of a pair may be unconditional: what stands behind it could never apply.
                for row in rows.dropLast() { #expect(row.guarded != .always, "\(state) \(event)") }
                #expect(Set(rows.map { "\($0.guarded)" }).count == rows.count, "\(state) \(event): guard twice")
            }
        }
        #expect(listed + unlisted.count == LaneState.allCases.count * LaneEventKind.allCases.count)
        #expect(unlisted.sorted() == LaneTableTests.leftOut.sorted())
    }

    @Test("after REVOKE no row leads to paid or acked, and none answers paid")
    func oneWayDoor() {
        for row in LaneTable.rows where !Set(row.states).isDisjoint(with: [.revoke, .duty, .released, .final]) {
            #expect(row.next != .paid && row.next != .acked && row.next != .intent)
            #expect(!row.actions.contains(.answerPaid))
        }
    }

    @Test("an acknowledged sale is never undone by the plug-in")
    func noUndoAfterHandOver() {
        for row in LaneTable.rows where row.states.contains(.acked) {
            #expect(row.next == nil)
            #expect(!row.actions.contains(.sendRevoke) && !row.actions.contains(.sendHygiene))
        }
    }

    @Test("every change of state is journalled before anything else is done")
    func writeAhead() {
        for row in LaneTable.rows where row.next != nil {
            #expect(row.actions.first == .journal, "\(row.states) \(row.event)")
        }
        for row in LaneTable.rows where row.closes && row.next == nil {
            #expect(row.actions.first == .journalClosed)
        }
    }

    @Test("paid is told only from a state in which PAID is durable")
    func paidIsDurable() {
        for row in LaneTable.rows where row.actions.contains(.answerPaid) {
            let states = row.next.map { [$0] } ?? row.states
            #expect(states.allSatisfy { $0 == .paid || $0 == .acked })
        }
    }

    @Test("silence never ends an attempt")
    func silence() {
        for event in [LaneEventKind.transportError, .pendingReply, .unknownReply] {
            for row in LaneTable.rows where row.event == event { #expect(row.next == nil) }
        }
    }

    /// Pairs left to decision 11: the event leaves the state, is counted, and a register's call gets the state.
    static let leftOut: [String] = {
        var pairs: [String] = []
        func add(_ states: [LaneState], _ events: [LaneEventKind]) {
            for state in states { for event in events { pairs.append("\(state) \(event)") } }
        }
        let all = LaneEventKind.allCases
        add([.free], all.filter { $0 != .payNew })
        add(
            [.intent],
            [
                .payNew, .acknowledge, .disown, .release, .undoFinal, .undoDuty, .undoPending, .undoStuck, .undoKept,
                .undoConfirmed, .confirmedByBoth, .finalByBoth, .implicitAcknowledgement,
            ]
        )
        add(
            [.paid],
            [
                .payNew, .paidReply, .declinedReply, .refusedReply, .pendingReply, .unknownReply, .conflictReply,
                .undoFinal, .undoDuty, .undoPending, .undoStuck, .undoKept, .undoConfirmed, .confirmedByBoth,
                .finalByBoth, .neverLeft, .transportError, .decisionTime, .reattachWindowOver,
            ]
        )
        add(
            [.acked],
            all.filter { event in
                ![
                    LaneEventKind.paySameSale, .status, .cancel, .acknowledge, .confirmedByBoth, .restart,
                    .revokingReply, .disown,
                ].contains(event)
            }
        )
        let ended: [LaneEventKind] = [.paySameSale, .status, .cancel, .acknowledge, .disown]
        add(
            [.declined, .final],
            all.filter { !(ended + [.restart, .finalByBoth, .undoConfirmed, .undoKept]).contains($0) }
        )
        add([.unsent], all.filter { !ended.contains($0) })
        let undo: [LaneEventKind] = [
            .undoFinal, .undoDuty, .undoPending, .undoStuck, .undoKept, .undoConfirmed, .neverLeft, .transportError,
            .restart, .status, .paySameSale, .cancel, .acknowledge, .disown,
        ]
        add([.revoke], all.filter { !(undo + [.payOtherSale, .release]).contains($0) })
        add([.duty, .released], all.filter { !undo.contains($0) })
        return pairs
    }()
}
