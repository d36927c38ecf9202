// Part of Tillbridge. See LICENSE.
import GRDB

/// What went wrong by a rule: raised once, until it is over.
struct Alert: Sendable {
    let id: Int64
    let rule: Int64
    let kind: AlertRule.Kind
    let path: String
    let placeCode: String
    let placeName: String
    /// The payment's number, the store's code or the cloud; empty where the rule has one alert at a time.
    let subject: String
    let wallet: String
    /// When it was raised: tenths of a percent, payments, minutes or seconds, by its kind.
    let value: Int64
    /// What the rule said then.
    let bound: Int64
    let minutes: Int64
    /// Milliseconds since 1970, each.
    let raisedAt: Int64
    let clearedAt: Int64?
    let acknowledgedAt: Int64?
    let acknowledgedBy: String?
    let note: String?

    private static let columns = "alert.*, node.path, node.code AS place_code, node.name AS place_name"
    private static let tables = "alert JOIN node ON node.id = alert.node"

    private init?(_ row: Row) {
        guard let kind = AlertRule.Kind(rawValue: row["kind"]) else { return nil }
        id = row["id"]
        rule = row["rule"]
        self.kind = kind
        path = row["path"]
        placeCode = row["place_code"]
        placeName = row["place_name"]
        subject = row["subject"]
        wallet = row["wallet"]
        value = row["value"]
        bound = row["bound"]
        minutes = row["minutes"]
        raisedAt = row["raised_at"]
        clearedAt = row["cleared_at"]
        acknowledgedAt = row["acknowledged_at"]
        acknowledgedBy = row["acknowledged_by"]
        note = row["note"]
    }

    static func of(id: Int64, _ database: Database) throws -> Alert? {
        try Row.fetchOne(database, sql: "SELECT \(columns) FROM \(tables) WHERE alert.id = ?", arguments: [id])
            .flatMap { Alert($0) }
    }

    /// The newest first.
    static func open(in scope: Scope, _ database: Database) throws -> [Alert] {
        try Row.fetchAll(
            database,
            sql: "SELECT \(columns) FROM \(tables) WHERE cleared_at IS NULL ORDER BY alert.id DESC"
        ).compactMap { Alert($0) }.filter { scope.covers($0.path) }
    }

    /// Those that are over, the newest first.
    static func past(in scope: Scope, before id: Int64?, limit: Int, _ database: Database) throws -> [Alert] {
        let within = scope.placeCondition("node.path")
        return try Row.fetchAll(
            database,
            sql: """
                SELECT \(columns) FROM \(tables) WHERE cleared_at IS NOT NULL AND alert.id < ? AND \(within.sql)
                ORDER BY alert.id DESC LIMIT ?
                """,
            arguments: [id ?? .max] + within.arguments + [limit]
        ).compactMap { Alert($0) }
    }

    /// How many are open that nobody has taken note of yet: what the badge of each page says.
    static func count(in scope: Scope, _ database: Database) throws -> Int {
        let within = scope.placeCondition("node.path")
        return try Int.fetchOne(
            database,
            sql: """
                SELECT count(*) FROM \(tables) WHERE cleared_at IS NULL AND acknowledged_at IS NULL AND \(within.sql)
                """,
            arguments: within.arguments
        ) ?? 0
    }

    /// In a sentence.
    func text(_ words: Words, _ formats: Formats) -> String {
        let name = wallet.isEmpty ? "" : " · " + PaymentRow.walletName(wallet, words)
        let phrase =
            switch kind {
            case .successRate:
                Phrase("alertText.successRate", Outcomes.text(Int(value)), "\(bound)", "\(minutes)")
            case .unknownAge: Phrase("alertText.unknownAge", formats.count(Int(value)), "\(bound)")
            case .undoFailed: Phrase("alertText.undoFailed", subject)
            case .refundFailed: Phrase("alertText.refundFailed", subject)
            case .noSales: Phrase("alertText.noSales", subject, "\(bound)")
            case .cloudSilent: Phrase("alertText.cloudSilent", subject, formats.duration(value * 1_000))
            }
        return words.text(phrase) + name
    }
}

/// An alert as webhooks tell it.
struct ApiAlert: Encodable, Sendable {
    let id: Int64
    let kind: String
    /// The place's code.
    let place: String
    let subject: String?
    let wallet: String?
    let text: String
    /// RFC 3339, each.
    let raisedAt: String
    let clearedAt: String?

    init(_ alert: Alert, _ formats: Formats) {
        id = alert.id
        kind = alert.kind.rawValue
        place = alert.placeCode
        subject = alert.subject.isEmpty ? nil : alert.subject
        wallet = alert.wallet.isEmpty ? nil : alert.wallet
        text = alert.text(.of(.english), formats)
        raisedAt = ApiJSON.moment(alert.raisedAt)
        clearedAt = alert.clearedAt.map { ApiJSON.moment($0) }
    }
}
