// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import TillCloud

/// Users to try the console with, one of each kind, without a second factor. Their passwords stand in a file, so they
/// and accounts that move real money exclude each other.
enum DemoUsers {
    private static let all: [(name: String, fullName: String, role: BuiltInRole)] = [
        ("operator", "Olivia Operator", .operator), ("finance", "Felix Finance", .finance),
        ("admin", "Ada Admin", .admin), ("manager", "Mei Manager", .manager),
    ]

    /// Whether they may not sign in: there is an account that moves real money.
    static func areClosed(_ database: Database) throws -> Bool {
        try Bool.fetchOne(database, sql: "SELECT EXISTS (SELECT 1 FROM account WHERE is_sandbox = 0)") ?? false
    }

    /// - Throws: ``StartError`` if demo users who can sign in, or are asked for, stand beside a live account.
    static func check(areWanted: Bool, _ database: Database) throws {
        guard try areClosed(database) else { return }
        let count = try Int.fetchOne(
            database,
            sql: "SELECT count(*) FROM user WHERE is_demo = 1 AND disabled_at IS NULL"
        )
        guard areWanted || count ?? 0 > 0 else { return }
        throw StartError(
            "The clouds have payment accounts that move real money, and this console has demo users, whose passwords "
                + "stand in a file: start another console with a --data of its own and without --demo-users."
        )
    }

    /// Makes the users, and the file with their passwords: lines of name and password. Where both are there they stay.
    static func make(file: String, pool: DatabasePool, at now: Int64) async throws {
        let present = try await pool.read { database in
            try Row.fetchAll(database, sql: "SELECT name, is_demo FROM user").reduce(into: [String: Bool]()) {
                $0[$1["name"]] = $1["is_demo"]
            }
        }
        if let other = all.first(where: { present[$0.name] == false }) {
            throw StartError(
                "--demo-users: there is a user '\(other.name)' who is none of the demo's; choose another --data."
            )
        }
        if PrivateFile.exists(file), all.allSatisfy({ present[$0.name] == true }) {
            return try await pool.write { try place($0) }
        }
        // First without a file, then with another: a file never tells passwords that do not hold.
        try? FileManager.default.removeItem(atPath: file)
        let drawn = try all.map { user in
            let password = SecretBytes.typed()
            return (user, password, try PasswordHash(of: password))
        }
        try await pool.write { database in
            for (user, _, hash) in drawn {
                if present[user.name] == true {
                    try database.execute(
                        sql: "UPDATE user SET password = ? WHERE name = ?",
                        arguments: [hash.text, user.name]
                    )
                } else {
                    try Users.add(
                        Users.New(
                            name: user.name,
                            fullName: user.fullName,
                            password: hash,
                            passwordIsGiven: false,
                            secondFactorIsOff: true,
                            isDemo: true,
                            roles: [(user.role.rawValue, 1)]
                        ),
                        at: now,
                        database
                    )
                }
                let event = AuditEvent(actor: "console", action: "user.demo", subject: "user:\(user.name)", address: "")
                try AuditLog.append(event, at: now, database)
            }
            try place(database)
        }
        let lines = drawn.map { "\($0.0.name) \($0.1)\n" }.joined()
        try PrivateFile.create(file, content: lines.utf8)
    }

    /// The manager sees one region or, without any, the first store; as long as there is neither, everything.
    private static func place(_ database: Database) throws {
        try database.execute(
            sql: """
                UPDATE user_role SET node = coalesce(
                    (SELECT id FROM node WHERE kind = 'region' ORDER BY name LIMIT 1),
                    (SELECT id FROM node WHERE kind = 'store' ORDER BY name LIMIT 1), 1)
                WHERE role = 'manager' AND node = 1 AND user = (SELECT id FROM user WHERE name = 'manager' AND is_demo = 1)
                """
        )
    }
}
