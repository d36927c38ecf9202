// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import Hummingbird
import TillCloud

/// Launching payment at stores: choose stores, choose wallets and accounts, test, go live at once, at a time or in
/// waves.
enum LaunchRoutes {
    static let all: [ConsoleRoute] = [
        .get("/launches", .permission(.viewLaunches)) { try await list($0) },
        .get("/launches/new", .permission(.manageLaunches)) { try await storesPage($0) },
        .post("/launches/new", .permission(.manageLaunches), bodyLimit: 1 << 20) { try await create($0) },
        .get("/launches/:id", .permission(.viewLaunches)) { try await page($0) },
        .get("/launches/:id/wallets", .permission(.manageLaunches)) { try await walletsPage($0) },
        .post("/launches/:id/wallets", .permission(.manageLaunches)) { try await chooseWallets($0) },
        .get("/launches/:id/go", .permission(.manageLaunches)) { try await goPage($0) },
        .post("/launches/:id/go", .permission(.manageLaunches)) { try await go($0) },
        .get("/launches/:id/stores/:store/test", .permission(.manageLaunches)) { try await testPage($0) },
        .post("/launches/:id/stores/:store/test", .permission(.manageLaunches)) { try await test($0) },
        .post("/launches/:id/stores/:store/state", .permission(.manageLaunches)) { try await turnStore($0) },
        .post("/launches/:id/state", .permission(.manageLaunches)) { try await turn($0) },
    ]

    // MARK: - What may be seen

    /// A launch as a viewer may see it: the stores of his scope.
    struct Seen: Sendable {
        let record: LaunchRecord
        /// Those of the launch's stores that lie within the scope, in its order.
        let nodes: [Node]
        /// All stores lie within the scope.
        let isWhole: Bool

        init?(id: Int64, in scope: Scope, _ database: Database) throws {
            guard let record = try LaunchRecord(id: id, database) else { return nil }
            self.record = record
            let all = try record.stores.map { try Node.of(code: $0.store, database) }
            nodes = all.compactMap { node in node.flatMap { scope.covers($0.path) ? $0 : nil } }
            isWhole = nodes.count == all.count
            guard !nodes.isEmpty else { return nil }
        }
    }

    /// - Parameter permission: What the viewer wants to do with all of it; nil to look at it.
    /// - Throws: ``ConsoleProblem/notFound`` if none of its stores is the viewer's.
    static func seen(_ call: Call, for permission: Permission? = nil) async throws -> Seen {
        let id = try call.number("id")
        let viewer = try call.viewer
        let seen = try await call.console.pool.read { database in
            try Seen(id: id, in: viewer.scope(of: .viewLaunches).union(viewer.scope(of: .manageLaunches)), database)
        }
        guard let seen else { throw ConsoleProblem.notFound }
        if let permission {
            guard seen.isWhole else { throw ConsoleProblem.forbidden(permission) }
            for node in seen.nodes { try call.require(permission, at: node.path) }
        }
        return seen
    }

    private static func refused(_ refusal: LaunchDesk.Refusal) -> ConsoleProblem {
        switch refusal {
        case .stale: .refused(Phrase("launches.stale"))
        case .notNow: .refused(Phrase("launches.notNow"))
        case .taken(let stores): .refused(Phrase("launches.taken", stores.joined(separator: ", ")))
        }
    }

    // MARK: - List

    private static func list(_ call: Call) async throws -> Response {
        let viewer = try call.viewer
        let scope = viewer.scope(of: .viewLaunches)
        let found = try await call.console.pool.read { database in
            let ids = try Int64.fetchAll(database, sql: "SELECT id FROM launch ORDER BY id DESC LIMIT 50")
            return try ids.compactMap { id -> (Seen, Outcomes)? in
                guard let seen = try Seen(id: id, in: scope, database) else { return nil }
                return (seen, try LaunchDesk.outcomes(seen.record, database))
            }
        }
        return try call.page(
            "launches",
            [
                "rows": found.map { seen, outcomes in LaunchView(seen, outcomes, call).summary },
                "isEmpty": found.isEmpty,
                "mayManage": viewer.may(.manageLaunches),
            ]
        )
    }

    // MARK: - Step 1: stores

    private static func storesPage(_ call: Call, problems: Problems = Problems()) async throws -> Response {
        let scope = try call.viewer.scope(of: .manageLaunches)
        let (nodes, busy) = try await call.console.pool.read { database in
            (
                try Node.all(in: scope, database),
                try String.fetchSet(
                    database,
                    sql: """
                        SELECT store FROM launch_store JOIN launch ON launch.id = launch_store.launch
                        WHERE launch.state IN ('preparing', 'running', 'paused')
                        """
                )
            )
        }
        let chosen = Set(call.form.all("store"))
        let whole = Set(call.form.all("place"))
        let top = nodes.map { $0.path.split(separator: "/").count }.min() ?? 1
        var model: [String: Any] = [
            "fields": call.fields(
                [
                    Field(
                        name: "name",
                        label: Phrase("launches.name"),
                        value: call.form["name"],
                        hint: Phrase("launches.nameHint"),
                        isRequired: true
                    )
                ],
                problems
            ),
            "places": nodes.map { node -> [String: Any] in
                [
                    "isStore": node.kind == .store,
                    "value": node.kind == .store ? node.code : "\(node.id)",
                    "code": node.code,
                    "name": node.name,
                    "kind": call.text(node.kind.phrase),
                    "path": node.path,
                    "depth": min(4, node.path.split(separator: "/").count - top),
                    "isChosen": node.kind == .store ? chosen.contains(node.code) : whole.contains("\(node.id)"),
                    "isBusy": busy.contains(node.code),
                    "chip": LaunchView.chip(node.state ?? .draft, call.words),
                ]
            },
            "isEmpty": !nodes.contains { $0.kind == .store },
        ]
        if let problem = problems["stores"] { model["storesProblem"] = call.text(problem) }
        return try call.page("launch-stores", model, status: problems.isEmpty ? .ok : .unprocessableContent)
    }

    private static func create(_ call: Call) async throws -> Response {
        var problems = Problems()
        let viewer = try call.viewer
        let scope = viewer.scope(of: .manageLaunches)
        let name = call.form["name"]
        problems.checkName("name", name)
        let (codes, places) = (Set(call.form.all("store")), Set(call.form.all("place").compactMap { Int64($0) }))
        let (stores, foreign) = try await call.console.pool.read { database in
            let roots = try places.compactMap { try Node.of(id: $0, database) }
            let named = try codes.compactMap { try Node.of(code: $0, database) }
            let foreign = (roots + named).contains { !scope.covers($0.path) } || named.count != codes.count
            let stores = try Node.all(in: scope, database).filter { node in
                node.kind == .store
                    && (codes.contains(node.code) || roots.contains { node.path.hasPrefix($0.path) })
            }
            return (stores.map(\.code), foreign)
        }
        // A store of somebody else's is not told from one that does not exist.
        guard !foreign else { throw ConsoleProblem.forbidden(.manageLaunches) }
        if stores.isEmpty { problems.add("stores", Phrase("launches.noStores")) }
        guard problems.isEmpty else { return try await storesPage(call, problems: problems) }
        do {
            let id = try await call.console.pool.write { database in
                let id = try LaunchDesk.create(
                    .init(name: name, stores: stores, creator: viewer.name),
                    at: call.now,
                    database
                )
                try AuditLog.append(
                    call.event("launch.created", "launch:\(id)", after: "\(name): \(stores.joined(separator: " "))"),
                    at: call.now,
                    database
                )
                return id
            }
            return call.redirect("/launches/\(id)/wallets", said: "launchCreated")
        } catch LaunchDesk.Refusal.taken(let stores) {
            problems.add("stores", Phrase("launches.taken", stores.joined(separator: ", ")))
            return try await storesPage(call, problems: problems)
        }
    }

    // MARK: - Step 2: wallets and accounts

    private static func walletsPage(_ call: Call, problems: Problems = Problems()) async throws -> Response {
        let seen = try await seen(call, for: .manageLaunches)
        guard seen.record.launch.state == .preparing else { throw ConsoleProblem.refused(Phrase("launches.notNow")) }
        let accounts = try await accounts(call)
        let wallets = accounts.map(\.wallet).unique
        let fields = wallets.map { wallet -> Field in
            let name = "wallet-\(wallet)"
            let chosen = seen.record.wallets.first { $0.wallet == wallet }?.account ?? ""
            let own = accounts.filter { $0.wallet == wallet }.map(\.account)
            return Field(
                name: name,
                label: Phrase("launches.account", PaymentRow.walletName(wallet, call.words)),
                kind: .choice,
                value: call.form.has(name) ? call.form[name] : chosen,
                options: [("", call.text(Phrase("launches.noAccount")))] + own.map { ($0, $0) }
            )
        }
        var model = LaunchView(seen, Outcomes(), call).summary
        model["fields"] = call.fields(fields, problems)
        model["isEmpty"] = fields.isEmpty
        if let problem = problems["wallets"] { model["formProblem"] = call.text(problem) }
        return try call.page("launch-wallets", model, status: problems.isEmpty ? .ok : .unprocessableContent)
    }

    private static func accounts(_ call: Call) async throws -> [LaunchWallet] {
        try await call.console.pool.read { database in
            try Row.fetchAll(database, sql: "SELECT id AS account, wallet FROM account ORDER BY wallet, id")
                .map { LaunchWallet($0) }
        }
    }

    private static func chooseWallets(_ call: Call) async throws -> Response {
        let seen = try await seen(call, for: .manageLaunches)
        let accounts = try await accounts(call)
        var problems = Problems()
        let chosen = accounts.map(\.wallet).unique.compactMap { wallet -> LaunchWallet? in
            let account = call.form["wallet-\(wallet)"]
            guard !account.isEmpty else { return nil }
            let choice = LaunchWallet(wallet: wallet, account: account)
            if !accounts.contains(choice) { problems.add("wallet-\(wallet)", Phrase("problem.missing")) }
            return choice
        }
        if chosen.isEmpty { problems.add("wallets", Phrase("launches.noWallets")) }
        guard problems.isEmpty else { return try await walletsPage(call, problems: problems) }
        let launch = seen.record.launch
        let event = try call.event(
            "launch.wallets",
            "launch:\(launch.id)",
            before: words(seen.record.wallets),
            after: words(chosen)
        )
        let version = Int64(call.form["version"]) ?? 0
        do {
            try await call.console.pool.write { database in
                try LaunchDesk.choose(chosen, of: launch.id, version: version, database)
                try AuditLog.append(event, at: call.now, database)
            }
        } catch LaunchDesk.Refusal.stale {
            // Theirs stands beside the form, in which what was typed stays.
            problems.add("wallets", Phrase("launches.staleWallets", words(seen.record.wallets)))
            return try await walletsPage(call, problems: problems)
        } catch let refusal as LaunchDesk.Refusal {
            throw refused(refusal)
        }
        return call.redirect("/launches/\(launch.id)", said: "launchWallets")
    }

    private static func words(_ wallets: [LaunchWallet]) -> String {
        wallets.map { "\($0.wallet): \($0.account)" }.joined(separator: ", ")
    }

    // MARK: - The launch

    private static func page(_ call: Call) async throws -> Response {
        let seen = try await seen(call)
        let id = seen.record.launch.id
        let (outcomes, history) = try await call.console.pool.read { database in
            (
                try LaunchDesk.outcomes(seen.record, database),
                try Row.fetchAll(
                    database,
                    sql: "SELECT * FROM audit WHERE subject = ? ORDER BY sequence DESC LIMIT 50",
                    arguments: ["launch:\(id)"]
                ).map { AuditLog.Entry($0) }
            )
        }
        return try call.page("launch", LaunchView(seen, outcomes, call).page(history: history))
    }

    private static func turn(_ call: Call) async throws -> Response {
        let seen = try await seen(call, for: .manageLaunches)
        let launch = seen.record.launch
        let viewer = try call.viewer
        let version = Int64(call.form["version"]) ?? 0
        let act = call.form["act"]
        let (action, said): (String, String)
        switch act {
        case "pause": (action, said) = ("launch.paused", "launchPaused")
        case "resume": (action, said) = ("launch.resumed", "launchResumed")
        case "stop": (action, said) = ("launch.stopped", "launchStopped")
        default: throw ConsoleProblem.notFound
        }
        let event = try call.event(action, "launch:\(launch.id)", before: launch.state.rawValue)
        do {
            try await call.console.pool.write { database in
                switch act {
                case "pause": try LaunchDesk.pause(launch.id, .person, text: viewer.name, version: version, database)
                case "resume":
                    try LaunchDesk.resume(launch.id, version: version, by: viewer.name, at: call.now, database)
                default: try LaunchDesk.stop(launch.id, version: version, database)
                }
                try AuditLog.append(event, at: call.now, database)
            }
        } catch let refusal as LaunchDesk.Refusal {
            throw refused(refusal)
        }
        return call.redirect("/launches/\(launch.id)", said: said)
    }

    /// One store that is live stops taking the launch's wallets, or takes them again.
    private static func turnStore(_ call: Call) async throws -> Response {
        let seen = try await seen(call)
        let (record, code) = (seen.record, try call.parameter("store"))
        guard let node = seen.nodes.first(where: { $0.code == code }) else { throw ConsoleProblem.notFound }
        try call.require(.manageLaunches, at: node.path)
        let pauses = call.form["act"] == "pause"
        guard record.codes(.live).contains(code), node.state == (pauses ? .live : .paused) else {
            throw ConsoleProblem.refused(Phrase("launches.notNow"))
        }
        let editor = RoutingEditor(clouds: call.console.clouds, person: try call.viewer.name)
        if pauses {
            try await editor.leave(record.wallets, at: code, now: call.now)
        } else {
            try await editor.take(record.wallets, at: [code], beside: [], now: call.now)
        }
        let event = try call.event(
            pauses ? "launch.storePaused" : "launch.storeResumed",
            "launch:\(record.launch.id)",
            after: code
        )
        try await call.console.pool.write { database in
            try LaunchDesk.move(code, from: [pauses ? .live : .paused], to: pauses ? .paused : .live, database)
            try AuditLog.append(event, at: call.now, database)
        }
        return call.redirect("/launches/\(record.launch.id)", said: pauses ? "storePaused" : "storeResumed")
    }
}
