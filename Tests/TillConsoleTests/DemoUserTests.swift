// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import HTTPTypes
import Logging
import Testing
import TillCloud

@testable import TillConsole

@Suite("demo users") struct DemoUserTests {
    private static func file() -> String {
        FileManager.default.temporaryDirectory.appending(path: "demo-users-\(UUID().uuidString).txt").path
    }

    private static func passwords(_ file: String) throws -> [String: String] {
        let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
        return Dictionary(
            uniqueKeysWithValues: lines.map { line in
                let parts = line.split(separator: " ").map(String.init)
                return (parts[0], parts[1])
            }
        )
    }

    /// The same folder once more, as another start of the console.
    private static func restart(_ console: TestConsole, file: String?) async throws {
        var settings = ConsoleSettings(data: console.folder)
        settings.clouds = [console.folder + "/no-cloud"]
        settings.demoUsersFile = file
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        try await Console(settings: settings, logger: logger, now: { console.now }).close()
    }

    private static func addAccount(_ console: TestConsole, isSandbox: Bool) async throws {
        try await console.console.pool.write {
            try $0.execute(
                sql: "INSERT INTO account VALUES (?, 'alipay', 'v1', ?, 'https://openapi.alipay.com', 1)",
                arguments: [isSandbox ? "toy" : "real", isSandbox]
            )
        }
    }

    @Test("four users are made, their passwords stand in a private file, and they stay") func made() async throws {
        let file = Self.file()
        defer { try? FileManager.default.removeItem(atPath: file) }
        let console = try await TestConsole { $0.demoUsersFile = file }
        let passwords = try Self.passwords(file)
        #expect(passwords.keys.sorted() == ["admin", "finance", "manager", "operator"])
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        for (name, password) in passwords {
            let answer = try await console.nobody.post("/sign-in", [("name", name), ("password", password)])
            #expect(answer.location == "/")
        }
        try await Self.restart(console, file: file)
        #expect(try Self.passwords(file) == passwords)
        // A file that was lost is written anew, with other passwords.
        try FileManager.default.removeItem(atPath: file)
        try await Self.restart(console, file: file)
        let others = try Self.passwords(file)
        #expect(others.keys.sorted() == passwords.keys.sorted() && others != passwords)
        let answer = try await console.nobody.post(
            "/sign-in",
            [("name", "admin"), ("password", others["admin"] ?? "")]
        )
        #expect(answer.location == "/")
    }

    @Test("the manager sees one region as soon as there is one") func manager() async throws {
        let file = Self.file()
        defer { try? FileManager.default.removeItem(atPath: file) }
        let console = try await TestConsole { $0.demoUsersFile = file }
        func place() async throws -> String? {
            try await console.console.pool.read {
                try String.fetchOne(
                    $0,
                    sql: "SELECT code FROM node JOIN user_role ON node = node.id WHERE role = 'manager'"
                )
            }
        }
        #expect(try await place() == "GROUP")
        _ = try await console.addNode(.store, "QF0001A")
        _ = try await console.addNode(.region, "EAST")
        try await Self.restart(console, file: file)
        #expect(try await place() == "EAST")
    }

    @Test("demo users and accounts that move real money exclude each other") func liveAccounts() async throws {
        let file = Self.file()
        defer { try? FileManager.default.removeItem(atPath: file) }
        let console = try await TestConsole { $0.demoUsersFile = file }
        let signIn = [("name", "admin"), ("password", try Self.passwords(file)["admin"] ?? "")]
        let user = try await console.console.pool.read {
            try Int64.fetchOne($0, sql: "SELECT id FROM user WHERE name = 'admin'") ?? 0
        }
        let open = try await console.session(of: user)
        try await Self.addAccount(console, isSandbox: true)
        #expect(try await console.nobody.post("/sign-in", signIn).location == "/")
        #expect(try await open.get("/people").status == 200)
        try await Self.addAccount(console, isSandbox: false)
        let refused = try await console.nobody.post("/sign-in", signIn)
        #expect(refused.status == 422 && refused.body.contains("real money"))
        #expect(try await open.get("/people").location?.hasPrefix("/sign-in") == true)
        await #expect(throws: StartError.self) { try await Self.restart(console, file: file) }
        await #expect(throws: StartError.self) { try await Self.restart(console, file: nil) }
        try await console.console.pool.write {
            try $0.execute(sql: "UPDATE user SET disabled_at = 1 WHERE is_demo = 1")
        }
        try await Self.restart(console, file: nil)
        await #expect(throws: StartError.self) { try await Self.restart(console, file: file) }
    }

    @Test("a user of the same name who is none of the demo's is not taken over") func taken() async throws {
        let console = try await TestConsole()
        try await console.addUser("admin", roles: [("admin", 1)])
        let file = Self.file()
        await #expect(throws: StartError.self) { try await Self.restart(console, file: file) }
        #expect(!FileManager.default.fileExists(atPath: file))
    }

    @Test("a demo user's password stays as the file tells it") func password() async throws {
        let file = Self.file()
        defer { try? FileManager.default.removeItem(atPath: file) }
        let console = try await TestConsole { $0.demoUsersFile = file }
        let user = try await console.console.pool.read {
            try Int64.fetchOne($0, sql: "SELECT id FROM user WHERE name = 'admin'") ?? 0
        }
        let new = "another fine 1 pass"
        let fields = [("old", try Self.passwords(file)["admin"] ?? ""), ("new", new), ("again", new)]
        let admin = try await console.session(of: user)
        #expect(try await admin.post("/me/password", fields).status == 409)
        let other = try await console.console.pool.read {
            try Int64.fetchOne($0, sql: "SELECT id FROM user WHERE name = 'finance'") ?? 0
        }
        #expect(try await admin.post("/people/\(other)/password").status == 409)
        let signIn = [("name", "finance"), ("password", try Self.passwords(file)["finance"] ?? "")]
        #expect(try await console.nobody.post("/sign-in", signIn).location == "/")
    }
}
