// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB

/// How the payments of stores ended since their day began, from the tallies.
struct StoreRates: Sendable {
    private let outcomes: [String: Outcomes]

    /// - Parameters:
    ///   - stores: Nil for all.
    ///   - scope: Where the viewer may see statistics; other stores have none.
    init(of stores: [String]?, in scope: Scope, at now: Int64, zone: TimeZone, _ database: Database) throws {
        let within = scope.storeCondition("store")
        let first = Days(zone: zone).start(of: now) / Tally.hourMilliseconds
        // Hours one by one and stores one by one: each pair is found in the table's own order.
        let hours = Array(first...(now / Tally.hourMilliseconds))
        var sql = "hour IN (\(StoreRates.places(hours.count))) AND \(within.sql)"
        var arguments = StatementArguments(hours) + within.arguments
        if let stores {
            sql += " AND store IN (\(StoreRates.places(stores.count)))"
            arguments += StatementArguments(stores)
        }
        var outcomes: [String: Outcomes] = [:]
        let rows = try Row.fetchCursor(
            database,
            sql: "SELECT store, state, reason, count FROM tally WHERE count <> 0 AND \(sql)",
            arguments: arguments
        )
        while let row = try rows.next() {
            let (store, state, reason): (String, String, String) = (row[0], row[1], row[2])
            outcomes[store, default: Outcomes()].add(state: state, reason: reason, count: row[3])
        }
        self.outcomes = outcomes
    }

    private static func places(_ count: Int) -> String { repeatElement("?", count: count).joined(separator: ", ") }

    /// `98.5 %`; a dash without a payment that counts.
    func text(_ store: String) -> String { Outcomes.text(outcomes[store]?.rate) }

    /// How many payments the rate counts.
    func counted(_ store: String) -> Int { outcomes[store].map { $0.succeeded + $0.failed } ?? 0 }
}
