// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB

/// The sandbox's books on disk: one SQLite file, one row per record. A row is durable before its call is answered.
package struct SandboxStore: Sendable {
    private let database: DatabaseQueue

    private static let applicationID = 0x5442_5358
    private static let version = 1

    /// Opens the books in a folder, or makes them. Without a folder they live in memory.
    ///
    /// - Throws: ``SandboxError`` if the file is in use, damaged, or of another program or version.
    package init(folder: String?) throws(SandboxError) {
        guard let folder else {
            do {
                database = try DatabaseQueue()
                try database.write { try SandboxStore.makeTable($0) }
            } catch {
                throw SandboxError("The sandbox cannot keep its books in memory: \(error).")
            }
            return
        }
        let path = folder + "/sandbox.sqlite"
        do {
            var configuration = Configuration()
            configuration.prepareDatabase { try $0.execute(sql: "PRAGMA locking_mode = EXCLUSIVE") }
            configuration.journalMode = .wal
            database = try DatabaseQueue(path: path, configuration: configuration)
            try SandboxStore.prepare(database, path: path)
        } catch let error as SandboxError {
            throw error
        } catch let error as DatabaseError {
            throw SandboxStore.explain(error, path: path)
        } catch {
            throw SandboxError("The sandbox cannot open \(path): \(error).")
        }
    }

    private static func prepare(_ database: DatabaseQueue, path: String) throws {
        let (identity, version, tables) = try database.read { database in
            (
                try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0,
                try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0,
                try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") ?? 0
            )
        }
        guard tables == 0 || identity == applicationID else {
            throw SandboxError("\(path) belongs to another program: name another folder with --data.")
        }
        guard tables == 0 || version == self.version else {
            throw SandboxError(
                "\(path) is of version \(version), this sandbox reads version \(self.version): name another folder "
                    + "with --data."
            )
        }
        try database.write { database in
            try makeTable(database)
            try database.execute(sql: "PRAGMA application_id = \(applicationID); PRAGMA user_version = \(self.version)")
        }
        // GRDB relaxes this when it switches to the write-ahead log.
        let synchronous = try database.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA synchronous = FULL")
            return try Int.fetchOne(database, sql: "PRAGMA synchronous")
        }
        guard synchronous == 2 else { throw SandboxError("\(path) does not accept durable commits.") }
    }

    private static func makeTable(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS record (
                    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL,
                    UNIQUE (kind, key))
                """
        )
    }

    private static func explain(_ error: DatabaseError, path: String) -> SandboxError {
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            SandboxError("\(path) is in use by another sandbox: stop it, or name another folder with --data.")
        case .SQLITE_NOTADB, .SQLITE_CORRUPT:
            SandboxError("\(path) is damaged: move it away, or name another folder with --data.")
        default:
            SandboxError("The sandbox cannot open \(path): \(error.message ?? "error \(error.resultCode.rawValue)").")
        }
    }

    /// Stores rows in one durable transaction.
    package func write(_ changes: [Change]) async throws {
        // Only the last form of a row counts, at the place of its first.
        var latest: [String: Int] = [:]
        var rows: [Row] = []
        for row in try changes.map(Row.init) {
            if let place = latest.updateValue(rows.count, forKey: "\(row.kind)/\(row.key)") {
                rows[place] = row
                latest["\(row.kind)/\(row.key)"] = place
            } else {
                rows.append(row)
            }
        }
        try await database.write { [rows] database in
            for row in rows {
                switch row.body {
                case .some(let body):
                    try database.cachedStatement(
                        sql: """
                            INSERT INTO record (kind, key, body) VALUES (?, ?, ?)
                            ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body
                            """
                    ).execute(arguments: [row.kind, row.key, body])
                case nil:
                    try database.cachedStatement(sql: "DELETE FROM record WHERE kind = ? AND key = ?")
                        .execute(arguments: [row.kind, row.key])
                }
            }
        }
    }

    /// All rows, oldest first.
    package func readAll() throws(SandboxError) -> [Change] {
        do {
            return try database.read { database in
                try GRDB.Row.fetchAll(database, sql: "SELECT kind, key, body FROM record ORDER BY id").map { row in
                    try Row(kind: row["kind"], key: row["key"], body: row["body"]).change()
                }
            }
        } catch {
            throw SandboxError("The sandbox's books cannot be read back: \(error).")
        }
    }

    package func close() {
        // A file that cannot be closed cleanly is recovered from its write-ahead log at the next start.
        try? database.close()
    }
}
