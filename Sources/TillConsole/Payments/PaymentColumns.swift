// Part of Tillbridge. See LICENSE.
import GRDB

/// A column of the list of payments.
enum PaymentColumn: String, CaseIterable, Sendable {
    case time, store, register, ticket, numbers, wallet, amount, refunded, state, result, cloud, actions

    /// Shown in any case: what leads to the payment, and how it stands.
    static let fixed: Set<PaymentColumn> = [.time, .state]
}

/// The columns that somebody sees, on the list and in its exports. Their order is always the same.
struct PaymentColumns: Equatable, Sendable {
    static let standard = PaymentColumns(Set(PaymentColumn.allCases).subtracting([.cloud]))
    private static let setting = "payments.columns"

    let shown: [PaymentColumn]

    init(_ chosen: Set<PaymentColumn>) {
        shown = PaymentColumn.allCases.filter { chosen.contains($0) || PaymentColumn.fixed.contains($0) }
    }

    /// As the database holds them. A column that this program does not know is left out.
    init(text: String) { self.init(Set(text.split(separator: " ").compactMap { PaymentColumn(rawValue: String($0)) })) }

    var text: String { shown.map(\.rawValue).joined(separator: " ") }

    static func of(user: Int64, _ database: Database) throws -> PaymentColumns {
        try String.fetchOne(
            database,
            sql: "SELECT value FROM user_setting WHERE user = ? AND name = ?",
            arguments: [user, setting]
        ).map { PaymentColumns(text: $0) } ?? standard
    }

    func keep(for user: Int64, _ database: Database) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO user_setting (user, name, value) VALUES (?, ?, ?)",
            arguments: [user, PaymentColumns.setting, text]
        )
    }

    /// For templates: `show.wallet`.
    var flags: [String: Any] { Dictionary(uniqueKeysWithValues: shown.map { ($0.rawValue, true) }) }

    /// One tick for each column.
    func boxes(_ words: Words) -> [[String: Any]] {
        PaymentColumn.allCases.map { column in
            [
                "name": column.rawValue,
                "label": words.text(Phrase(family: "listColumn", column.rawValue)),
                "isShown": shown.contains(column),
                "isFixed": PaymentColumn.fixed.contains(column),
            ]
        }
    }

    // MARK: - Exports

    private enum Cell: String {
        case time, store, storeName, register, platformNumber, ticket, walletNumber, wallet, amount, refunded, state
        case reason, result, cloud
    }

    /// What the columns on the screen hold, each by itself. How a payment stands, and what of it was given back, is
    /// part of every export.
    private var cells: [Cell] {
        PaymentColumn.allCases.flatMap { column -> [Cell] in
            switch column {
            case .refunded: [.refunded]
            case _ where !shown.contains(column): []
            case .time: [.time]
            case .store: [.store, .storeName]
            case .register: [.register]
            case .ticket: [.ticket]
            // On the screen the ticket stands among the numbers where it has no column of its own.
            case .numbers where shown.contains(.ticket): [.platformNumber, .walletNumber]
            case .numbers: [.platformNumber, .ticket, .walletNumber]
            case .wallet: [.wallet]
            case .amount: [.amount]
            case .state: [.state, .reason]
            case .result: [.result]
            case .cloud: [.cloud]
            case .actions: []
            }
        }
    }

    /// The first line of a file.
    func heading(_ words: Words) -> [String] { cells.map { words.text(Phrase(family: "column", $0.rawValue)) } }

    /// The line of a payment, in the order of the heading.
    func line(_ row: PaymentRow, _ words: Words, _ formats: Formats) -> [String] {
        cells.map { cell in
            switch cell {
            case .time: formats.moment(row.createdAt)
            case .store: row.store
            case .storeName: row.storeName
            case .register: row.register
            case .platformNumber: row.number
            case .ticket: row.ticket
            case .walletNumber: row.walletNumber ?? ""
            case .wallet: PaymentRow.walletName(row.wallet, words)
            case .amount: Formats.yuan(row.amount)
            case .refunded: Formats.yuan(row.refunded)
            case .state: words.text(Phrase(family: "state", row.state))
            case .reason: row.reason.map { PaymentRow.reason($0, words) } ?? ""
            case .result: row.resultAfter.map { "\($0)" } ?? ""
            case .cloud: row.cloud
            }
        }
    }
}
