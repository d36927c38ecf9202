// Part of Tillbridge. See LICENSE.
import GRDB
package import TillDomain
package import TillStore

extension SQLiteStore {
    package func log(after sequence: Int64, limit: Int) async throws(StoreError) -> LogPage {
        try await read { database in
            let rows = try Row.fetchAll(
                database,
                sql: "SELECT * FROM log WHERE sequence > ? ORDER BY sequence LIMIT ?",
                arguments: [sequence, limit]
            )
            return LogPage(
                entries: try rows.map { try LogWriter.entry($0) },
                head: try LogWriter.head(database).sequence,
                promotedAt: try Self.lastPromotion(database)
            )
        }
    }

    package func audit(_ note: AuditNote, key: String, at now: Timestamp) async throws(StoreError) {
        try await write { try LogWriter.audit($0, at: now, note, key: key) }
    }

    package func verifyLog() async throws(StoreError) -> Int64? {
        try await read { database in
            var head = LogHead.start
            let rows = try Row.fetchCursor(database, sql: "SELECT * FROM log ORDER BY sequence")
            while let row = try rows.next() {
                let entry = try LogWriter.entry(row)
                guard entry.follows(head) else { return entry.sequence }
                head = entry.head
            }
            return nil
        }
    }

    package func lastPromotion() async throws(StoreError) -> Timestamp? {
        try await read { try Self.lastPromotion($0) }
    }

    package func promote(at now: Timestamp, by note: AuditNote) async throws(StoreError) {
        try await write { database in
            let last = try Self.lastPromotion(database) ?? .unknown
            try database.execute(
                sql: "INSERT OR REPLACE INTO meta (name, value) VALUES ('promoted', ?)",
                arguments: [String(max(now, last).milliseconds)]
            )
            try LogWriter.audit(database, at: now, note, key: "promotion")
        }
    }

    private static func lastPromotion(_ database: Database) throws -> Timestamp? {
        let text = try String.fetchOne(database, sql: "SELECT value FROM meta WHERE name = 'promoted'")
        return text.flatMap { Int64($0) }.map { Timestamp(milliseconds: $0) }
    }
}
