// Part of Tillbridge. See LICENSE.
import GRDB

/// What people want to be told of when it goes wrong, for a place and everything below it.
struct AlertRule: Equatable, Sendable {
    enum Kind: String, CaseIterable, Sendable {
        case successRate = "success_rate"
        case unknownAge = "unknown_age"
        case undoFailed = "undo_failed"
        case refundFailed = "refund_failed"
        case noSales = "no_sales"
        case cloudSilent = "cloud_silent"

        /// The numbers that it is set by.
        var numbers: [Number] {
            switch self {
            case .successRate: [.percent, .minutes, .payments]
            case .unknownAge: [.minutes]
            case .undoFailed, .refundFailed: []
            case .noSales: [.minutes]
            case .cloudSilent: [.seconds]
            }
        }

        var hasHours: Bool { self == .noSales }

        /// The clouds are everybody's: a rule about them is the top's.
        var isOfTheTop: Bool { self == .cloudSilent }
    }

    enum Number: String, CaseIterable, Sendable {
        case percent, minutes, payments, seconds

        func range(_ kind: Kind) -> ClosedRange<Int> {
            switch self {
            case .percent: 1...100
            // A longer window would be read anew every few seconds.
            case .minutes: kind == .successRate ? 5...60 : 1...1_440
            case .payments: 1...100_000
            // A cloud with nothing to tell is heard every twenty seconds.
            case .seconds: 30...3_600
            }
        }

        func standard(_ kind: Kind) -> Int {
            switch self {
            case .percent: 90
            case .minutes: kind == .successRate ? 15 : kind == .noSales ? 60 : 5
            case .payments: 20
            case .seconds: 60
            }
        }
    }

    /// Minutes of the day, in the console's time zone; the end is not part of them any more.
    struct Hours: Equatable, Sendable {
        let opens: Int
        let closes: Int

        /// `08:30`, and `24:00` for the end of the day. Nil for anything else.
        static func minute(_ text: String) -> Int? {
            guard let parts = text.wholeMatch(of: /(\d{2}):(\d{2})/), let hour = Int(parts.1),
                let minute = Int(parts.2),
                minute < 60, hour * 60 + minute <= 1_440
            else { return nil }
            return hour * 60 + minute
        }

        static func text(_ minute: Int) -> String {
            func two(_ number: Int) -> String { (number < 10 ? "0" : "") + "\(number)" }
            return "\(two(minute / 60)):\(two(minute % 60))"
        }

        var text: String { "\(Hours.text(opens))–\(Hours.text(closes))" }
    }

    let id: Int64
    let kind: Kind
    let node: Int64
    let path: String
    let placeCode: String
    let placeName: String
    /// Empty for all.
    let wallet: String
    let numbers: [Number: Int]
    let hours: Hours?
    let isOn: Bool
    let creatorName: String
    let version: Int64

    func number(_ number: Number) -> Int { numbers[number] ?? number.standard(kind) }

    // MARK: - In the database

    private static let columns = "alert_rule.*, node.path, node.code AS place_code, node.name AS place_name"
    private static let tables = "alert_rule JOIN node ON node.id = alert_rule.node"

    private init?(_ row: Row) {
        guard let kind = Kind(rawValue: row["kind"]) else { return nil }
        id = row["id"]
        self.kind = kind
        node = row["node"]
        path = row["path"]
        placeCode = row["place_code"]
        placeName = row["place_name"]
        wallet = row["wallet"]
        numbers = Number.allCases.reduce(into: [:]) { $0[$1] = row[$1.rawValue] as Int? }
        hours = (row["opens"] as Int?).flatMap { opens in
            (row["closes"] as Int?).map { Hours(opens: opens, closes: $0) }
        }
        isOn = row["is_on"]
        creatorName = row["creator_name"]
        version = row["version"]
    }

    static func of(id: Int64, _ database: Database) throws -> AlertRule? {
        try Row.fetchOne(database, sql: "SELECT \(columns) FROM \(tables) WHERE alert_rule.id = ?", arguments: [id])
            .flatMap { AlertRule($0) }
    }

    static func all(_ database: Database) throws -> [AlertRule] {
        try Row.fetchAll(database, sql: "SELECT \(columns) FROM \(tables) ORDER BY alert_rule.id").compactMap {
            AlertRule($0)
        }
    }

    /// What every console begins with; made together with the organisation's top.
    static func makeStandard(top: Int64, _ database: Database) throws {
        for kind in [Kind.undoFailed, .cloudSilent] {
            try database.execute(
                sql: "INSERT INTO alert_rule (kind, node, seconds, creator_name) VALUES (?, ?, ?, 'console')",
                arguments: [kind.rawValue, top, kind == .cloudSilent ? Number.seconds.standard(kind) : nil]
            )
        }
    }
}
