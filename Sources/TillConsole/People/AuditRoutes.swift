// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import Hummingbird

/// The audit log: who did what, and whether anything of it was changed. It tells of all places, so it is for those
/// who may see it at the top.
enum AuditRoutes {
    static let all: [ConsoleRoute] = [
        .get("/audit", .permission(.viewAudit)) { try await list($0) },
        .get("/audit/verify", .permission(.viewAudit)) { try await verify($0) },
        .get("/audit/export", .permission(.viewAudit)) { try await export($0) },
    ]

    private static let pageRows = 100
    private static let exportRows = 50_000

    private static func list(_ call: Call) async throws -> Response {
        try call.require(.viewAudit, at: "/1/")
        let filter = AuditFilter(call.query, zone: call.console.settings.zone)
        let before = Int64(call.query["before"])
        let entries = try await call.console.pool.read { database in
            try filter.entries(before: before, limit: pageRows + 1, database)
        }
        let query = call.query.query(without: ["before", "said"])
        let shown = entries.prefix(pageRows)
        var model: [String: Any] = [
            "fields": filter.fields(call),
            "entries": shown.map { entry($0, call) },
            "isEmpty": entries.isEmpty,
            "emptyText": call.text(filter.isOpen ? Phrase("auditLog.empty") : Phrase("auditLog.emptyFiltered")),
            "export": "/audit/export" + (query.isEmpty ? "" : "?\(query)"),
            "exportHint": call.text(Phrase("auditLog.exportHint", call.formats.count(exportRows))),
        ]
        if entries.count > pageRows, let last = shown.last {
            model["next"] =
                "/audit?" + [query, "before=\(last.sequence)"].filter { !$0.isEmpty }.joined(separator: "&")
        }
        return try call.page("audit", model, status: filter.problems.isEmpty ? .ok : .unprocessableContent)
    }

    private static func entry(_ entry: AuditLog.Entry, _ call: Call) -> [String: Any] {
        [
            "sequence": "\(entry.sequence)",
            "date": call.formats.date(entry.time),
            "time": call.formats.time(entry.time),
            "actor": entry.actor,
            "action": AuditFilter.name(entry.action, call.words),
            "subject": entry.subject,
            "before": entry.before,
            "after": entry.after,
            "hasChange": !entry.before.isEmpty || !entry.after.isEmpty,
            "hasBefore": !entry.before.isEmpty,
            "address": entry.address,
        ]
    }

    private static func verify(_ call: Call) async throws -> Response {
        try call.require(.viewAudit, at: "/1/")
        let (result, head) = try await call.console.pool.read { database in
            let hash = try Data.fetchOne(database, sql: "SELECT hash FROM audit ORDER BY sequence DESC LIMIT 1")
            return (try AuditLog.verify(database), hash ?? Data())
        }
        let count = call.formats.count(Int(result.count))
        return try call.page(
            "audit-verified",
            [
                "isWhole": result.broken == nil,
                "text": result.broken.map { call.text(Phrase("auditLog.broken", "\($0)", count)) }
                    ?? call.text(Phrase("auditLog.whole", count)),
                "head": head.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(),
            ]
        )
    }

    private static func export(_ call: Call) async throws -> Response {
        try call.require(.viewAudit, at: "/1/")
        let filter = AuditFilter(call.query, zone: call.console.settings.zone)
        guard filter.problems.isEmpty else { return try await list(call) }
        let entries = try await call.console.pool.read { try filter.entries(before: nil, limit: exportRows, $0) }
        var text = CSV.line(["sequence", "time", "actor", "action", "subject", "before", "after", "address", "hash"])
        for entry in entries {
            let hash = entry.hash.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            text += CSV.line([
                "\(entry.sequence)", call.formats.moment(entry.time), entry.actor, entry.action, entry.subject,
                entry.before, entry.after, entry.address, hash,
            ])
        }
        return call.csv(text, name: "audit-\(call.formats.date(call.now)).csv")
    }
}

/// Which entries of the audit log are shown.
struct AuditFilter: Sendable {
    let actor: String
    let action: String
    let subject: String
    private let fromText: String
    private let untilText: String
    /// Milliseconds since 1970; `until` is not part of it any more.
    private var from: Int64?
    private var until: Int64?
    private(set) var problems = Problems()

    init(_ query: Form, zone: TimeZone) {
        actor = query["actor"]
        action = query["action"]
        subject = query["subject"]
        (fromText, untilText) = (query["from"], query["until"])
        let days = Days(zone: zone)
        from = day("from", fromText, days, adding: 0)
        until = day("until", untilText, days, adding: 1)
    }

    private mutating func day(_ field: String, _ text: String, _ days: Days, adding count: Int) -> Int64? {
        guard !text.isEmpty else { return nil }
        guard let start = days.start(typed: text, adding: count) else {
            problems.add(field, Phrase("problem.day"))
            return nil
        }
        return start
    }

    /// Whether nothing is left out.
    var isOpen: Bool { [actor, action, subject, fromText, untilText].allSatisfy(\.isEmpty) }

    /// The newest first.
    func entries(before sequence: Int64?, limit: Int, _ database: Database) throws -> [AuditLog.Entry] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT * FROM audit WHERE (:before IS NULL OR sequence < :before) AND (:actor = '' OR actor = :actor)
                    AND (:action = '' OR action = :action) AND (:subject = '' OR instr(subject, :subject) > 0)
                    AND (:from IS NULL OR time >= :from) AND (:until IS NULL OR time < :until)
                ORDER BY sequence DESC LIMIT :limit
                """,
            arguments: [
                "before": sequence, "actor": actor, "action": action, "subject": subject, "from": from, "until": until,
                "limit": limit,
            ]
        ).map { AuditLog.Entry($0) }
    }

    /// An action without a text is shown by its own name.
    static func name(_ action: String, _ words: Words) -> String {
        words.texts[Phrase(family: "audit", action).key] ?? action
    }

    func fields(_ call: Call) -> [[String: Any]] {
        let known = call.words.texts.keys.filter { $0.hasPrefix("audit.") }.map { String($0.dropFirst(6)) }
        let actions = known.map { (value: $0, label: AuditFilter.name($0, call.words)) }
        return call.fields(
            [
                Field(name: "actor", label: Phrase("auditLog.actor"), value: actor),
                Field(
                    name: "action",
                    label: Phrase("auditLog.action"),
                    kind: .choice,
                    value: action,
                    options: [(value: "", label: call.text(Phrase("auditLog.any")))]
                        + actions.sorted { $0.label < $1.label }
                ),
                Field(
                    name: "subject",
                    label: Phrase("auditLog.subject"),
                    value: subject,
                    hint: Phrase("auditLog.subjectHint")
                ),
                Field(
                    name: "from",
                    label: Phrase("payments.from"),
                    value: fromText,
                    hint: Phrase("payments.dayHint", call.console.settings.zone.identifier)
                ),
                Field(name: "until", label: Phrase("payments.until"), value: untilText),
            ],
            problems
        )
    }
}
