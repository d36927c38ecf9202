// Part of Tillbridge. See LICENSE.
import GRDB
import TillCloud

/// The numbers above the live list. Test payments count for no rate and no time; one that is a problem counts as one,
/// since somebody has to look after it.
struct LiveStrip: Sendable {
    private static let rateMilliseconds: Int64 = 10_000
    private static let windowMilliseconds: Int64 = 15 * 60_000
    /// How long a register counts as online after a cloud heard of it. Proxies tell every 15 seconds whom they hear.
    static let onlineMilliseconds: Int64 = 90_000

    /// Payments that began in the last ten seconds, a tenth of them: in hundredths per second.
    let hundredthsPerSecond: Int
    /// Of the last 15 minutes.
    let outcomes: Outcomes
    /// Milliseconds to the certain result, of the last 15 minutes.
    let median: Int64?
    let p99: Int64?
    let unknown: Int
    let revoking: Int
    let needPersons: Int
    let online: Int
    let registers: Int
    /// When a cloud's log was last heard of; nil if never.
    let dataAt: Int64?

    init(in scope: Scope, at now: Int64, _ database: Database) throws {
        let within = scope.storeCondition("store")
        func count(_ condition: String, _ values: StatementArguments) throws -> Int {
            try Int.fetchOne(
                database,
                sql: "SELECT count(*) FROM payment WHERE \(within.sql) AND \(condition)",
                arguments: within.arguments + values
            ) ?? 0
        }
        let tests = "%" + TestRegister.suffix
        hundredthsPerSecond =
            try count("created_at > ? AND register NOT LIKE ?", [now - LiveStrip.rateMilliseconds, tests]) * 10
        unknown = try count("state = 'unknown'", [])
        revoking = try count("state = 'revoking'", [])
        needPersons = try count("state IN ('revoke_failed', 'refund_failed')", [])
        let recent = try Row.fetchAll(
            database,
            sql: """
                SELECT state, reason, result_after FROM payment
                WHERE \(within.sql) AND created_at > ? AND register NOT LIKE ?
                """,
            arguments: within.arguments + [now - LiveStrip.windowMilliseconds, tests]
        )
        var outcomes = Outcomes()
        for row in recent { outcomes.add(state: row["state"], reason: row["reason"]) }
        self.outcomes = outcomes
        let times = recent.compactMap { $0["result_after"] as Int64? }.sorted()
        median = Percentile.of(times, 50)
        p99 = Percentile.of(times, 99)
        registers =
            try Int.fetchOne(
                database,
                sql: "SELECT count(*) FROM register WHERE state IN ('active', 'disabled') AND \(within.sql)",
                arguments: within.arguments
            ) ?? 0
        online =
            try Int.fetchOne(
                database,
                sql: "SELECT count(*) FROM register WHERE last_contact > ? AND \(within.sql)",
                arguments: [now - LiveStrip.onlineMilliseconds] + within.arguments
            ) ?? 0
        dataAt = try Int64.fetchOne(database, sql: "SELECT min(read_at) FROM cursor")
    }
}

/// How payments ended, for success rates: what the shopper broke off himself counts for neither side, and neither does
/// what has no result yet.
struct Outcomes: Equatable, Sendable {
    private(set) var succeeded = 0
    private(set) var failed = 0
    private(set) var broken = 0
    private(set) var open = 0

    /// The cashier's cancel, and the shopper's own.
    static let ownReasons: Set<String> = ["cashier", "payer-declined"]

    mutating func add(state: String, reason: String?, count: Int = 1) {
        if PaymentStates.paid.contains(state) {
            succeeded += count
        } else if PaymentStates.open.contains(state) {
            open += count
        } else if Outcomes.isFailure(state: state, reason: reason) {
            failed += count
        } else {
            broken += count
        }
    }

    /// Without a success, and not because shopper or cashier broke it off.
    static func isFailure(state: String, reason: String?) -> Bool {
        !PaymentStates.paid.contains(state) && !PaymentStates.open.contains(state)
            && !(reason.map(ownReasons.contains) ?? false)
    }

    /// In tenths of a percent; nil without a payment that counts.
    var rate: Int? {
        let counted = succeeded + failed
        return counted == 0 ? nil : (succeeded * 1_000 + counted / 2) / counted
    }

    /// `98.5 %`.
    static func text(_ rate: Int?) -> String { rate.map { "\($0 / 10).\($0 % 10) %" } ?? "–" }
}

enum Percentile {
    /// The nearest rank of sorted values; nil without any.
    static func of(_ sorted: [Int64], _ percent: Int) -> Int64? {
        sorted.isEmpty ? nil : sorted[max(0, (sorted.count * percent + 99) / 100 - 1)]
    }
}
