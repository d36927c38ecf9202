// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine
import TillProtocol
import TillStore

/// Stores and registers.
extension AdminService {
    func addStore(name: String, code: String?) async throws -> AdminReply {
        try atHome()
        let name = try checked(name: name, "--name")
        let known = snapshot.stores
        let code = code?.uppercased() ?? AdminService.freeStore(known.keys)
        try checkForm(code)
        guard known[code] == nil else { throw StartError("--code \(code): this store exists already.") }
        let store = StoreDocument(code: code, name: name)
        let change = DocumentChange(kind: .store, key: code, body: try DocumentCoder.text(store), from: 0)
        try await self.change([change], "store-added", code)
        return AdminReply(
            text: "Store \(code) (\(name)) added.",
            json: json { json in
                json.string("store", Array(code.utf8))
                json.string("name", Array(name.utf8))
            }
        )
    }

    private func checkForm(_ code: String) throws(StartError) {
        guard code.utf8.count == 7, Base32.isText(code.utf8) else {
            throw StartError(
                "--code \(code): give 7 characters, chain 3 and store 4, of 0-9 and A-Z without I, L, O and U."
            )
        }
    }

    func renameStore(_ code: String, name: String) async throws -> AdminReply {
        try atHome()
        let name = try checked(name: name, "--name")
        guard var store = snapshot.stores[code.uppercased()] else {
            throw StartError("--store \(code): there is no such store.")
        }
        let stored = try await core.store.document(.store, key: store.code)
        let before = store.name
        store.name = name
        let change = DocumentChange(
            kind: .store,
            key: store.code,
            body: try DocumentCoder.text(store),
            from: stored?.version ?? 0
        )
        try await self.change([change], "store-renamed", "\(store.code): \(before) -> \(name)")
        return AdminReply(
            text: "Store \(store.code) is called \(name) from now on.",
            json: json { json in
                json.string("store", Array(store.code.utf8))
                json.string("name", Array(name.utf8))
            }
        )
    }

    private static func freeStore(_ taken: some Collection<String>) -> String {
        for number in 1..<UInt64(1 << 20) {
            let code = "QF0" + String(decoding: Base32.encode(number, count: 4), as: UTF8.self)
            if !taken.contains(code) { return code }
        }
        return ""
    }

    func addRegister(store: String, name: String) async throws -> AdminReply {
        try atHome()
        let store = store.uppercased()
        guard snapshot.stores[store] != nil else {
            throw StartError("--store \(store): there is no such store; add it with 'tillbridge admin store add'.")
        }
        let name = try checked(name: name, "--name")
        guard let id = AdminService.freeRegister(in: store, snapshot.registers.keys) else {
            throw StartError("--store \(store): it has 1022 registers already.")
        }
        let register = RegisterDocument(
            id: id.description,
            name: name,
            keys: [],
            acknowledges: true,
            addedAt: core.clock.now().milliseconds
        )
        let change = DocumentChange(
            kind: .register,
            key: register.id,
            body: try DocumentCoder.text(register),
            from: 0
        )
        try await self.change([change], "register-added", register.id)
        return try await code(for: id)
    }

    private static func freeRegister(in store: String, _ taken: some Sequence<String>) -> RegisterID? {
        let taken = Set(taken.filter { $0.hasPrefix(store) })
        // The last number is the test register's.
        for number in 1..<UInt64(1 << 10 - 1) {
            let text = store + String(decoding: Base32.encode(number, count: 2), as: UTF8.self)
            if !taken.contains(text) { return RegisterID(text.utf8) }
        }
        return nil
    }

    /// All in one transaction, so that a list is taken over as a whole or not at all.
    func provision(_ plans: [AdminRequest.StorePlan]) async throws -> AdminReply {
        try atHome()
        guard plans.count <= AdminService.mostPlans else {
            throw StartError("\(plans.count) stores at once: \(AdminService.mostPlans) are the most.")
        }
        var (stores, changes) = (snapshot.stores, [DocumentChange]())
        var registers = Dictionary(grouping: snapshot.registers.values) { String($0.id.prefix(7)) }
        var done: [(store: String, isNew: Bool, registers: [String])] = []
        let now = core.clock.now().milliseconds
        for plan in plans {
            let name = try checked(name: plan.name, "--name")
            let code = plan.code?.uppercased() ?? AdminService.freeStore(stores.keys)
            try checkForm(code)
            let isNew = stores[code] == nil
            if isNew {
                let store = StoreDocument(code: code, name: name)
                stores[code] = store
                changes.append(
                    DocumentChange(kind: .store, key: code, body: try DocumentCoder.text(store), from: 0)
                )
            }
            var added: [String] = []
            for name in plan.registers {
                let name = try checked(name: name, "--name")
                let present = registers[code] ?? []
                if present.contains(where: { $0.name == name && $0.revokedAt == nil }) { continue }
                guard let id = AdminService.freeRegister(in: code, present.map(\.id)) else {
                    throw StartError("--store \(code): 1022 registers are the most.")
                }
                let register = RegisterDocument(
                    id: id.description,
                    name: name,
                    keys: [],
                    acknowledges: true,
                    addedAt: now
                )
                registers[code, default: []].append(register)
                added.append(register.id)
                changes.append(
                    DocumentChange(
                        kind: .register,
                        key: register.id,
                        body: try DocumentCoder.text(register),
                        from: 0
                    )
                )
            }
            done.append((code, isNew, added))
        }
        let (newStores, newRegisters) = (done.count { $0.isNew }, done.reduce(0) { $0 + $1.registers.count })
        if !changes.isEmpty {
            try await change(changes, "stores-provisioned", "\(newStores) stores, \(newRegisters) registers")
        }
        return AdminReply(
            text: "\(newStores) stores and \(newRegisters) registers added.",
            json: json { json in
                json.array("stores") { json in
                    for row in done {
                        json.object { json in
                            json.string("store", Array(row.store.utf8))
                            json.bool("added", row.isNew)
                            json.array("registers") { json in
                                for register in row.registers { json.string(Array(register.utf8)) }
                            }
                        }
                    }
                }
            }
        )
    }

    private static let mostPlans = 2_000

    func newCode(register: String) async throws -> AdminReply {
        try atHome()
        let document = try known(register)
        guard document.revokedAt == nil, let id = RegisterID(document.id.utf8) else {
            throw StartError("Register \(document.id) has been revoked: add a new one.")
        }
        return try await code(for: id)
    }

    /// Draws a code until its public part is free.
    private func code(for register: RegisterID) async throws -> AdminReply {
        for _ in 0..<100 {
            let code = OneTimeCode(publicBits: .random(in: .min ... .max), secretBits: .random(in: .min ... .max))
            let now = core.clock.now()
            let activation = Activation(
                code: String(decoding: code.publicPart, as: UTF8.self),
                register: register,
                key: ActivationProof(code).key,
                expiresAt: now + 86_400_000
            )
            let note = AuditNote(actor: person, action: "code-made", detail: register.description)
            guard try await core.store.addActivation(activation, at: now, by: note) else { continue }
            let shown = String(decoding: code.shown, as: UTF8.self)
            return AdminReply(
                text: "Register \(register): one-time code \(shown), valid for 24 hours, five tries. "
                    + "At the register: tillbridge-plugin activate --proxy HOST:PORT \(shown)",
                json: json { json in
                    json.identifier("register", register)
                    json.string("code", code.shown)
                    json.time("expiresAt", activation.expiresAt)
                }
            )
        }
        throw StartError("No free one-time code was found: wait until old ones have expired.")
    }

    private func known(_ id: String) throws(StartError) -> RegisterDocument {
        guard let register = snapshot.registers[id.uppercased()] else {
            throw StartError("Register \(id): there is no such register; see 'tillbridge admin register list'.")
        }
        return register
    }

    func revokeRegister(_ id: String) async throws -> AdminReply {
        try atHome()
        var register = try known(id)
        guard register.revokedAt == nil else { throw StartError("Register \(register.id) has been revoked already.") }
        guard let stored = try await core.store.document(.register, key: register.id) else {
            throw StartError("Register \(register.id) is not in the database: restore it.")
        }
        register.revokedAt = core.clock.now().milliseconds
        let change = DocumentChange(
            kind: .register,
            key: register.id,
            body: try DocumentCoder.text(register),
            from: stored.version
        )
        try await self.change([change], "register-revoked", register.id)
        return AdminReply(
            text: "Register \(register.id) revoked: its key is refused from now on.",
            json: json { $0.string("register", Array(register.id.utf8)) }
        )
    }

    func disableRegister(_ id: String, disabled: Bool) async throws -> AdminReply {
        try atHome()
        var register = try known(id)
        guard register.revokedAt == nil else { throw StartError("Register \(register.id) has been revoked.") }
        guard (register.disabledAt != nil) != disabled else {
            throw StartError("Register \(register.id) is \(disabled ? "off" : "on") already.")
        }
        guard let stored = try await core.store.document(.register, key: register.id) else {
            throw StartError("Register \(register.id) is not in the database: restore it.")
        }
        register.disabledAt = disabled ? core.clock.now().milliseconds : nil
        let change = DocumentChange(
            kind: .register,
            key: register.id,
            body: try DocumentCoder.text(register),
            from: stored.version
        )
        // Registers ask for their configuration when a newer version is announced. After the register's own document
        // in one transaction: whoever knows the version knows the register's state, at the other cloud too.
        let configuration = try await next(snapshot.chain)
        try await self.change(
            [change, configuration],
            disabled ? "register-disabled" : "register-enabled",
            register.id
        )
        return AdminReply(
            text: disabled
                ? "Register \(register.id) is off: it begins no new payment."
                : "Register \(register.id) is on again.",
            json: json { json in
                json.string("register", Array(register.id.utf8))
                json.bool("disabled", disabled)
            }
        )
    }

    /// What this cloud knows of the registers by experience, the latest contact being one through a proxy or its own.
    private func experience() async throws -> [RegisterStanding] {
        var contacts = core.contacts.all
        var standings = try await core.store.standings()
        for index in standings.indices {
            guard let contact = contacts.removeValue(forKey: standings[index].register) else { continue }
            standings[index].lastContact = max(standings[index].lastContact ?? contact, contact)
        }
        // Heard by a proxy, while all its own words went to the other cloud.
        for (register, contact) in contacts {
            var standing = RegisterStanding(register: register)
            standing.lastContact = contact
            standings.append(standing)
        }
        return standings
    }

    func standings() async throws -> AdminReply {
        let standings = try await experience()
        return AdminReply(
            text: "\(standings.count) registers have been heard by cloud \(core.settings.name.text).",
            json: json { json in
                json.string("cloud", Array(core.settings.name.text.utf8))
                json.array("registers") { json in
                    for standing in standings {
                        json.object { json in
                            json.identifier("register", standing.register)
                            json.string("version", Array(standing.version.utf8))
                            if let contact = standing.lastContact { json.time("lastContact", contact) }
                        }
                    }
                }
            }
        )
    }

    func listRegisters() async throws -> AdminReply {
        let contacts = Dictionary(
            try await experience().map { ("\($0.register)", $0.lastContact) },
            uniquingKeysWith: { first, _ in first }
        ).compactMapValues { $0 }
        let registers = snapshot.registers.values.sorted { $0.id < $1.id }
        var lines = ["register   state     last contact (UTC ms)  name"]
        for register in registers {
            let state = register.state.padding(9)
            let contact = (contacts[register.id].map { "\($0.milliseconds)" } ?? "-").padding(22)
            lines.append("\(register.id)  \(state) \(contact) \(register.name)")
        }
        let text = registers.isEmpty ? "There are no registers." : lines.joined(separator: "\n")
        return AdminReply(
            text: text,
            json: json { json in
                json.array("registers") { json in
                    for register in registers {
                        json.object { json in
                            json.string("register", Array(register.id.utf8))
                            json.string("name", Array(register.name.utf8))
                            json.string("state", Array(register.state.utf8))
                            if let contact = contacts[register.id] { json.time("lastContact", contact) }
                        }
                    }
                }
            }
        )
    }
}

extension RegisterDocument {
    fileprivate var state: String {
        if revokedAt != nil { return "revoked" }
        if keys.isEmpty { return "new" }
        return disabledAt == nil ? "active" : "disabled"
    }
}
