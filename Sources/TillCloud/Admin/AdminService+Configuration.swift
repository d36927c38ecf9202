// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine
import TillProtocol
import TillStore
import TillWallets

/// Accounts, routing, limits, supervisors.
extension AdminService {
    func addAccounts(_ file: String, stores: String, live: Bool) async throws -> AdminReply {
        try atHome()
        let stores = stores.uppercased()
        guard stores == "*" || stores.utf8.count == 3 || snapshot.stores[stores] != nil else {
            throw StartError("--store \(stores): there is no such store; add it with 'tillbridge admin store add'.")
        }
        let settings: [WalletSettings]
        do throws(WalletSettingsError) {
            settings = try WalletSettings.exported(in: Array(file.utf8))
            // Each account is opened once, so that a key that cannot be used is told now.
            for settings in settings { _ = try WalletRegistry.account(from: settings) }
        } catch {
            throw StartError(error.description)
        }
        guard !settings.isEmpty else {
            throw StartError("The file names no wallet that this version speaks to: see docs/operations.md.")
        }
        try check(settings, live: live)
        var plan = snapshot.routing?.document ?? .standard
        var changes: [DocumentChange] = []
        for settings in settings {
            let account = try account(settings, stores: stores, live: live)
            changes.append(
                DocumentChange(
                    kind: .account,
                    key: account.id,
                    body: try DocumentCoder.text(account),
                    from: nil
                )
            )
            plan.accounts.removeAll { $0.stores == stores && $0.wallet == account.wallet }
            plan.accounts.append(.init(stores: stores, wallet: account.wallet, account: account.id))
        }
        let version = try append(plan, to: &changes)
        let names = changes.filter { $0.kind == .account }.map(\.key)
        try await change(changes, "accounts-added", names.joined(separator: " "))
        return AdminReply(
            text: "Accounts \(names.joined(separator: ", ")) added; routing version \(version) published.",
            json: json { json in
                json.array("accounts") { json in
                    for name in names { json.string(Array(name.utf8)) }
                }
                json.integer("routing", Int64(version))
            }
        )
    }

    private func check(_ settings: [WalletSettings], live: Bool) throws(StartError) {
        for account in snapshot.accounts.values where account.sandbox == live {
            throw StartError(
                "Account \(account.id) is \(live ? "a sandbox" : "a live") account: "
                    + "sandbox and live accounts never share an installation."
            )
        }
        if live, core.settings.times.thousandths < 1000 {
            throw StartError("This cloud runs with --time-factor below 1, which only sandbox accounts allow.")
        }
        for settings in settings {
            for url in [settings.baseURL, settings.certificateBaseURL] where url.hasPrefix("http://") {
                let host = url.dropFirst("http://".count).prefix { $0 != ":" && $0 != "/" }
                guard !live, CloudSettings.isLoopback(String(host)) else {
                    throw StartError("The address \(url) is not https: plain HTTP is for the sandbox on this machine.")
                }
            }
        }
    }

    private func account(_ settings: WalletSettings, stores: String, live: Bool) throws -> AccountDocument {
        let wallet = String(decoding: settings.wallet.wireBytes, as: UTF8.self)
        let id = "\(wallet)-\(live ? "live" : "sandbox")" + (stores == "*" ? "" : "-\(stores)")
        return AccountDocument(
            id: id,
            wallet: wallet,
            version: settings.version,
            sandbox: !live,
            baseURL: settings.baseURL,
            credentials: try core.vault.seal(Secret(settings.document), name: id),
            addedAt: core.clock.now().milliseconds
        )
    }

    /// Adds the next version of the routing.
    private func append(_ plan: RoutingPlan, to changes: inout [DocumentChange]) throws -> Int {
        var plan = plan
        plan.version = (snapshot.routing?.document.version ?? 0) + 1
        try size.check(routing: Routing(plan), chain: snapshot.chain, at: core.clock.now(), setting: "The routing")
        changes.append(
            DocumentChange(kind: .routing, key: "\(plan.version)", body: try DocumentCoder.text(plan), from: 0)
        )
        return plan.version
    }

    func setRouting(_ document: String) async throws -> AdminReply {
        try atHome()
        var plan: RoutingPlan
        do {
            plan = try DocumentCoder.decode(RoutingPlan.self, from: Array(document.utf8))
        } catch {
            throw StartError(
                "The routing is not the JSON object that 'tillbridge admin routing show --json' prints: \(error)."
            )
        }
        plan.version = 1
        for assignment in try Routing(plan).document.accounts where snapshot.accounts[assignment.account] == nil {
            throw StartError(
                "The routing names the account '\(assignment.account)': add it first, or correct the name."
            )
        }
        var changes: [DocumentChange] = []
        let version = try append(plan, to: &changes)
        try await change(changes, "routing-published", "\(version)")
        return AdminReply(
            text: "Routing version \(version) published.",
            json: json { $0.integer("routing", Int64(version)) }
        )
    }

    func showRouting(_ version: Int?) throws -> AdminReply {
        guard let routing = version.map({ snapshot.routings[$0] }) ?? snapshot.routing else {
            throw StartError(
                version.map { "There is no routing version \($0)." }
                    ?? "No routing has been published: add an account, or use 'tillbridge admin routing set'."
            )
        }
        let plan = routing.document
        var lines = ["Routing version \(plan.version), sign of \(plan.signLength) characters"]
        for rule in plan.rules {
            let range = rule.low == rule.high ? rule.low : "\(rule.low)-\(rule.high)"
            let lengths = rule.minLength == rule.maxLength ? "\(rule.minLength)" : "\(rule.minLength)-\(rule.maxLength)"
            lines.append(
                "  \(range.padding(8)) length \(lengths.padding(8)) \(rule.wallet.padding(12)) \(rule.enabled ? "on" : "off")"
            )
        }
        for assignment in plan.accounts {
            lines.append("  \(assignment.stores.padding(8)) \(assignment.wallet.padding(12)) -> \(assignment.account)")
        }
        return AdminReply(text: lines.joined(separator: "\n"), json: try DocumentCoder.text(plan))
    }

    /// What a code would lead to. The code is neither stored nor shown.
    func testRouting(_ code: String, store: String?) throws -> AdminReply {
        guard let routing = snapshot.routing else { throw StartError("No routing has been published: add an account.") }
        let now = core.clock.now()
        let result = routing.table.classify(scanned: Array(code.utf8), at: now)
        var account: String?
        let word: String
        switch result {
        case .wallet(let wallet):
            word = wallet.text
            account = store.flatMap { routing.account(of: wallet, store: Array($0.uppercased().utf8), at: now) }
        case .disabled(let wallet): word = "\(wallet.text) (switched off)"
        case .unsupported(let wallet): word = "\(wallet) (not supported)"
        case .notAPaymentCode: word = "not a payment code"
        case .receiveCode: word = "a code for receiving money: ask for the payment code"
        }
        let suffix = store.map { account.map { ", account \($0)" } ?? ", no account for store \($0)" } ?? ""
        return AdminReply(
            text: word + suffix,
            json: json { json in
                json.string("result", Array(word.utf8))
                if let account { json.string("account", Array(account.utf8)) }
                json.integer("routing", Int64(routing.document.version))
            }
        )
    }

    func setChain(amountLimit: Int64?, refundLimit: Int64?, enabled: Bool?) async throws -> AdminReply {
        try atHome()
        var chain = snapshot.chain
        if let amountLimit {
            guard amountLimit > 0 else { throw StartError("--amount-limit \(amountLimit): give fen above 0.") }
            chain.amountLimit = amountLimit
        }
        if let refundLimit {
            guard refundLimit >= 0 else { throw StartError("--refund-limit \(refundLimit): give fen, 0 for none.") }
            chain.refundLimit = refundLimit
        }
        if let enabled { chain.enabled = enabled }
        return try await publish(chain, "limits-changed", setting: "The limits")
    }

    func addSupervisor(_ id: String, code: String) async throws -> AdminReply {
        try atHome()
        guard (1...40).contains(id.utf8.count), (4...40).contains(code.utf8.count) else {
            throw StartError("--id and the code: give 1 to 40 bytes and 4 to 40 characters.")
        }
        var chain = snapshot.chain
        chain.supervisors.removeAll { $0.id == id }
        guard chain.supervisors.count < ConfigurationDocument.maxSupervisors else {
            throw StartError("There are \(chain.supervisors.count) supervisors already, the most that registers hold.")
        }
        let salt = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
        let supervisor = Supervisor(id: Array(id.utf8), code: Array(code.utf8), salt: salt)
        chain.supervisors.append(
            .init(
                id: id,
                salt: String(decoding: Hex.encode(supervisor.salt), as: UTF8.self),
                hash: String(decoding: Hex.encode(supervisor.hash), as: UTF8.self)
            )
        )
        return try await publish(chain, "supervisor-added", setting: "--id")
    }

    private var size: HelloSize { HelloSize(installation: core.installation) }

    private func publish(_ chain: ChainDocument, _ action: String, setting: String) async throws -> AdminReply {
        var chain = chain
        let stored = try await core.store.document(.configuration, key: "chain")
        chain.version = max(chain.version, Int(stored?.version ?? 0)) + 1
        try size.check(routing: snapshot.routing, chain: chain, at: core.clock.now(), setting: setting)
        try await change(
            [
                DocumentChange(
                    kind: .configuration,
                    key: "chain",
                    body: try DocumentCoder.text(chain),
                    from: stored?.version ?? 0
                )
            ],
            action
        )
        return AdminReply(
            text: "Configuration version \(chain.version) published.",
            json: json { $0.integer("configuration", Int64(chain.version)) }
        )
    }
}
