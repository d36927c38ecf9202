// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import TillCloud
import TillDomain
import TillStore

/// Keeps the console's copy of what the clouds know. It decides nothing about money.
enum ReadModel {
    static func apply(_ entry: LogEntry, of cloud: String, at now: Int64, _ database: Database) throws {
        switch LogKind(rawValue: entry.kind) {
        case .payment: try payment(entry, of: cloud, at: now, database)
        case .refund: try refund(entry, of: cloud, at: now, database)
        case .sale: try sale(entry, database)
        case .store: try store(entry, at: now, database)
        case .register: try register(entry, database)
        case .account: try account(entry, database)
        case .routing, .configuration, .user, .audit, nil: break
        }
    }

    private static func body<Body: Decodable>(_ entry: LogEntry) throws -> Body {
        try JSONDecoder().decode(Body.self, from: Data(entry.body.utf8))
    }

    // MARK: - Money

    private static func payment(_ entry: LogEntry, of cloud: String, at now: Int64, _ database: Database) throws {
        let facts: PaymentFacts = try body(entry)
        guard let intent = Intent(line: Array(facts.intent.utf8)) else { return }
        let number = "\(intent.orderNumber)"
        try step(entry, number, facts, of: cloud, database)
        // The other cloud's row about the same number is a promise never to pay it: the paying cloud's is the payment.
        let present = try Row.fetchOne(database, sql: "SELECT * FROM payment WHERE number = ?", arguments: [number])
        if let present, facts.home != cloud, (present["cloud"] as String) == facts.home { return }
        let isFinal = PaymentFacts.certain.contains(facts.display)
        let resultAfter =
            present.flatMap { ($0["cloud"] as String) == cloud ? $0["result_after"] as Int64? : nil }
            ?? (isFinal ? max(0, entry.time.milliseconds - intent.startedAt.milliseconds) : nil)
        let problemSince =
            PaymentStates.problems.contains(facts.display)
            ? present.flatMap { $0["problem_since"] as Int64? } ?? entry.time.milliseconds : nil
        let change = try nextChange(database)
        let store = String(decoding: intent.orderNumber.register.store, as: UTF8.self)
        let createdAt = facts.createdAt ?? entry.time.milliseconds
        let register = "\(intent.orderNumber.register)"
        let isTest = register.hasSuffix(TestRegister.suffix)
        if let present, !isTest { try Tally.add(Tally.Mark(present), count: -1, database) }
        let mark = Tally.Mark(
            createdAt: createdAt,
            store: store,
            wallet: facts.wallet ?? "",
            state: facts.display,
            reason: facts.reason,
            amount: intent.amount.fen,
            resultAfter: resultAfter
        )
        if !isTest { try Tally.add(mark, count: 1, database) }
        try database.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO payment (number, cloud, version, store, register, ticket, wallet, wallet_number,
                    amount, refunded, state, raw_state, reason, created_at, changed_at, problem_since, result_after,
                    code_end, change)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
                    (SELECT code_end FROM sale WHERE sale.number = ?), ?)
                """
        ).execute(arguments: [
            number, cloud, facts.version, store, register, "\(intent.saleReference)", mark.wallet,
            facts.walletTransaction, mark.amount, facts.refunded ?? 0, facts.display, facts.state,
            facts.reason, createdAt, entry.time.milliseconds, problemSince, resultAfter, number, change,
        ])
        // What another cloud promises about a payment is no news of it.
        guard facts.home == cloud else { return }
        try WebhookOutbox.payment(
            number,
            entry,
            of: cloud,
            display: facts.display,
            before: present.flatMap { ($0["cloud"] as String) == cloud ? $0["state"] as String : nil },
            at: now,
            database
        )
    }

    private static func refund(_ entry: LogEntry, of cloud: String, at now: Int64, _ database: Database) throws {
        let facts: RefundFacts = try body(entry)
        try step(entry, facts.n, facts, of: cloud, database)
        let before = try String.fetchOne(
            database,
            sql: "SELECT state FROM refund WHERE number = ? AND reference = ?",
            arguments: [facts.n, facts.reference]
        )
        try database.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO refund (number, reference, amount, reason, person, state, failure, created_at,
                    changed_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            facts.n, facts.reference, facts.amount, facts.reason, facts.operator, facts.state, facts.failure,
            facts.createdAt ?? entry.time.milliseconds, entry.time.milliseconds,
        ])
        try WebhookOutbox.refund(facts, entry, of: cloud, before: before, at: now, database)
    }

    private struct SaleFacts: Decodable {
        let items: [Basket.Item]?
        let codeEnd: String?

        /// Four digits, and never more of a code.
        var end: String? {
            codeEnd.flatMap { text in
                text.utf8.count == 4 && text.utf8.allSatisfy { (48...57).contains($0) } ? text : nil
            }
        }
    }

    private static func sale(_ entry: LogEntry, _ database: Database) throws {
        let facts: SaleFacts = try body(entry)
        let items = try JSONEncoder().encode(facts.items ?? [])
        try database.cachedStatement(sql: "INSERT OR REPLACE INTO sale (number, items, code_end) VALUES (?, ?, ?)")
            .execute(arguments: [entry.key, String(decoding: items, as: UTF8.self), facts.end])
        // The payment is heard of before its sale in the cloud's log, and after it in a copy.
        try database.cachedStatement(sql: "UPDATE payment SET code_end = ? WHERE number = ?")
            .execute(arguments: [facts.end, entry.key])
    }

    /// What staff may read of an entry: never more than the facts name.
    private static func step(
        _ entry: LogEntry,
        _ number: String,
        _ facts: some Encodable,
        of cloud: String,
        _ database: Database
    ) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try database.cachedStatement(
            sql: "INSERT OR REPLACE INTO step (number, cloud, sequence, kind, time, body) VALUES (?, ?, ?, ?, ?, ?)"
        ).execute(arguments: [
            number, cloud, entry.sequence, entry.kind, entry.time.milliseconds,
            String(decoding: try encoder.encode(facts), as: UTF8.self),
        ])
    }

    private static func nextChange(_ database: Database) throws -> Int64 {
        try Int64.fetchOne(database, sql: "SELECT coalesce(max(change), 0) + 1 FROM payment") ?? 1
    }

    // MARK: - Configuration

    private struct StoreFacts: Decodable {
        let code: String
        let name: String
    }

    private static func store(_ entry: LogEntry, at now: Int64, _ database: Database) throws {
        let facts: StoreFacts = try body(entry)
        try Organisation.adopt(store: facts.code, name: facts.name, at: now, database)
    }

    private struct RegisterFacts: Decodable {
        struct Key: Decodable {
            let activatedAt: Int64
        }

        let id: String
        let name: String
        let keys: [Key]
        let addedAt: Int64
        let revokedAt: Int64?
        let disabledAt: Int64?
    }

    private static func register(_ entry: LogEntry, _ database: Database) throws {
        let facts: RegisterFacts = try body(entry)
        let state =
            facts.revokedAt != nil
            ? "revoked" : facts.keys.isEmpty ? "new" : facts.disabledAt != nil ? "disabled" : "active"
        try database.execute(
            sql: """
                INSERT INTO register (id, store, name, state, added_at, activated_at) VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT (id) DO UPDATE SET name = excluded.name, state = excluded.state,
                    activated_at = excluded.activated_at
                """,
            arguments: [
                facts.id, String(facts.id.prefix(7)), facts.name, state, facts.addedAt, facts.keys.last?.activatedAt,
            ]
        )
    }

    private struct AccountFacts: Decodable {
        let id: String
        let wallet: String
        let version: String
        let sandbox: Bool
        let baseURL: String
        let addedAt: Int64
    }

    private static func account(_ entry: LogEntry, _ database: Database) throws {
        let facts: AccountFacts = try body(entry)
        try database.execute(
            sql: """
                INSERT OR REPLACE INTO account (id, wallet, protocol, is_sandbox, address, added_at)
                VALUES (?, ?, ?, ?, ?, ?)
                """,
            arguments: [facts.id, facts.wallet, facts.version, facts.sandbox, facts.baseURL, facts.addedAt]
        )
    }
}

/// What staff may know of a payment's step. The payer's identity and the register's nonce are not among it.
struct PaymentFacts: Codable, Sendable {
    /// The displays after which the register knows where it stands.
    static let certain: Set<String> = [
        "succeeded", "failed", "closed", "revoked", "refunding", "part_refunded", "refunded", "refund_failed",
    ]

    let intent: String
    let home: String
    let from: String?
    let state: String
    let version: Int64
    let cause: String?
    let actor: String?
    let person: String?
    let secondPerson: String?
    let evidence: String?
    let display: String
    let unsent: Bool?
    let waiting: Bool?
    let wallet: String?
    let walletTransaction: String?
    let declineReason: String?
    let refusalReason: String?
    let revokeReason: String?
    let phase: String?
    let undoKind: String?
    let stuckReason: String?
    let confirmedBy: String?
    let sentAt: Int64?
    let createdAt: Int64?
    let refunded: Int64?
    /// The calls to the wallet that brought the step.
    let calls: [WalletCallFacts]?

    /// Why it is what it is, in one word. What was declined is undone as well, to be sure: that is no reason of its own.
    var reason: String? {
        stuckReason ?? (revokeReason == "hygiene" ? nil : revokeReason) ?? declineReason ?? refusalReason
    }
}

struct RefundFacts: Codable, Sendable {
    let n: String
    let reference: String
    /// Fen.
    let amount: Int64
    let reason: String
    let `operator`: String
    let state: String
    let failure: String?
    let cause: String?
    let actor: String?
    let createdAt: Int64?
}
