// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillProtocol
import TillStore

@testable import TillCloud

@Suite("A routing is given to registers when both clouds hold it")
struct OfferedRoutingTests {
    private func eventually(_ condition: () async throws -> Bool) async throws {
        while try await !condition() { try await Task.sleep(for: .milliseconds(20)) }
    }

    /// Nobody listens there: the home can be asked by its peer and cannot ask it.
    private static let nowhere = "http://127.0.0.1:9"

    private func publish(_ rig: CloudRig) async throws {
        var plan = RoutingPlan.standard
        plan.rules[4].minLength -= (rig.core.directory.snapshot.routing?.version ?? 0) % 2
        _ = try await rig.admin.perform(.setRouting(document: DocumentCoder.text(plan)))
    }

    @Test("a version that the other cloud has not read waits, over a restart too", .timeLimit(.minutes(2)))
    func waits() async throws {
        let folder = try TemporaryFolder()
        let device = Device()
        let a = try await CloudRig(.a, folder: folder, peer: Self.nowhere)
        var register: RegisterClient?
        try await a.running {
            // Before the clouds have ever met, there is nothing older to give.
            let client = try await a.enrol(device)
            register = client
            #expect(try await client.hello().routing.table.version == 1)
            let b = try await CloudRig(.b, folder: folder, peer: a.url)
            try await b.running {
                try await eventually { a.core.directory.snapshot.held == 1 }
                // Both are there: a new version is given within moments.
                try await publish(a)
                try await eventually { try await client.hello().routing.table.version == 2 }
                #expect(b.core.directory.snapshot.offered?.version == 2)
            }
            let told = try await a.admin.perform(.editSignFlags(base: 2, edit: .turn(rule: 1, on: false, from: nil)))
            #expect(told.text.contains("Registers get it as soon as cloud B holds it; until then version 2 stays."))
            #expect(told.json.contains(#""routing":3,"offered":2"#))
            #expect(try await client.hello().routing.table.version == 2)
            let health = String(decoding: a.core.status.healthz(), as: UTF8.self)
            #expect(health.contains(#""routing":2"#))
            #expect(
                try await a.admin.perform(.showRouting(version: nil)).text.contains("Registers get version 2 until")
            )
        }
        let again = try await CloudRig(.a, folder: folder, peer: Self.nowhere)
        try await again.running {
            let known = try #require(register)
            let client = RegisterClient(
                rig: again,
                device: device,
                register: known.register,
                generation: known.generation
            )
            #expect(again.core.directory.snapshot.routing?.version == 3)
            #expect(try await client.hello().routing.table.version == 2)
            let b = try await CloudRig(.b, folder: folder, peer: again.url)
            try await b.running {
                try await eventually { try await client.hello().routing.table.version == 3 }
                #expect(b.core.directory.snapshot.routing?.version == 3)
            }
        }
    }

    @Test("a person may decide not to wait, once", .timeLimit(.minutes(2)))
    func offer() async throws {
        let folder = try TemporaryFolder()
        let a = try await CloudRig(.a, folder: folder, peer: Self.nowhere)
        try await a.running {
            let register = try await a.enrol()
            try await a.core.documents.peerHolds(1, peer: .b)
            try await publish(a)
            #expect(try await register.hello().routing.table.version == 1)
            #expect(try await a.admin.perform(.offerRouting).json.contains(#""routing":2"#))
            #expect(try await register.hello().routing.table.version == 2)
            let error = await #expect(throws: StartError.self) { _ = try await a.admin.perform(.offerRouting) }
            #expect(error?.sentence.contains("version 2 is what registers get already") == true)
            // An old answer of the other cloud takes nothing back.
            try await a.core.documents.peerHolds(1, peer: .b)
            #expect(a.core.directory.snapshot.offered?.version == 2)
        }
        let again = try await CloudRig(.a, folder: folder, peer: Self.nowhere)
        #expect(again.core.directory.snapshot.offered?.version == 2)
        await again.core.close()
    }

    @Test("a cloud without a peer, and one that is not the configuration's home, give what they hold")
    func alone() async throws {
        let alone = try await CloudRig(.a)
        try await publish(alone)
        try await publish(alone)
        #expect(alone.core.directory.snapshot.offered?.version == 2)
        // Whoever asks, it has nobody to wait for.
        try await alone.core.documents.peerHolds(1, peer: .b)
        #expect(alone.core.directory.snapshot.held == nil)
        await alone.core.close()
        let b = try await CloudRig(.b, peer: Self.nowhere)
        for version in [1, 2] {
            var plan = RoutingPlan.standard
            plan.version = version
            try b.core.directory.apply(.routing, key: "\(version)", body: DocumentCoder.text(plan))
        }
        #expect(b.core.directory.snapshot.offered?.version == 2)
        await b.core.close()
    }
}
