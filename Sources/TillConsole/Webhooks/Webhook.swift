// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB

/// An address of another system that is told what happens.
struct Webhook: Sendable {
    enum Kind: String, CaseIterable, Sendable {
        case paymentSucceeded = "payment.succeeded"
        case paymentFailed = "payment.failed"
        case paymentUnknown = "payment.unknown"
        case paymentRevoked = "payment.revoked"
        case paymentRevokeFailed = "payment.revoke_failed"
        case refundSucceeded = "refund.succeeded"
        case refundFailed = "refund.failed"
        case alertRaised = "alert.raised"
        case alertCleared = "alert.cleared"

        /// What a payment's new display is worth telling; nil for nothing.
        /// - Parameter before: The display that it had; nil for a payment that is new.
        static func of(display: String, before: String?) -> Kind? {
            guard display != before else { return nil }
            switch display {
            case "succeeded":
                return before.map(PaymentStates.paid.contains) == true ? nil : .paymentSucceeded
            case "failed", "closed": return before == "failed" || before == "closed" ? nil : .paymentFailed
            case "unknown": return .paymentUnknown
            case "revoked": return .paymentRevoked
            case "revoke_failed": return .paymentRevokeFailed
            default: return nil
            }
        }
    }

    enum State: String, CaseIterable, Sendable {
        case on
        /// By a person: nothing is kept for it.
        case off
        /// It has failed for long: what comes is kept, and not sent, until a person has looked.
        case paused
    }

    /// What somebody asks for with a `webhook.test` event: of no payment, and in no choice.
    static let testKind = "webhook.test"

    let id: Int64
    let url: String
    let node: Int64
    let path: String
    let placeCode: String
    let placeName: String
    let kinds: Set<Kind>
    let state: State
    /// Milliseconds since 1970, each.
    let failingSince: Int64?
    let createdAt: Int64
    let creatorName: String
    let oldUntil: Int64?
    let version: Int64
    let waiting: Int
    let lastDelivered: Int64?

    /// For entries that more people read than may see the address: what follows the host can be a secret of its own.
    var host: String { Webhook.host(of: url) }

    static func host(of url: String) -> String {
        url.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: true).prefix(2).joined(separator: "//")
    }

    static func text(_ kinds: Set<Kind>) -> String { kinds.map(\.rawValue).sorted().joined(separator: " ") }

    static func kinds(_ text: String) -> Set<Kind> {
        Set(text.split(separator: " ").compactMap { Kind(rawValue: String($0)) })
    }

    // MARK: - In the database

    private static let columns = """
        webhook.*, node.path, node.code AS place_code, node.name AS place_name,
        (SELECT count(*) FROM webhook_delivery AS d WHERE d.webhook = webhook.id AND d.state = 'waiting') AS waiting,
        (SELECT max(tried_at) FROM webhook_delivery AS d WHERE d.webhook = webhook.id AND d.state = 'delivered') AS last
        """
    private static let tables = "webhook JOIN node ON node.id = webhook.node"

    private init(_ row: Row) {
        id = row["id"]
        url = row["url"]
        node = row["node"]
        path = row["path"]
        placeCode = row["place_code"]
        placeName = row["place_name"]
        kinds = Webhook.kinds(row["kinds"])
        state = State(rawValue: row["state"]) ?? .off
        failingSince = row["failing_since"]
        createdAt = row["created_at"]
        creatorName = row["creator_name"]
        oldUntil = row["old_until"]
        version = row["version"]
        waiting = row["waiting"]
        lastDelivered = row["last"]
    }

    static func of(id: Int64, _ database: Database) throws -> Webhook? {
        try Row.fetchOne(database, sql: "SELECT \(columns) FROM \(tables) WHERE webhook.id = ?", arguments: [id]).map {
            Webhook($0)
        }
    }

    static func all(in scope: Scope, _ database: Database) throws -> [Webhook] {
        try Row.fetchAll(database, sql: "SELECT \(columns) FROM \(tables) ORDER BY webhook.id").map { Webhook($0) }
            .filter { scope.covers($0.path) }
    }
}

/// One event on its way to one address.
struct WebhookDelivery: Sendable {
    enum State: String, CaseIterable, Sendable {
        case waiting, delivered
        case givenUp = "given_up"
    }

    let id: Int64
    let webhook: Int64
    /// The same for each try and each address.
    let event: String
    let kind: String
    let number: String
    let body: String
    let state: State
    let tries: Int
    /// Milliseconds since 1970, each.
    let dueAt: Int64
    let createdAt: Int64
    let triedAt: Int64?
    /// Of the last try: the status that came, or why none did, and how long it took.
    let status: Int?
    let failure: String?
    let milliseconds: Int64?

    static let columns = "webhook_delivery.*, webhook_event.kind, webhook_event.number, webhook_event.body"
    static let tables = "webhook_delivery JOIN webhook_event ON webhook_event.id = webhook_delivery.event"

    init(_ row: Row) {
        id = row["id"]
        webhook = row["webhook"]
        event = row["event"]
        kind = row["kind"]
        number = row["number"]
        body = row["body"]
        state = State(rawValue: row["state"]) ?? .waiting
        tries = row["tries"]
        dueAt = row["due_at"]
        createdAt = row["created_at"]
        triedAt = row["tried_at"]
        status = row["status"]
        failure = row["failure"]
        milliseconds = row["milliseconds"]
    }

    static func of(id: Int64, _ database: Database) throws -> WebhookDelivery? {
        try Row.fetchOne(
            database,
            sql: "SELECT \(columns) FROM \(tables) WHERE webhook_delivery.id = ?",
            arguments: [id]
        ).map { WebhookDelivery($0) }
    }

    /// The log of an address, the newest first.
    static func all(
        of webhook: Int64,
        state: State?,
        before id: Int64?,
        limit: Int,
        _ database: Database
    ) throws -> [WebhookDelivery] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT \(columns) FROM \(tables) WHERE webhook = :webhook AND (:state IS NULL OR state = :state)
                    AND (:before IS NULL OR webhook_delivery.id < :before)
                ORDER BY webhook_delivery.id DESC LIMIT :limit
                """,
            arguments: ["webhook": webhook, "state": state?.rawValue, "before": id, "limit": limit]
        ).map { WebhookDelivery($0) }
    }

    /// What was told of a payment, to addresses of a part of the organisation.
    static func all(ofPayment number: String, in scope: Scope, _ database: Database) throws -> [(
        delivery: WebhookDelivery, url: String
    )] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT \(columns), webhook.url, node.path FROM \(tables) JOIN webhook ON webhook.id = webhook
                JOIN node ON node.id = webhook.node WHERE number = ? AND number <> '' ORDER BY +webhook_delivery.id
                """,
            arguments: [number]
        ).compactMap { row in
            scope.covers(row["path"]) ? (WebhookDelivery(row), row["url"]) : nil
        }
    }

    /// The oldest of each subject whose time has come, at an address that is on.
    static func due(at webhook: Int64, now: Int64, limit: Int, _ database: Database) throws -> [WebhookDelivery] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT \(columns) FROM \(tables) JOIN webhook ON webhook.id = webhook
                WHERE webhook = ? AND webhook_delivery.state = 'waiting' AND due_at <= ? AND webhook.state = 'on'
                    AND NOT EXISTS (SELECT 1 FROM webhook_delivery AS earlier
                        WHERE earlier.webhook = webhook_delivery.webhook AND earlier.state = 'waiting'
                            AND earlier.subject = webhook_delivery.subject AND earlier.id < webhook_delivery.id)
                ORDER BY due_at, webhook_delivery.id LIMIT ?
                """,
            arguments: [webhook, now, limit]
        ).map { WebhookDelivery($0) }
    }
}
