// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import Hummingbird
import NIOCore

/// The dashboard: how the chain's payments went, and which ones they were.
enum DashboardRoutes {
    static let all: [ConsoleRoute] = [
        .get("/dashboard", .permission(.viewStatistics)) { try await page($0) }
    ]

    /// A store with fewer counted payments has no rate worth a place among the best or worst.
    private static let leastPayments = 20
    private static let rankedStores = 10
    private static let heatDays = 28
    private static let weekMilliseconds: Int64 = 7 * 86_400_000

    private static func page(_ call: Call) async throws -> Response {
        let scope = try call.viewer.scope(of: .viewStatistics)
        var filter = PaymentFilter(call.query, zone: call.console.settings.zone, now: call.now)
        if filter.period == .all {
            filter = PaymentFilter(Form("period=month"), zone: call.console.settings.zone, now: call.now)
        }
        let from = filter.from ?? call.now - weekMilliseconds
        let until = min(filter.until ?? call.now + 1, call.now + 1)
        let zone = call.console.settings.zone
        let found = try await call.console.pool.read { database in
            (
                now: try Dashboard(from: from, until: until, in: scope, database),
                before: try Dashboard(
                    from: from - weekMilliseconds,
                    until: until - weekMilliseconds,
                    in: scope,
                    database
                ),
                heat: try Dashboard.heat(days: heatDays, before: call.now, zone: zone, in: scope, database),
                names: try Row.fetchAll(database, sql: "SELECT code, name FROM node WHERE kind = 'store'")
                    .reduce(into: [String: String]()) { $0[$1["code"]] = $1["name"] },
                dataAt: try Int64.fetchOne(database, sql: "SELECT min(read_at) FROM cursor")
            )
        }
        let view = DashboardView(call: call, period: filter.period, names: found.names)
        return try call.page(
            "dashboard",
            [
                "periods": PaymentFilter.Period.allCases.filter { $0 != .all && $0 != .custom }.map { period in
                    [
                        "name": call.text(Phrase(family: "period", period.rawValue)),
                        "path": "/dashboard?period=\(period.rawValue)",
                        "isCurrent": period == filter.period,
                    ] as [String: Any]
                },
                "cards": view.cards(found.now, found.before),
                "charts": view.charts(found.now),
                "funnel": view.funnel(found.now),
                "best": view.ranking(found.now, best: true, least: leastPayments, count: rankedStores),
                "worst": view.ranking(found.now, best: false, least: leastPayments, count: rankedStores),
                "heat": view.heat(found.heat),
                "hoursOfDay": (0..<24).map { ["hour": "\($0)"] },
                "dataAt": call.text(Phrase("dashboard.dataAt", found.dataAt.map { call.formats.time($0) } ?? "–")),
                "rankHelp": call.text(Phrase("dashboard.rankHelp", "\(leastPayments)")),
                "heatHelp": call.text(Phrase("dashboard.heatHelp", "\(heatDays)")),
            ]
        )
    }
}

/// The dashboard's numbers in words, with the list behind each.
struct DashboardView {
    let call: Call
    let period: PaymentFilter.Period
    /// Stores by their codes.
    let names: [String: String]

    private func list(_ conditions: [(String, String)]) -> String {
        let all = [("period", period.rawValue)] + conditions
        return "/payments?" + all.map { "\($0)=\(Form.encoded($1))" }.joined(separator: "&")
    }

    private func percent(_ rate: Int?) -> Double? { rate.map { Double($0) / 10 } }

    func cards(_ now: Dashboard, _ before: Dashboard) -> [[String: Any]] {
        let formats = call.formats
        func card(_ key: String, _ value: String, _ earlier: String, _ path: String) -> [String: Any] {
            [
                "label": call.text(Phrase(family: "card", key)),
                "help": call.text(Phrase(family: "cardHelp", key)),
                "value": value,
                "before": call.text(Phrase("dashboard.before", earlier)),
                "path": path,
            ]
        }
        func time(_ dashboard: Dashboard, _ percent: Int) -> String {
            Tally.percentile(dashboard.times, percent).map { formats.duration($0) } ?? "–"
        }
        return [
            card("payments", formats.count(now.total.count), formats.count(before.total.count), list([])),
            card("paid", formats.money(now.total.paid), formats.money(before.total.paid), list([("tab", "paid")])),
            card(
                "rate",
                Outcomes.text(now.total.outcomes.rate),
                Outcomes.text(before.total.outcomes.rate),
                list([("tab", "unpaid")])
            ),
            card("median", time(now, 50), time(before, 50), list([])),
            card("p99", time(now, 99), time(before, 99), list([])),
        ]
    }

    func charts(_ now: Dashboard) -> [[String: Any]] {
        [rates(now), reasons(now), times(now), share(now)]
    }

    private func hourLabels(_ now: Dashboard) -> [String] {
        let isDay = now.hours.count <= 25
        return now.hours.map { hour in
            let moment = hour.hour * Tally.hourMilliseconds
            return isDay
                ? String(call.formats.time(moment).prefix(5))
                : String(call.formats.moment(moment).dropFirst(5).prefix(11))
        }
    }

    private func rates(_ now: Dashboard) -> [String: Any] {
        let wallets = now.byWallet.keys.filter { !$0.isEmpty }.sorted()
        let chart = ChartModel(
            kind: .line,
            unit: "%",
            labels: hourLabels(now),
            series: wallets.map { wallet in
                ChartModel.Series(
                    name: PaymentRow.walletName(wallet, call.words),
                    values: now.hours.map { percent($0.byWallet[wallet]?.outcomes.rate) },
                    links: now.hours.map { _ in list([("wallet", wallet), ("tab", "unpaid")]) }
                )
            }
        )
        return chart.model(
            id: "rates",
            title: call.text(Phrase("chart.rates")),
            help: call.text(Phrase("chart.ratesHelp"))
        )
    }

    private func reasons(_ now: Dashboard) -> [String: Any] {
        let ranked = now.byReason.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(10)
        let chart = ChartModel(
            kind: .bar,
            unit: call.text(Phrase("unit.payments")),
            labels: ranked.map { PaymentRow.reason($0.key, call.words) },
            series: [
                ChartModel.Series(
                    name: call.text(Phrase("chart.count")),
                    values: ranked.map { Double($0.value) },
                    links: ranked.map { list([("reason", $0.key)]) }
                )
            ]
        )
        return chart.model(
            id: "reasons",
            title: call.text(Phrase("chart.reasons")),
            help: call.text(Phrase("chart.reasonsHelp"))
        )
    }

    private func times(_ now: Dashboard) -> [String: Any] {
        let chart = ChartModel(
            kind: .line,
            unit: "ms",
            labels: hourLabels(now),
            series: [50, 95, 99].map { percent in
                ChartModel.Series(
                    name: "p\(percent)",
                    values: now.hours.map { Tally.percentile($0.times, percent).map(Double.init) },
                    links: now.hours.map { _ in list([]) }
                )
            }
        )
        return chart.model(
            id: "times",
            title: call.text(Phrase("chart.times")),
            help: call.text(Phrase("chart.timesHelp"))
        )
    }

    private func share(_ now: Dashboard) -> [String: Any] {
        let wallets = now.byWallet.filter { !$0.key.isEmpty && $0.value.outcomes.succeeded > 0 }
            .sorted { ($1.value.outcomes.succeeded, $0.key) < ($0.value.outcomes.succeeded, $1.key) }
        let chart = ChartModel(
            kind: .doughnut,
            unit: call.text(Phrase("unit.payments")),
            labels: wallets.map { PaymentRow.walletName($0.key, call.words) },
            series: [
                ChartModel.Series(
                    name: call.text(Phrase("chart.count")),
                    values: wallets.map { Double($0.value.outcomes.succeeded) },
                    links: wallets.map { list([("wallet", $0.key), ("tab", "paid")]) }
                )
            ]
        )
        return chart.model(
            id: "share",
            title: call.text(Phrase("chart.share")),
            help: call.text(Phrase("chart.shareHelp"))
        )
    }

    /// What had no result in time, and what became of it.
    func funnel(_ now: Dashboard) -> [[String: Any]] {
        ["unknown", "revoking", "revoked", "revoke_failed"].map { state in
            [
                "name": call.text(Phrase(family: "state", state)),
                "count": call.formats.count(now.byState[state] ?? 0),
                "path": list([("state", state)]),
            ]
        }
    }

    func ranking(_ now: Dashboard, best: Bool, least: Int, count: Int) -> [[String: Any]] {
        let counted = now.byStore.compactMap { code, cell -> (code: String, rate: Int, cell: Dashboard.Cell)? in
            let outcomes = cell.outcomes
            guard outcomes.succeeded + outcomes.failed >= least, let rate = outcomes.rate else { return nil }
            return (code, rate, cell)
        }
        let sorted = counted.sorted {
            best ? ($1.rate, $0.code) < ($0.rate, $1.code) : ($0.rate, $0.code) < ($1.rate, $1.code)
        }
        return sorted.prefix(count).map { row in
            [
                "name": names[row.code] ?? row.code,
                "code": row.code,
                "rate": Outcomes.text(row.rate),
                "count": call.formats.count(row.cell.count),
                "path": list([("place", row.code), ("tab", "unpaid")]),
            ]
        }
    }

    /// A row for each weekday; shades from 0 to 5 by the busiest hour.
    func heat(_ cells: [[Int]]) -> [[String: Any]] {
        let most = max(1, cells.flatMap(\.self).max() ?? 1)
        return cells.enumerated().map { day, hours in
            [
                "day": call.text(Phrase(family: "weekday", "\(day + 1)")),
                "hours": hours.map { count in
                    [
                        "count": call.formats.count(count),
                        "shade": count == 0 ? "0" : "\((count * 5 + most - 1) / most)",
                    ]
                },
            ]
        }
    }
}
