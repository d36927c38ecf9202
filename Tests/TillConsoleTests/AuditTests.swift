// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import HTTPTypes
import Testing

@testable import TillConsole

@Suite("audit") struct AuditTests {
    /// A console with an auditor and a log of some entries.
    private func log() async throws -> (console: TestConsole, auditor: Browser) {
        let console = try await TestConsole()
        let auditor = try await console.session(of: console.addUser("otto", roles: [("auditor", 1)]))
        for index in 1...250 {
            let event = AuditEvent(
                actor: index % 2 == 0 ? "anna" : "amir",
                action: index % 5 == 0 ? "user.disable" : "user.changed",
                subject: "user:u\(index)",
                before: "=1+\(index)",
                after: "after \(index)",
                address: "10.0.0.1"
            )
            let time = console.now + Int64(index) * 3_600_000
            try await console.console.pool.write { try AuditLog.append(event, at: time, $0) }
        }
        return (console, auditor)
    }

    @Test(
        "the chain is whole, and an entry that was edited, taken out or put in is named",
        arguments: [
            ("UPDATE audit SET after = 'nothing' WHERE sequence = 42", "Entry 42 "),
            ("UPDATE audit SET time = time + 1 WHERE sequence = 1", "Entry 1 "),
            ("DELETE FROM audit WHERE sequence = 100", "Entry 100 "),
            (
                "INSERT INTO audit SELECT 251, time, actor, action, subject, before, after, address, hash FROM audit WHERE sequence = 7",
                "Entry 251 "
            ),
            ("UPDATE audit SET actor = 'ann', action = 'auser.changed' WHERE sequence = 2", "Entry 2 "),
        ]
    )
    func chain(edit: String, entry: String) async throws {
        let (console, auditor) = try await log()
        #expect(try await auditor.get("/audit/verify").body.contains("All 250 entries"))
        // Whoever edits the file by hand takes the guards away first.
        let queue = try DatabaseQueue(path: console.folder + "/console.sqlite")
        await #expect(throws: DatabaseError.self) {
            try await queue.write { try $0.execute(sql: "UPDATE audit SET after = 'x' WHERE sequence = 42") }
        }
        try await queue.write { database in
            try database.execute(sql: "DROP TRIGGER audit_stays; DROP TRIGGER audit_keeps")
            try database.execute(sql: edit)
        }
        #expect(try await auditor.get("/audit/verify").body.contains(entry))
    }

    @Test("the newest entries come first, page by page, and each filter narrows them") func list() async throws {
        let (_, auditor) = try await log()
        let first = try await auditor.get("/audit").body
        #expect(first.contains("user:u250<") && first.contains("user:u151<") && !first.contains("user:u150<"))
        #expect(first.contains("/audit?before=151"))
        let second = try await auditor.get("/audit?before=151").body
        #expect(second.contains("user:u150<") && !second.contains("user:u151<"))
        let anna = try await auditor.get("/audit?actor=anna&action=user.disable").body
        #expect(anna.contains("user:u250<") && anna.contains("user:u240<"))
        #expect(!anna.contains("user:u245<") && !anna.contains("user:u248<"))
        #expect(try await auditor.get("/audit?subject=u77").body.contains("after 77<"))
        // The first entry is of 2025-11-29 16:06:40 in Shanghai, and each hour brings one.
        let day = try await auditor.get("/audit?from=2025-11-30&until=2025-11-30").body
        #expect(day.contains("user:u9<") && day.contains("user:u32<"))
        #expect(!day.contains("user:u8<") && !day.contains("user:u33<"))
        #expect(try await auditor.get("/audit?actor=nobody").body.contains("No entries fit"))
        #expect(try await auditor.get("/audit?from=yesterday").status == 422)
    }

    @Test("the export holds what the filter shows, and nothing that a spreadsheet would run") func export() async throws
    {
        let (_, auditor) = try await log()
        let answer = try await auditor.get("/audit/export?subject=u77")
        #expect(answer.headers[.contentType]?.hasPrefix("text/csv") == true)
        let lines = answer.body.split(separator: "\r\n")
        #expect(lines.count == 2 && lines[1].contains(",'=1+77,"))
        #expect(try await auditor.get("/audit/export").body.split(separator: "\r\n").count == 251)
    }

    @Test("the log tells of all places, so a part of them is not enough") func scope() async throws {
        let (console, _) = try await log()
        let region = try await console.addNode(.region, "EAST")
        let auditor = try await console.session(of: console.addUser("ora", roles: [("auditor", region.id)]))
        for path in ["/audit", "/audit/verify", "/audit/export"] { #expect(try await auditor.get(path).status == 403) }
    }

    @Test("each action that the console writes down has a name in both languages") func names() throws {
        let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources/TillConsole")
        let files = FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil)
        var actions = Set(PeopleDesk.Action.allCases.map { "user.\($0.rawValue)" })
        while let file = files?.nextObject() as? URL {
            guard file.pathExtension == "swift" else { continue }
            let text = try String(contentsOf: file, encoding: .utf8)
            let found = text.matches(of: /(?:event\(\s*|action: )"([a-z\-]+(?:\.[a-z\-]+)*)"/).map { String($0.1) }
            actions.formUnion(found)
        }
        #expect(actions.count > 20)
        for action in actions {
            #expect(Words.of(.english).texts["audit.\(action)"] != nil, "\(action)")
        }
    }
}
