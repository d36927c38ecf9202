// Part of Tillbridge. See LICENSE.
package import TillEngine

/// One change of one row of a table: a wrong next state, an action that is missing, two that are swapped.
package struct TableMutant: Sendable {
    package let table: String
    package let place: Int
    package let change: String
    package let cloud: CloudTable
    package let lane: [LaneRow]

    package var words: String { "\(table) row \(place): \(change)" }

    /// How often a run took the row that is changed.
    package func taken(in coverage: Coverage) -> Int {
        table == "lane" ? coverage.laneRows[place] : coverage.cloudRows[place]
    }

    package static let all: [TableMutant] = laneMutants + cloudMutants

    /// At most four by name.
    private static func names<Word>(_ words: [Word]) -> String {
        words.count > 4 ? "any" : words.map { "\($0)" }.joined(separator: "/")
    }

    private static var laneMutants: [TableMutant] {
        var mutants: [TableMutant] = []
        for (place, row) in LaneTable.rows.enumerated() {
            let name = "\(names(row.states)) \(row.event)\(row.guarded == .always ? "" : " if \(row.guarded)")"
            func add(_ change: String, to next: LaneState?, do actions: [LaneActionKind]) {
                var rows = LaneTable.rows
                rows[place] = LaneRow(
                    row.states,
                    row.event,
                    if: row.guarded,
                    to: next,
                    do: actions,
                    closes: row.closes
                )
                mutants.append(
                    TableMutant(table: "lane", place: place, change: "\(name) \(change)", cloud: .standard, lane: rows)
                )
            }
            // A row that treats the call again must leave its state, or it would never end.
            if row.next != nil, row.states != [.free], !row.actions.contains(.again) {
                add("stays", to: nil, do: row.actions)
            }
            if row.states != [.free], row.next != nil {
                let wrong: LaneState = row.next == .final ? .revoke : .final
                add("goes to \(wrong)", to: wrong, do: row.actions)
            }
            for position in row.actions.indices {
                var rest = row.actions
                let dropped = rest.remove(at: position)
                add("forgets \(dropped)", to: row.next, do: rest)
            }
            if row.actions.count > 1, row.actions[0] == .journal {
                var swapped = row.actions
                swapped.swapAt(0, 1)
                add("does \(swapped[0]) before it journals", to: row.next, do: swapped)
            }
        }
        return mutants
    }

    private static var cloudMutants: [TableMutant] {
        var mutants: [TableMutant] = []
        for (place, row) in CloudTable.standard.rows.enumerated() {
            let guards = row.guards.isEmpty ? "" : " if \(names(row.guards))"
            let name = "\(names(row.states)) \(names(row.events))\(guards)"
            func add(_ change: String, to next: CloudState?, do actions: [CloudActionKind]) {
                var rows = CloudTable.standard.rows
                rows[place] = CloudRow(row.states, row.events, if: row.guards, to: next, do: actions)
                let table = CloudTable(rows: rows)
                mutants.append(
                    TableMutant(
                        table: "cloud",
                        place: place,
                        change: "\(name) \(change)",
                        cloud: table,
                        lane: LaneTable.rows
                    )
                )
            }
            if let next = row.next {
                add("stays", to: nil, do: row.actions)
                let wrong: CloudState = next == .revoked ? .paid : .revoked
                add("goes to \(wrong)", to: wrong, do: row.actions)
            }
            for position in row.actions.indices {
                var rest = row.actions
                let dropped = rest.remove(at: position)
                add("forgets \(dropped)", to: row.next, do: rest)
            }
        }
        return mutants
    }
}
