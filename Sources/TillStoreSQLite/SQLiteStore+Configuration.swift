// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
package import TillDomain
package import TillStore

extension SQLiteStore {
    private static let newest = """
        SELECT * FROM document AS one
        WHERE kind = ? AND version = (SELECT max(version) FROM document WHERE kind = one.kind AND key = one.key)
        """

    package func documents(_ kind: LogKind) async throws(StoreError) -> [StoredDocument] {
        try await read { database in
            let rows = try Row.fetchAll(
                database,
                sql: Self.newest + " ORDER BY key",
                arguments: [kind.rawValue]
            )
            return try rows.map { try Self.document($0) }
        }
    }

    package func document(_ kind: LogKind, key: String) async throws(StoreError) -> StoredDocument? {
        try await read { try Self.document(kind, key: key, $0) }
    }

    package func history(_ kind: LogKind, key: String) async throws(StoreError) -> [StoredDocument] {
        try await read { database in
            let rows = try Row.fetchAll(
                database,
                sql: "SELECT * FROM document WHERE kind = ? AND key = ? ORDER BY version",
                arguments: [kind.rawValue, key]
            )
            return try rows.map { try Self.document($0) }
        }
    }

    package func change(
        _ changes: [DocumentChange],
        at now: Timestamp,
        by note: AuditNote
    ) async throws(StoreError) -> DocumentResult {
        try await atomically { database in
            for change in changes {
                guard try Self.store(change, at: now, database) else {
                    throw Rollback(result: DocumentResult.lost(kind: change.kind, key: change.key))
                }
            }
            try LogWriter.audit(database, at: now, note, key: changes.first?.key ?? "")
            return .stored
        }
    }

    package func addActivation(
        _ activation: Activation,
        at now: Timestamp,
        by note: AuditNote
    ) async throws(StoreError) -> Bool {
        try await write { database in
            let taken = try Self.activation(activation.code, database)
            if let taken, taken.expiresAt > now, taken.usedAt == nil { return false }
            try database.execute(
                sql: """
                    INSERT OR REPLACE INTO activation (code, register, key, expires_at, wrong_tries_left)
                    VALUES (?, ?, ?, ?, ?)
                    """,
                arguments: [
                    activation.code, activation.register.text, Data(activation.key),
                    activation.expiresAt.milliseconds, activation.wrongTriesLeft,
                ]
            )
            try LogWriter.audit(database, at: now, note, key: activation.register.text)
            return true
        }
    }

    package func activation(_ code: String) async throws(StoreError) -> Activation? {
        try await read { try Self.activation(code, $0) }
    }

    package func wrongActivationTry(_ code: String) async throws(StoreError) -> Int {
        try await write { database in
            try database.execute(
                sql: "UPDATE activation SET wrong_tries_left = max(wrong_tries_left - 1, 0) WHERE code = ?",
                arguments: [code]
            )
            return try Self.activation(code, database)?.wrongTriesLeft ?? 0
        }
    }

    package func useActivation(
        _ code: String,
        publicKey: [UInt8],
        generation: Int,
        change: DocumentChange,
        at now: Timestamp
    ) async throws(StoreError) -> ActivationResult {
        try await atomically { database in
            guard let activation = try Self.activation(code, database), activation.usedAt == nil,
                activation.expiresAt > now, activation.wrongTriesLeft > 0,
                try Self.store(change, at: now, database)
            else { throw Rollback(result: ActivationResult.lost) }
            // The key stays until the code expires, since a lost answer may be asked for again.
            try database.execute(
                sql: "UPDATE activation SET used_at = ?, used_by = ?, generation = ? WHERE code = ?",
                arguments: [now.milliseconds, Data(publicKey), generation, code]
            )
            let note = AuditNote(
                actor: "register \(activation.register.text)",
                action: "activated",
                detail: "generation \(generation)"
            )
            try LogWriter.audit(database, at: now, note, key: activation.register.text)
            return .stored
        }
    }

    /// Stores a new version.
    /// - Returns: False if it was not made from the version that is there.
    static func store(_ change: DocumentChange, at now: Timestamp, _ database: Database) throws -> Bool {
        let present = try document(change.kind, key: change.key, database)?.version ?? 0
        if let from = change.from, from != present { return false }
        try adopt(change.kind, key: change.key, body: change.body, version: present + 1, at: now, database)
        try LogWriter.append(database, at: now, change.kind, key: change.key, body: change.body)
        return true
    }

    static func adopt(
        _ kind: LogKind,
        key: String,
        body: String,
        version: Int64,
        at now: Timestamp,
        _ database: Database
    ) throws {
        try database.execute(
            sql: "INSERT INTO document (kind, key, version, body, changed_at) VALUES (?, ?, ?, ?, ?)",
            arguments: [kind.rawValue, key, version, body, now.milliseconds]
        )
    }

    static func document(_ kind: LogKind, key: String, _ database: Database) throws -> StoredDocument? {
        let row = try Row.fetchOne(
            database,
            sql: "SELECT * FROM document WHERE kind = ? AND key = ? ORDER BY version DESC LIMIT 1",
            arguments: [kind.rawValue, key]
        )
        return try row.map { try document($0) }
    }

    private static func document(_ row: Row) throws -> StoredDocument {
        let reader = RowReader(row: row)
        guard let kind = LogKind(rawValue: try reader.string("kind")) else { throw reader.damage("kind") }
        return StoredDocument(
            kind: kind,
            key: try reader.string("key"),
            version: try reader.integer("version"),
            body: try reader.string("body"),
            changedAt: try reader.time("changed_at")
        )
    }

    private static func activation(_ code: String, _ database: Database) throws -> Activation? {
        guard let row = try Row.fetchOne(database, sql: "SELECT * FROM activation WHERE code = ?", arguments: [code])
        else { return nil }
        let reader = RowReader(row: row)
        var activation = Activation(
            code: code,
            register: try reader.identifier("register"),
            key: try reader.bytes("key"),
            expiresAt: try reader.time("expires_at"),
            wrongTriesLeft: Int(try reader.integer("wrong_tries_left"))
        )
        activation.usedAt = reader.optionalTime("used_at")
        activation.usedBy = (row["used_by"] as Data?).map { [UInt8]($0) }
        activation.generation = row["generation"]
        return activation
    }

    /// A result that takes back what its job has written so far.
    struct Rollback<Result: Sendable>: Error { let result: Result }

    private func atomically<Result: Sendable>(
        _ work: @escaping @Sendable (Database) throws -> Result
    ) async throws(StoreError) -> Result {
        try await write { database in
            var result: Result?
            try database.inSavepoint {
                do {
                    result = try work(database)
                    return .commit
                } catch let rollback as Rollback<Result> {
                    result = rollback.result
                    return .rollback
                }
            }
            guard let result else { throw StoreError.unavailable("a savepoint ended without a value") }
            return result
        }
    }
}
