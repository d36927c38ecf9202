// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine
import TillProtocol
import TillStore
import TillWallets

/// Performs admin commands.
package struct AdminService: Sendable {
    let core: CloudCore
    /// Who gave the command, for the audit entries.
    let person: String

    package init(_ core: CloudCore, person: String = "admin") {
        self.core = core
        self.person = person
    }

    /// - Throws: ``StartError`` with one sentence for people; nothing has changed then.
    package func perform(_ request: AdminRequest) async throws -> AdminReply {
        switch request {
        case .addStore(let name, let code): try await addStore(name: name, code: code)
        case .addRegister(let store, let name): try await addRegister(store: store, name: name)
        case .newCode(let register): try await newCode(register: register)
        case .revokeRegister(let id): try await revokeRegister(id)
        case .listRegisters: try await listRegisters()
        case .addAccounts(let file, let stores, let live, let unused, let version):
            try await addAccounts(file, stores: stores, live: live, unused: unused, version: version)
        case .accounts: try accounts()
        case .testAccount(let id): try await testAccount(id)
        case .testPayment(let store, let account, let code):
            try await testPayment(store: store, account: account, code: code)
        case .setRouting(let document, let allowGap): try await setRouting(document, allowGap: allowGap)
        case .showRouting(let version): try showRouting(version)
        case .editSignFlags(let base, let edit, let allowGap):
            try await editSignFlags(from: base, edit, allowGap: allowGap)
        case .testRouting(let code, let store, let moment, let version):
            try testRouting(code, store: store, at: moment, version: version)
        case .routingHistory: try routingHistory()
        case .offerRouting: try await offerRouting()
        case .unknownCodes: unknownCodes()
        case .setChain(let amount, let refund, let enabled):
            try await setChain(amountLimit: amount, refundLimit: refund, enabled: enabled)
        case .addSupervisor(let id, let code): try await addSupervisor(id, code: code)
        case .refund(let number, let amount, let reference, let reason, let person):
            try await refund(number, amount: amount, reference: reference, reason: reason, person: person)
        case .resolve(let resolution): try await resolve(resolution)
        case .payments(let search): try await payments(search)
        case .statement(let account, let day, let asJSON): try await statement(account, day: day, asJSON: asJSON)
        case .promote(let person): try await promote(person)
        }
    }

    var snapshot: Directory.Snapshot { core.directory.snapshot }

    /// Configuration has one home.
    func atHome() throws(StartError) {
        guard core.settings.name == core.settings.configurationHome else {
            throw StartError(
                "Cloud \(core.settings.name.text) does not hold the configuration: "
                    + "run this command at cloud \(core.settings.configurationHome.text).",
                isElsewhere: true
            )
        }
    }

    func change(_ changes: [DocumentChange], _ action: String, _ detail: String = "") async throws {
        try await core.documents.change(changes, by: AuditNote(actor: person, action: action, detail: detail))
    }

    func checked(name: String, _ setting: String) throws(StartError) -> String {
        let isPlain = name.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }
        guard !name.isEmpty, name.utf8.count <= 200, isPlain else {
            throw StartError("\(setting) '\(name.filter { !$0.isNewline })': give 1 to 200 bytes of printable text.")
        }
        return name
    }

    func json(_ body: (inout JSONWriter) -> Void) -> String {
        String(decoding: JSONWriter.object(body), as: UTF8.self)
    }
}

// MARK: - Stores and registers

extension AdminService {
    private func addStore(name: String, code: String?) async throws -> AdminReply {
        try atHome()
        let name = try checked(name: name, "--name")
        let known = snapshot.stores
        let code = code?.uppercased() ?? AdminService.freeStore(known.keys)
        guard code.utf8.count == 7, Base32.isText(code.utf8) else {
            throw StartError(
                "--code \(code): give 7 characters, chain 3 and store 4, of 0-9 and A-Z without I, L, O and U."
            )
        }
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

    private static func freeStore(_ taken: some Collection<String>) -> String {
        for number in 1..<UInt64(1 << 20) {
            let code = "QF0" + String(decoding: Base32.encode(number, count: 4), as: UTF8.self)
            if !taken.contains(code) { return code }
        }
        return ""
    }

    private func addRegister(store: String, name: String) async throws -> AdminReply {
        try atHome()
        let store = store.uppercased()
        guard snapshot.stores[store] != nil else {
            throw StartError("--store \(store): there is no such store; add it with 'tillbridge admin store add'.")
        }
        let name = try checked(name: name, "--name")
        guard let id = freeRegister(in: store) else {
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

    private func freeRegister(in store: String) -> RegisterID? {
        let taken = snapshot.registers
        // The last number is the test register's.
        for number in 1..<UInt64(1 << 10 - 1) {
            let text = store + String(decoding: Base32.encode(number, count: 2), as: UTF8.self)
            if taken[text] == nil { return RegisterID(text.utf8) }
        }
        return nil
    }

    private func newCode(register: String) async throws -> AdminReply {
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

    private func revokeRegister(_ id: String) async throws -> AdminReply {
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

    private func listRegisters() async throws -> AdminReply {
        let standings = try await core.store.standings()
        let registers = snapshot.registers.values.sorted { $0.id < $1.id }
        var lines = ["register   state     last contact (UTC ms)  name"]
        for register in registers {
            let contact = standings.first { "\($0.register)" == register.id }?.lastContact
            let state = register.state.padding(9)
            lines.append(
                "\(register.id)  \(state) \((contact.map { "\($0.milliseconds)" } ?? "-").padding(22)) \(register.name)"
            )
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
                            let standing = standings.first { "\($0.register)" == register.id }
                            if let contact = standing?.lastContact { json.time("lastContact", contact) }
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
        return keys.isEmpty ? "new" : "active"
    }
}

extension String {
    func padding(_ width: Int) -> String { count < width ? self + String(repeating: " ", count: width - count) : self }
}
