// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
package import TillDomain
package import TillStore

extension SQLiteStore {
    package func peerCursor(of cloud: CloudName) async throws(StoreError) -> PeerCursor {
        try await read { try Self.peerCursor(of: cloud, $0) }
    }

    package func apply(
        _ page: LogPage,
        of cloud: CloudName,
        adopting: [LogKind],
        at now: Timestamp
    ) async throws(StoreError) -> PeerResult {
        // The hashes of a page are checked here, not on the thread that everybody's commits wait for.
        let cursor = try await peerCursor(of: cloud)
        guard case .applied(let next) = cursor.advanced(by: page, at: now) else {
            return cursor.advanced(by: page, at: now)
        }
        return try await write { database in
            guard try Self.peerCursor(of: cloud, database).head == cursor.head else {
                // Another puller was first.
                return .refused(.gap(at: page.entries.first?.sequence ?? page.head))
            }
            for entry in page.entries { try Self.replicate(entry, of: cloud, adopting: adopting, at: now, database) }
            try database.execute(
                sql: """
                    INSERT OR REPLACE INTO peer (cloud, sequence, hash, promoted_at, pulled_at) VALUES (?, ?, ?, ?, ?)
                    """,
                arguments: [
                    cloud.text, next.head.sequence, Data(next.head.hash), next.promotedAt?.milliseconds,
                    next.pulledAt?.milliseconds,
                ]
            )
            return .applied(next)
        }
    }

    package func replicas(of cloud: CloudName, kind: LogKind, limit: Int) async throws(StoreError) -> [LogEntry] {
        try await read { database in
            let rows = try Row.fetchAll(
                database,
                sql: "SELECT * FROM replica WHERE cloud = ? AND kind = ? ORDER BY sequence DESC LIMIT ?",
                arguments: [cloud.text, kind.rawValue, limit]
            )
            return try rows.map { try LogWriter.entry($0) }
        }
    }

    package func replicas(
        of cloud: CloudName,
        after sequence: Int64,
        limit: Int
    ) async throws(StoreError) -> [LogEntry] {
        try await read { database in
            let rows = try Row.fetchAll(
                database,
                sql: "SELECT * FROM replica WHERE cloud = ? AND sequence > ? ORDER BY sequence LIMIT ?",
                arguments: [cloud.text, sequence, limit]
            )
            return try rows.map { try LogWriter.entry($0) }
        }
    }

    package func replica(of cloud: CloudName, kind: LogKind, key: String) async throws(StoreError) -> LogEntry? {
        try await read { database in
            let row = try Row.fetchOne(
                database,
                sql: "SELECT * FROM replica WHERE cloud = ? AND kind = ? AND key = ?",
                arguments: [cloud.text, kind.rawValue, key]
            )
            return try row.map { try LogWriter.entry($0) }
        }
    }

    private static func replicate(
        _ entry: LogEntry,
        of cloud: CloudName,
        adopting: [LogKind],
        at now: Timestamp,
        _ database: Database
    ) throws {
        try database.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO replica (cloud, kind, key, sequence, time, body, hash)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            cloud.text, entry.kind, entry.key, entry.sequence, entry.time.milliseconds, entry.body, Data(entry.hash),
        ])
        guard let kind = LogKind(rawValue: entry.kind), adopting.contains(kind) else { return }
        let present = try document(kind, key: entry.key, database)
        guard present?.body != entry.body else { return }
        try adopt(kind, key: entry.key, body: entry.body, version: (present?.version ?? 0) + 1, at: now, database)
    }

    private static func peerCursor(of cloud: CloudName, _ database: Database) throws -> PeerCursor {
        let row = try Row.fetchOne(database, sql: "SELECT * FROM peer WHERE cloud = ?", arguments: [cloud.text])
        guard let row else { return .start }
        let reader = RowReader(row: row)
        return PeerCursor(
            head: LogHead(sequence: try reader.integer("sequence"), hash: try reader.bytes("hash")),
            promotedAt: reader.optionalTime("promoted_at"),
            pulledAt: reader.optionalTime("pulled_at")
        )
    }
}
