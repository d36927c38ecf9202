// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import Hummingbird
import TillCloud

/// Payment accounts: what is known of each, adding one, changing its keys, trying it. Credentials pass through to the
/// clouds and are neither kept nor shown here.
enum AccountRoutes {
    static let all: [ConsoleRoute] = [
        .get("/accounts", .permission(.viewAccounts)) { try await list($0) },
        .get("/accounts/new", .permission(.editAccounts)) { try addPage($0) },
        .post("/accounts/new", .permission(.editAccounts), bodyLimit: 2 << 20) { try await add($0) },
        .post("/accounts/:id/test", .permission(.editAccounts)) { try await test($0) },
    ]

    /// The largest file with keys, in bytes.
    private static let fileLimit = 512 << 10
    /// Certificates that end sooner are told.
    private static let expiryWarningMilliseconds: Int64 = 30 * 86_400_000

    // MARK: - List

    private static func list(_ call: Call) async throws -> Response {
        let viewer = try call.viewer
        let scope = viewer.scope(of: .viewAccounts)
        async let asked: [CloudAccounts] = call.console.clouds.each(.accounts, by: viewer.name)
        async let routing = RoutingSheet.newest(call.console.clouds, by: viewer.name)
        let (rates, stored) = try await call.console.pool.read { database in
            (
                try AccountRates(in: scope, at: call.now, database),
                try Row.fetchAll(database, sql: "SELECT * FROM account ORDER BY id").map { StoredAccount($0) }
            )
        }
        let clouds = await asked
        let outcomes = await routing.routing.map { rates.outcomes(by: $0, at: call.now) }
        let ids = Set(clouds.flatMap { $0.accounts.map(\.account) } + stored.map(\.id)).sorted()
        let rows = ids.map { id -> [String: Any] in
            self.model(id, clouds, stored.first { $0.id == id }, outcomes: outcomes.map { $0[id] ?? Outcomes() }, call)
        }
        var model: [String: Any] = ["rows": rows, "isEmpty": rows.isEmpty, "mayEdit": viewer.may(.editAccounts)]
        let silent = call.console.clouds.folders.count - clouds.count
        if silent > 0 {
            let phrase =
                clouds.isEmpty ? Phrase("accounts.allSilent") : Phrase("accounts.silent", call.formats.count(silent))
            model["silent"] = call.text(phrase)
        }
        return try call.page("accounts", model)
    }

    private struct StoredAccount: Sendable {
        let id: String
        let wallet: String
        let version: String
        let isSandbox: Bool
        let address: String

        init(_ row: Row) {
            id = row["id"]
            wallet = row["wallet"]
            version = row["protocol"]
            isSandbox = row["is_sandbox"]
            address = row["address"]
        }
    }

    private static func model(
        _ id: String,
        _ clouds: [CloudAccounts],
        _ stored: StoredAccount?,
        outcomes: Outcomes?,
        _ call: Call
    ) -> [String: Any] {
        let views = clouds.compactMap { cloud in
            cloud.accounts.first { $0.account == id }.map { (cloud: cloud.cloud, account: $0) }
        }
        let known = views.first { $0.account.circuit != "unusable" }?.account ?? views.first?.account
        let isSandbox = known?.sandbox ?? stored?.isSandbox ?? false
        var model: [String: Any] = [
            "id": id,
            "wallet": PaymentRow.walletName(known?.wallet ?? stored?.wallet ?? "", call.words),
            "version": known?.version ?? stored?.version ?? "",
            "address": known?.baseURL ?? stored?.address ?? "",
            "kind": [
                "style": isSandbox ? "blue-line" : "green", "icon": isSandbox ? "question" : "check",
                "name": call.text(Phrase(family: "accountKind", isSandbox ? "sandbox" : "live")),
            ],
            "clouds": views.map { view -> [String: Any] in
                [
                    "cloud": view.cloud,
                    "chip": circuitChip(view.account.circuit, call.words),
                    "calls": call.text(
                        Phrase(
                            "accounts.calls",
                            call.formats.count(view.account.inFlight),
                            call.formats.count(view.account.limit)
                        )
                    ),
                ]
            },
            "path": "/accounts/\(Form.encoded(id))",
        ]
        if let known {
            model["credentials"] = known.credentials.map { name -> [String: Any] in
                ["name": name, "end": known.ids.first { $0.name == name }.map { "…\($0.end)" } ?? "••••"]
            }
            model["certificates"] = known.certificates.map { certificate -> [String: Any] in
                let left = certificate.expiresAt - call.now
                return [
                    "name": certificate.name,
                    "expires": call.formats.date(certificate.expiresAt),
                    "isNear": left < expiryWarningMilliseconds,
                ]
            }
        }
        if let outcomes {
            model["rate"] = Outcomes.text(outcomes.rate)
            model["counted"] = call.text(
                Phrase("accounts.counted", call.formats.count(outcomes.succeeded + outcomes.failed))
            )
        } else {
            model["rate"] = "–"
        }
        return model
    }

    private static func circuitChip(_ circuit: String, _ words: Words) -> [String: Any] {
        let (style, icon) =
            switch circuit {
            case "closed": ("green", "check")
            case "open": ("red", "alert")
            default: ("red-line", "cross")
            }
        return ["style": style, "icon": icon, "name": words.text(Phrase(family: "circuit", circuit))]
    }

    // MARK: - Adding, and changing keys

    private static func addPage(_ call: Call, problems: Problems = Problems()) throws -> Response {
        try call.requireFreshProof()
        let rotated = call.form.has("rotated") ? call.form["rotated"] : call.query["rotate"]
        let isRotation = !rotated.isEmpty
        func value(_ name: String, _ standard: String) -> String {
            call.form.has(name) ? call.form[name] : standard
        }
        var fields: [Field] = [
            // What was pasted is not sent back: it holds the merchant's keys.
            Field(
                name: "file",
                label: Phrase("accounts.file"),
                kind: .textarea,
                hint: Phrase("accounts.fileHint"),
                isRequired: true
            ),
            Field(
                name: "kind",
                label: Phrase("accounts.kind"),
                kind: .choice,
                value: value("kind", rotated.contains("-live") ? "live" : "sandbox"),
                options: ["sandbox", "live"].map { ($0, call.text(Phrase(family: "accountKind", $0))) }
            ),
            Field(
                name: "stores",
                label: Phrase("accounts.stores"),
                value: value("stores", stores(of: rotated)),
                hint: Phrase("accounts.storesHint"),
                isRequired: true
            ),
            Field(
                name: "version",
                label: Phrase("accounts.version"),
                value: value("version", ""),
                hint: Phrase("accounts.versionHint")
            ),
        ]
        fields.append(
            Field(
                name: "use",
                label: Phrase("accounts.use"),
                kind: .choice,
                value: value("use", "unused"),
                options: ["unused", "used"].map { ($0, call.text(Phrase(family: "accountUse", $0))) }
            )
        )
        return try call.page(
            "account-new",
            [
                "fields": call.fields(fields, problems),
                "isRotation": isRotation,
                "rotated": rotated,
            ],
            status: problems.isEmpty ? .ok : .unprocessableContent
        )
    }

    /// The stores that an account's own name ends with; all without any.
    private static func stores(of account: String) -> String {
        guard let end = account.split(separator: "-").last, [3, 7].contains(end.utf8.count), end != "live",
            end.utf8.allSatisfy({ (48...57).contains($0) || (65...90).contains($0) })
        else { return "*" }
        return String(end)
    }

    private static func add(_ call: Call) async throws -> Response {
        try call.requireFreshProof()
        var problems = Problems()
        let file = call.form.raw("file")
        if file.allSatisfy(\.isWhitespace) { problems.add("file", Phrase("problem.missing")) }
        if file.utf8.count > fileLimit { problems.add("file", Phrase("accounts.fileLarge")) }
        let stores = call.form["stores"].uppercased()
        if stores.isEmpty { problems.add("stores", Phrase("problem.missing")) }
        let version = call.form["version"]
        guard problems.isEmpty else { return try addPage(call, problems: problems) }
        // An account of one store is that store's; everything else concerns the whole chain.
        let place = try await call.console.pool.read { try Node.of(code: stores, $0) }
        try call.require(.editAccounts, at: place?.path ?? "/1/")
        let viewer = try call.viewer
        let reply: AdminReply
        do {
            reply = try await call.console.clouds.perform(
                .addAccounts(
                    file: file,
                    stores: stores,
                    live: call.form["kind"] == "live",
                    unused: call.form["use"] != "used",
                    version: version.isEmpty ? nil : version
                ),
                by: viewer.name
            )
        } catch let error as StartError {
            problems.add(field(of: error.sentence), Phrase("problem.cloud", error.sentence))
            return try addPage(call, problems: problems)
        }
        let rotated = call.form["rotated"]
        let event = try call.event(
            rotated.isEmpty ? "account.added" : "account.rotated",
            "account:\(rotated.isEmpty ? Added(reply).accounts.joined(separator: " ") : rotated)",
            after: reply.text
        )
        try await call.console.pool.write { try AuditLog.append(event, at: call.now, $0) }
        return call.redirect("/accounts", said: rotated.isEmpty ? "accountAdded" : "accountRotated")
    }

    private struct Added: Decodable {
        let accounts: [String]

        init(_ reply: AdminReply) throws {
            self = try JSONDecoder().decode(Added.self, from: Data(reply.json.utf8))
        }
    }

    private static func field(of sentence: String) -> String {
        if sentence.hasPrefix("--store") { return "stores" }
        if sentence.hasPrefix("--protocol") { return "version" }
        return sentence.contains("sandbox and live accounts never share") ? "kind" : "file"
    }

    // MARK: - Trying

    private static func test(_ call: Call) async throws -> Response {
        let id = try call.parameter("id")
        let viewer = try call.viewer
        let answers: [AccountTrialAnswer] = await call.console.clouds.each(.testAccount(id: id), by: viewer.name)
        guard !answers.isEmpty else { throw ConsoleProblem.refused(Phrase("accounts.noTrial")) }
        return try call.page(
            "account-test",
            [
                "id": id,
                "answers": answers.map { answer -> [String: Any] in
                    let isGood = answer.result == "good"
                    var model: [String: Any] = [
                        "cloud": answer.cloud,
                        "chip": [
                            "style": isGood ? "green" : "red-line", "icon": isGood ? "check" : "alert",
                            "name": call.text(Phrase(family: "trial", answer.result)),
                        ],
                        "help": call.text(Phrase(family: "trialHelp", answer.result)),
                        "duration": call.formats.duration(answer.milliseconds),
                    ]
                    if let code = answer.code { model["code"] = code }
                    return model
                },
            ]
        )
    }
}
