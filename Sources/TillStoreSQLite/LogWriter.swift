// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import TillDomain
import TillStore

/// Appends to the transaction log inside the commit of what is recorded.
enum LogWriter {
    static func head(_ database: Database) throws -> LogHead {
        let statement = try database.cachedStatement(
            sql: "SELECT sequence, hash FROM log ORDER BY sequence DESC LIMIT 1"
        )
        guard let row = try Row.fetchOne(statement) else { return .start }
        let reader = RowReader(row: row)
        return LogHead(sequence: try reader.integer("sequence"), hash: try reader.bytes("hash"))
    }

    static func append(_ database: Database, at now: Timestamp, _ kind: LogKind, key: String, body: String) throws {
        let entry = LogEntry(after: try head(database), time: now, kind: kind.rawValue, key: key, body: body)
        let statement = try database.cachedStatement(
            sql: "INSERT INTO log (sequence, time, kind, key, body, hash) VALUES (?, ?, ?, ?, ?, ?)"
        )
        try statement.execute(arguments: [
            entry.sequence, entry.time.milliseconds, entry.kind, entry.key, entry.body, Data(entry.hash),
        ])
    }

    static func audit(_ database: Database, at now: Timestamp, _ note: AuditNote, key: String) throws {
        try append(database, at: now, .audit, key: key, body: note.body(of: key))
    }

    static func entry(_ row: Row, kind: String? = nil) throws -> LogEntry {
        let reader = RowReader(row: row)
        return LogEntry(
            sequence: try reader.integer("sequence"),
            time: try reader.time("time"),
            kind: try kind ?? reader.string("kind"),
            key: try reader.string("key"),
            body: try reader.string("body"),
            hash: try reader.bytes("hash")
        )
    }
}
