// Part of Tillbridge. See LICENSE.
import Testing
import TillReference

@testable import TillEngine

/// The tests are tested: each row of the table is taken away, turned to each other state, robbed of its guard and of
/// each action, and has its first two actions swapped, and the comparison of ``LaneProductTests`` must notice.
@Suite("Lane: planted bugs in the table")
struct LaneMutantTests {
    private struct Mutant {
        let change: String
        let row: LaneRow
        let table: [LaneRow]
    }

    private static var mutants: [Mutant] {
        var mutants: [Mutant] = []
        for (place, row) in LaneTable.rows.enumerated() {
            func add(_ change: String, _ replacement: LaneRow?) {
                var table = LaneTable.rows
                table.replaceSubrange(place...place, with: replacement.map { [$0] } ?? [])
                mutants.append(Mutant(change: "\(row.states) \(row.event): \(change)", row: row, table: table))
            }
            func changed(
                if guarded: LaneGuard? = nil,
                to next: LaneState?,
                do actions: [LaneActionKind]? = nil
            ) -> LaneRow {
                LaneRow(
                    row.states,
                    row.event,
                    if: guarded ?? row.guarded,
                    to: next,
                    do: actions ?? row.actions,
                    closes: row.closes
                )
            }
            add("is missing", nil)
            if row.guarded != .always { add("does not look at \(row.guarded)", changed(if: .always, to: row.next)) }
            if row.states != [.free] {
                for next in LaneState.allCases where next != .free && next != row.next && !row.states.contains(next) {
                    add("goes to \(next)", changed(to: next))
                }
                // A row that treats the call again must leave its state, or it would never end.
                if row.next != nil, !row.actions.contains(.again) { add("stays", changed(to: nil)) }
            }
            for position in row.actions.indices {
                var rest = row.actions
                rest.remove(at: position)
                add("forgets \(row.actions[position])", changed(to: row.next, do: rest))
            }
            if row.actions.count > 1 {
                var swapped = row.actions
                swapped.swapAt(0, 1)
                add("swaps its first actions", changed(to: row.next, do: swapped))
            }
        }
        return mutants
    }

    private static func isFound(_ mutant: Mutant) -> Bool {
        for state in mutant.row.states {
            var found = false
            LaneProductTests.forEachSituation(of: state, where: { $0 == mutant.row.event }) { given in
                found = LaneProductTests.outcome(given, table: mutant.table) != LaneReference(given).outcome
                return !found
            }
            if found { return true }
        }
        return false
    }

    @Test("nineteen of twenty are found")
    func score() {
        let mutants = LaneMutantTests.mutants
        let survivors = mutants.filter { !LaneMutantTests.isFound($0) }
        #expect(mutants.count > 700)
        #expect(survivors.count * 20 <= mutants.count, "\(survivors.map(\.change))")
    }
}
