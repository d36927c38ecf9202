// Part of Tillbridge. See LICENSE.
import GRDB
import Hummingbird

/// Alerts: what is wrong now and what was, and the rules that say what is wrong.
enum AlertRoutes {
    static let all: [ConsoleRoute] = [
        .get("/system/alerts", .permission(.viewAlerts)) { try await page($0) },
        .post("/system/alerts/:id/acknowledge", .permission(.acknowledgeAlerts)) { try await acknowledge($0) },
        .get("/system/alerts/rules/new", .permission(.manageAlerts)) { try await newPage($0) },
        .post("/system/alerts/rules/new", .permission(.manageAlerts)) { try await make($0) },
        .get("/system/alerts/rules/:id", .permission(.manageAlerts)) { try await rulePage($0) },
        .post("/system/alerts/rules/:id", .permission(.manageAlerts)) { try await edit($0) },
        .post("/system/alerts/rules/:id/delete", .permission(.manageAlerts)) { try await delete($0) },
    ]

    private static let pastRows = 50
    private static let longestNote = 200

    // MARK: - Alerts

    private static func page(_ call: Call, problems: Problems = Problems(), at refused: Int64? = nil) async throws
        -> Response
    {
        let viewer = try call.viewer
        let scope = viewer.scope(of: .viewAlerts)
        let before = Int64(call.query["before"])
        let (open, past, rules) = try await call.console.pool.read { database in
            (
                try Alert.open(in: scope, database),
                try Alert.past(in: scope, before: before, limit: pastRows + 1, database),
                try AlertRule.all(database).filter { scope.covers($0.path) }
            )
        }
        let shown = past.prefix(pastRows)
        var model: [String: Any] = [
            "open": open.map { alert in
                let isRefused = alert.id == refused
                return AlertView.model(alert, call).merging([
                    "mayAcknowledge": alert.acknowledgedAt == nil
                        && viewer.scope(of: .acknowledgeAlerts).covers(alert.path),
                    "typed": isRefused ? call.form["note"] : "",
                    "problem": isRefused ? problems["note"].map { call.text($0) } ?? "" : "",
                ]) { $1 }
            },
            "hasOpen": !open.isEmpty,
            "past": shown.map { AlertView.model($0, call) },
            "hasPast": !shown.isEmpty,
            "rules": rules.map { rule in
                AlertView.model(rule, call).merging([
                    "path": viewer.scope(of: .manageAlerts).covers(rule.path) ? "/system/alerts/rules/\(rule.id)" : ""
                ]) { $1 }
            },
            "hasRules": !rules.isEmpty,
            "mayManage": viewer.may(.manageAlerts),
        ]
        if past.count > pastRows, let last = shown.last { model["next"] = "/system/alerts?before=\(last.id)" }
        return try call.page("alerts", model, status: problems.isEmpty ? .ok : .unprocessableContent)
    }

    private static func acknowledge(_ call: Call) async throws -> Response {
        let id = try call.number("id")
        let alert = try await call.console.pool.read { try Alert.of(id: id, $0) }
        guard let alert, try call.viewer.scope(of: .acknowledgeAlerts).covers(alert.path) else {
            throw ConsoleProblem.notFound
        }
        let note = call.form["note"]
        var problems = Problems()
        if note.count > longestNote { problems.add("note", Phrase("problem.long", "\(longestNote)")) }
        guard problems.isEmpty else { return try await page(call, problems: problems, at: id) }
        do {
            try await AlertDesk(call: call).acknowledge(alert, note: note)
        } catch AlertDesk.Refusal.seen {
            throw ConsoleProblem.refused(Phrase("alerts.seen"))
        }
        return call.redirect("/system/alerts", said: "alertAcknowledged")
    }

    // MARK: - Rules

    private static func newPage(_ call: Call, problems: Problems = Problems()) async throws -> Response {
        let kind = AlertRule.Kind(rawValue: call.form.has("kind") ? call.form["kind"] : call.query["kind"])
        let isOfAll = try call.viewer.scope(of: .manageAlerts).covers("/1/")
        guard let kind, isOfAll || !kind.isOfTheTop else {
            let kinds = AlertRule.Kind.allCases.filter { isOfAll || !$0.isOfTheTop }
            return try call.page(
                "alert-kinds",
                [
                    "kinds": kinds.map { kind -> [String: Any] in
                        [
                            "path": "/system/alerts/rules/new?kind=\(kind.rawValue)",
                            "name": call.text(Phrase(family: "alertKind", kind.rawValue)),
                            "help": call.text(Phrase(family: "alertHelp", kind.rawValue)),
                        ]
                    }
                ]
            )
        }
        let form = call.form.has("kind") ? AlertRuleForm(call.form, kind: kind, isOn: true) : AlertRuleForm(kind)
        var model = try await form.model(problems, call, withState: false)
        model["action"] = "/system/alerts/rules/new"
        model["isNew"] = true
        return try call.page("alert-rule", model, status: problems.isEmpty ? .ok : .unprocessableContent)
    }

    private static func make(_ call: Call) async throws -> Response {
        guard let kind = AlertRule.Kind(rawValue: call.form["kind"]) else { return try await newPage(call) }
        if kind.isOfTheTop { try call.require(.manageAlerts, at: "/1/") }
        var problems = Problems()
        let wanted = try await AlertRuleForm(call.form, kind: kind, isOn: true).wanted(&problems, call)
        guard let wanted else { return try await newPage(call, problems: problems) }
        try await AlertDesk(call: call).make(wanted)
        return call.redirect("/system/alerts", said: "saved")
    }

    /// - Throws: ``ConsoleProblem/notFound`` for one of another part of the organisation, as for one that there is not.
    private static func rule(_ call: Call) async throws -> AlertRule {
        let id = try call.number("id")
        let rule = try await call.console.pool.read { try AlertRule.of(id: id, $0) }
        guard let rule, try call.viewer.scope(of: .manageAlerts).covers(rule.path) else {
            throw ConsoleProblem.notFound
        }
        return rule
    }

    private static func rulePage(_ call: Call, problems: Problems = Problems(), isStale: Bool = false) async throws
        -> Response
    {
        let rule = try await rule(call)
        let stored = AlertRuleForm(rule)
        let isTyped = call.form.has("version")
        let form = isTyped ? AlertRuleForm(call.form, kind: rule.kind, isOn: call.form["on"] == "on") : stored
        var model = try await form.model(problems, call, withState: true)
        model["action"] = "/system/alerts/rules/\(rule.id)"
        model["isNew"] = false
        model["version"] = isStale || !isTyped ? "\(rule.version)" : call.form["version"]
        if isStale {
            model["isStale"] = true
            model["differences"] = form.differences(from: stored, call)
        }
        return try call.page(
            "alert-rule",
            model,
            status: isStale ? .conflict : problems.isEmpty ? .ok : .unprocessableContent
        )
    }

    private static func edit(_ call: Call) async throws -> Response {
        let rule = try await rule(call)
        var problems = Problems()
        let form = AlertRuleForm(call.form, kind: rule.kind, isOn: call.form["on"] == "on")
        guard let wanted = try await form.wanted(&problems, call) else {
            return try await rulePage(call, problems: problems)
        }
        do {
            try await AlertDesk(call: call).edit(rule.id, version: Int64(call.form["version"]) ?? 0, wanted)
        } catch AlertDesk.Refusal.stale {
            return try await rulePage(call, isStale: true)
        }
        return call.redirect("/system/alerts", said: "saved")
    }

    private static func delete(_ call: Call) async throws -> Response {
        try await AlertDesk(call: call).delete(try await rule(call))
        return call.redirect("/system/alerts", said: "alertRuleDeleted")
    }
}
