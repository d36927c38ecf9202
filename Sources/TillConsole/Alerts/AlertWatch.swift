// Part of Tillbridge. See LICENSE.
import GRDB
import Logging
import ServiceLifecycle

/// Looks every few seconds whether something is wrong by a rule, or no longer is.
struct AlertWatch: Service {
    private static let pause = Duration.seconds(5)

    let console: Console
    /// Milliseconds since 1970.
    let listeningSince: Int64

    init(console: Console) {
        self.console = console
        listeningSince = console.now()
    }

    func run() async throws {
        var isQuiet = false
        do {
            while true {
                try await cancelWhenGracefulShutdown { try await Task.sleep(for: AlertWatch.pause) }
                do {
                    try await round()
                    isQuiet = false
                } catch {
                    if !isQuiet { console.logger.warning("alerts are not looked at", metadata: ["error": "\(error)"]) }
                    isQuiet = true
                }
            }
        } catch is CancellationError {
            // The end.
        }
    }

    private struct Open: Sendable {
        let id: Int64
        let rule: Int64
        let subject: String
    }

    /// What is to be written: nothing, most of the time.
    private struct News: Sendable {
        var raised: [(rule: AlertRule, subject: String, verdict: AlertJudge.Verdict)] = []
        var cleared: [Int64] = []
    }

    /// Every rule once.
    func round() async throws {
        let now = console.now()
        let judge = AlertJudge(
            now: now,
            zone: console.settings.zone,
            listeningSince: listeningSince,
            folders: console.clouds.folders
        )
        let news = try await console.pool.read { try AlertWatch.news(judge, $0) }
        guard !news.raised.isEmpty || !news.cleared.isEmpty else { return }
        let formats = Formats(language: .english, zone: console.settings.zone)
        try await console.pool.write { database in
            for (rule, subject, verdict) in news.raised {
                try AlertWatch.raise(rule, subject, verdict, at: now, formats, database)
            }
            for id in news.cleared { try AlertWatch.clear(id, at: now, formats, database) }
        }
        console.bell.ring()
    }

    private static func news(_ judge: AlertJudge, _ database: Database) throws -> News {
        let open = try Row.fetchAll(database, sql: "SELECT id, rule, subject FROM alert WHERE cleared_at IS NULL")
            .map { Open(id: $0["id"], rule: $0["rule"], subject: $0["subject"]) }
        let byRule = Dictionary(grouping: open) { $0.rule }
        let rules = try AlertRule.all(database).filter(\.isOn)
        var news = News()
        for rule in rules {
            let finding = try judge.judge(rule, database)
            let known = byRule[rule.id] ?? []
            let subjects = Set(known.map(\.subject))
            news.raised += finding.verdicts.filter { $0.value.value != nil && !subjects.contains($0.key) }
                .sorted { $0.key < $1.key }.map { (rule, $0.key, $0.value) }
            if !finding.isCut { news.cleared += known.filter { finding.verdicts[$0.subject] == nil }.map(\.id) }
        }
        // Without its rule nothing says that it is still so.
        let ruled = Set(rules.map(\.id))
        news.cleared += open.filter { !ruled.contains($0.rule) }.map(\.id)
        return news
    }

    private static func raise(
        _ rule: AlertRule,
        _ subject: String,
        _ verdict: AlertJudge.Verdict,
        at now: Int64,
        _ formats: Formats,
        _ database: Database
    ) throws {
        let bound =
            switch rule.kind {
            case .successRate: rule.number(.percent)
            case .unknownAge, .noSales: rule.number(.minutes)
            case .cloudSilent: rule.number(.seconds)
            case .undoFailed, .refundFailed: 0
            }
        try database.execute(
            sql: """
                INSERT OR IGNORE INTO alert (rule, kind, node, subject, wallet, value, bound, minutes, raised_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                rule.id, rule.kind.rawValue, verdict.node, subject, rule.wallet, verdict.value, bound,
                rule.numbers[.minutes] ?? 0, now,
            ]
        )
        guard database.changesCount == 1 else { return }
        try tell(.alertRaised, database.lastInsertedRowID, at: now, formats, database)
    }

    static func clear(_ id: Int64, at now: Int64, _ formats: Formats, _ database: Database) throws {
        try database.execute(
            sql: "UPDATE alert SET cleared_at = ? WHERE id = ? AND cleared_at IS NULL",
            arguments: [now, id]
        )
        guard database.changesCount == 1 else { return }
        try tell(.alertCleared, id, at: now, formats, database)
    }

    private struct Content: Encodable, Sendable {
        let alert: ApiAlert
    }

    private static func tell(
        _ kind: Webhook.Kind,
        _ id: Int64,
        at now: Int64,
        _ formats: Formats,
        _ database: Database
    ) throws {
        guard let alert = try Alert.of(id: id, database) else { return }
        let isPayment = alert.kind == .undoFailed || alert.kind == .refundFailed
        let event = WebhookOutbox.Event(
            id: "evt_alert_\(id)_\(kind == .alertRaised ? "raised" : "cleared")",
            kind: kind,
            number: isPayment ? alert.subject : "",
            subject: "alert:\(id)",
            path: alert.path,
            time: now
        )
        try WebhookOutbox.add(event, at: now, database) { Content(alert: ApiAlert(alert, formats)) }
    }
}
