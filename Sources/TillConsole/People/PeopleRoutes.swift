// Part of Tillbridge. See LICENSE.
import GRDB
import Hummingbird

/// Users: who there is, what each may do where, and what is done when somebody comes, goes or loses a phone.
enum PeopleRoutes {
    static let all: [ConsoleRoute] =
        [
            .get("/people", .permission(.viewPeople)) { try await list($0) },
            .get("/people/new", .permission(.editPeople)) { try await newPage($0) },
            .post("/people/new", .permission(.editPeople)) { try await add($0) },
            .get("/people/:id", .permission(.viewPeople)) { try await page($0) },
            .post("/people/:id", .permission(.editPeople)) { try await edit($0) },
            .get("/people/:id/password", .permission(.editPeople)) { try await passwordPage($0) },
        ]
        + PeopleDesk.Action.allCases.map { action in
            .post("/people/:id/\(action.rawValue)", .permission(.editPeople)) { try await perform(action, $0) }
        }

    /// More are found by searching.
    private static let listRows = 200

    private enum Filter: String, CaseIterable {
        case all, active, disabled, locked, noSecondFactor

        func fits(_ person: Person, at now: Int64) -> Bool {
            switch self {
            case .all: true
            case .active: !person.isDisabled && !person.isLocked(at: now)
            case .disabled: person.isDisabled
            case .locked: person.isLocked(at: now)
            case .noSecondFactor: !person.hasSecondFactor
            }
        }
    }

    // MARK: - List

    private static func list(_ call: Call) async throws -> Response {
        let viewer = try call.viewer
        let filter = Filter(rawValue: call.query["state"]) ?? .all
        let text = call.query["q"].lowercased()
        let people = try await call.console.pool.read { try Person.all($0) }.filter { person in
            viewer.maySee(person) && filter.fits(person, at: call.now)
                && (text.isEmpty || person.name.contains(text) || person.fullName.lowercased().contains(text)
                    || person.grants.contains {
                        Role.title($0.role, call.words).lowercased().contains(text)
                            || $0.placeName.lowercased().contains(text) || $0.placeCode.lowercased().contains(text)
                    })
        }
        let isFiltered = filter != .all || !text.isEmpty
        return try call.page(
            "people",
            [
                "people": try people.prefix(listRows).map { try PeopleView.person($0, call) },
                "isEmpty": people.isEmpty,
                "emptyText": call.text(isFiltered ? Phrase("people.emptyFiltered") : Phrase("people.empty")),
                "isFiltered": isFiltered,
                "count": call.text(Phrase("people.count", call.formats.count(people.count))),
                "isCut": people.count > listRows,
                "cut": call.text(Phrase("people.cut", call.formats.count(listRows))),
                "text": call.query["q"],
                "mayEdit": viewer.may(.editPeople),
                "fields": call.fields([
                    Field(
                        name: "state",
                        label: Phrase("people.state"),
                        kind: .choice,
                        value: filter.rawValue,
                        options: Filter.allCases.map {
                            ($0.rawValue, call.text(Phrase(family: "personFilter", $0.rawValue)))
                        }
                    )
                ]),
            ]
        )
    }

    // MARK: - New

    private static func newPage(_ call: Call, problems: Problems = Problems()) async throws -> Response {
        try call.requireFreshProof()
        let form = PersonForm(call.form)
        let (roles, places) = try await choices(call)
        return try call.page(
            "person-new",
            [
                "fields": call.fields(
                    [
                        Field(
                            name: "name",
                            label: Phrase("people.name"),
                            value: call.form["name"],
                            hint: Phrase("people.nameHint"),
                            isRequired: true
                        ), form.nameField(),
                    ],
                    problems
                ),
                "pairs": form.pairs(roles, places, problems, call),
            ],
            status: problems.isEmpty ? .ok : .unprocessableContent
        )
    }

    private static func add(_ call: Call) async throws -> Response {
        try call.requireFreshProof()
        let form = PersonForm(call.form)
        let name = call.form["name"]
        var problems = Problems()
        if !Users.isName(name) { problems.add("name", Phrase("people.nameHint")) }
        problems.checkName("fullName", form.fullName)
        guard problems.isEmpty else { return try await newPage(call, problems: problems) }
        let password = SecretBytes.typed()
        do {
            let id = try await PeopleDesk(call: call).add(
                name: name,
                fullName: form.fullName,
                password: call.console.signIn.hash(password),
                wanted: form.wanted
            )
            return try show(password, of: id, call)
        } catch let refusal as PeopleDesk.Refusal {
            problems.add(refusal == .nameTaken ? "name" : "role-0", phrase(refusal))
            return try await newPage(call, problems: problems)
        }
    }

    // MARK: - One user

    private static func page(
        _ call: Call,
        problems: Problems = Problems(),
        isStale: Bool = false
    ) async throws -> Response {
        let id = try call.number("id")
        let (roles, places) = try await choices(call)
        let found = try await call.console.pool.read { database in
            (person: try Person.of(id: id, database), sessions: try Sessions.open(of: id, at: call.now, database).count)
        }
        let viewer = try call.viewer
        // Whoever lies elsewhere is not told from whom there is not.
        guard let person = found.person, viewer.maySee(person) else { throw ConsoleProblem.notFound }
        let form = call.form.has("fullName") ? PersonForm(call.form) : PersonForm(person)
        var model = try PeopleView.person(person, call)
        // After a change by somebody else the form goes on from theirs: sending it again is a decision.
        let version = isStale || !call.form.has("version") ? "\(person.version)" : call.form["version"]
        model["sessionCount"] = call.formats.count(found.sessions)
        model["mayManage"] = viewer.mayManage(person)
        model["mayAct"] = viewer.mayManage(person) && person.id != viewer.id
        model["fields"] = call.fields(
            [
                Field(name: "version", label: Phrase("people.fullName"), kind: .hidden, value: version),
                form.nameField(),
            ],
            problems
        )
        model["pairs"] = form.pairs(roles, places, problems, call)
        if isStale {
            model["isStale"] = true
            model["differences"] = form.differences(from: PersonForm(person), call)
        }
        return try call.page(
            "person",
            model,
            status: isStale ? .conflict : problems.isEmpty ? .ok : .unprocessableContent
        )
    }

    private static func edit(_ call: Call) async throws -> Response {
        let id = try call.number("id")
        try call.requireFreshProof()
        let form = PersonForm(call.form)
        var problems = Problems()
        problems.checkName("fullName", form.fullName)
        guard problems.isEmpty else { return try await page(call, problems: problems) }
        do {
            try await PeopleDesk(call: call).edit(
                id,
                version: Int64(call.form["version"]) ?? 0,
                fullName: form.fullName,
                wanted: form.wanted
            )
        } catch PeopleDesk.Refusal.stale {
            return try await page(call, isStale: true)
        } catch let refusal as PeopleDesk.Refusal {
            problems.add("role-0", phrase(refusal))
            return try await page(call, problems: problems)
        }
        return call.redirect("/people/\(id)", said: "saved")
    }

    private static func perform(_ action: PeopleDesk.Action, _ call: Call) async throws -> Response {
        let id = try call.number("id")
        try call.requireFreshProof()
        let desk = PeopleDesk(call: call)
        do {
            if action == .newPassword {
                let password = SecretBytes.typed()
                try await desk.perform(action, on: id, password: call.console.signIn.hash(password))
                return try show(password, of: id, call)
            }
            try await desk.perform(action, on: id)
        } catch let refusal as PeopleDesk.Refusal {
            throw ConsoleProblem.refused(phrase(refusal))
        }
        return call.redirect("/people/\(id)", said: "saved")
    }

    // MARK: - Passwords that were drawn

    private static func show(_ password: String, of id: Int64, _ call: Call) throws -> Response {
        let note = try SealedNote.seal("\(id) \(password)", for: call.viewer, in: call.console.box, at: call.now)
        return call.redirect("/people/\(id)/password?note=\(note)")
    }

    private static func passwordPage(_ call: Call) async throws -> Response {
        let id = try call.number("id")
        let note = SealedNote.open(call.query["note"], for: try call.viewer, in: call.console.box, at: call.now)
        let parts = note?.split(separator: " ").map(String.init) ?? []
        guard parts.count == 2, parts[0] == "\(id)" else { return call.redirect("/people/\(id)") }
        let name = try await call.console.pool.read { try Person.of(id: id, $0)?.name ?? "" }
        return try call.page(
            "note",
            [
                "title": call.text(Phrase("people.password", name)),
                "help": call.text(Phrase("people.passwordHelp")),
                "lines": [parts[1]],
                "next": "/people/\(id)",
            ]
        )
    }

    private static func choices(_ call: Call) async throws -> (roles: [Role], places: [Node]) {
        let scope = try call.viewer.scope(of: .editPeople)
        return try await call.console.pool.read { (try Role.all($0), try Node.all(in: scope, $0)) }
    }

    static func phrase(_ refusal: PeopleDesk.Refusal) -> Phrase {
        switch refusal {
        case .stale: Phrase("stale.title")
        case .nameTaken: Phrase("people.nameTaken")
        case .noRole: Phrase("people.noRole")
        case .beyond(let what): Phrase("people.beyond", what)
        case .ownRoles: Phrase("people.ownRoles")
        case .ownRole: Phrase("people.ownRole")
        case .ownAccount: Phrase("people.ownAccount")
        case .lastAdministrator: Phrase("people.lastAdministrator")
        case .roleInUse: Phrase("people.roleInUse")
        case .demoPassword: Phrase("me.demoPassword")
        }
    }
}
