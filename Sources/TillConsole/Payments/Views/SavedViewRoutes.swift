// Part of Tillbridge. See LICENSE.
import GRDB
import Hummingbird

/// Filters that are kept under a name: saving the one that is shown, and putting those there are in order.
enum SavedViewRoutes {
    static let all: [ConsoleRoute] = [
        .get("/payments/views", .permission(.viewPayments)) { try await list($0) },
        .get("/payments/views/new", .permission(.viewPayments)) { try newPage($0) },
        .post("/payments/views/new", .permission(.viewPayments)) { try await add($0) },
        .get("/payments/views/:id", .permission(.viewPayments)) { try await editPage($0) },
        .post("/payments/views/:id", .permission(.viewPayments)) { try await change($0) },
        .post("/payments/views/:id/delete", .permission(.viewPayments)) { try await remove($0) },
    ]

    // MARK: - List

    private static func list(_ call: Call) async throws -> Response {
        let viewer = try call.viewer
        let views = try await call.console.pool.read { try SavedView.all(for: viewer, $0) }
        return try call.page(
            "views",
            [
                "own": views.filter { $0.owner == viewer.id }.map { model($0, viewer, call) },
                "hasOwn": views.contains { $0.owner == viewer.id },
                "shared": views.filter { $0.owner != viewer.id }.map { model($0, viewer, call) },
                "hasShared": views.contains { $0.owner != viewer.id },
            ]
        )
    }

    private static func model(_ view: SavedView, _ viewer: Viewer, _ call: Call) -> [String: Any] {
        [
            "name": view.name,
            "path": PaymentFilter.path(view.query),
            "chips": chips(view.query, call),
            "isShared": view.isShared,
            "owner": view.ownerName,
            "editPath": view.mayChange(viewer) ? "/payments/views/\(view.id)" : "",
        ]
    }

    /// Each condition of a filter, the tab among them.
    private static func chips(_ query: String, _ call: Call) -> [[String: Any]] {
        let form = Form(query)
        let filter = PaymentFilter(form, zone: call.console.settings.zone, now: call.now)
        let tab = filter.tab == .all ? [] : [["text": call.text(Phrase(family: "tab", filter.tab.rawValue))]]
        return tab + PaymentFilterView.chips(filter, form, call)
    }

    /// The links of the list: the views that there are, the one that is shown among them.
    static func links(_ views: [SavedView], shown query: String) -> [[String: Any]] {
        views.map { view in
            [
                "name": view.name,
                "path": PaymentFilter.path(view.query),
                "isShared": view.isShared,
                "isCurrent": view.query == query,
            ]
        }
    }

    // MARK: - Saving

    private static func newPage(_ call: Call, problems: Problems = Problems()) throws -> Response {
        let query = PaymentFilter.query(call.form.has("filter") ? Form(call.form["filter"]) : call.query)
        return try form(
            call,
            title: Phrase("views.save"),
            query: query,
            values: (call.form["name"], call.form["shared"] == "on"),
            model: ["action": "/payments/views/new", "filter": query, "back": PaymentFilter.path(query)],
            problems: problems
        )
    }

    private static func form(
        _ call: Call,
        title: Phrase,
        query: String,
        values: (name: String, isShared: Bool),
        model: [String: Any],
        problems: Problems
    ) throws -> Response {
        var fields = [Field(name: "name", label: Phrase("views.name"), value: values.name, isRequired: true)]
        if SavedView.mayShare(try call.viewer) {
            fields.append(
                Field(
                    name: "shared",
                    label: Phrase("views.share"),
                    kind: .checkbox,
                    value: values.isShared ? "on" : "",
                    hint: Phrase("views.shareHint")
                )
            )
        }
        let own: [String: Any] = [
            "title": call.text(title),
            "fields": call.fields(fields, problems),
            "chips": chips(query, call),
            "problem": problems["filter"].map { call.text($0) } ?? "",
        ]
        return try call.page(
            "view-form",
            own.merging(model) { $1 },
            status: problems.isEmpty ? .ok : .unprocessableContent
        )
    }

    private static func wish(_ call: Call, _ problems: inout Problems) throws -> SavedView.Wish {
        let name = call.form["name"]
        problems.checkName("name", name)
        let mayShare = SavedView.mayShare(try call.viewer)
        return SavedView.Wish(name: name, isShared: mayShare && call.form["shared"] == "on")
    }

    private static func add(_ call: Call) async throws -> Response {
        var problems = Problems()
        let wish = try wish(call, &problems)
        let query = PaymentFilter.query(Form(call.form["filter"]))
        guard problems.isEmpty else { return try newPage(call, problems: problems) }
        let viewer = try call.viewer
        let event = try call.event("view.saved", "user:\(viewer.name)", after: SavedView.text(wish, query: query))
        do {
            try await call.console.pool.write {
                try SavedView.add(wish, query: query, by: viewer, event: event, at: call.now, $0)
            }
        } catch let refusal as SavedView.Refusal {
            add(refusal, to: &problems)
            return try newPage(call, problems: problems)
        }
        return call.redirect(PaymentFilter.path(query), said: "viewSaved")
    }

    private static func add(_ refusal: SavedView.Refusal, to problems: inout Problems) {
        switch refusal {
        case .nameTaken: problems.add("name", Phrase("views.nameTaken"))
        case .tooMany: problems.add("name", Phrase("views.tooMany", "\(SavedView.limit)"))
        case .noFilter: problems.add("filter", Phrase("views.noFilter"))
        case .stale: break
        }
    }

    // MARK: - Changing

    private static func view(_ call: Call) async throws -> SavedView {
        let id = try call.number("id")
        let viewer = try call.viewer
        let found = try await call.console.pool.read { try SavedView.of(id: id, for: viewer, $0) }
        guard let view = found else { throw ConsoleProblem.notFound }
        guard view.mayChange(viewer) else { throw ConsoleProblem.forbidden(.shareViews) }
        return view
    }

    private static func editPage(_ call: Call, problems: Problems = Problems(), theirs: SavedView? = nil) async throws
        -> Response
    {
        let view = if let theirs { theirs } else { try await self.view(call) }
        var model: [String: Any] = [
            "action": "/payments/views/\(view.id)",
            "deleteAction": "/payments/views/\(view.id)/delete",
            // Saving again from a page that was stale is meant.
            "version": "\(call.form.has("version") && theirs == nil ? Int64(call.form["version"]) ?? 0 : view.version)",
            "back": "/payments/views",
        ]
        let isTyped = call.form.has("version")
        let name = isTyped ? call.form["name"] : view.name
        let isShared = isTyped ? call.form["shared"] == "on" : view.isShared
        if theirs != nil {
            func text(_ isShared: Bool) -> String {
                call.text(isShared ? Phrase("views.isShared") : Phrase("views.isOwn"))
            }
            model["isStale"] = true
            model["differences"] =
                [
                    (Phrase("views.name"), view.name, name),
                    (Phrase("views.share"), text(view.isShared), text(isShared)),
                ].filter { $0.1 != $0.2 }.map { label, theirs, yours in
                    ["label": call.text(label), "theirs": theirs, "yours": yours]
                }
        }
        let response = try form(
            call,
            title: Phrase("views.edit"),
            query: view.query,
            values: (name, isShared),
            model: model,
            problems: problems
        )
        guard theirs != nil else { return response }
        return Response(status: .conflict, headers: response.headers, body: response.body)
    }

    private static func change(_ call: Call) async throws -> Response {
        let view = try await view(call)
        var problems = Problems()
        let wish = try wish(call, &problems)
        guard problems.isEmpty else { return try await editPage(call, problems: problems) }
        let viewer = try call.viewer
        let version = Int64(call.form["version"]) ?? 0
        let event = try call.event("view.changed", "view:\(view.id)", after: SavedView.text(wish, query: ""))
        do {
            try await call.console.pool.write { database in
                try SavedView.change(
                    view.id,
                    to: wish,
                    version: version,
                    by: viewer,
                    event: event,
                    at: call.now,
                    database
                )
            }
        } catch SavedView.Refusal.stale(let theirs) {
            return try await editPage(call, theirs: theirs)
        } catch let refusal as SavedView.Refusal {
            add(refusal, to: &problems)
            return try await editPage(call, problems: problems)
        }
        return call.redirect("/payments/views", said: "viewSaved")
    }

    private static func remove(_ call: Call) async throws -> Response {
        let view = try await view(call)
        let viewer = try call.viewer
        let event = try call.event("view.removed", "view:\(view.id)")
        try await call.console.pool.write {
            try SavedView.remove(view.id, by: viewer, event: event, at: call.now, $0)
        }
        return call.redirect("/payments/views", said: "viewRemoved")
    }
}
