// Part of Tillbridge. See LICENSE.
import ArgumentParser
import Foundation
import GRDB
import TillCloud

@testable import TillConsole

/// Fills a console's database with payments and measures what its pages ask of it. It prints one JSON object.
@main
struct ConsoleBench: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "tillbridge-console-bench")

    @Option(help: "How many payments.")
    var rows = 10_000_000

    @Option(help: "How often each query is asked.")
    var rounds = 40

    @Option(help: "The folder for the database; one that is there already with as many rows is used again.")
    var data: String

    /// Payments of a store and an hour, as a chain of 400 stores with three registers each has them.
    private static let stores = 400
    private static let registersPerStore = 3
    private static let spacingMilliseconds: Int64 = 250

    func run() throws {
        guard rows > 0, rounds > 0 else { throw ValidationError("--rows and --rounds: give numbers above 0.") }
        try PrivateFile.createFolder(data)
        let pool = try ConsoleDatabase.open(data + "/console.sqlite")
        let now = Int64(Date().timeIntervalSince1970 * 1_000)
        try fill(pool, until: now)
        var result: [String: Any] = ["rows": rows]
        var slowest: [(name: String, milliseconds: Double)] = []
        for (name, query) in try queries(pool, now: now) {
            let times = try (0..<rounds).map { _ in try ConsoleBench.milliseconds { try pool.read(query) } }.sorted()
            slowest.append((name, times[(times.count * 95 + 99) / 100 - 1]))
        }
        result["filters"] = Dictionary(
            uniqueKeysWithValues: slowest.map { ($0.name, ConsoleBench.rounded($0.milliseconds)) }
        )
        result["listP95Milliseconds"] = ConsoleBench.rounded(slowest.map(\.milliseconds).max() ?? 0)
        let top = Scope(paths: ["/1/"])
        let day = now - 86_400_000
        result["dashboardMilliseconds"] = ConsoleBench.rounded(
            try ConsoleBench.milliseconds {
                try pool.read { database in
                    _ = try Dashboard(from: day, until: now, in: top, database)
                    _ = try Dashboard(from: day - 604_800_000, until: now - 604_800_000, in: top, database)
                    _ = try Dashboard.heat(days: 28, before: now, zone: .gmt, in: top, database)
                }
            }
        )
        result["stripMilliseconds"] = ConsoleBench.rounded(
            try ConsoleBench.milliseconds { try pool.read { _ = try LiveStrip(in: top, at: now, $0) } }
        )
        result["exportSeconds"] = ConsoleBench.rounded(
            try ConsoleBench.milliseconds { try ConsoleBench.export(50_000, pool) } / 1_000
        )
        let json = try JSONSerialization.data(withJSONObject: result, options: [.sortedKeys])
        print(String(decoding: json, as: UTF8.self))
        try pool.close()
    }

    // MARK: - Rows

    private func fill(_ pool: DatabasePool, until now: Int64) throws {
        let present = try pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM payment") ?? 0 }
        guard present != rows else { return }
        guard present == 0 else {
            throw ValidationError("--data \(data): holds \(present) payments; name another folder.")
        }
        let indexes = try pool.read { database in
            try String.fetchAll(
                database,
                sql: "SELECT sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'payment' AND sql IS NOT NULL"
            )
        }
        try pool.write { database in
            try Organisation.makeTop(database)
            guard let top = try Node.top(database) else { return }
            for store in 0..<ConsoleBench.stores {
                try Organisation.add(
                    .store,
                    code: ConsoleBench.code(store),
                    name: "Store \(store)",
                    below: top,
                    state: .live,
                    database
                )
            }
            // An index is made faster at once than row by row.
            for name in try String.fetchAll(
                database,
                sql: "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'payment' AND sql IS NOT NULL"
            ) { try database.execute(sql: "DROP INDEX \(name)") }
        }
        let batch = 200_000
        for start in stride(from: 0, to: rows, by: batch) {
            let count = min(batch, rows - start)
            try pool.write { try insert(start, count, until: now, $0) }
        }
        try pool.write { database in
            for index in indexes { try database.execute(sql: index) }
            try database.execute(
                sql: """
                    INSERT INTO tally SELECT created_at / 3600000, store, wallet, state, coalesce(reason, ''), count(*), sum(amount)
                    FROM payment GROUP BY 1, 2, 3, 4, 5
                    """
            )
            try database.execute(
                sql: """
                    INSERT INTO tally_time SELECT created_at / 3600000, store, result_after / 100, count(*)
                    FROM payment WHERE result_after IS NOT NULL GROUP BY 1, 2, 3
                    """
            )
            try database.execute(sql: "ANALYZE")
        }
    }

    /// Seven stand for the first digits of a store.
    static func code(_ store: Int) -> String { "QFB" + String(store + 10_000).suffix(4) }

    /// Every 20th payment fails, every 5000th is a problem; wallets by their share.
    private func insert(_ start: Int, _ count: Int, until now: Int64, _ database: Database) throws {
        try database.execute(
            sql: """
                WITH RECURSIVE n (i) AS (SELECT ? UNION ALL SELECT i + 1 FROM n WHERE i < ?)
                INSERT INTO payment (number, cloud, version, store, register, ticket, wallet, wallet_number, amount, refunded,
                    state, raw_state, reason, created_at, changed_at, problem_since, result_after, change, code_end)
                SELECT printf('T%023d', i), CASE i % 2 WHEN 0 THEN 'A' ELSE 'B' END, 3,
                    printf('QFB%04d', (i * 7919) % \(ConsoleBench.stores)),
                    printf('QFB%04d%02d', (i * 7919) % \(ConsoleBench.stores), i % \(ConsoleBench.registersPerStore)),
                    printf('S%d', i),
                    CASE WHEN i % 100 < 55 THEN 'alipay' WHEN i % 100 < 90 THEN 'wechatpay' WHEN i % 100 < 97 THEN 'unionpay' ELSE 'qqwallet' END,
                    printf('W%d', i), (i * 104729) % 20000 + 1, 0,
                    CASE WHEN i % 5000 = 0 THEN 'revoke_failed' WHEN i % 5000 = 1 THEN 'unknown' WHEN i % 20 = 3 THEN 'failed' ELSE 'succeeded' END,
                    CASE WHEN i % 5000 = 0 THEN 'stuck' WHEN i % 20 = 3 THEN 'declined' ELSE 'confirmed' END,
                    CASE WHEN i % 20 = 3 THEN 'insufficient-funds' END,
                    ? - (? - i) * \(ConsoleBench.spacingMilliseconds), ? - (? - i) * \(ConsoleBench.spacingMilliseconds) + 900,
                    CASE WHEN i % 5000 IN (0, 1) THEN ? - (? - i) * \(ConsoleBench.spacingMilliseconds) + 900 END,
                    (i * 31) % 3000 + 50, i + 1, printf('%04d', (i * 7919) % 10000)
                FROM n
                """,
            arguments: [start, start + count - 1, now, rows, now, rows, now, rows]
        )
    }

    // MARK: - Questions

    private func queries(_ pool: DatabasePool, now: Int64) throws -> [(String, @Sendable (Database) throws -> Void)] {
        let top = Scope(paths: ["/1/"])
        let middle = rows / 2
        let conditions = [
            ("newest", "period=all"), ("today", "period=today"), ("wallet", "period=all&wallet=qqwallet"),
            ("place", "period=all&place=\(ConsoleBench.code(17))"),
            ("register", "period=all&register=\(ConsoleBench.code(17))01"),
            ("problems", "tab=problems&period=all"), ("state", "period=all&state=revoke_failed"),
            ("unpaid", "tab=unpaid&period=all"),
            ("ticket", "q=S\(middle)"), ("walletNumber", "q=W\(middle)"),
            ("number", "q=T" + String(repeating: "0", count: 23 - "\(middle)".count) + "\(middle)"),
            ("amount", "q=123.45"), ("codeEnd", "q=0417"),
            ("placeAndState", "period=all&place=\(ConsoleBench.code(17))&state=unknown"),
        ]
        var queries: [(String, @Sendable (Database) throws -> Void)] = conditions.map { name, text in
            let filter = PaymentFilter(Form(text), zone: .gmt, now: now)
            return (name, { _ = try PaymentList.page(filter, in: top, after: nil, $0) })
        }
        let deep = PaymentList.Place(moment: now - Int64(middle) * ConsoleBench.spacingMilliseconds, number: "T")
        let all = PaymentFilter(Form("period=all"), zone: .gmt, now: now)
        queries.append(("deepPage", { _ = try PaymentList.page(all, in: top, after: deep, $0) }))
        let one = Scope(paths: ["/1/19/"])
        queries.append(("scopeOfOneStore", { _ = try PaymentList.page(all, in: one, after: nil, $0) }))
        return queries
    }

    private static func export(_ count: Int, _ pool: DatabasePool) throws {
        let filter = PaymentFilter(Form("period=all"), zone: .gmt, now: 0)
        var (place, left): (PaymentList.Place?, Int) = (nil, count)
        repeat {
            let after = place
            let page = try pool.read {
                try PaymentList.page(filter, in: Scope(paths: ["/1/"]), after: after, rows: 1_000, $0)
            }
            for row in page.rows {
                _ = CSV.line([row.number, row.ticket, row.store, Formats.yuan(row.amount), row.state])
            }
            (place, left) = (page.next, left - page.rows.count)
        } while place != nil && left > 0
    }

    private static func milliseconds(_ work: () throws -> Void) rethrows -> Double {
        let start = ContinuousClock.now
        try work()
        return (ContinuousClock.now - start) / .milliseconds(1)
    }

    private static func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
}
