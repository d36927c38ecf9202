// Part of Tillbridge. See LICENSE.
import GRDB

/// Pages of payments: newest first, or the longest problem first.
enum PaymentList {
    static let pageRows = 50

    /// Where the next page begins: after this payment.
    struct Place: Equatable, Sendable {
        /// Milliseconds since 1970, of what the list is ordered by.
        let moment: Int64
        let number: String

        init(moment: Int64, number: String) {
            self.moment = moment
            self.number = number
        }

        /// Reads `1700000000000-QF0…`.
        init?(_ text: String) {
            let parts = text.split(separator: "-", maxSplits: 1)
            guard parts.count == 2, let moment = Int64(parts[0]) else { return nil }
            self.init(moment: moment, number: String(parts[1]))
        }

        var text: String { "\(moment)-\(number)" }
    }

    /// One page, and the place after it where there is more.
    static func page(
        _ filter: PaymentFilter,
        in scope: Scope,
        after place: Place?,
        rows limit: Int = pageRows,
        _ database: Database
    ) throws -> (rows: [PaymentRow], next: Place?) {
        var (sql, arguments) = filter.condition(in: scope)
        if let place {
            sql += filter.isByAge ? " AND (problem_since, number) > (?, ?)" : " AND (created_at, number) < (?, ?)"
            arguments += [place.moment, place.number]
        }
        arguments += [limit + 1]
        let rows = try Row.fetchAll(
            database,
            sql: "SELECT \(PaymentRow.columns) FROM payment WHERE \(sql) ORDER BY \(order(filter)) LIMIT ?",
            arguments: arguments
        ).map { PaymentRow($0) }
        guard rows.count > limit, let last = rows.dropLast().last else { return (rows, nil) }
        let moment = filter.isByAge ? last.problemSince ?? last.changedAt : last.createdAt
        return (Array(rows.dropLast()), Place(moment: moment, number: last.number))
    }

    private static func order(_ filter: PaymentFilter) -> String {
        filter.isByAge ? "problem_since, number" : "created_at DESC, number DESC"
    }

    /// What has changed after a change, oldest first: what a live list is sent.
    static func changes(
        after change: Int64,
        _ filter: PaymentFilter,
        in scope: Scope,
        _ database: Database
    ) throws -> [PaymentRow] {
        var (sql, arguments) = filter.condition(in: scope)
        sql += " AND change > ?"
        arguments += [change]
        return try Row.fetchAll(
            database,
            sql: "SELECT \(PaymentRow.columns) FROM payment WHERE \(sql) ORDER BY change LIMIT 200",
            arguments: arguments
        ).map { PaymentRow($0) }
    }

    static func lastChange(_ database: Database) throws -> Int64 {
        try Int64.fetchOne(database, sql: "SELECT coalesce(max(change), 0) FROM payment") ?? 0
    }
}
