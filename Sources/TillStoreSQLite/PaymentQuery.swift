// Part of Tillbridge. See LICENSE.
import GRDB
import TillDomain
import TillEngine
import TillStore

/// A filter as SQL.
struct PaymentQuery {
    let sql: String
    let arguments: StatementArguments

    init(_ filter: PaymentFilter) {
        var conditions: [String] = []
        var values: [(any DatabaseValueConvertible)?] = []
        func add(_ condition: String, _ value: (any DatabaseValueConvertible)?...) {
            conditions.append(condition)
            values += value
        }
        if let text = filter.text {
            if let number = RefundNumber(text.utf8)?.order ?? OrderNumber(text.utf8) {
                add("store = ? AND number = ?", PaymentRow.text(number.register.store), number.text)
            } else {
                add("(sale_reference = ? OR wallet_transaction = ?)", text, text)
            }
        }
        // A chain is a prefix of its stores: a range keeps the index usable.
        if let store = filter.store { add("store >= ? AND store < ?", store, store + "~") }
        if let register = filter.register {
            add("store = ? AND register = ?", PaymentRow.text(register.store), register.text)
        }
        if !filter.states.isEmpty {
            conditions.append("state IN (\(filter.states.map { _ in "?" }.joined(separator: ", ")))")
            values += filter.states.map { $0.text }
        }
        if let wallet = filter.wallet { add("wallet = ?", wallet.text) }
        if filter.queuedOnly { conditions.append("queued = 1") }
        if let from = filter.from { add("created_at >= ?", from.milliseconds) }
        if let until = filter.until { add("created_at < ?", until.milliseconds) }
        if let after = filter.after {
            add("(created_at, number) < (?, ?)", after.createdAt.milliseconds, after.number.text)
        }
        let condition = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
        sql = "SELECT * FROM payment \(condition) ORDER BY created_at DESC, number DESC LIMIT ?"
        arguments = StatementArguments(values + [min(max(filter.limit, 1), 1_000)])
    }
}
