// Part of Tillbridge. See LICENSE.
import TillDomain
import TillProtocol
import TillStore
import TillWallets

/// Versions of the routing: published, edited, shown.
extension AdminService {
    var size: HelloSize { HelloSize(installation: core.installation) }

    /// A document of this size, with every quote escaped, passes in the peer's log with room to spare.
    private static let documentBytes = 256 * 1024

    /// Adds the next version of the routing.
    func append(_ plan: RoutingPlan, to changes: inout [DocumentChange]) throws -> Int {
        let now = core.clock.now()
        var plan = plan
        plan.base = snapshot.routing?.version
        plan.version = (plan.base ?? 0) + 1
        plan.publishedAt = now.milliseconds
        plan.held = nil
        try size.check(routing: Routing(plan), chain: snapshot.chain, at: now, setting: "The routing")
        let body = try DocumentCoder.text(plan)
        guard body.utf8.count <= AdminService.documentBytes else {
            throw StartError(
                "The routing has \(body.utf8.count) bytes, and \(AdminService.documentBytes) are the most: "
                    + "name chains in place of stores."
            )
        }
        changes.append(DocumentChange(kind: .routing, key: "\(plan.version)", body: body, from: 0))
        return plan.version
    }

    /// - Parameter remarks: What people should know of the new version, each in one sentence.
    private func publish(
        _ plan: RoutingPlan,
        from base: Int,
        allowGap: Bool,
        remarks: (Routing) -> [String] = { _ in [] }
    ) async throws -> AdminReply {
        var changes: [DocumentChange] = []
        let version = try append(plan, to: &changes)
        let (old, now) = (snapshot.routing, core.clock.now())
        // The number that it will have: dates and rules are judged as they are published.
        var numbered = plan
        numbered.version = version
        let new = try Routing(numbered)
        let gap = old.flatMap { RoutingGap.first(from: $0, to: new, at: now) }
        if let gap, !allowGap {
            throw StartError("\(gap.sentence(at: now)). Give --allow-gap if that is meant.")
        }
        try await change(changes, "routing-published", "\(version) from \(base): \(plan.change ?? "")")
        var notes = gap.map { ["\($0.sentence(at: now))."] } ?? []
        notes += leftOpen(by: new, since: old, at: now) + remarks(new)
        let offered = snapshot.offered?.version ?? 0
        if offered < version {
            notes.append(
                "Registers get it as soon as cloud \(core.settings.name.other.text) holds it; until then version "
                    + "\(offered) stays."
            )
        }
        return AdminReply(
            text: (["Routing version \(version) published."] + notes).joined(separator: "\n"),
            json: json { json in
                json.integer("routing", Int64(version))
                json.integer("offered", Int64(offered))
                json.array("notes") { json in
                    for note in notes { json.string(Array(note.utf8)) }
                }
            }
        )
    }

    /// Rules that are on and pay nothing, as far as the version before did not have them like that.
    private func leftOpen(by new: Routing, since old: Routing?, at now: Timestamp) -> [String] {
        let before = old?.unpaid(at: now).map(\.rule) ?? []
        return new.unpaid(at: now).filter { !before.contains($0.rule) }.map { index, rule in
            let place = SignFlagError.Place(index: index, rule: rule)
            guard WalletRegistry.standard.speaks(to: rule.wallet) else {
                return "\(place): this build does not speak to \(rule.wallet), so that its codes are known and refused."
            }
            return "\(place): no account takes \(rule.wallet) at any store yet; see 'sign-flags enable --wallet'."
        }
    }

    func setRouting(_ document: String, allowGap: Bool) async throws -> AdminReply {
        try atHome()
        var plan: RoutingPlan
        do {
            plan = try DocumentCoder.decode(RoutingPlan.self, from: Array(document.utf8))
        } catch {
            throw StartError(
                "The routing is not the JSON object that 'tillbridge admin routing show --json' prints: \(error)."
            )
        }
        let base = plan.version
        if base != 0 { try checkBase(base) }
        plan.version = 1
        try checkAccounts(of: Routing(plan).document)
        plan.change = "set as a whole"
        return try await publish(plan, from: base, allowGap: allowGap)
    }

    func editSignFlags(from base: Int, _ edit: SignFlagEdit, allowGap: Bool) async throws -> AdminReply {
        try atHome()
        try checkBase(base)
        if let stores = edit.stores { _ = try known(stores: stores, "--stores") }
        let now = core.clock.now()
        var plan = try edit.applied(
            to: routing(nil),
            accounts: snapshot.accounts.mapValues(\.wallet),
            at: now
        )
        plan.prune(at: now)
        try checkAccounts(of: Routing(plan).document)
        plan.change = edit.summary
        return try await publish(plan, from: base, allowGap: allowGap || edit.meansGap) {
            edit.remarks(on: $0, at: now)
        }
    }

    /// Two people who edit the same version would undo each other's work.
    private func checkBase(_ base: Int) throws(StartError) {
        let newest = snapshot.routing?.version ?? 0
        guard base == newest else {
            throw StartError(
                "Routing version \(base) is not the newest: somebody has published version \(newest). "
                    + "Look at it and make the change again from there."
            )
        }
    }

    private func checkAccounts(of plan: RoutingPlan) throws(StartError) {
        for assignment in plan.accounts {
            guard let account = snapshot.accounts[assignment.account] else {
                throw StartError(
                    "The routing names the account '\(assignment.account)': add it first, or correct the name."
                )
            }
            guard account.wallet == assignment.wallet else {
                throw StartError("The routing names the account '\(account.id)' for \(assignment.wallet).")
            }
        }
    }

    /// A list of stores as it is kept. Every store must exist.
    func known(stores: String, _ setting: String) throws(StartError) -> String {
        let stores = stores.uppercased()
        guard let scope = StoreScope(stores) else {
            throw StartError("\(setting) \(stores): \(StoreScope.form).")
        }
        let known = snapshot.stores
        for name in scope.names.sorted() where name.utf8.count == 7 && known[name] == nil {
            throw StartError("\(setting) \(name): there is no such store; add it with 'tillbridge admin store add'.")
        }
        return stores
    }

    /// The newest version, or an older one.
    func routing(_ version: Int?) throws(StartError) -> Routing {
        if let routing = version.map({ snapshot.routings[$0] }) ?? snapshot.routing { return routing }
        throw StartError(
            version.map { "There is no routing version \($0)." }
                ?? "No routing has been published: add an account, or use 'tillbridge admin routing set'."
        )
    }

    func showRouting(_ version: Int?) throws -> AdminReply {
        let plan = try routing(version).document
        var lines = ["Routing version \(plan.version), sign of \(plan.signLength) characters"]
        if let offered = snapshot.offered?.version, offered < plan.version {
            lines.append(
                "Registers get version \(offered) until cloud \(core.settings.name.other.text) holds this one."
            )
        }
        for (index, rule) in plan.rules.enumerated() {
            lines.append(
                "  rule \("\(index + 1)".padding(3)) \(rule.range.padding(8)) length \(rule.lengths.padding(8)) "
                    + "\(rule.wallet.padding(12)) \(rule.enabled ? "on " : "off")"
                    + AdminService.place(rule.stores, rule.from, rule.until)
            )
        }
        for row in plan.accounts {
            lines.append(
                "  \(row.wallet.padding(12)) \(row.enabled == false ? "off" : "-> \(row.account)")"
                    + AdminService.place(row.stores, row.from, row.until)
            )
        }
        return AdminReply(text: lines.joined(separator: "\n"), json: try DocumentCoder.text(plan))
    }

    private static func place(_ stores: String?, _ from: Int64?, _ until: Int64?) -> String {
        (stores.map { $0 == "*" ? "" : "  at \($0)" } ?? "")
            + (from.map { "  from \(UTCText.text(Timestamp(milliseconds: $0)))" } ?? "")
            + (until.map { "  until \(UTCText.text(Timestamp(milliseconds: $0)))" } ?? "")
    }

    /// Oldest first.
    func routingHistory() throws -> AdminReply {
        let plans = snapshot.routings.values.map(\.document).sorted { $0.version < $1.version }
        let lines = plans.map { plan in
            let time = plan.publishedAt.map { UTCText.text(Timestamp(milliseconds: $0)) } ?? "-"
            return "\("\(plan.version)".padding(6)) \(time.padding(21)) \(plan.change ?? "")"
        }
        return AdminReply(
            text: lines.isEmpty ? "No routing has been published." : lines.joined(separator: "\n"),
            json: json { json in
                json.array("versions") { json in
                    for plan in plans {
                        json.object { json in
                            json.integer("version", Int64(plan.version))
                            if let base = plan.base { json.integer("base", Int64(base)) }
                            if let time = plan.publishedAt { json.integer("publishedAt", time) }
                            if let change = plan.change { json.string("change", Array(change.utf8)) }
                        }
                    }
                }
            }
        )
    }

    func offerRouting() async throws -> AdminReply {
        try atHome()
        let newest = try routing(nil).version
        guard snapshot.offered?.version != newest else {
            throw StartError("Routing version \(newest) is what registers get already.")
        }
        try await core.documents.offer(
            newest,
            by: AuditNote(actor: person, action: "routing-offered", detail: "\(newest)")
        )
        return AdminReply(
            text: "Registers get routing version \(newest) from now on. Cloud \(core.settings.name.other.text) refuses "
                + "their new payments until it has read this cloud's log.",
            json: json { $0.integer("routing", Int64(newest)) }
        )
    }
}
