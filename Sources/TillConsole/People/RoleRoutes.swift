// Part of Tillbridge. See LICENSE.
import GRDB
import Hummingbird

/// Roles: the built-in ones to read, own ones to make and change.
enum RoleRoutes {
    static let all: [ConsoleRoute] = [
        .get("/people/roles", .permission(.viewPeople)) { try await list($0) },
        .get("/people/roles/new", .permission(.editPeople)) { try newPage($0) },
        .post("/people/roles/new", .permission(.editPeople)) { try await add($0) },
        .get("/people/roles/:name", .permission(.viewPeople)) { try await page($0) },
        .post("/people/roles/:name", .permission(.editPeople)) { try await edit($0) },
        .post("/people/roles/:name/delete", .permission(.editPeople)) { try await delete($0) },
    ]

    private static func list(_ call: Call) async throws -> Response {
        let roles = try await call.console.pool.read { try Role.all($0) }
        return try call.page(
            "roles",
            [
                "roles": roles.map { role -> [String: Any] in
                    [
                        "path": path(role.name),
                        "title": Role.title(role.name, call.words),
                        "isBuiltIn": role.isBuiltIn,
                        "holders": call.formats.count(role.holders),
                        "permissions": names(role.permissions, call),
                    ]
                },
                // Roles hold everywhere, so they are made by whoever looks after everything.
                "mayEdit": try call.viewer.scope(of: .editPeople).covers("/1/"),
            ]
        )
    }

    private static func path(_ name: String) -> String { "/people/roles/\(Form.encoded(name))" }

    private static func names(_ permissions: Set<Permission>, _ call: Call) -> [String] {
        Permission.allCases.filter { permissions.contains($0) }.map { call.text($0.phrase) }
    }

    private static func typed(_ form: Form) -> Set<Permission> {
        Set(Permission.allCases.filter { form[$0.rawValue] == "on" })
    }

    private static func boxes(_ chosen: Set<Permission>, _ call: Call) -> [[String: Any]] {
        call.fields(
            Permission.allCases.map {
                Field(name: $0.rawValue, label: $0.phrase, kind: .checkbox, value: chosen.contains($0) ? "on" : "")
            }
        )
    }

    // MARK: - New

    private static func newPage(_ call: Call, problems: Problems = Problems()) throws -> Response {
        try call.require(.editPeople, at: "/1/")
        try call.requireFreshProof()
        return try call.page(
            "role",
            [
                "heading": call.text(Phrase("roles.new")),
                "action": "/people/roles/new",
                "isOwn": true,
                "fields": call.fields(
                    [
                        Field(
                            name: "name",
                            label: Phrase("roles.name"),
                            value: call.form["name"],
                            isRequired: true
                        )
                    ],
                    problems
                ),
                "boxes": boxes(typed(call.form), call),
            ],
            status: problems.isEmpty ? .ok : .unprocessableContent
        )
    }

    private static func add(_ call: Call) async throws -> Response {
        try call.require(.editPeople, at: "/1/")
        try call.requireFreshProof()
        let (name, permissions) = (call.form["name"], typed(call.form))
        var problems = Problems()
        problems.checkName("name", name)
        // The address of the page that makes one.
        if name == "new" { problems.add("name", Phrase("people.nameTaken")) }
        if permissions.isEmpty { problems.add("name", Phrase("roles.nothing")) }
        guard problems.isEmpty else { return try newPage(call, problems: problems) }
        do { try await PeopleDesk(call: call).addRole(name, permissions) } catch let refusal as PeopleDesk.Refusal {
            problems.add("name", PeopleRoutes.phrase(refusal))
            return try newPage(call, problems: problems)
        }
        return call.redirect(path(name), said: "saved")
    }

    // MARK: - One role

    private static func page(
        _ call: Call,
        problem: Phrase? = nil,
        isStale: Bool = false
    ) async throws -> Response {
        let name = try call.parameter("name")
        guard let role = try await call.console.pool.read({ try Role.of(name, $0) }) else {
            throw ConsoleProblem.notFound
        }
        let viewer = try call.viewer
        let chosen = call.form.has("version") ? typed(call.form) : role.permissions
        let version = isStale || !call.form.has("version") ? "\(role.version)" : call.form["version"]
        let isOwn = !role.isBuiltIn && viewer.scope(of: .editPeople).covers("/1/")
        var model: [String: Any] = [
            "heading": Role.title(role.name, call.words),
            "action": path(name),
            "isOwn": isOwn,
            "isRead": !isOwn,
            "isBuiltIn": role.isBuiltIn,
            "permissions": names(role.permissions, call),
            "holders": call.text(Phrase("roles.holders", call.formats.count(role.holders))),
            "mayDelete": isOwn && role.holders == 0,
            "fields": call.fields([
                Field(name: "version", label: Phrase("roles.name"), kind: .hidden, value: version)
            ]),
            "boxes": boxes(chosen, call),
        ]
        if let problem { model["refusal"] = call.text(problem) }
        if isStale {
            model["isStale"] = true
            let differing = Permission.allCases.filter { role.permissions.contains($0) != chosen.contains($0) }
            model["differences"] = differing.map { permission -> [String: Any] in
                func text(_ isIn: Bool) -> String { call.text(isIn ? Phrase("roles.in") : Phrase("roles.out")) }
                return [
                    "label": call.text(permission.phrase),
                    "theirs": text(role.permissions.contains(permission)),
                    "yours": text(chosen.contains(permission)),
                ]
            }
        }
        return try call.page("role", model, status: isStale ? .conflict : problem == nil ? .ok : .unprocessableContent)
    }

    private static func edit(_ call: Call) async throws -> Response {
        try call.require(.editPeople, at: "/1/")
        try call.requireFreshProof()
        let (name, permissions) = (try call.parameter("name"), typed(call.form))
        guard !permissions.isEmpty else { return try await page(call, problem: Phrase("roles.nothing")) }
        do {
            try await PeopleDesk(call: call).editRole(name, version: Int64(call.form["version"]) ?? 0, permissions)
        } catch PeopleDesk.Refusal.stale {
            return try await page(call, isStale: true)
        } catch let refusal as PeopleDesk.Refusal {
            return try await page(call, problem: PeopleRoutes.phrase(refusal))
        }
        return call.redirect(path(name), said: "saved")
    }

    private static func delete(_ call: Call) async throws -> Response {
        try call.require(.editPeople, at: "/1/")
        try call.requireFreshProof()
        do {
            try await PeopleDesk(call: call).deleteRole(try call.parameter("name"))
        } catch let refusal as PeopleDesk.Refusal {
            throw ConsoleProblem.refused(PeopleRoutes.phrase(refusal))
        }
        return call.redirect("/people/roles", said: "saved")
    }
}
