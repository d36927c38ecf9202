// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillProtocol

@testable import TillCloud

@Suite("What registers are sent at their start")
struct HelloSizeTests {
    /// Rules of the longest form, with dates that have not passed.
    private func plan(_ rules: Int, until: Int64 = 4_102_444_800_000) -> RoutingPlan {
        RoutingPlan(
            version: 0,
            signLength: 8,
            rules: (0..<rules).map { place in
                var rule = RoutingPlan.standard.rules[0]
                (rule.low, rule.high) = ("\(10_000_000 + 2 * place)", "\(10_000_001 + 2 * place)")
                (rule.minLength, rule.maxLength) = (100, 512)
                (rule.wallet, rule.enabled) = ("a-wallet-to-come", true)
                (rule.from, rule.until) = (1_795_343_400_000, until)
                return rule
            },
            accounts: []
        )
    }

    private func set(_ plan: RoutingPlan, _ rig: CloudRig) async throws {
        _ = try await rig.admin.perform(.setRouting(document: DocumentCoder.text(plan)))
    }

    private func supervisor(_ place: Int) -> AdminRequest {
        .addSupervisor(id: String(repeating: "s", count: 38) + "\(10 + place)", code: "1234")
    }

    @Test("rules and supervisors that together fit in no answer are refused by name, and nothing changes")
    func refused() async throws {
        let rig = try await CloudRig()
        // Each alone is allowed.
        try await set(plan(64), rig)
        let version = rig.core.directory.snapshot.routing?.document.version
        var added = 0
        var refusal: StartError?
        while refusal == nil, added < 20 {
            do {
                _ = try await rig.admin.perform(supervisor(added))
                added += 1
            } catch let error as StartError {
                refusal = error
            }
        }
        #expect(refusal?.sentence.hasPrefix("--id: with 64 routing rules and \(added + 1) supervisors") == true)
        #expect(rig.core.directory.snapshot.chain.supervisors.count == added && added < 20)
        // The other way round.
        try await set(plan(1), rig)
        while added < 20 {
            _ = try await rig.admin.perform(supervisor(added))
            added += 1
        }
        let later = rig.core.directory.snapshot.routing?.document.version
        let error = await #expect(throws: StartError.self) { try await set(plan(64), rig) }
        #expect(error?.sentence.hasPrefix("The routing: with 64 routing rules and 20 supervisors") == true)
        #expect(rig.core.directory.snapshot.routing?.document.version == later && later != version)
        // Rules whose time is over are not sent.
        try await set(plan(64, until: 1_795_343_400_001), rig)
        await rig.core.close()
    }

    @Test("the size is that of the answer with everything at its longest")
    func size() async throws {
        let rig = try await CloudRig()
        try await set(plan(40), rig)
        for place in 0..<5 { _ = try await rig.admin.perform(supervisor(place)) }
        let now = rig.clock.now()
        let snapshot = rig.core.directory.snapshot
        let routing = try #require(snapshot.routing)
        let register = try #require(RegisterID("QF000K703".utf8))
        let answer = HelloAnswer(
            head: AnswerHead(id: .fresh(), cloud: .b, time: now),
            sequence: 1 << 30 - 1,
            journalIndex: .max,
            open: (1...UInt64(HelloAnswer.maxOpen)).map {
                HelloAnswer.Open(
                    orderNumber: OrderNumber(installation: .sandbox, register: register, epoch: 1, sequence: $0),
                    state: .known(.revoking)
                )
            },
            routing: RoutingDocument(try routing.table(for: register.store, at: now)),
            configuration: try ConfigurationDocument(snapshot.chain),
            keys: rig.core.installation.keys.map { PublicKeyEntry(id: $0.id, publicKey: $0.key.publicKey) },
            authority: rig.core.installation.authority,
            times: ProtocolTimes()
        )
        let size = try HelloSize(installation: rig.core.installation)
            .bytes(
                table: routing.table(for: register.store, at: now),
                chain: snapshot.chain,
                at: now
            )
        let real = answer.encode().count
        #expect(real <= size && size <= real + 16, "\(real) and \(size)")
        await rig.core.close()
    }
}
