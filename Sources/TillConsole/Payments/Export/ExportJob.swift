// Part of Tillbridge. See LICENSE.
import GRDB

/// An export that is too long for one answer: stored, written beside everything else, and kept for a day.
struct ExportJob: Sendable {
    enum State: String, CaseIterable, Sendable {
        case waiting, running, ready, failed
        /// Its file is gone.
        case expired
    }

    enum Failure: String, CaseIterable, Sendable {
        /// The file could not be written.
        case disk
        /// The person may not export any more.
        case permission
    }

    /// Up to so many rows are answered at once.
    static let directRows = 50_000
    /// No export has more.
    static let mostRows = 1_000_000
    static let keptMilliseconds: Int64 = 24 * 3_600_000

    let id: Int64
    let user: Int64
    /// The filter, as the address of the list holds it.
    let query: String
    let columns: PaymentColumns
    let language: Language
    let state: State
    /// Rows, as counted when it was asked for, and as they stand in the file.
    let total: Int
    let written: Int
    /// Whose payments the file holds.
    let scope: Scope
    let failure: Failure?
    /// Milliseconds since 1970.
    let createdAt: Int64
    let finishedAt: Int64?

    init(_ row: Row) {
        id = row["id"]
        user = row["user"]
        query = row["query"]
        columns = PaymentColumns(text: row["columns"])
        language = Language(rawValue: row["language"]) ?? .english
        state = State(rawValue: row["state"]) ?? .failed
        total = row["total"]
        written = row["written"]
        scope = Scope(paths: Set((row["scope"] as String).split(separator: " ").map(String.init)))
        failure = (row["failure"] as String?).flatMap { Failure(rawValue: $0) }
        createdAt = row["created_at"]
        finishedAt = row["finished_at"]
    }

    var isOpen: Bool { state == .waiting || state == .running }
    var fileName: String { "payments-\(id).csv" }

    /// The rows of a filter, counted to one above the most that an export has.
    static func count(_ filter: PaymentFilter, in scope: Scope, _ database: Database) throws -> Int {
        let condition = filter.condition(in: scope)
        return try Int.fetchOne(
            database,
            sql: "SELECT count(*) FROM (SELECT 1 FROM payment WHERE \(condition.sql) LIMIT ?)",
            arguments: condition.arguments + [mostRows + 1]
        ) ?? 0
    }

    /// The newest first.
    static func all(of user: Int64, _ database: Database) throws -> [ExportJob] {
        try Row.fetchAll(
            database,
            sql: "SELECT * FROM export_job WHERE user = ? ORDER BY id DESC LIMIT 20",
            arguments: [user]
        ).map { ExportJob($0) }
    }

    /// Nil for one that is not there, or another person's.
    static func of(id: Int64, user: Int64, _ database: Database) throws -> ExportJob? {
        try Row.fetchOne(
            database,
            sql: "SELECT * FROM export_job WHERE id = ? AND user = ?",
            arguments: [id, user]
        ).map { ExportJob($0) }
    }

    /// Whether a file waits for somebody who has not fetched it yet.
    static func isWaiting(for user: Int64, _ database: Database) throws -> Bool {
        try Bool.fetchOne(
            database,
            sql: "SELECT EXISTS (SELECT 1 FROM export_job WHERE user = ? AND state = 'ready' AND fetched_at IS NULL)",
            arguments: [user]
        ) ?? false
    }

    /// - Returns: Whether it was stored; each person has one at a time.
    static func ask(
        _ query: String,
        _ columns: PaymentColumns,
        in language: Language,
        rows: Int,
        by viewer: Viewer,
        event: AuditEvent,
        at now: Int64,
        _ database: Database
    ) throws -> Bool {
        try database.execute(
            sql: """
                INSERT OR IGNORE INTO export_job (user, query, columns, language, state, total, created_at)
                VALUES (?, ?, ?, ?, 'waiting', ?, ?)
                """,
            arguments: [viewer.id, query, columns.text, language.rawValue, rows, now]
        )
        guard database.changesCount == 1 else { return false }
        try AuditLog.append(event, at: now, database)
        return true
    }
}
