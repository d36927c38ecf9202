// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import Hummingbird

/// The keys that programs use: made for a place with what they may do, changed over with an overlap, ended at once.
enum ApiKeyRoutes {
    static let all: [ConsoleRoute] = [
        .get("/system/api-keys", .permission(.manageKeys)) { try await list($0) },
        .get("/system/api-keys/new", .permission(.manageKeys)) { try await newPage($0) },
        .post("/system/api-keys/new", .permission(.manageKeys)) { try await make($0) },
        .get("/system/api-keys/:id", .permission(.manageKeys)) { try await page($0) },
        .get("/system/api-keys/:id/secret", .permission(.manageKeys)) { try await secretPage($0) },
        .post("/system/api-keys/:id/rotate", .permission(.manageKeys)) { try await rotate($0) },
        .post("/system/api-keys/:id/revoke", .permission(.manageKeys)) { try await revoke($0) },
    ]

    // MARK: - List

    private static func list(_ call: Call) async throws -> Response {
        let scope = try call.viewer.scope(of: .manageKeys)
        let keys = try await call.console.pool.read { try ApiKey.all(in: scope, $0) }
        return try call.page("api-keys", ["keys": keys.map { model($0, call) }, "isEmpty": keys.isEmpty])
    }

    private static func model(_ key: ApiKey, _ call: Call) -> [String: Any] {
        let formats = call.formats
        let state = key.state(at: call.now)
        let (style, icon) =
            switch state {
            case .active: ("green", "check")
            case .expired: ("grey-line", "clock")
            case .revoked: ("grey-solid", "cross")
            }
        return [
            "id": key.id,
            "name": key.name,
            "place": key.placeName,
            "placeCode": key.placeCode,
            "rights": ApiKey.Right.allCases.filter { key.rights.contains($0) }.map {
                call.text(Phrase(family: "apiRight", $0.rawValue))
            },
            "state": ["style": style, "icon": icon, "name": call.text(Phrase(family: "apiKeyState", state.rawValue))],
            "isActive": state == .active,
            "expires": key.expiresAt.map { formats.moment($0) } ?? call.text(Phrase("apiKeys.noEnd")),
            "lastUsed": key.lastUsedAt.map { formats.moment($0) } ?? call.text(Phrase("apiKeys.neverUsed")),
            "creator": key.creatorName,
            "created": formats.moment(key.createdAt),
            "secrets": key.secrets.map { secret -> [String: Any] in
                let end = secret.endsAt.map { end in
                    call.text(
                        end > call.now
                            ? Phrase("apiKeys.secretUntil", formats.moment(end))
                            : Phrase("apiKeys.secretEnded", formats.moment(end))
                    )
                }
                return [
                    "prefix": secret.prefix + "…",
                    "created": formats.moment(secret.createdAt),
                    "end": end ?? "",
                    "isOpen": secret.endsAt.map { $0 > call.now } ?? true,
                ]
            },
        ]
    }

    // MARK: - New

    private static func newPage(_ call: Call, problems: Problems = Problems()) async throws -> Response {
        try call.requireFreshProof()
        let scope = try call.viewer.scope(of: .manageKeys)
        let places = try await call.console.pool.read { try Node.all(in: scope, $0) }
        let viewer = try call.viewer
        var model: [String: Any] = [
            "fields": call.fields(
                [
                    Field(
                        name: "name",
                        label: Phrase("apiKeys.name"),
                        value: call.form["name"],
                        hint: Phrase("apiKeys.nameHint"),
                        isRequired: true
                    ),
                    PlaceChoice.field(places, chosen: call.form["place"], call),
                    Field(
                        name: "expires",
                        label: Phrase("apiKeys.expires"),
                        value: call.form["expires"],
                        hint: Phrase("apiKeys.expiresHint", call.console.settings.zone.identifier)
                    ),
                ],
                problems
            ),
            "boxes": call.fields(
                ApiKey.Right.allCases.filter { viewer.may($0.permission) }.map {
                    Field(
                        name: "right-\($0.rawValue)",
                        label: Phrase(family: "apiRight", $0.rawValue),
                        kind: .checkbox,
                        value: call.form["right-\($0.rawValue)"]
                    )
                }
            ),
        ]
        if let problem = problems["rights"] { model["rightsProblem"] = call.text(problem) }
        return try call.page("api-key-new", model, status: problems.isEmpty ? .ok : .unprocessableContent)
    }

    private static func make(_ call: Call) async throws -> Response {
        try call.requireFreshProof()
        var problems = Problems()
        let name = call.form["name"]
        if !Users.isName(name) { problems.add("name", Phrase("apiKeys.nameWrong")) }
        let rights = Set(ApiKey.Right.allCases.filter { call.form["right-\($0.rawValue)"] == "on" })
        if rights.isEmpty { problems.add("rights", Phrase("apiKeys.noRight")) }
        let expiresAt = call.moment("expires", &problems)
        if let expiresAt, expiresAt <= call.now { problems.add("expires", Phrase("problem.past")) }
        let place = try await PlaceChoice.chosen(call.form["place"], for: .manageKeys, call)
        if place == nil { problems.add("place", Phrase("problem.place")) }
        guard let place, problems.isEmpty else { return try await newPage(call, problems: problems) }
        do {
            let made = try await ApiKeyDesk(call: call).make(
                ApiKeyDesk.Wanted(name: name, place: place, rights: rights, expiresAt: expiresAt)
            )
            return try show(made.secret, of: made.id, call)
        } catch ApiKeyDesk.Refusal.nameTaken {
            problems.add("name", Phrase("apiKeys.nameTaken"))
        } catch let refusal as ApiKeyDesk.Refusal {
            problems.add("rights", phrase(refusal, call))
        }
        return try await newPage(call, problems: problems)
    }

    private static func phrase(_ refusal: ApiKeyDesk.Refusal, _ call: Call) -> Phrase {
        switch refusal {
        case .nameTaken: Phrase("apiKeys.nameTaken")
        case .beyond(let right): Phrase("apiKeys.beyond", call.text(right.permission.phrase))
        case .ended: Phrase("apiKeys.ended")
        }
    }

    private static func show(_ secret: String, of id: Int64, _ call: Call) throws -> Response {
        let note = try SealedNote.seal(secret, for: call.viewer, in: call.console.box, at: call.now)
        return call.redirect("/system/api-keys/\(id)/secret?note=\(note)")
    }

    private static func secretPage(_ call: Call) async throws -> Response {
        let key = try await key(call)
        let note = SealedNote.open(call.query["note"], for: try call.viewer, in: call.console.box, at: call.now)
        guard let note else { return call.redirect("/system/api-keys/\(key.id)") }
        return try call.page(
            "note",
            [
                "title": call.text(Phrase("apiKeys.secretTitle", key.name)),
                "help": call.text(Phrase("apiKeys.secretHelp")),
                "lines": [note],
                "isLong": true,
                "next": "/system/api-keys/\(key.id)",
            ]
        )
    }

    // MARK: - One key

    /// - Throws: ``ConsoleProblem/notFound`` for one of another part of the organisation, as for one that there is not.
    private static func key(_ call: Call) async throws -> ApiKey {
        let id = try call.number("id")
        let key = try await call.console.pool.read { try ApiKey.of(id: id, $0) }
        guard let key, try call.viewer.scope(of: .manageKeys).covers(key.path) else { throw ConsoleProblem.notFound }
        return key
    }

    private static func page(_ call: Call, problem: Phrase? = nil) async throws -> Response {
        let key = try await key(call)
        var model = model(key, call)
        model["fields"] = call.fields([
            Field(
                name: "overlap",
                label: Phrase("apiKeys.overlap"),
                kind: .choice,
                value: call.form.has("overlap") ? call.form["overlap"] : ApiKeyDesk.Overlap.day.rawValue,
                hint: Phrase("apiKeys.overlapHint"),
                options: ApiKeyDesk.Overlap.allCases.map {
                    (value: $0.rawValue, label: call.text(Phrase(family: "apiOverlap", $0.rawValue)))
                }
            )
        ])
        if let problem { model["refusal"] = call.text(problem) }
        return try call.page("api-key", model, status: problem == nil ? .ok : .unprocessableContent)
    }

    private static func rotate(_ call: Call) async throws -> Response {
        let key = try await key(call)
        try call.requireFreshProof()
        guard let overlap = ApiKeyDesk.Overlap(rawValue: call.form["overlap"]) else {
            return try await page(call, problem: Phrase("problem.missing"))
        }
        do {
            return try show(try await ApiKeyDesk(call: call).rotate(key, overlap: overlap), of: key.id, call)
        } catch let refusal as ApiKeyDesk.Refusal {
            return try await page(call, problem: phrase(refusal, call))
        }
    }

    private static func revoke(_ call: Call) async throws -> Response {
        let key = try await key(call)
        try await ApiKeyDesk(call: call).revoke(key)
        return call.redirect("/system/api-keys/\(key.id)", said: "apiKeyRevoked")
    }
}

/// A place of the viewer's part of the organisation, chosen in a form.
enum PlaceChoice {
    static func field(_ places: [Node], chosen code: String, hint: Phrase? = nil, _ call: Call) -> Field {
        let top = places.map { $0.path.count(where: { $0 == "/" }) }.min() ?? 0
        return Field(
            name: "place",
            label: Phrase("system.place"),
            kind: .choice,
            value: code.isEmpty ? places.first?.code ?? "" : code,
            hint: hint ?? Phrase("system.placeHint"),
            options: places.map { node in
                let depth = node.path.count(where: { $0 == "/" }) - top
                return (
                    value: node.code,
                    label: String(repeating: "\u{2003}", count: max(0, depth)) + "\(node.name) (\(node.code))"
                )
            }
        )
    }

    /// Nil for a place that there is not, or where the viewer does not hold the permission.
    static func chosen(_ code: String, for permission: Permission, _ call: Call) async throws -> Node? {
        let node = try await call.console.pool.read { try Node.of(code: code, $0) }
        guard let node, try call.viewer.scope(of: permission).covers(node.path) else { return nil }
        return node
    }
}
