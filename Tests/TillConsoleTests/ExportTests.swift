// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import Testing

@testable import TillConsole

@Suite("exports") struct ExportTests {
    private let console: TestConsole
    private let writer: ExportWriter

    init() async throws {
        console = try await TestConsole()
        writer = ExportWriter(console: console.console)
        try await writer.recover()
    }

    /// So many payments, half of them at each of two stores, as the read model would have them.
    private func fill(_ count: Int) async throws {
        let now = console.now
        try await console.console.pool.write { database in
            try database.execute(
                sql: """
                    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
                    INSERT INTO payment (number, cloud, version, store, register, ticket, wallet, wallet_number, amount,
                        refunded, state, raw_state, created_at, changed_at, change)
                    SELECT printf('N%08d', i), 'A', 1, CASE i % 2 WHEN 0 THEN 'QF0001A' ELSE 'QF0001B' END,
                        'QF0001A01', 'T-' || i, 'alipay', 'W' || i, i, 0, 'succeeded', 'confirmed', ? - i, ? - i, i
                    FROM n
                    """,
                arguments: [count, now, now]
            )
        }
    }

    private func clerk(_ name: String = "finn", at node: Int64 = 1) async throws -> Browser {
        try await console.session(of: console.addUser(name, roles: [("finance", node)]))
    }

    private func states() async throws -> [String] {
        try await console.console.pool.read { try String.fetchAll($0, sql: "SELECT state FROM export_job ORDER BY id") }
    }

    @Test(
        "up to 50,000 rows are answered at once; more are written beside, told, and fetched once more as they were asked for"
    )
    func long() async throws {
        try await fill(ExportJob.directRows)
        let finn = try await clerk()
        #expect(try await finn.get("/payments/export?period=all").body.contains("/payments/export.csv?period"))
        try await console.take(SamplePayment(sequence: 7, startedAt: console.now - 5))
        let page = try await finn.get("/payments/export?period=all").body
        #expect(page.contains("50,001 payments") && page.contains("action=\"/payments/exports\""))
        #expect(!page.contains("/payments/export.csv"))
        // The short way is not open to a long file.
        #expect(try await finn.get("/payments/export.csv?period=all").location == "/payments/export?period=all")
        #expect(try await finn.post("/payments/exports", [("filter", "period=all")]).status == 303)
        let second = try await finn.post("/payments/exports", [("filter", "period=all")])
        #expect(second.status == 409 && second.body.contains("One export of yours"))
        #expect(try await finn.get("/payments/exports").body.contains("0 of 50,001 rows"))
        #expect(try await writer.work())
        #expect(try await !writer.work())
        #expect(try await finn.get("/payments").body.contains("Your export is ready"))
        let file = try await finn.get("/payments/exports/1/file")
        let lines = file.body.split(separator: "\r\n")
        #expect(lines.count == 50_002)
        #expect(lines.first?.hasPrefix("\u{FEFF}Time,Store,") == true)
        #expect(Set(lines).count == 50_002)
        #expect(lines.contains { $0.contains("\(SamplePayment(sequence: 7).number)") })
        #expect(try await !finn.get("/payments").body.contains("Your export is ready"))
        let audit = try await console.console.pool.read { database in
            try String.fetchAll(database, sql: "SELECT action FROM audit ORDER BY sequence")
        }
        #expect(audit == ["payments.exported", "payments.export-fetched"])
        let mode = try FileManager.default.attributesOfItem(atPath: writer.folder + "/payments-1.csv")[
            .posixPermissions
        ]
        #expect(mode as? Int == 0o600)
    }

    @Test("nobody else fetches a file, and its owner only while he may see all that is in it") func scope() async throws
    {
        let north = try await console.addNode(.region, "NORTH")
        _ = try await console.addNode(.store, "QF0001A", below: north.id)
        _ = try await console.addNode(.store, "QF0001B")
        try await fill(10)
        let (nora, finn) = try await (clerk("nora", at: north.id), clerk())
        #expect(try await nora.post("/payments/exports", [("filter", "period=all")]).status == 303)
        #expect(try await writer.work())
        let file = try await nora.get("/payments/exports/1/file").body
        #expect(file.split(separator: "\r\n").count == 6 && !file.contains("QF0001B,"))
        #expect(try await finn.get("/payments/exports/1/file").status == 404)
        let south = try await console.addNode(.region, "SOUTH")
        try await console.console.pool.write {
            try $0.execute(
                sql: "UPDATE user_role SET node = ? WHERE user = (SELECT id FROM user WHERE name = 'nora')",
                arguments: [south.id]
            )
        }
        #expect(try await nora.get("/payments/exports/1/file").status == 403)
    }

    @Test("who has lost the permission, or may not come in any more, gets no file") func permission() async throws {
        try await fill(10)
        let finn = try await clerk()
        for change in ["UPDATE user SET disabled_at = 1", "DELETE FROM user_role"] {
            _ = try await finn.post("/payments/exports", [("filter", "period=all")])
            try await console.console.pool.write { try $0.execute(sql: change) }
            #expect(try await writer.work())
            try await console.console.pool.write { try $0.execute(sql: "UPDATE user SET disabled_at = NULL") }
        }
        #expect(try await states() == ["failed", "failed"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: writer.folder) == [])
    }

    @Test("a console that ended while it wrote begins the file again, and leaves no torn one behind") func restart()
        async throws
    {
        try await fill(10)
        let finn = try await clerk()
        _ = try await finn.post("/payments/exports", [("filter", "period=all")])
        try await console.console.pool.write {
            try $0.execute(sql: "UPDATE export_job SET state = 'running', written = 4")
        }
        let part = writer.folder + "/payments-1.csv.part"
        #expect(FileManager.default.createFile(atPath: part, contents: Data("half".utf8)))
        try await writer.recover()
        #expect(try await states() == ["waiting"])
        #expect(!FileManager.default.fileExists(atPath: part))
        #expect(try await writer.work())
        #expect(try await finn.get("/payments/exports/1/file").body.split(separator: "\r\n").count == 11)
        // A file that is ready stays through a restart.
        try await writer.recover()
        #expect(try await finn.get("/payments/exports/1/file").status == 200)
    }

    @Test("a file is gone after a day, and its row after a week more") func expiry() async throws {
        try await fill(10)
        let finn = try await clerk()
        _ = try await finn.post("/payments/exports", [("filter", "period=all")])
        #expect(try await writer.work())
        console.pass(milliseconds: ExportJob.keptMilliseconds - 1)
        try await writer.clean()
        #expect(try await states() == ["ready"])
        console.pass(milliseconds: 1)
        try await writer.clean()
        #expect(try await states() == ["expired"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: writer.folder) == [])
        let user = try await console.console.pool.read { try Int64.fetchOne($0, sql: "SELECT id FROM user") ?? 0 }
        #expect(try await console.session(of: user).get("/payments/exports/1/file").status == 409)
        console.pass(milliseconds: 7 * 24 * 3_600_000)
        try await writer.clean()
        #expect(try await states() == [])
    }

    @Test("a file that cannot be written is told as failed, and the next one can be asked for") func disk() async throws
    {
        try await fill(10)
        let finn = try await clerk()
        _ = try await finn.post("/payments/exports", [("filter", "period=all")])
        try FileManager.default.removeItem(atPath: writer.folder)
        #expect(try await writer.work())
        #expect(try await finn.get("/payments/exports").body.contains("could not be written"))
        try await writer.recover()
        #expect(try await finn.post("/payments/exports", [("filter", "period=all")]).status == 303)
        #expect(try await writer.work())
        #expect(try await states() == ["failed", "ready"])
    }

    @Test("the days of an export are those of the day when it was asked for") func days() async throws {
        try await fill(3)
        let finn = try await clerk()
        _ = try await finn.post("/payments/exports", [("filter", "period=today")])
        console.pass(milliseconds: 26 * 3_600_000)
        #expect(try await writer.work())
        let path = writer.folder + "/payments-1.csv"
        #expect(try String(contentsOfFile: path, encoding: .utf8).split(separator: "\r\n").count == 4)
    }
}
