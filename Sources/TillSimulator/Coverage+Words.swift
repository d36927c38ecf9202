// Part of Tillbridge. See LICENSE.
import TillEngine

extension Coverage {
    package struct Row: Sendable {
        package let words: String
        package let taken: Int
    }

    /// Every row of both tables with how often it was taken.
    package var rows: [Row] {
        var rows: [Row] = []
        for (place, row) in LaneTable.rows.enumerated() {
            let guards = row.guarded == .always ? "" : " if \(row.guarded)"
            let next = row.next.map { " → \($0)" } ?? ""
            rows.append(Row(words: "lane \(place) \(row.states) \(row.event)\(guards)\(next)", taken: laneRows[place]))
        }
        for (place, row) in CloudTable.standard.rows.enumerated() {
            let guards = row.guards.isEmpty ? "" : " if \(row.guards)"
            let next = row.next.map { " → \($0)" } ?? ""
            let events = row.events.count > 6 ? "[\(row.events.count) events]" : "\(row.events)"
            rows.append(Row(words: "cloud \(place) \(row.states) \(events)\(guards)\(next)", taken: cloudRows[place]))
        }
        return rows
    }
}
