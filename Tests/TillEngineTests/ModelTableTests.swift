// Part of Tillbridge. See LICENSE.
import Foundation
import Testing

@testable import TillEngine

/// The model checker runs the rows of `docs/proof/model/tables.txt`. Here they are held against the rows that the
/// program runs, so that neither side changes without the other; `./run model` holds them against the model.
@Suite("The model's tables are the program's")
struct ModelTableTests {
    @Test("row by row, in the order in which they are tried")
    func rows() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../docs/proof/model/tables.txt")
        let modelled = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(String.init)
            .filter { $0.hasPrefix("cloud | ") || $0.hasPrefix("lane | ") }
            .map(ModelTableTests.row)
        let program =
            CloudTable.standard.rows.map(ModelTableTests.line) + LaneTable.rows.map(ModelTableTests.line)
        for line in program where !modelled.contains(line) { Issue.record("the model lacks the row: \(line)") }
        for line in modelled where !program.contains(line) { Issue.record("the program lacks the row: \(line)") }
        #expect(modelled == program, "the same rows in the same order")
    }

    /// Without the note that says why no run of the model reaches the row, and without padding.
    private static func row(_ line: String) -> String {
        line.split(separator: "|", omittingEmptySubsequences: false).prefix(6)
            .map { $0.trimmingCharacters(in: .whitespaces) }
            .joined(separator: " | ")
    }

    private static func words<Word>(_ words: [Word]) -> String { words.map { "\($0)" }.joined(separator: " ") }

    private static func line(_ row: CloudRow) -> String {
        let next = row.next.map { "\($0)" } ?? ""
        return ["cloud", words(row.states), words(row.events), words(row.guards), next, words(row.actions)]
            .joined(separator: " | ")
    }

    private static func line(_ row: LaneRow) -> String {
        let next = row.next.map { "\($0)" } ?? ""
        let guards = row.guarded == .always ? "" : "\(row.guarded)"
        let actions = words(row.actions) + (row.closes ? " close" : "")
        return ["lane", words(row.states), "\(row.event)", guards, next, actions].joined(separator: " | ")
    }
}
