// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillProtocol
import TillStore

@testable import TillCloud

@Suite struct ActivationTests {
    private let clock = ManualClock()

    private func code(_ rig: CloudRig) async throws -> OneTimeCode {
        if rig.core.directory.snapshot.stores.isEmpty {
            _ = try await rig.admin.perform(.addStore(name: "Nanjing Road", code: "QF000K7"))
        }
        return try OneTimeCode.shown(in: await rig.admin.perform(.addRegister(store: "QF000K7", name: "till")))
    }

    private func send(_ rig: CloudRig, _ device: Device, _ request: ActivationRequest) async throws -> RawAnswer {
        try await device.post(url: rig.url, .activate, body: request.encode(), clock: clock)
    }

    @Test("a one-time code enrols a register, and the answer proves that the cloud knows the code")
    func enrols() async throws {
        let rig = try await CloudRig(clock: clock)
        try await rig.running {
            let code = try await code(rig)
            let device = Device()
            let raw = try await send(rig, device, device.request(code))
            #expect(raw.status == 200)
            #expect(
                ActivationProof(code).acceptsAnswer(
                    headers: raw.headers,
                    body: raw.body,
                    requestDigest: raw.binding.contentDigest
                )
            )
            let answer = try ActivationAnswer(decoding: raw.body)
            #expect(answer.register.description == "QF000K701" && answer.generation == 1)
            #expect(answer.installation == .sandbox && answer.proxies == [Array("127.0.0.1:7500".utf8)])
            #expect(answer.clouds.map(\.name) == [.a, .b] && answer.clouds.allSatisfy { $0.keys.count == 1 })
            #expect(String(decoding: answer.authority, as: UTF8.self).contains("BEGIN CERTIFICATE"))
        }
    }

    @Test("a stranger who sees the answer cannot have made it")
    func otherCode() async throws {
        let rig = try await CloudRig(clock: clock)
        try await rig.running {
            let first = try await code(rig)
            let second = try await code(rig)
            let device = Device()
            let raw = try await send(rig, device, device.request(first))
            #expect(
                !ActivationProof(second).acceptsAnswer(
                    headers: raw.headers,
                    body: raw.body,
                    requestDigest: raw.binding.contentDigest
                )
            )
        }
    }

    @Test("five wrong tries block a code for ever, also for who knows it")
    func wrongTries() async throws {
        let rig = try await CloudRig(clock: clock)
        try await rig.running {
            let code = try await code(rig)
            let device = Device()
            let good = device.request(code)
            for _ in 0..<5 {
                let bad = ActivationRequest(
                    id: .fresh(),
                    code: code.publicPart,
                    publicKey: device.publicKey,
                    proof: [UInt8](repeating: 48, count: 64),
                    version: Array("test".utf8),
                    acknowledges: true
                )
                let answer = try await send(rig, device, bad)
                #expect(answer.status == 403 && answer.problem == .activationRefused)
            }
            #expect(try await send(rig, device, good).problem == .activationRefused)
            #expect(rig.log.text.contains("activation-blocked"))
        }
    }

    @Test("a code lives for 24 hours")
    func expired() async throws {
        let rig = try await CloudRig(clock: clock)
        try await rig.running {
            let code = try await code(rig)
            clock.advance(86_400_000)
            let device = Device()
            #expect(try await send(rig, device, device.request(code)).problem == .activationRefused)
        }
    }

    @Test("a lost answer may be asked for again by the same key for ten minutes; another key finds the code used")
    func repetition() async throws {
        let rig = try await CloudRig(clock: clock)
        try await rig.running {
            let code = try await code(rig)
            let device = Device()
            let first = try ActivationAnswer(decoding: try await send(rig, device, device.request(code)).body)
            let thief = Device()
            #expect(try await send(rig, thief, thief.request(code)).problem == .activationRefused)
            clock.advance(599_000)
            let again = try ActivationAnswer(decoding: try await send(rig, device, device.request(code)).body)
            #expect(again.register == first.register && again.generation == first.generation)
            clock.advance(2_000)
            #expect(try await send(rig, device, device.request(code)).problem == .activationRefused)
        }
    }

    @Test("of two devices with one code at the same moment one is enrolled")
    func race() async throws {
        let rig = try await CloudRig(clock: clock)
        try await rig.running {
            let code = try await code(rig)
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        let device = Device()
                        return try await send(rig, device, device.request(code)).status
                    }
                }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(statuses.filter { $0 == 200 }.count == 1)
            #expect(rig.core.directory.snapshot.registers["QF000K701"]?.keys.count == 1)
        }
    }

    @Test("a new device takes the register over, and the old device's key is refused from then on")
    func replaced() async throws {
        let rig = try await CloudRig(clock: clock)
        try await rig.running {
            let old = try await rig.enrol()
            _ = try await old.hello()
            let reply = try await rig.admin.perform(.newCode(register: old.register.description))
            let device = Device()
            let (register, generation) = try await device.activate(
                at: rig.url,
                code: OneTimeCode.shown(in: reply),
                clock: clock
            )
            #expect(register == old.register && generation == 2)
            #expect(try await old.send(.hello, old.helloBody()).problem == .revokedKey)
            let new = RegisterClient(rig: rig, device: device, register: register, generation: generation)
            _ = try await new.hello()
        }
    }

    @Test("a key that does not own the public key it names is refused")
    func notOwner() async throws {
        let rig = try await CloudRig(clock: clock)
        try await rig.running {
            let code = try await code(rig)
            let owner = Device()
            let answer = try await send(rig, Device(), owner.request(code))
            #expect(answer.problem == .badSignature)
        }
    }

    @Test("registers are enrolled where the configuration is at home; the other cloud says so")
    func elsewhere() async throws {
        let rig = try await CloudRig(.b, clock: clock)
        try await rig.running {
            let device = Device()
            let request = device.request(OneTimeCode(publicBits: 1, secretBits: 2))
            let answer = try await send(rig, device, request)
            #expect(answer.status == 409 && answer.problem == .notHome)
            await #expect(throws: StartError.self) {
                try await rig.admin.perform(.addStore(name: "x", code: nil))
            }
        }
    }
}
