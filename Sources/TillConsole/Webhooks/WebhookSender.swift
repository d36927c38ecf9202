// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import Logging
import ServiceLifecycle
import Synchronization

/// Delivers what the outbox holds, from the console's start on: at least once, in the order of each payment, a few
/// messages of each address at once. An address that is slow or silent holds up no other.
struct WebhookSender: Service {
    static let atOnce = 4
    /// Between the tries; with the first one, eleven in a day.
    static let pauses: [Int64] = [
        5_000, 30_000, 120_000, 600_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 28_800_000, 29_845_000,
    ]
    /// An address that has taken nothing for this long is paused.
    static let pausedAfter: Int64 = 86_400_000
    /// How long deliveries stay in the log.
    static let keptMilliseconds: Int64 = 30 * 86_400_000
    private static let prunePause = Duration.seconds(3_600)
    private static let prunedRows = 1_000

    let console: Console
    let deliver: WebhookCourier.Deliver

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    tasks.addTask { try await watch() }
                    tasks.addTask {
                        while true {
                            try? await prune(at: console.now())
                            try await Task.sleep(for: WebhookSender.prunePause)
                        }
                    }
                    try await tasks.waitForAll()
                }
            }
        } catch is CancellationError {
            // The end.
        }
    }

    /// Addresses that a task is at work for.
    private final class Busy: Sendable {
        let webhooks = Mutex<Set<Int64>>([])
    }

    /// One task for each address that something is due at.
    private func watch() async throws {
        let busy = Busy()
        try await withThrowingDiscardingTaskGroup { tasks in
            for await _ in console.bell.news() {
                let due = (try? await webhooksDue()) ?? []
                for id in due where busy.webhooks.withLock({ $0.insert(id).inserted }) {
                    tasks.addTask {
                        do { try await drain(id) } catch {
                            try Task.checkCancellation()
                            console.logger.warning("webhooks wait", metadata: ["error": "\(error)"])
                            // What cannot be noted would be sent again at once.
                            try await Task.sleep(for: .seconds(5))
                        }
                        busy.webhooks.withLock { _ = $0.remove(id) }
                    }
                }
            }
        }
    }

    private func webhooksDue() async throws -> [Int64] {
        let now = console.now()
        return try await console.pool.read { database in
            try Int64.fetchAll(
                database,
                sql: """
                    SELECT id FROM webhook WHERE state = 'on' AND EXISTS (SELECT 1 FROM webhook_delivery AS d
                        WHERE d.webhook = webhook.id AND d.state = 'waiting' AND d.due_at <= ?)
                    """,
                arguments: [now]
            )
        }
    }

    /// Everything that is due now, at all addresses.
    func round() async throws {
        for id in try await webhooksDue() { try await drain(id) }
    }

    /// Sends what is due at one address until nothing is.
    func drain(_ webhook: Int64) async throws {
        while true {
            let now = console.now()
            let (batch, secrets, url) = try await console.pool.read {
                [box = console.box] database -> ([WebhookDelivery], [[UInt8]], String) in
                let row = try Row.fetchOne(database, sql: "SELECT * FROM webhook WHERE id = ?", arguments: [webhook])
                guard let row else { return ([], [], "") }
                return (
                    try WebhookDelivery.due(at: webhook, now: now, limit: WebhookSender.atOnce, database),
                    try WebhookDesk.secrets(row, box, at: now), row["url"] as String
                )
            }
            guard !batch.isEmpty else { return }
            let answers = try await deliver(
                batch.map { delivery in
                    WebhookCourier.Parcel(
                        url: url,
                        headers: WebhookSignature.headers(
                            id: delivery.event,
                            at: now,
                            body: delivery.body,
                            secrets: secrets
                        ),
                        body: delivery.body
                    )
                }
            )
            // The sender may die before it has noted this: then all of it is sent once more, under the same ids.
            let end = console.now()
            try await console.pool.write { database in
                for (delivery, answer) in zip(batch, answers) {
                    try WebhookSender.note(answer, of: delivery, at: end, database)
                }
            }
        }
    }

    private static func note(
        _ answer: WebhookCourier.Answer,
        of delivery: WebhookDelivery,
        at now: Int64,
        _ database: Database
    ) throws {
        let pause = delivery.tries < pauses.count ? pauses[delivery.tries] : nil
        let state: WebhookDelivery.State = answer.isTaken ? .delivered : pause == nil ? .givenUp : .waiting
        try database.execute(
            sql: """
                UPDATE webhook_delivery SET state = ?, tries = tries + 1, due_at = ?, tried_at = ?, status = ?,
                    failure = ?, milliseconds = ?
                WHERE id = ?
                """,
            arguments: [
                state.rawValue, now + (pause ?? 0), now, answer.status, answer.failure?.rawValue, answer.milliseconds,
                delivery.id,
            ]
        )
        if answer.isTaken {
            try database.execute(
                sql: "UPDATE webhook SET failing_since = NULL WHERE id = ? AND failing_since IS NOT NULL",
                arguments: [delivery.webhook]
            )
            return
        }
        try database.execute(
            sql: "UPDATE webhook SET failing_since = coalesce(failing_since, ?) WHERE id = ?",
            arguments: [now, delivery.webhook]
        )
        // 410: whoever is there says himself that he wants no more.
        try database.execute(
            sql: "UPDATE webhook SET state = 'paused' WHERE id = ? AND state = 'on' AND (failing_since <= ? OR ?)",
            arguments: [delivery.webhook, now - pausedAfter, answer.status == 410]
        )
        guard database.changesCount == 1 else { return }
        let event = AuditEvent(
            actor: "console",
            action: "webhook.paused",
            subject: "webhook:\(delivery.webhook)",
            after: answer.status.map { "status \($0)" } ?? answer.failure?.rawValue ?? "",
            address: ""
        )
        try AuditLog.append(event, at: now, database)
    }

    /// Forgets what is older than the log keeps, a part at a time.
    func prune(at now: Int64) async throws {
        var removed = 0
        repeat {
            removed = try await console.pool.write { database in
                try database.execute(
                    sql: """
                        DELETE FROM webhook_delivery WHERE id IN (
                            SELECT id FROM webhook_delivery WHERE created_at < ? ORDER BY created_at LIMIT ?)
                        """,
                    arguments: [now - WebhookSender.keptMilliseconds, WebhookSender.prunedRows]
                )
                let count = database.changesCount
                try database.execute(
                    sql: """
                        DELETE FROM webhook_event WHERE id IN (SELECT id FROM webhook_event WHERE time < ? AND NOT EXISTS (
                            SELECT 1 FROM webhook_delivery AS d WHERE d.event = webhook_event.id) LIMIT ?)
                        """,
                    arguments: [now - WebhookSender.keptMilliseconds, WebhookSender.prunedRows]
                )
                return count
            }
        } while removed == WebhookSender.prunedRows
    }
}
