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
        case .renameStore(let code, let name): try await renameStore(code, name: name)
        case .provision(let plans): try await provision(plans)
        case .addRegister(let store, let name): try await addRegister(store: store, name: name)
        case .newCode(let register): try await newCode(register: register)
        case .revokeRegister(let id): try await revokeRegister(id)
        case .disableRegister(let id, let disabled): try await disableRegister(id, disabled: disabled)
        case .listRegisters: try await listRegisters()
        case .standings: try await standings()
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

extension String {
    func padding(_ width: Int) -> String { count < width ? self + String(repeating: " ", count: width - count) : self }
}
