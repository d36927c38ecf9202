// Part of Tillbridge. See LICENSE.
import GRDB

/// Makes keys, changes their secrets, ends them. What must hold is checked in the transaction of the change.
struct ApiKeyDesk: Sendable {
    let call: Call

    enum Refusal: Error, Equatable {
        case nameTaken
        /// A right that the person does not hold at the place.
        case beyond(ApiKey.Right)
        /// Revoked, or at its end.
        case ended
    }

    /// How long the old secret goes on after a rotation.
    enum Overlap: String, CaseIterable, Sendable {
        case none, hour, day, week

        var milliseconds: Int64 {
            switch self {
            case .none: 0
            case .hour: 3_600_000
            case .day: 86_400_000
            case .week: 7 * 86_400_000
            }
        }
    }

    struct Wanted: Sendable {
        let name: String
        let place: Node
        let rights: Set<ApiKey.Right>
        /// Milliseconds since 1970; nil for a key without an end.
        let expiresAt: Int64?
    }

    /// - Returns: The key's id, and its secret, which is stored nowhere.
    func make(_ wanted: Wanted) async throws -> (id: Int64, secret: String) {
        let viewer = try call.viewer
        let secret = ApiKey.drawSecret()
        let event = try call.event(
            "apikey.made",
            "key:\(wanted.name)",
            after: "\(ApiKey.text(wanted.rights)) @\(wanted.place.code)"
                + (wanted.expiresAt.map { " until \(call.formats.moment($0))" } ?? "")
        )
        for right in wanted.rights.sorted(by: { $0.rawValue < $1.rawValue })
        where !viewer.scope(of: right.permission).covers(wanted.place.path) {
            throw Refusal.beyond(right)
        }
        let id = try await call.console.pool.write { database in
            let isTaken = try Bool.fetchOne(
                database,
                sql: "SELECT EXISTS (SELECT 1 FROM api_key WHERE name = ?)",
                arguments: [wanted.name]
            )
            guard isTaken == false else { throw Refusal.nameTaken }
            try database.execute(
                sql: """
                    INSERT INTO api_key (name, node, rights, expires_at, created_at, creator_name)
                    VALUES (?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    wanted.name, wanted.place.id, ApiKey.text(wanted.rights), wanted.expiresAt, call.now, viewer.name,
                ]
            )
            let id = database.lastInsertedRowID
            try ApiKey.add(secret, to: id, by: viewer.id, at: call.now, database)
            try AuditLog.append(event, at: call.now, database)
            return id
        }
        return (id, secret)
    }

    /// A new secret. The ones before go on for a while, so that programs can change over without a gap.
    /// - Returns: The secret, which is stored nowhere.
    func rotate(_ key: ApiKey, overlap: Overlap) async throws -> String {
        let viewer = try call.viewer
        let secret = ApiKey.drawSecret()
        let event = try call.event("apikey.rotated", "key:\(key.name)", after: "overlap: \(overlap.rawValue)")
        // Whoever sees the new secret can do what the key may do.
        for right in key.rights where !viewer.scope(of: right.permission).covers(key.path) {
            throw Refusal.beyond(right)
        }
        let end = call.now + overlap.milliseconds
        try await call.console.pool.write { database in
            guard let stored = try ApiKey.of(id: key.id, database), stored.state(at: call.now) == .active else {
                throw Refusal.ended
            }
            try database.execute(
                sql: "UPDATE api_secret SET ends_at = ? WHERE api_key = ? AND (ends_at IS NULL OR ends_at > ?)",
                arguments: [end, key.id, end]
            )
            try ApiKey.add(secret, to: key.id, by: viewer.id, at: call.now, database)
            try AuditLog.append(event, at: call.now, database)
        }
        return secret
    }

    /// For ever, and at once.
    func revoke(_ key: ApiKey) async throws {
        let event = try call.event("apikey.revoked", "key:\(key.name)")
        try await call.console.pool.write { database in
            try database.execute(
                sql: "UPDATE api_key SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL",
                arguments: [call.now, key.id]
            )
            guard database.changesCount == 1 else { return }
            try AuditLog.append(event, at: call.now, database)
        }
    }
}
