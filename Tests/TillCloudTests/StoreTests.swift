// Part of Tillbridge. See LICENSE.
import Foundation
import Testing
import TillDomain
import TillEngine
import TillProtocol
import TillStore

@testable import TillCloud

/// Stores and registers, as the console orders them.
@Suite struct StoreTests {
    @Test("a register that is switched off hears of it, begins no payment, ends what it has begun, and goes on when on")
    func disabled() async throws {
        // A wallet that undoes at once; one that knows nothing of a paid order would leave the proof to time.
        let wallets = FakeWallets(call: { operation in
            switch operation {
            case .cancel: .cancel(.refunded)
            case .query: .query(.closed)
            default: .nothing(for: operation)
            }
        })
        let rig = try await CloudRig(wallets: wallets)
        try await rig.running {
            let register = try await rig.enrol()
            let other = try await rig.enrol()
            let before = try await register.hello().configuration
            let (paid, undone) = (register.intent(sequence: 1), register.intent(sequence: 2))
            _ = try await register.pay(paid)
            _ = try await register.pay(undone)
            let id = register.register.description
            _ = try await rig.admin.perform(.disableRegister(id: id, disabled: true))

            let configuration = try await register.hello(sequence: 2).configuration
            #expect(!configuration.isEnabled && configuration.version > before.version)
            let refused = try await register.pay(register.intent(sequence: 3))
            #expect(refused.state == .refused(.known(.walletDark)))
            #expect(rig.wallets.calls.pay == 2)
            // The promise stands: the same number is not paid when the register is on again.
            guard case .paid = try await register.query(paid).state else {
                Issue.record("a payment that was begun before cannot be asked for")
                return
            }
            #expect(try await register.confirm(paid).state == .known(.confirmed))
            guard case .revoked = try await register.revokeToTheEnd(undone) else {
                Issue.record("a payment that was begun before cannot be undone")
                return
            }
            #expect(try await other.hello().configuration.isEnabled)
            guard case .paid = try await other.pay(other.intent()).state else {
                Issue.record("another register is off, too")
                return
            }

            _ = try await rig.admin.perform(.disableRegister(id: id, disabled: false))
            let after = try await register.hello(sequence: 3).configuration
            #expect(after.isEnabled && after.version > configuration.version)
            guard case .paid = try await register.pay(register.intent(sequence: 4)).state else {
                Issue.record("not on again")
                return
            }
            let again = try await register.pay(register.intent(sequence: 3))
            #expect(again.state != .unknown && rig.wallets.calls.pay == 4)
        }
    }

    @Test("a switch is refused where it changes nothing, and for a revoked register; each one is in the audit entries")
    func switches() async throws {
        let rig = try await CloudRig()
        try await rig.running {
            let register = try await rig.enrol()
            let id = register.register.description
            await #expect(throws: StartError.self) {
                _ = try await rig.admin.perform(.disableRegister(id: id, disabled: false))
            }
            _ = try await rig.admin.perform(.disableRegister(id: id, disabled: true))
            await #expect(throws: StartError.self) {
                _ = try await rig.admin.perform(.disableRegister(id: id, disabled: true))
            }
            #expect(try await rig.admin.perform(.listRegisters).json.contains(#""state":"disabled""#))
            _ = try await rig.admin.perform(.revokeRegister(id: id))
            await #expect(throws: StartError.self) {
                _ = try await rig.admin.perform(.disableRegister(id: id, disabled: false))
            }
            let log = try await rig.core.store.log(after: 0, limit: 500).entries
            #expect(log.contains { $0.kind == "audit" && $0.body.contains("register-disabled") })
        }
    }

    @Test("each cloud tells when a register spoke to it last, and by which program")
    func standings() async throws {
        let rig = try await CloudRig()
        try await rig.running {
            let register = try await rig.enrol()
            _ = try await register.hello()
            let reply = try await rig.admin.perform(.standings)
            struct Standings: Decodable {
                struct Row: Decodable {
                    let register: String
                    let version: String
                    let lastContact: Int64
                }
                let cloud: String
                let registers: [Row]
            }
            let standings = try JSONDecoder().decode(Standings.self, from: Data(reply.json.utf8))
            #expect(standings.cloud == "A")
            #expect(standings.registers.map(\.register) == [register.register.description])
            #expect(standings.registers.map(\.version) == ["test"])
            #expect((standings.registers.first?.lastContact ?? 0) > 1_600_000_000_000)
        }
    }

    private func tell(_ rig: CloudRig, _ body: [UInt8]) async throws -> RawAnswer {
        try await RawAnswer.post(
            url: rig.url,
            path: PresenceReport.path.bytes,
            headers: HTTPHeaders(),
            body: body,
            RequestBinding(path: [], contentDigest: [])
        )
    }

    @Test("what a proxy says of registers counts as their contact, for those that are known here")
    func presence() async throws {
        let rig = try await CloudRig()
        try await rig.running {
            let register = try await rig.enrol()
            let before = rig.core.clock.now()
            let known = register.register
            let stranger = try #require(RegisterID(Array("ZZ000K703".utf8)))
            let report = PresenceReport(registers: [known, stranger])
            #expect(try await tell(rig, report.encode()).status == 200)
            #expect(Array(rig.core.contacts.all.keys) == [known])
            let text = try await rig.admin.perform(.standings).json
            #expect(text.contains("\"\(known)\"") && !text.contains("\(stranger)"))
            #expect((rig.core.contacts.all[known] ?? before) >= before)
            for bad in [#"{"v":1}"#, #"{"v":1,"registers":["?"]}"#, #"{"v":1,"registers":7}"#] {
                let answer = try await tell(rig, Array(bad.utf8))
                #expect(answer.status == 400)
                #expect(String(decoding: answer.body, as: UTF8.self).contains("registers"))
            }
        }
    }

    @Test("a list of stores is taken over as a whole or not at all, and a second time it changes nothing")
    func provision() async throws {
        let rig = try await CloudRig()
        try await rig.running {
            let plans = [
                AdminRequest.StorePlan(code: "QF0SH01", name: "人民路店", registers: ["1", "2"]),
                AdminRequest.StorePlan(code: nil, name: "Nanjing Road", registers: ["1"]),
            ]
            let reply = try await rig.admin.perform(.provision(plans))
            #expect(reply.text == "2 stores and 3 registers added.")
            #expect(reply.json.contains(#""registers":["QF0SH0101","QF0SH0102"]"#))
            #expect(try await rig.admin.perform(.provision([plans[0]])).text == "0 stores and 0 registers added.")
            let more = AdminRequest.StorePlan(code: "QF0SH01", name: "another name", registers: ["2", "3"])
            #expect(try await rig.admin.perform(.provision([more])).text == "0 stores and 1 registers added.")
            #expect(rig.core.directory.snapshot.stores["QF0SH01"]?.name == "人民路店")
            let bad = [
                AdminRequest.StorePlan(code: "QF0SH02", name: "good", registers: []),
                AdminRequest.StorePlan(code: "wrong", name: "bad", registers: []),
            ]
            await #expect(throws: StartError.self) { _ = try await rig.admin.perform(.provision(bad)) }
            #expect(rig.core.directory.snapshot.stores["QF0SH02"] == nil)
        }
    }

    @Test("a store's new name is what shoppers read from then on")
    func rename() async throws {
        let rig = try await CloudRig()
        try await rig.running {
            _ = try await rig.admin.perform(.addStore(name: "Old", code: "QF0SH01"))
            _ = try await rig.admin.perform(.renameStore(code: "QF0SH01", name: "New"))
            #expect(rig.core.directory.snapshot.stores["QF0SH01"]?.name == "New")
            await #expect(throws: StartError.self) {
                _ = try await rig.admin.perform(.renameStore(code: "QF0SH09", name: "x"))
            }
        }
    }
}
