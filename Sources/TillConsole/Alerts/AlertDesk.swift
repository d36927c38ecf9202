// Part of Tillbridge. See LICENSE.
import GRDB

/// Makes and changes rules, and notes that somebody has seen an alert. What must hold is checked in the transaction of
/// the change.
struct AlertDesk: Sendable {
    let call: Call

    enum Refusal: Error, Equatable {
        /// Somebody else changed it in between.
        case stale
        /// Somebody has taken note already, or it is over.
        case seen
    }

    struct Wanted: Equatable, Sendable {
        let kind: AlertRule.Kind
        let place: Node
        let wallet: String
        let numbers: [AlertRule.Number: Int]
        let hours: AlertRule.Hours?
        let isOn: Bool

        fileprivate var text: String {
            var parts = [kind.rawValue + (isOn ? "" : " off"), "@\(place.code)"]
            if !wallet.isEmpty { parts.append(wallet) }
            parts += AlertRule.Number.allCases.compactMap { number in
                numbers[number].map { "\(number.rawValue) \($0)" }
            }
            if let hours { parts.append(hours.text) }
            return parts.joined(separator: ", ")
        }
    }

    private static func values(_ wanted: Wanted) -> StatementArguments {
        [
            wanted.place.id, wanted.wallet, wanted.numbers[.percent], wanted.numbers[.minutes],
            wanted.numbers[.payments], wanted.numbers[.seconds], wanted.hours?.opens, wanted.hours?.closes, wanted.isOn,
        ]
    }

    func make(_ wanted: Wanted) async throws {
        let viewer = try call.viewer
        try await call.console.pool.write { database in
            try database.execute(
                sql: """
                    INSERT INTO alert_rule (node, wallet, percent, minutes, payments, seconds, opens, closes, is_on, kind,
                        creator_name)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: AlertDesk.values(wanted) + [wanted.kind.rawValue, viewer.name]
            )
            let event = try call.event("alertrule.made", "alertrule:\(database.lastInsertedRowID)", after: wanted.text)
            try AuditLog.append(event, at: call.now, database)
        }
    }

    func edit(_ id: Int64, version: Int64, _ wanted: Wanted) async throws {
        try await call.console.pool.write { database in
            guard let rule = try AlertRule.of(id: id, database), let place = try Node.of(id: rule.node, database) else {
                throw ConsoleProblem.notFound
            }
            guard rule.version == version else { throw Refusal.stale }
            try database.execute(
                sql: """
                    UPDATE alert_rule SET node = ?, wallet = ?, percent = ?, minutes = ?, payments = ?, seconds = ?,
                        opens = ?, closes = ?, is_on = ?, version = version + 1
                    WHERE id = ?
                    """,
                arguments: AlertDesk.values(wanted) + [id]
            )
            let before = Wanted(
                kind: rule.kind,
                place: place,
                wallet: rule.wallet,
                numbers: rule.numbers,
                hours: rule.hours,
                isOn: rule.isOn
            )
            let event = try call.event(
                "alertrule.changed",
                "alertrule:\(id)",
                before: before.text,
                after: wanted.text
            )
            try AuditLog.append(event, at: call.now, database)
        }
    }

    /// What it has raised is over; its history stays.
    func delete(_ rule: AlertRule) async throws {
        let event = try call.event("alertrule.deleted", "alertrule:\(rule.id)", before: rule.kind.rawValue)
        let formats = Formats(language: .english, zone: call.console.settings.zone)
        try await call.console.pool.write { database in
            let open = try Int64.fetchAll(
                database,
                sql: "SELECT id FROM alert WHERE rule = ? AND cleared_at IS NULL",
                arguments: [rule.id]
            )
            for id in open { try AlertWatch.clear(id, at: call.now, formats, database) }
            try database.execute(sql: "DELETE FROM alert_rule WHERE id = ?", arguments: [rule.id])
            try AuditLog.append(event, at: call.now, database)
        }
    }

    func acknowledge(_ alert: Alert, note: String) async throws {
        let viewer = try call.viewer
        let event = try call.event("alert.acknowledged", "alert:\(alert.id)", after: note)
        try await call.console.pool.write { database in
            try database.execute(
                sql: """
                    UPDATE alert SET acknowledged_at = ?, acknowledged_by = ?, note = ?
                    WHERE id = ? AND acknowledged_at IS NULL AND cleared_at IS NULL
                    """,
                arguments: [call.now, viewer.name, note, alert.id]
            )
            guard database.changesCount == 1 else { throw Refusal.seen }
            try AuditLog.append(event, at: call.now, database)
        }
    }
}
