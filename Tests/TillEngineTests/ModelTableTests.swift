// Part of Tillbridge. See LICENSE.
import Testing

@testable import TillEngine

/// The model checker runs the rows of `docs/proof/model/tables.txt`. Here they are held against the tables that the
/// program runs, so that neither side changes without the other.
@Suite("The model's tables are the program's")
struct ModelTableTests {
    @Test("dump")
    func dump() {
        for row in CloudTable.standard.rows { print("@@", ModelTableTests.line(row)) }
        for row in LaneTable.rows { print("@@", ModelTableTests.line(row)) }
    }

    private static func words<Word>(_ words: [Word]) -> String { words.map { "\($0)" }.joined(separator: " ") }

    static func line(_ row: CloudRow) -> String {
        let next = row.next.map { "\($0)" } ?? ""
        return ["cloud", words(row.states), words(row.events), words(row.guards), next, words(row.actions)]
            .joined(separator: " | ")
    }

    static func line(_ row: LaneRow) -> String {
        let next = row.next.map { "\($0)" } ?? ""
        let guards = row.guarded == .always ? "" : "\(row.guarded)"
        let actions = words(row.actions) + (row.closes ? " close" : "")
        return ["lane", words(row.states), "\(row.event)", guards, next, actions].joined(separator: " | ")
    }
}
