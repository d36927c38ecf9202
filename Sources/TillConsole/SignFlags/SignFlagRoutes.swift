// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import Hummingbird
import TillCloud
import TillDomain

/// The Sign-Flag table: which payment code belongs to which wallet, which stores take it, by which account.
enum SignFlagRoutes {
    static let all: [ConsoleRoute] = [
        .get("/sign-flags", .permission(.viewSignFlags)) { try await page($0) },
        .post("/sign-flags/test", .permission(.viewSignFlags)) { try await test($0) },
        .get("/sign-flags/rules/new", .permission(.editSignFlags)) { try await form(.rule, $0) },
        .post("/sign-flags/rules/new", .permission(.editSignFlags)) { try await publish(.rule, $0) },
        .get("/sign-flags/rules/:rule", .permission(.editSignFlags)) { try await form(.change, $0) },
        .post("/sign-flags/rules/:rule", .permission(.editSignFlags)) { try await publish(.change, $0) },
        .get("/sign-flags/stores", .permission(.editSignFlags)) { try await form(.stores, $0) },
        .post("/sign-flags/stores", .permission(.editSignFlags), bodyLimit: 256 << 10) {
            try await publish(.stores, $0)
        },
    ]

    // MARK: - The table

    private static func page(
        _ call: Call,
        problems: Problems = Problems(),
        trial: RoutingTrial? = nil
    ) async throws -> Response {
        let viewer = try call.viewer
        let clouds = call.console.clouds
        async let sheet = RoutingSheet.newest(clouds, by: viewer.name)
        async let versions: RoutingVersions? = try? clouds.answer(to: .routingHistory, by: viewer.name)
        async let unknown: [UnknownCodesAnswer] = clouds.each(.unknownCodes, by: viewer.name)
        let scope = viewer.scope(of: .viewSignFlags)
        let visible = try await call.console.pool.read { try StoreNames(in: scope, $0) }
        let plan = await sheet.routing?.document
        let mayEdit = viewer.may(.editSignFlags)
        var model: [String: Any] = [
            "isSilent": false,
            "isNone": plan == nil,
            "mayEdit": mayEdit,
            "version": plan?.version ?? 0,
            "rules": (plan?.rules ?? []).enumerated().map { index, rule in
                self.model(rule, index + 1, visible, call).merging(["mayEdit": mayEdit]) { $1 }
            },
            "assignments": (plan?.accounts ?? []).map { self.model($0, visible, call) },
            "hasAssignments": plan?.accounts.isEmpty == false,
            "versions": (await versions?.versions ?? []).reversed().prefix(50).map { version -> [String: Any] in
                [
                    "version": version.version,
                    "time": version.publishedAt.map { call.formats.moment($0) } ?? "–",
                    "change": visible.redacted(version.change ?? ""),
                ]
            },
            "fields": call.fields(trialFields(call), problems),
        ]
        if case .silent = await sheet { model["isSilent"] = true }
        let counted = await unknown
        let rows = counted.flatMap(\.unknown).sorted { $0.count > $1.count }
        model["unknown"] = rows.map { row -> [String: Any] in
            [
                "prefix": row.prefix.isEmpty ? "…" : row.prefix,
                "length": row.length,
                "count": call.formats.count(row.count),
                "seen": call.text(Phrase(family: "signFlagSeen", row.seen)),
            ]
        }
        model["hasUnknown"] = !rows.isEmpty
        if let since = counted.map(\.since).min() {
            model["unknownSince"] = call.text(Phrase("signFlags.unknownSince", call.formats.moment(since)))
        }
        if let trial { model["trial"] = self.model(trial, call) }
        return try call.page("sign-flags", model, status: problems.isEmpty ? .ok : .unprocessableContent)
    }

    /// The codes of the stores that somebody may see.
    struct StoreNames: Sendable {
        let all: Bool
        let codes: Set<String>

        init(in scope: Scope, _ database: Database) throws {
            all = scope.covers("/1/")
            let within = scope.storeCondition("code")
            codes = Set(
                all
                    ? []
                    : try String.fetchAll(
                        database,
                        sql: "SELECT code FROM node WHERE kind = 'store' AND \(within.sql)",
                        arguments: within.arguments
                    )
            )
        }

        /// A sentence without the codes of stores that may not be seen.
        func redacted(_ text: String) -> String {
            guard !all else { return text }
            return text.replacing(/\b[0-9A-HJKMNP-TV-Z]{7}\b/) { codes.contains(String($0.output)) ? $0.output : "•••" }
        }

        /// A list of stores and chains, as far as they may be seen.
        func text(_ stores: String?, _ call: Call) -> String {
            guard let stores, stores != "*" else { return call.text(Phrase("signFlags.allStores")) }
            let names = stores.split(separator: ",").map(String.init)
            let seen = names.filter { all || $0.utf8.count == 3 || codes.contains($0) }
            let shown = seen.prefix(8).joined(separator: ", ")
            let left = names.count - min(8, seen.count)
            guard left > 0 else { return shown }
            let more = call.text(Phrase("signFlags.more", call.formats.count(left)))
            return shown.isEmpty ? more : "\(shown) \(more)"
        }
    }

    private static func model(_ rule: RoutingPlan.Rule, _ number: Int, _ visible: StoreNames, _ call: Call)
        -> [String: Any]
    {
        [
            "number": number,
            "range": rule.low == rule.high ? rule.low : "\(rule.low)–\(rule.high)",
            "length": rule.minLength == rule.maxLength ? "\(rule.minLength)" : "\(rule.minLength)–\(rule.maxLength)",
            "wallet": PaymentRow.walletName(rule.wallet, call.words),
            "stores": visible.text(rule.stores, call),
            "chip": chip(isOn: rule.enabled, call),
        ].merging(span(rule.from, rule.until, call)) { $1 }
    }

    private static func model(_ row: RoutingPlan.Assignment, _ visible: StoreNames, _ call: Call) -> [String: Any] {
        [
            "wallet": PaymentRow.walletName(row.wallet, call.words),
            "account": row.account,
            "stores": visible.text(row.stores, call),
            "chip": chip(isOn: row.enabled != false, call),
        ].merging(span(row.from, row.until, call)) { $1 }
    }

    private static func chip(isOn: Bool, _ call: Call) -> [String: Any] {
        [
            "style": isOn ? "green" : "grey-line", "icon": isOn ? "check" : "cross",
            "name": call.text(Phrase(family: "signFlagSwitch", isOn ? "on" : "off")),
        ]
    }

    private static func span(_ from: Int64?, _ until: Int64?, _ call: Call) -> [String: Any] {
        [
            "from": from.map { call.formats.moment($0) } ?? "–",
            "until": until.map { call.formats.moment($0) } ?? "–",
        ]
    }

    // MARK: - Tester

    private static func trialFields(_ call: Call) -> [Field] {
        [
            // The code does not come back: whoever holds it can take money.
            Field(name: "code", label: Phrase("signFlags.code"), hint: Phrase("signFlags.codeHint"), isRequired: true),
            Field(
                name: "store",
                label: Phrase("signFlags.store"),
                value: call.form["store"],
                hint: Phrase("signFlags.storeHint")
            ),
            Field(
                name: "moment",
                label: Phrase("signFlags.moment"),
                value: call.form["moment"],
                hint: Phrase("signFlags.momentHint", call.console.settings.zone.identifier)
            ),
        ]
    }

    private static func test(_ call: Call) async throws -> Response {
        var problems = Problems()
        let code = call.form["code"]
        if code.isEmpty { problems.add("code", Phrase("problem.missing")) }
        let moment = call.moment("moment", &problems)
        let store = call.form["store"].uppercased()
        if !store.isEmpty {
            let place = try await call.console.pool.read { try Node.of(code: store, $0) }
            let isVisible = try place.map { try call.viewer.scope(of: .viewSignFlags).covers($0.path) } ?? false
            if place?.kind != .store || !isVisible { problems.add("store", Phrase("problem.store")) }
        }
        guard problems.isEmpty else { return try await page(call, problems: problems) }
        do {
            let trial: RoutingTrial = try await call.console.clouds.answer(
                to: .testRouting(code: code, store: store.isEmpty ? nil : store, moment: moment),
                by: try call.viewer.name
            )
            return try await page(call, trial: trial)
        } catch let error as StartError {
            problems.add(
                error.sentence.hasPrefix("--store") ? "store" : "code",
                Phrase("problem.cloud", error.sentence)
            )
            return try await page(call, problems: problems)
        }
    }

    private static func model(_ trial: RoutingTrial, _ call: Call) -> [String: Any] {
        let isTaken = trial.result == "taken"
        return [
            "chip": [
                "style": isTaken ? "green" : "amber-line", "icon": isTaken ? "check" : "question",
                "name": call.text(Phrase(family: "signFlagTrial", trial.result)),
            ],
            "length": trial.length,
            "rule": trial.rule.map { "\($0)" } ?? "–",
            "wallet": trial.wallet.map { PaymentRow.walletName($0, call.words) } ?? "–",
            "account": trial.account ?? "–",
            "routing": trial.routing,
            "reasons": trial.reasons.map { ["text": $0] },
        ]
    }

    // MARK: - Changes

    /// Somebody else's change between the page and its form.
    private struct Conflict {
        let theirs: [RoutingVersions.Version]
        let mine: String
    }

    private static func form(
        _ form: SignFlagForm,
        _ call: Call,
        problems: Problems = Problems(),
        conflict: Conflict? = nil
    ) async throws -> Response {
        let viewer = try call.viewer
        async let accounts: [CloudAccounts] = call.console.clouds.each(.accounts, by: viewer.name)
        guard let plan = await RoutingSheet.newest(call.console.clouds, by: viewer.name).routing?.document else {
            throw ConsoleProblem.refused(Phrase("signFlags.unreadable"))
        }
        let rule = try rule(form, call)
        var model: [String: Any] = [
            "title": call.text(form.title),
            // What was typed belongs to the version that it was typed on; after a conflict it is meant for the newest.
            "base": conflict == nil && call.form.has("base") ? call.form["base"] : "\(plan.version)",
            "action": call.request.uri.path,
            "fields": call.fields(
                form.fields(
                    call,
                    rule: rule,
                    accounts: await accounts.flatMap(\.accounts).map(\.account).sorted().unique
                ),
                problems
            ),
            "isOpen": true,
        ]
        let visible = try await call.console.pool.read { try StoreNames(in: viewer.scope(of: .viewSignFlags), $0) }
        if let rule {
            guard plan.rules.indices.contains(rule - 1) else { throw ConsoleProblem.notFound }
            model["rule"] = self.model(plan.rules[rule - 1], rule, visible, call)
        }
        if let conflict {
            // A rule's number may mean another rule now: it is looked up again on the page.
            model["isOpen"] = form != .change
            model["conflict"] = [
                "theirs": conflict.theirs.map { version -> [String: Any] in
                    ["version": version.version, "change": visible.redacted(version.change ?? "")]
                },
                "mine": conflict.mine,
            ]
        }
        return try call.page(
            "sign-flag-form",
            model,
            status: problems.isEmpty && conflict == nil ? .ok : .unprocessableContent
        )
    }

    private static func rule(_ form: SignFlagForm, _ call: Call) throws -> Int? {
        form == .change ? Int(try call.number("rule")) : nil
    }

    private static func publish(_ form: SignFlagForm, _ call: Call) async throws -> Response {
        var problems = Problems()
        let edit = form.edit(call, rule: try rule(form, call), &problems)
        guard let edit, let base = Int(call.form["base"]) else {
            return try await self.form(form, call, problems: problems)
        }
        try await require(edit, call)
        let viewer = try call.viewer
        let clouds = call.console.clouds
        let history: RoutingVersions = try await clouds.answer(to: .routingHistory, by: viewer.name)
        let later = history.versions.filter { $0.version > base }
        guard later.isEmpty else {
            return try await self.form(form, call, conflict: Conflict(theirs: later, mine: edit.summary))
        }
        let reply: AdminReply
        do {
            reply = try await clouds.perform(
                .editSignFlags(base: base, edit: edit, allowGap: call.form["allowGap"] == "on"),
                by: viewer.name
            )
        } catch let error as StartError {
            problems.add(form.field(of: error.sentence), Phrase("problem.cloud", error.sentence))
            return try await self.form(form, call, problems: problems)
        }
        let event = try call.event(
            "signflags.changed",
            "routing:\(base + 1)",
            before: "version \(base)",
            after: "\(edit.summary)\n\(reply.text)"
        )
        try await call.console.pool.write { try AuditLog.append(event, at: call.now, $0) }
        return call.redirect("/sign-flags", said: "signFlagsPublished")
    }

    /// Stores that are named are their own region's business; everything else is the chain's.
    private static func require(_ edit: SignFlagEdit, _ call: Call) async throws {
        let names: [String]
        switch edit {
        case .take(_, _, let stores, _, _), .leave(_, let stores, _, _):
            names = stores.split(separator: ",").map(String.init)
        case .add, .end, .turn: names = []
        }
        let paths = try await call.console.pool.read { database in
            try names.map { name in
                let node = try Node.of(code: name, database)
                return node?.kind == .store ? node?.path ?? "/1/" : "/1/"
            }
        }
        for path in paths.isEmpty ? ["/1/"] : paths { try call.require(.editSignFlags, at: path) }
    }
}

extension [String] {
    /// Each once, in order.
    var unique: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}
