// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB

/// Makes and changes the addresses that are told what happens. What must hold is checked in the transaction of the
/// change.
struct WebhookDesk: Sendable {
    let call: Call

    enum Refusal: Error, Equatable {
        /// Somebody else changed it in between.
        case stale
        /// Nothing is sent while it is off or paused.
        case notOn
    }

    struct Wanted: Equatable, Sendable {
        let url: String
        let place: Node
        let kinds: Set<Webhook.Kind>
        let isOn: Bool
    }

    /// How long the old secret goes on signing after another was drawn.
    static let overlapMilliseconds: Int64 = 86_400_000

    private static func sealName(_ id: Int64) -> String { "webhook:\(id)" }

    /// The secrets that sign now.
    static func secrets(_ row: Row, _ box: SecretBox, at now: Int64) throws -> [[UInt8]] {
        let name = sealName(row["id"])
        var secrets = [try box.open(row["secret"], name: name)]
        if let old = row["old_secret"] as Data?, let until = row["old_until"] as Int64?, until > now {
            secrets.append(try box.open(old, name: name))
        }
        return secrets
    }

    private static func text(_ url: String, _ kinds: Set<Webhook.Kind>, _ place: String, _ state: String) -> String {
        "\(Webhook.host(of: url)) \(state) @\(place): \(Webhook.text(kinds))"
    }

    /// - Returns: Its id, and the secret as people take it.
    func make(_ wanted: Wanted) async throws -> (id: Int64, secret: String) {
        let viewer = try call.viewer
        let secret = SecretBytes.random(WebhookSignature.secretBytes)
        let id = try await call.console.pool.write { [box = call.console.box] database in
            try database.execute(
                sql: """
                    INSERT INTO webhook (url, node, kinds, secret, state, created_at, creator_name)
                    VALUES (?, ?, ?, ?, 'on', ?, ?)
                    """,
                arguments: [wanted.url, wanted.place.id, Webhook.text(wanted.kinds), Data(), call.now, viewer.name]
            )
            // It opens under the name of its own row only, which is known when the row is there.
            let id = database.lastInsertedRowID
            try database.execute(
                sql: "UPDATE webhook SET secret = ? WHERE id = ?",
                arguments: [try box.seal(secret, name: WebhookDesk.sealName(id)), id]
            )
            let event = try call.event(
                "webhook.made",
                "webhook:\(id)",
                after: WebhookDesk.text(wanted.url, wanted.kinds, wanted.place.code, "on")
            )
            try AuditLog.append(event, at: call.now, database)
            return id
        }
        return (id, WebhookSignature.text(secret))
    }

    func edit(_ id: Int64, version: Int64, _ wanted: Wanted) async throws {
        try await call.console.pool.write { database in
            guard let webhook = try Webhook.of(id: id, database) else { throw ConsoleProblem.notFound }
            guard webhook.version == version else { throw Refusal.stale }
            let state: Webhook.State = wanted.isOn ? (webhook.state == .paused ? .paused : .on) : .off
            try database.execute(
                sql: "UPDATE webhook SET url = ?, node = ?, kinds = ?, state = ?, version = version + 1 WHERE id = ?",
                arguments: [wanted.url, wanted.place.id, Webhook.text(wanted.kinds), state.rawValue, id]
            )
            let event = try call.event(
                "webhook.changed",
                "webhook:\(id)",
                before: WebhookDesk.text(webhook.url, webhook.kinds, webhook.placeCode, webhook.state.rawValue),
                after: WebhookDesk.text(wanted.url, wanted.kinds, wanted.place.code, state.rawValue)
            )
            try AuditLog.append(event, at: call.now, database)
        }
    }

    /// After a pause: what was kept meanwhile is sent now, from its first try on.
    func resume(_ id: Int64) async throws {
        let event = try call.event("webhook.resumed", "webhook:\(id)")
        try await call.console.pool.write { database in
            try database.execute(
                sql: """
                    UPDATE webhook SET state = 'on', failing_since = NULL, version = version + 1
                    WHERE id = ? AND state = 'paused'
                    """,
                arguments: [id]
            )
            guard database.changesCount == 1 else { return }
            try database.execute(
                sql: "UPDATE webhook_delivery SET due_at = ?, tries = 0 WHERE webhook = ? AND state = 'waiting'",
                arguments: [call.now, id]
            )
            try AuditLog.append(event, at: call.now, database)
        }
        call.console.bell.ring()
    }

    /// - Returns: The new secret as people take it. The old one signs beside it for a day.
    func rotate(_ id: Int64) async throws -> String {
        let secret = SecretBytes.random(WebhookSignature.secretBytes)
        let event = try call.event("webhook.rotated", "webhook:\(id)")
        try await call.console.pool.write { [box = call.console.box] database in
            try database.execute(
                sql: "UPDATE webhook SET old_secret = secret, old_until = ?, secret = ? WHERE id = ?",
                arguments: [
                    call.now + WebhookDesk.overlapMilliseconds,
                    try box.seal(secret, name: WebhookDesk.sealName(id)), id,
                ]
            )
            try AuditLog.append(event, at: call.now, database)
        }
        return WebhookSignature.text(secret)
    }

    /// With its log; what it was stays in the audit log.
    func delete(_ webhook: Webhook) async throws {
        let event = try call.event(
            "webhook.deleted",
            "webhook:\(webhook.id)",
            before: WebhookDesk.text(webhook.url, webhook.kinds, webhook.placeCode, webhook.state.rawValue)
        )
        try await call.console.pool.write { database in
            try database.execute(sql: "DELETE FROM webhook_delivery WHERE webhook = ?", arguments: [webhook.id])
            try database.execute(sql: "DELETE FROM webhook WHERE id = ?", arguments: [webhook.id])
            try AuditLog.append(event, at: call.now, database)
        }
    }

    /// - Returns: The delivery's id.
    func test(_ webhook: Webhook) async throws -> Int64 {
        guard webhook.state == .on else { throw Refusal.notOn }
        let event = try call.event("webhook.tested", "webhook:\(webhook.id)")
        let id = try await call.console.pool.write { database in
            try AuditLog.append(event, at: call.now, database)
            return try WebhookOutbox.addTest(to: webhook, at: call.now, database)
        }
        call.console.bell.ring()
        return id
    }

    /// The same event under the same id, from its first try on.
    func sendAgain(_ delivery: WebhookDelivery, of webhook: Webhook) async throws {
        guard webhook.state == .on else { throw Refusal.notOn }
        let event = try call.event("webhook.resent", "webhook:\(webhook.id)", after: delivery.event)
        try await call.console.pool.write { database in
            try database.execute(
                sql: "UPDATE webhook_delivery SET state = 'waiting', tries = 0, due_at = ? WHERE id = ?",
                arguments: [call.now, delivery.id]
            )
            try AuditLog.append(event, at: call.now, database)
        }
        call.console.bell.ring()
    }
}
