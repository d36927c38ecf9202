// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import TillCloud

/// What a rule says now, by the console's own tables. It changes nothing.
struct AlertJudge: Sendable {
    /// What is the matter with one subject. A subject without a verdict is in order.
    struct Verdict: Equatable, Sendable {
        /// Of the place where it is so.
        let node: Int64
        /// Nil between the bounds: what is raised stays raised, and what is not is not raised.
        let value: Int64?
    }

    struct Finding: Equatable, Sendable {
        var verdicts: [String: Verdict] = [:]
        /// There was more than is looked at: what is raised stays so.
        var isCut = false
    }

    /// How far above its bound a success rate has to be before its alert is over; percent.
    static let slack = 2
    /// The most alerts that one rule raises.
    static let most = 200

    let now: Int64
    let zone: TimeZone
    /// When this console began to listen: before that, no silence is the clouds'.
    let listeningSince: Int64
    /// The clouds that it listens to.
    let folders: [String]

    func judge(_ rule: AlertRule, _ database: Database) throws -> Finding {
        switch rule.kind {
        case .successRate: try successRate(rule, database)
        case .unknownAge: try unknownAge(rule, database)
        case .undoFailed: try payments(in: "revoke_failed", rule, database)
        case .refundFailed: try payments(in: "refund_failed", rule, database)
        case .noSales: try noSales(rule, database)
        case .cloudSilent: try cloudSilent(rule, database)
        }
    }

    private static func milliseconds(_ minutes: Int) -> Int64 { Int64(minutes) * 60_000 }

    /// The payments of a rule's place and wallet.
    private func condition(_ rule: AlertRule) -> (sql: String, arguments: StatementArguments) {
        let within = Scope(paths: [rule.path]).storeCondition("store")
        return (within.sql + " AND (? = '' OR wallet = ?)", within.arguments + [rule.wallet, rule.wallet])
    }

    private func successRate(_ rule: AlertRule, _ database: Database) throws -> Finding {
        let within = condition(rule)
        // For the whole chain SQLite would rather read all payments in the order of the groups than those of the window.
        let index = rule.path == "/1/" ? "INDEXED BY payment_created" : ""
        // Test payments count for no rate.
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT state, reason, count(*) AS count FROM payment \(index)
                WHERE created_at > ? AND \(within.sql) AND substr(register, 8) <> ? GROUP BY state, reason
                """,
            arguments: [now - AlertJudge.milliseconds(rule.number(.minutes))] + within.arguments + [TestRegister.suffix]
        )
        var outcomes = Outcomes()
        for row in rows { outcomes.add(state: row["state"], reason: row["reason"], count: row["count"]) }
        let counted = outcomes.succeeded + outcomes.failed
        // Nothing that counts says that it is still so.
        guard counted > 0 else { return Finding() }
        let percent = rule.number(.percent)
        let isBelow = outcomes.succeeded * 100 < percent * counted
        let isAbove = outcomes.succeeded * 100 >= min(100, percent + AlertJudge.slack) * counted
        guard counted >= rule.number(.payments), isBelow || isAbove else {
            return Finding(verdicts: ["": Verdict(node: rule.node, value: nil)])
        }
        guard isBelow else { return Finding() }
        return Finding(verdicts: ["": Verdict(node: rule.node, value: Int64(outcomes.rate ?? 0))])
    }

    private func unknownAge(_ rule: AlertRule, _ database: Database) throws -> Finding {
        let within = condition(rule)
        let count = try Int64.fetchOne(
            database,
            sql: "SELECT count(*) FROM payment WHERE state = 'unknown' AND created_at < ? AND \(within.sql)",
            arguments: [now - AlertJudge.milliseconds(rule.number(.minutes))] + within.arguments
        )
        guard let count, count > 0 else { return Finding() }
        return Finding(verdicts: ["": Verdict(node: rule.node, value: count)])
    }

    /// One alert for each payment: the next one is news, also where an older one is known.
    private func payments(in state: String, _ rule: AlertRule, _ database: Database) throws -> Finding {
        let within = condition(rule)
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT number, amount, (SELECT id FROM node WHERE code = store) AS node FROM payment
                WHERE state = ? AND \(within.sql) ORDER BY created_at LIMIT ?
                """,
            arguments: [state] + within.arguments + [AlertJudge.most]
        )
        return Finding(
            verdicts: rows.reduce(into: [:]) {
                $0[$1["number"]] = Verdict(node: $1["node"] ?? rule.node, value: $1["amount"])
            },
            isCut: rows.count == AlertJudge.most
        )
    }

    private func noSales(_ rule: AlertRule, _ database: Database) throws -> Finding {
        guard let hours = rule.hours else { return Finding() }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        let parts = calendar.dateComponents(
            [.hour, .minute],
            from: Date(timeIntervalSince1970: Double(now) / 1_000)
        )
        let minute = (parts.hour ?? 0) * 60 + (parts.minute ?? 0)
        guard minute >= hours.opens, minute < hours.closes else { return Finding() }
        let minutes = rule.number(.minutes)
        // A store that has just opened has had no time to sell.
        let isEarly = minute < hours.opens + minutes
        let stores = try Row.fetchAll(
            database,
            sql: "SELECT id, code FROM node WHERE kind = 'store' AND state = 'live' AND path >= ? AND path < ?",
            arguments: [rule.path, rule.path + "~"]
        )
        let paid = PaymentFilter.Tab.paid.states ?? []
        let sale = try database.cachedStatement(
            sql: """
                SELECT 1 FROM payment WHERE store = ? AND created_at > ? AND (? = '' OR wallet = ?)
                    AND state IN (\(paid.map { _ in "?" }.joined(separator: ", "))) LIMIT 1
                """
        )
        // One that has never sold by a wallet is not silent.
        let ever = try database.cachedStatement(sql: "SELECT 1 FROM payment WHERE store = ? LIMIT 1")
        let since = now - AlertJudge.milliseconds(minutes)
        var finding = Finding()
        for row in stores {
            let (id, code): (Int64, String) = (row["id"], row["code"])
            let arguments: StatementArguments = [code, since, rule.wallet, rule.wallet]
            guard try Int.fetchOne(sale, arguments: arguments + StatementArguments(paid)) == nil,
                try Int.fetchOne(ever, arguments: [code]) != nil
            else { continue }
            finding.verdicts[code] = Verdict(node: id, value: isEarly ? nil : Int64(minutes))
        }
        return finding
    }

    private func cloudSilent(_ rule: AlertRule, _ database: Database) throws -> Finding {
        let bound = Int64(rule.number(.seconds)) * 1_000
        var finding = Finding()
        for folder in folders {
            let row = try Row.fetchOne(
                database,
                sql: "SELECT cloud, read_at FROM cursor WHERE folder = ? AND is_copy = 0",
                arguments: [folder]
            )
            let heardAt = max(row?["read_at"] ?? 0, listeningSince)
            let silence = now - heardAt
            // One that has never been heard has no name yet.
            let cloud: String = row?["cloud"] ?? folder.split(separator: "/").last.map(String.init) ?? folder
            if silence >= bound / 2 {
                finding.verdicts[cloud] = Verdict(node: rule.node, value: silence >= bound ? silence / 1_000 : nil)
            }
        }
        return finding
    }
}
