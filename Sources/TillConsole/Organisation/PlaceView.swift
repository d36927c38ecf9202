// Part of Tillbridge. See LICENSE.
import GRDB

/// The page of a place.
struct PlaceView {
    private static let auditRows = 8

    /// What the database says of it, for one viewer.
    struct Facts: Sendable {
        let node: Node
        /// The top first; those that the viewer may see.
        let above: [Node]
        let settings: [(name: Inherited.Name, value: Inherited)]
        let mayEdit: Bool
        /// Where it may be moved.
        let parents: [Node]
        let registers: [RegisterRow]
        /// Stores below it.
        let stores: Int
        let audit: [AuditLog.Entry]

        init(_ node: Node, edit: Scope, view: Scope, audit: Scope, _ database: Database) throws {
            let above = try Node.above(node, database)
            self.node = node
            self.above = above.filter { view.covers($0.path) }
            settings = Inherited.Name.allCases.map { ($0, Inherited($0, of: node, above: above)) }
            mayEdit = edit.covers(node.path)
            parents = mayEdit ? try PlaceDesk.parents(for: node, in: edit, database) : []
            registers = node.kind == .store ? try RegisterRow.of(store: node.code, database) : []
            stores =
                try Int.fetchOne(
                    database,
                    sql: "SELECT count(*) FROM node WHERE kind = 'store' AND path >= ? AND path < ?",
                    arguments: [node.path, node.path + "~"]
                ) ?? 0
            self.audit =
                audit.covers(node.path)
                ? try Row.fetchAll(
                    database,
                    sql: "SELECT * FROM audit WHERE subject = ? ORDER BY sequence DESC LIMIT ?",
                    arguments: [node.subject, PlaceView.auditRows]
                ).map { AuditLog.Entry($0) } : []
        }
    }

    let call: Call
    let viewer: Viewer
    let reply: PlaceRoutes.Reply

    func model(_ facts: Facts, _ look: RoutingLook.Look) -> [String: Any] {
        let node = facts.node
        var model: [String: Any] = [
            "code": node.code,
            "name": node.name,
            "path": "/organisation/places/\(Form.encoded(node.code))",
            "kind": call.text(node.kind.phrase),
            "crumbs": facts.above.map { ["name": $0.name, "path": "/organisation?at=\(Form.encoded($0.code))"] },
            "version": node.version,
            "isStore": node.kind == .store,
            "isPlace": node.kind != .store,
            "mayEdit": facts.mayEdit,
            "storesText": call.text(Phrase("organisation.count", call.formats.count(facts.stores))),
            "conflicts": reply.conflicts.map {
                ["label": call.text($0.label), "theirs": $0.theirs, "mine": $0.mine]
            },
            "hasConflicts": !reply.conflicts.isEmpty,
            "settings": facts.settings.map { setting($0.name, $0.value, isTop: node.parent == nil) },
            "renameFields": call.fields(
                [Field(name: "name", label: Phrase("place.name"), value: typed("name") ?? node.name, isRequired: true)],
                reply.problems
            ),
            "mayMove": facts.parents.count > 1,
            "moveFields": call.fields([parentField(facts)], reply.problems),
            "mayAdd": facts.mayEdit && node.kind != .store,
            "addFields": call.fields(addFields(node), reply.problems),
            "audit": facts.audit.map { entry($0) },
            "hasAudit": !facts.audit.isEmpty,
        ]
        if let state = node.state {
            model["chip"] = state.chip(call.words)
            let wallets = look.wallets(at: node.code, call.now)
            let names = wallets?.map { PaymentRow.walletName($0, call.words) } ?? []
            model["wallets"] =
                wallets == nil
                ? call.text(Phrase("organisation.silent"))
                : names.isEmpty ? call.text(Phrase("organisation.noWallet")) : names.joined(separator: ", ")
            let mayManage = viewer.scope(of: .manageRegisters).covers(node.path)
            model["registers"] = facts.registers.map { RegisterView.model($0, mayManage: mayManage, call) }
            model["hasRegisters"] = !facts.registers.isEmpty
            model["mayManage"] = mayManage
            model["registerFields"] = call.fields(
                [
                    Field(
                        name: "registerName",
                        label: Phrase("register.name"),
                        value: call.form["registerName"],
                        hint: Phrase("register.nameHint"),
                        isRequired: true
                    )
                ],
                reply.problems
            )
            model["onlineHint"] = call.text(
                Phrase("organisation.onlineHint", "\(LiveStrip.onlineMilliseconds / 1_000)")
            )
        }
        return model
    }

    /// What was typed into a field of the form that came back.
    private func typed(_ name: String) -> String? { call.form.has(name) ? call.form[name] : nil }

    private func parentField(_ facts: Facts) -> Field {
        let current = facts.parents.first { $0.id == facts.node.parent }?.code ?? ""
        return Field(
            name: "parent",
            label: Phrase("place.parent"),
            kind: .choice,
            value: typed("parent") ?? current,
            options: facts.parents.map { node in
                let depth = node.path.count { $0 == "/" } - 2
                let indent = String(repeating: "\u{2003}", count: max(0, depth))
                return (node.code, "\(indent)\(node.name) (\(node.code))")
            }
        )
    }

    private func addFields(_ node: Node) -> [Field] {
        [
            Field(
                name: "kind",
                label: Phrase("place.kind"),
                kind: .choice,
                value: call.form["kind"],
                options: node.kind.children.map { ($0.rawValue, call.text($0.phrase)) }
            ),
            Field(name: "newName", label: Phrase("place.name"), value: call.form["newName"], isRequired: true),
            Field(
                name: "newCode",
                label: Phrase("place.code"),
                value: call.form["newCode"],
                hint: Phrase("place.codeHint")
            ),
        ]
    }

    private func setting(_ name: Inherited.Name, _ value: Inherited, isTop: Bool) -> [String: Any] {
        func shown(_ text: String) -> String {
            if text.isEmpty { return call.text(Phrase("place.none")) }
            return name.isMoney ? Formats.fen(text).map { call.formats.money($0) } ?? text : text
        }
        var model: [String: Any] = [
            "name": name.rawValue,
            "label": call.text(Phrase(family: "setting", name.rawValue)),
            "value": typed(name.rawValue) ?? value.own ?? "",
            "shown": shown(value.own ?? value.inherited ?? ""),
            "isOwn": value.own != nil,
            "isInherited": value.own == nil,
            "isMoney": name.isMoney,
            "placeholder": value.inherited ?? "",
            "hasOrigin": value.origin != nil,
            "origin": value.origin.map {
                call.text(Phrase("place.inheritedFrom", shown(value.inherited ?? ""), $0.name))
            } ?? "",
            "hasProblem": false,
            "problem": "",
        ]
        if let problem = reply.problems[name.rawValue] {
            model["hasProblem"] = true
            model["problem"] = call.text(problem)
        }
        return model
    }

    private func entry(_ entry: AuditLog.Entry) -> [String: Any] {
        [
            "time": call.formats.moment(entry.time),
            "actor": entry.actor,
            "text": call.text(Phrase(family: "audit", entry.action)),
            "before": entry.before,
            "after": entry.after,
            "isChange": !entry.before.isEmpty,
        ]
    }
}
