// Part of Tillbridge. See LICENSE.
import GRDB
import TillDomain
import TillStore

/// Stores what is to be told, in the transaction of what happened: neither is there without the other.
enum WebhookOutbox {
    /// What an address is sent, as Standard Webhooks has it.
    private struct Envelope<Content: Encodable & Sendable>: Encodable, Sendable {
        let id: String
        let type: String
        let timestamp: String
        let data: Content
    }

    struct Event: Sendable {
        /// The same whenever the same thing is read again, so that whoever hears it twice can know.
        let id: String
        let kind: Webhook.Kind
        /// The payment's number; empty for what is of none.
        let number: String
        /// What has to arrive in the order in which it happened.
        let subject: String
        /// Of the place where it happened.
        let path: String
        /// Milliseconds since 1970.
        let time: Int64
    }

    /// For each address that wants it. Those that were made later hear nothing of it: history that is read once more
    /// is no news.
    static func add<Content: Encodable & Sendable>(
        _ event: Event,
        at now: Int64,
        _ database: Database,
        content: () throws -> Content
    ) throws {
        let rows = try Row.fetchAll(
            database.cachedStatement(
                sql: """
                    SELECT webhook.id, kinds, path FROM webhook JOIN node ON node.id = webhook.node
                    WHERE webhook.state <> 'off' AND created_at < ?
                    """
            ),
            arguments: [event.time]
        )
        let wanted = rows.filter { row in
            event.path.hasPrefix(row["path"]) && Webhook.kinds(row["kinds"]).contains(event.kind)
        }
        guard !wanted.isEmpty else { return }
        try store(event.id, event.kind.rawValue, number: event.number, time: event.time, try content(), database)
        for row in wanted {
            try deliver(event.id, to: row["id"], subject: event.subject, at: now, database)
        }
    }

    /// Something to try an address with.
    /// - Returns: The delivery's id.
    static func addTest(to webhook: Webhook, at now: Int64, _ database: Database) throws -> Int64 {
        struct Test: Encodable { let message = "This is a test." }
        let id = "evt_test_\(SecretBytes.typed())"
        try store(id, Webhook.testKind, number: "", time: now, Test(), database)
        return try deliver(id, to: webhook.id, subject: id, at: now, database)
    }

    private static func store(
        _ id: String,
        _ kind: String,
        number: String,
        time: Int64,
        _ content: some Encodable & Sendable,
        _ database: Database
    ) throws {
        let body = Envelope(id: id, type: kind, timestamp: ApiJSON.moment(time), data: content)
        try database.execute(
            sql: "INSERT OR IGNORE INTO webhook_event (id, kind, number, time, body) VALUES (?, ?, ?, ?, ?)",
            arguments: [id, kind, number, time, try ApiJSON.text(body)]
        )
    }

    @discardableResult
    private static func deliver(
        _ event: String,
        to webhook: Int64,
        subject: String,
        at now: Int64,
        _ database: Database
    ) throws -> Int64 {
        try database.execute(
            sql: """
                INSERT OR IGNORE INTO webhook_delivery (webhook, event, subject, state, due_at, created_at)
                VALUES (?, ?, ?, 'waiting', ?, ?)
                """,
            arguments: [webhook, event, subject, now, now]
        )
        return database.lastInsertedRowID
    }

    // MARK: - What the clouds' logs tell

    /// Whether any address was there at the time. Where millions of old entries are read, nothing else is asked.
    private static func isHeard(at time: Int64, _ database: Database) throws -> Bool {
        try Bool.fetchOne(
            database.cachedStatement(
                sql: "SELECT EXISTS (SELECT 1 FROM webhook WHERE state <> 'off' AND created_at < ?)"
            ),
            arguments: [time]
        ) ?? false
    }

    private struct PaymentContent: Encodable, Sendable {
        let payment: ApiPayment
    }

    private struct RefundContent: Encodable, Sendable {
        let refund: ApiRefund
        let payment: ApiPayment?
    }

    /// A payment's row is the new one already.
    /// - Parameter before: The display that it had at its own cloud.
    static func payment(
        _ number: String,
        _ entry: LogEntry,
        of cloud: String,
        display: String,
        before: String?,
        at now: Int64,
        _ database: Database
    ) throws {
        guard let kind = Webhook.Kind.of(display: display, before: before),
            try isHeard(at: entry.time.milliseconds, database),
            let row = try PaymentRow.of(number: number, database)
        else { return }
        let event = Event(
            id: "evt_\(cloud)_\(entry.sequence)",
            kind: kind,
            number: number,
            subject: number,
            path: try Node.of(code: row.store, database)?.path ?? "/1/",
            time: entry.time.milliseconds
        )
        try add(event, at: now, database) { PaymentContent(payment: ApiPayment(row)) }
    }

    /// A refund's row is the new one already.
    static func refund(
        _ facts: RefundFacts,
        _ entry: LogEntry,
        of cloud: String,
        before: String?,
        at now: Int64,
        _ database: Database
    ) throws {
        guard facts.state != before, facts.state == "done" || facts.state == "failed",
            try isHeard(at: entry.time.milliseconds, database)
        else { return }
        let payment = try PaymentRow.of(number: facts.n, database)
        // The store stands in the number, for a payment that is not known yet.
        let store = payment?.store ?? String(facts.n.dropFirst().prefix(7))
        let event = Event(
            id: "evt_\(cloud)_\(entry.sequence)",
            kind: facts.state == "done" ? .refundSucceeded : .refundFailed,
            number: facts.n,
            subject: facts.n,
            path: try Node.of(code: store, database)?.path ?? "/1/",
            time: entry.time.milliseconds
        )
        try add(event, at: now, database) {
            let row = try Row.fetchOne(
                database,
                sql: "SELECT * FROM refund WHERE number = ? AND reference = ?",
                arguments: [facts.n, facts.reference]
            )
            guard let row else { throw ConsoleProblem.notFound }
            return RefundContent(
                refund: ApiRefund(RefundRow(row), of: facts.n),
                payment: payment.map { ApiPayment($0) }
            )
        }
    }
}
