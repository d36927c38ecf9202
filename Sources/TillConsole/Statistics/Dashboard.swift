// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB

/// The numbers of a period, from the tallies.
struct Dashboard: Sendable {
    /// Counted alike, whatever they belong to.
    struct Cell: Equatable, Sendable {
        var outcomes = Outcomes()
        var count = 0
        /// Fen that were paid.
        var paid: Int64 = 0

        mutating func add(state: String, reason: String, count: Int, amount: Int64) {
            outcomes.add(state: state, reason: reason.isEmpty ? nil : reason, count: count)
            self.count += count
            if PaymentStates.paid.contains(state) { paid += amount }
        }
    }

    struct Hour: Sendable {
        /// Since 1970.
        let hour: Int64
        var byWallet: [String: Cell] = [:]
        var times: [Int: Int] = [:]
    }

    var total = Cell()
    var byWallet: [String: Cell] = [:]
    var byStore: [String: Cell] = [:]
    /// Failures alone, without what shopper or cashier broke off.
    var byReason: [String: Int] = [:]
    var byState: [String: Int] = [:]
    var times: [Int: Int] = [:]
    private(set) var hours: [Hour] = []

    /// - Parameters:
    ///   - from: Milliseconds since 1970, the beginning of an hour.
    ///   - until: Not part of it any more.
    init(from: Int64, until: Int64, in scope: Scope, _ database: Database) throws {
        let first = from / Tally.hourMilliseconds
        let end = (until + Tally.hourMilliseconds - 1) / Tally.hourMilliseconds
        let within = scope.storeCondition("store")
        var hours: [Int64: Hour] = [:]
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT hour, store, wallet, state, reason, count, amount FROM tally
                WHERE hour >= ? AND hour < ? AND count <> 0 AND \(within.sql)
                """,
            arguments: [first, end] + within.arguments
        )
        while let row = try rows.next() {
            let (hour, store, wallet): (Int64, String, String) = (row[0], row[1], row[2])
            let (state, reason): (String, String) = (row[3], row[4])
            let (count, amount): (Int, Int64) = (row[5], row[6])
            total.add(state: state, reason: reason, count: count, amount: amount)
            byWallet[wallet, default: Cell()].add(state: state, reason: reason, count: count, amount: amount)
            byStore[store, default: Cell()].add(state: state, reason: reason, count: count, amount: amount)
            hours[hour, default: Hour(hour: hour)].byWallet[wallet, default: Cell()]
                .add(state: state, reason: reason, count: count, amount: amount)
            byState[state, default: 0] += count
            if Outcomes.isFailure(state: state, reason: reason), !reason.isEmpty {
                byReason[reason, default: 0] += count
            }
        }
        let times = try Row.fetchCursor(
            database,
            sql: """
                SELECT hour, class, sum(count) FROM tally_time
                WHERE hour >= ? AND hour < ? AND \(within.sql) GROUP BY hour, class
                """,
            arguments: [first, end] + within.arguments
        )
        while let row = try times.next() {
            let (hour, timeClass, count): (Int64, Int, Int) = (row[0], row[1], row[2])
            self.times[timeClass, default: 0] += count
            hours[hour, default: Hour(hour: hour)].times[timeClass, default: 0] += count
        }
        self.hours = (first..<max(first, end)).map { hours[$0] ?? Hour(hour: $0) }
    }

    /// Payments by weekday (Monday first) and hour of the day, of so many days before a moment.
    static func heat(days: Int, before until: Int64, zone: TimeZone, in scope: Scope, _ database: Database) throws
        -> [[Int]]
    {
        let within = scope.storeCondition("store")
        let first = (until - Int64(days) * 86_400_000) / Tally.hourMilliseconds
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT hour, sum(count) FROM tally WHERE hour > ? AND hour <= ? AND \(within.sql) GROUP BY hour
                """,
            arguments: [first, until / Tally.hourMilliseconds] + within.arguments
        )
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        var cells = [[Int]](repeating: [Int](repeating: 0, count: 24), count: 7)
        for row in rows {
            let (hour, count): (Int64, Int) = (row[0], row[1])
            let parts = calendar.dateComponents(
                [.weekday, .hour],
                from: Date(timeIntervalSince1970: Double(hour) * 3_600)
            )
            // Sunday is 1.
            cells[((parts.weekday ?? 1) + 5) % 7][parts.hour ?? 0] += count
        }
        return cells
    }
}
