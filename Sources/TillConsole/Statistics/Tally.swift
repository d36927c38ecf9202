// Part of Tillbridge. See LICENSE.
import GRDB

/// Payments counted by hour, store, wallet and how they ended, kept up to date with each change, so that a dashboard
/// over ten million payments reads a few thousand rows. Test payments are not counted.
enum Tally {
    static let hourMilliseconds: Int64 = 3_600_000
    /// Times are counted in classes that grow by a quarter of a doubling: within a fifth of the true value.

    /// What of a payment is counted.
    struct Mark: Sendable {
        let createdAt: Int64
        let store: String
        let wallet: String
        let state: String
        let reason: String?
        /// Fen.
        let amount: Int64
        let resultAfter: Int64?
    }

    /// - Parameter count: 1 for what a payment is, -1 for what it was.
    static func add(_ mark: Mark, count: Int, _ database: Database) throws {
        let hour = mark.createdAt / hourMilliseconds
        try database.cachedStatement(
            sql: """
                INSERT INTO tally (hour, store, wallet, state, reason, count, amount) VALUES (?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET count = count + excluded.count, amount = amount + excluded.amount
                """
        ).execute(arguments: [
            hour, mark.store, mark.wallet, mark.state, mark.reason ?? "", count, Int64(count) * mark.amount,
        ])
        guard let time = mark.resultAfter else { return }
        try database.cachedStatement(
            sql: """
                INSERT INTO tally_time (hour, store, class, count) VALUES (?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET count = count + excluded.count
                """
        ).execute(arguments: [hour, mark.store, timeClass(time), count])
    }

    static func timeClass(_ milliseconds: Int64) -> Int {
        var (bound, number) = (1.0, 0)
        let step = Tally.step
        while bound < Double(milliseconds) {
            bound *= step
            number += 1
        }
        return number
    }

    /// The longest time of a class, in milliseconds.
    static func bound(of timeClass: Int) -> Int64 {
        var bound = 1.0
        for _ in 0..<timeClass { bound *= Tally.step }
        return Int64(bound)
    }

    /// The fourth root of two.
    private static let step = 2.0.squareRoot().squareRoot()

    /// The nearest rank of counted classes; nil without any.
    static func percentile(_ classes: [Int: Int], _ percent: Int) -> Int64? {
        let total = classes.values.reduce(0, +)
        guard total > 0 else { return nil }
        var left = max(1, (total * percent + 99) / 100)
        for (timeClass, count) in classes.sorted(by: { $0.key < $1.key }) {
            left -= count
            if left <= 0 { return bound(of: timeClass) }
        }
        return nil
    }
}

extension Tally.Mark {
    /// A row of the table of payments.
    init(_ row: Row) {
        self.init(
            createdAt: row["created_at"],
            store: row["store"],
            wallet: row["wallet"],
            state: row["state"],
            reason: row["reason"],
            amount: row["amount"],
            resultAfter: row["result_after"]
        )
    }
}
