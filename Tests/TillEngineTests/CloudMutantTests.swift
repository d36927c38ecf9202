// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillEngine
import TillReference

/// The tests are tested: each row, each guard and each action of the table is taken away once, and the comparison of
/// ``CloudProductTests`` must notice.
@Suite("Cloud: planted bugs in the table")
struct CloudMutantTests {
    private struct Mutant {
        let change: String
        let place: Int
        let table: CloudTable
    }

    private static var mutants: [Mutant] {
        let rows = CloudTable.standard.rows
        var mutants: [Mutant] = []
        for (place, row) in rows.enumerated() {
            func add(_ change: String, _ replacement: CloudRow?) {
                var changed = rows
                changed.replaceSubrange(place...place, with: replacement.map { [$0] } ?? [])
                mutants.append(Mutant(change: change, place: place, table: CloudTable(rows: changed)))
            }
            add("is missing", nil)
            for condition in row.guards {
                let rest = row.guards.filter { $0 != condition }
                add(
                    "does not look at \(condition)",
                    CloudRow(row.states, row.events, if: rest, to: row.next, do: row.actions)
                )
            }
            for position in row.actions.indices {
                var rest = row.actions
                rest.remove(at: position)
                add(
                    "forgets \(row.actions[position])",
                    CloudRow(row.states, row.events, if: row.guards, to: row.next, do: rest)
                )
            }
        }
        return mutants
    }

    /// Whether some case that meets the changed row tells the machines apart.
    private static func isFound(_ mutant: Mutant) -> Bool {
        let row = CloudTable.standard.rows[mutant.place]
        for state in row.states {
            var found = false
            CloudProductTests.forEachCase(of: state, where: { row.events.contains($0.kind) }) {
                before,
                event,
                now,
                context in
                var payment = before
                let effects = payment.handle(event, at: now, context: context, table: mutant.table)
                found =
                    CloudReference(before, event, at: now, context).difference(from: payment, effects) != nil
                return !found
            }
            if found { return true }
        }
        return false
    }

    @Test("nineteen of twenty are found")
    func score() {
        let mutants = CloudMutantTests.mutants
        let survivors = mutants.filter { !CloudMutantTests.isFound($0) }
        #expect(mutants.count > 350)
        #expect(
            survivors.count * 20 <= mutants.count,
            "\(survivors.map { "row \($0.place) \($0.change)" })"
        )
    }
}
