// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine
import TillProtocol
import TillStore
import TillWallets

/// Accounts, limits, supervisors.
extension AdminService {
    /// - Parameter unused: No store uses the accounts until somebody enables them.
    func addAccounts(
        _ file: String,
        stores: String,
        live: Bool,
        unused: Bool,
        version: String?
    ) async throws -> AdminReply {
        try atHome()
        let stores = try known(stores: stores, "--store")
        guard !stores.contains(",") else {
            throw StartError(
                "--store \(stores): name one store or chain; for several, add with --unused and enable them."
            )
        }
        let settings: [WalletSettings]
        do throws(WalletSettingsError) {
            settings = try WalletSettings.exported(in: Array(file.utf8), version: version)
            // Each account is opened once, so that a key that cannot be used is told now.
            for settings in settings { _ = try WalletRegistry.standard.account(from: settings) }
        } catch {
            throw StartError(error.description)
        }
        if let version, settings.isEmpty {
            let known = WalletRegistry.standard.rows.map { "\($0.version) (\($0.section))" }.joined(separator: ", ")
            throw StartError("--protocol \(version): no wallet of the file speaks it; there are \(known).")
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
            plan.assign(.init(stores: stores, wallet: account.wallet, account: account.id))
        }
        let names = changes.map(\.key)
        plan.change = "added \(names.joined(separator: ", "))"
        let version = unused ? nil : try append(plan, to: &changes)
        try await change(changes, "accounts-added", names.joined(separator: " "))
        let use = version.map { "routing version \($0) published" } ?? "no store uses them yet"
        return AdminReply(
            text: "Accounts \(names.joined(separator: ", ")) added; \(use).",
            json: json { json in
                json.array("accounts") { json in
                    for name in names { json.string(Array(name.utf8)) }
                }
                if let version { json.integer("routing", Int64(version)) }
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
        let wallet = settings.wallet.description
        // Another version is another account: what was paid in one is asked about and undone in the same.
        let isFirst = WalletRegistry.standard.isFirst(settings.version, of: settings.wallet)
        let version = isFirst ? "" : "-\(settings.version)"
        let id = "\(wallet)\(version)-\(live ? "live" : "sandbox")" + (stores == "*" ? "" : "-\(stores)")
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

    /// The chain's document under its next version.
    func next(_ chain: ChainDocument) async throws -> DocumentChange {
        var chain = chain
        let stored = try await core.store.document(.configuration, key: "chain")
        chain.version = max(chain.version, Int(stored?.version ?? 0)) + 1
        return DocumentChange(
            kind: .configuration,
            key: "chain",
            body: try DocumentCoder.text(chain),
            from: stored?.version ?? 0
        )
    }

    private func publish(_ chain: ChainDocument, _ action: String, setting: String) async throws -> AdminReply {
        try size.check(routing: snapshot.routing, chain: chain, at: core.clock.now(), setting: setting)
        try await change([try await next(chain)], action)
        let version = snapshot.chain.version
        return AdminReply(
            text: "Configuration version \(version) published.",
            json: json { $0.integer("configuration", Int64(version)) }
        )
    }
}
