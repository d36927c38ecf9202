// Part of Tillbridge. See LICENSE.
import Crypto
import Foundation
import GRDB

/// What people did: append-only, each entry chained to the one before it by its hash.
enum AuditLog {
    struct Entry: Equatable, Sendable {
        let sequence: Int64
        /// Milliseconds since 1970.
        let time: Int64
        /// A user's name, or `console`.
        let actor: String
        /// For example `user.added`; the key of a text under `audit.`.
        let action: String
        /// For example `user:alice`, `store:QF0001A`.
        let subject: String
        /// What it was and what it became; no secrets. Empty where there is nothing to tell.
        let before: String
        let after: String
        let address: String
        let hash: Data

        /// SHA-256 over the hash before and the length and the bytes of each field, so that no two entries read alike.
        func hash(after previous: Data) -> Data {
            var content = previous
            for field in ["\(sequence)", "\(time)", actor, action, subject, before, after, address] {
                content += Data("\(field.utf8.count):".utf8) + Data(field.utf8)
            }
            return Data(SHA256.hash(data: content))
        }

        init(_ row: Row) {
            sequence = row["sequence"]
            time = row["time"]
            actor = row["actor"]
            action = row["action"]
            subject = row["subject"]
            before = row["before"]
            after = row["after"]
            address = row["address"]
            hash = row["hash"]
        }

        fileprivate init(_ event: AuditEvent, sequence: Int64, time: Int64, after previous: Data) {
            let open = Entry(event, sequence: sequence, time: time, hash: Data())
            self = Entry(event, sequence: sequence, time: time, hash: open.hash(after: previous))
        }

        private init(_ event: AuditEvent, sequence: Int64, time: Int64, hash: Data) {
            self.sequence = sequence
            self.time = time
            actor = event.actor
            action = event.action
            subject = event.subject
            before = event.before
            after = event.after
            address = event.address
            self.hash = hash
        }
    }

    private static let start = Data(repeating: 0, count: 32)

    /// In the transaction of what was done: neither is there without the other.
    static func append(_ event: AuditEvent, at time: Int64, _ database: Database) throws {
        let last = try Row.fetchOne(database, sql: "SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1")
        let entry = Entry(
            event,
            sequence: (last?["sequence"] ?? 0) + 1,
            time: time,
            after: last?["hash"] ?? start
        )
        try database.execute(
            sql: """
                INSERT INTO audit (sequence, time, actor, action, subject, before, after, address, hash)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                entry.sequence, entry.time, entry.actor, entry.action, entry.subject, entry.before, entry.after,
                entry.address, entry.hash,
            ]
        )
    }

    /// Reads the whole chain.
    /// - Returns: How many entries there are, and the first that is missing or was changed.
    static func verify(_ database: Database) throws -> (count: Int64, broken: Int64?) {
        var (count, previous) = (Int64(0), start)
        let rows = try Row.fetchCursor(database, sql: "SELECT * FROM audit ORDER BY sequence")
        while let row = try rows.next() {
            let entry = Entry(row)
            guard entry.sequence == count + 1, entry.hash == entry.hash(after: previous) else {
                return (count, count + 1)
            }
            (count, previous) = (entry.sequence, entry.hash)
        }
        return (count, nil)
    }
}

/// What an entry of the audit log tells.
struct AuditEvent: Sendable {
    let actor: String
    let action: String
    let subject: String
    var before = ""
    var after = ""
    let address: String
}
