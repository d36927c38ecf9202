// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB

/// Which payments a list shows, as the address of the page holds it: all conditions hold.
struct PaymentFilter: Sendable {
    /// The tabs above the list.
    enum Tab: String, CaseIterable, Sendable {
        case all, paid, unpaid, problems, refunds

        /// Nil for all states.
        var states: Set<String>? {
            switch self {
            case .all: nil
            case .paid: PaymentStates.paid
            case .unpaid: PaymentStates.unpaid
            case .problems: PaymentStates.problems
            case .refunds: PaymentStates.refunds
            }
        }
    }

    /// Days as people choose them; the console's time zone decides where a day begins.
    enum Period: String, CaseIterable, Sendable {
        case today, yesterday, week, month, custom, all
    }

    var tab = Tab.all
    var period = Period.today
    /// Milliseconds since 1970; `until` is not part of it any more.
    var from: Int64?
    var until: Int64?
    /// An order number, a ticket, a wallet's number, the last four digits of a payment code, or an amount.
    var text = ""
    /// The code of a place.
    var place = ""
    var register = ""
    var wallet = ""
    var state = ""
    /// Why a payment is what it is; a word of the protocol.
    var reason = ""
    /// Fen.
    var least: Int64?
    var most: Int64?

    private(set) var problems = Problems()

    /// Whether the longest problem comes first, and not the newest payment.
    var isByAge: Bool { tab == .problems }

    private static let names = [
        "tab", "q", "period", "from", "until", "place", "register", "wallet", "state", "reason", "least", "most",
    ]

    /// The conditions of a query and nothing else of it, those of one filter always in the same order.
    static func query(_ form: Form) -> String {
        let conditions = names.map { (name: $0, value: form[$0]) }
        return conditions.filter { !$0.value.isEmpty && ($0.name, $0.value) != ("tab", Tab.all.rawValue) }
            .map { "\($0.name)=\(Form.encoded($0.value))" }.joined(separator: "&")
    }

    /// The list with the conditions of a query.
    static func path(_ query: String) -> String {
        let query = PaymentFilter.query(Form(query))
        return "/payments" + (query.isEmpty ? "" : "?\(query)")
    }

    init() {}

    init(_ query: Form, zone: TimeZone, now: Int64) {
        tab = Tab(rawValue: query["tab"]) ?? .all
        text = query["q"]
        place = query["place"]
        register = query["register"].uppercased()
        wallet = query["wallet"]
        state = query["state"]
        reason = query["reason"]
        // Whoever looks for a number looks in all days, and a problem does not end with its day.
        period = Period(rawValue: query["period"]) ?? (text.isEmpty && tab != .problems ? .today : .all)
        (least, most) = (amount(query, "least"), amount(query, "most"))
        let days = Days(zone: zone)
        switch period {
        case .today: from = days.start(of: now)
        case .yesterday:
            from = days.start(of: now, adding: -1)
            until = days.start(of: now)
        case .week: from = days.start(of: now, adding: -6)
        case .month: from = days.start(of: now, adding: -29)
        case .custom:
            from = day(query, "from", days)
            until = day(query, "until", days, adding: 1)
        case .all: break
        }
    }

    private mutating func amount(_ query: Form, _ name: String) -> Int64? {
        guard !query[name].isEmpty else { return nil }
        guard let fen = Formats.fen(query[name]) else {
            problems.add(name, Phrase("problem.amount"))
            return nil
        }
        return fen
    }

    private mutating func day(_ query: Form, _ name: String, _ days: Days, adding count: Int = 0) -> Int64? {
        guard !query[name].isEmpty else { return nil }
        guard let start = days.start(typed: query[name], adding: count) else {
            problems.add(name, Phrase("problem.day"))
            return nil
        }
        return start
    }

    /// The condition in SQL, for the payments within a scope.
    func condition(in scope: Scope) -> (sql: String, arguments: StatementArguments) {
        var parts: [String] = []
        var arguments = StatementArguments()
        func add(_ part: String, _ values: (any DatabaseValueConvertible)?...) {
            parts.append(part)
            arguments += StatementArguments(values)
        }
        if let from { add("created_at >= ?", from) }
        if let until { add("created_at < ?", until) }
        if !register.isEmpty { add("register = ?", register) }
        if !wallet.isEmpty { add("wallet = ?", wallet) }
        if !reason.isEmpty { add("reason = ?", reason) }
        if let least { add("amount >= ?", least) }
        if let most { add("amount <= ?", most) }
        if isByAge { parts.append("problem_since IS NOT NULL") }
        if !state.isEmpty {
            add("state = ?", state)
        } else if let states = tab.states, !isByAge {
            parts.append("state IN (\(states.map { _ in "?" }.joined(separator: ", ")))")
            arguments += StatementArguments(states.sorted())
        }
        if !place.isEmpty {
            add(
                """
                store IN (SELECT below.code FROM node AS below JOIN node AS chosen
                    ON below.path >= chosen.path AND below.path < chosen.path || '~'
                    WHERE chosen.code = ? AND below.kind = 'store')
                """,
                place
            )
        }
        if !text.isEmpty {
            // A refund's number begins with its payment's.
            let number = String(text.uppercased().prefix(24))
            var words = "number = ? OR ticket = ? OR wallet_number = ?"
            arguments += [number, text, text]
            if let fen = Formats.fen(text) {
                words += " OR amount = ?"
                arguments += [fen]
            }
            if text.utf8.count == 4, text.utf8.allSatisfy({ (48...57).contains($0) }) {
                words += " OR code_end = ?"
                arguments += [text]
            }
            parts.append("(\(words))")
        }
        let within = scope.storeCondition("store")
        parts.append(within.sql)
        arguments += within.arguments
        return (parts.joined(separator: " AND "), arguments)
    }
}
