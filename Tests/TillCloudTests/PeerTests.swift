// Part of Tillbridge. See LICENSE.
import AsyncHTTPClient
import Testing
import TillDomain
import TillProtocol
import TillStore

@testable import TillCloud

@Suite struct PeerTests {
    /// Waits until something that another task does has happened.
    private func eventually(_ condition: () async throws -> Bool) async throws {
        while try await !condition() { try await Task.sleep(for: .milliseconds(20)) }
    }

    @Test("configuration made at its home takes effect at the other cloud, over mutual TLS", .timeLimit(.minutes(2)))
    func configuration() async throws {
        let folder = try TemporaryFolder()
        let a = try await CloudRig(.a, folder: folder, plain: false)
        try await a.running {
            let b = try await CloudRig(.b, folder: folder, plain: false, peer: a.url)
            try await b.running {
                _ = try await a.admin.perform(.addStore(name: "Nanjing Road", code: "QF000K7"))
                _ = try await a.admin.perform(.setRouting(document: DocumentCoder.text(RoutingPlan.standard)))
                _ = try await a.admin.perform(.addRegister(store: "QF000K7", name: "till"))
                try await eventually { b.core.directory.snapshot.registers["QF000K701"] != nil }
                #expect(b.core.directory.snapshot.routing == a.core.directory.snapshot.routing)
                _ = try await a.admin.perform(.revokeRegister(id: "QF000K701"))
                try await eventually { b.core.directory.snapshot.registers["QF000K701"]?.revokedAt != nil }
            }
            // It is stored there: a restart alone knows it.
            let again = try await CloudRig(.b, folder: folder, plain: false)
            #expect(again.core.directory.snapshot.stores["QF000K7"]?.name == "Nanjing Road")
            await again.core.close()
        }
    }

    @Test("payments of the other cloud are replica rows and decide nothing here", .timeLimit(.minutes(2)))
    func payments() async throws {
        let folder = try TemporaryFolder()
        let a = try await CloudRig(.a, folder: folder)
        try await a.running {
            let b = try await CloudRig(.b, folder: folder, peer: a.url)
            try await b.running {
                let register = try await a.enrol()
                let intent = register.intent()
                _ = try await register.pay(intent)
                let key = intent.orderNumber.description
                try await eventually {
                    let entry = try await b.core.store.replica(of: .a, kind: .payment, key: key)
                    return entry?.body.contains(#""state":"paid""#) == true
                }
                #expect(try await b.core.store.payment(intent.orderNumber) == nil)
                #expect(try await b.core.store.log(after: 0, limit: 10).entries.isEmpty)
            }
        }
    }

    @Test("a register's key, a wrong key and an old question get no log")
    func refused() async throws {
        let rig = try await CloudRig()
        try await rig.running {
            let register = try await rig.enrol()
            let body = PeerLogRequest(id: .fresh(), after: 0, limit: 10, wait: 0).encode()
            #expect(try await register.send(.peerLog, body).status == 403)
            let stranger = Device()
            let sealed = SignedRequest.headers(
                .peerLog,
                cloud: .only(.a),
                body: body,
                created: rig.clock.now(),
                keyID: .cloud(.b, generation: 1),
                signer: Device.Hand(key: stranger.key)
            )
            let (headers, binding) = try #require(sealed)
            let answer = try await RawAnswer.post(
                url: rig.url,
                path: binding.path,
                headers: headers,
                body: body,
                binding
            )
            #expect(answer.problem == .badSignature)
        }
    }

    @Test("a page that was changed on its way is refused as a whole, and somebody is told")
    func tampered() async throws {
        let a = try await CloudRig()
        try await a.running {
            _ = try await a.enrol()
            let page = try await a.core.store.log(after: 0, limit: 100)
            #expect(page.entries.count > 3)
            let b = try await CloudRig(.b)
            let middle = page.entries[1]
            let changed = LogEntry(
                sequence: middle.sequence,
                time: middle.time,
                kind: middle.kind,
                key: middle.key,
                body: middle.body + " ",
                hash: middle.hash
            )
            var entries = page.entries
            entries[1] = changed
            let result = try await b.core.store.apply(
                LogPage(entries: entries, head: page.head, promotedAt: nil),
                of: .a,
                adopting: Directory.kinds,
                at: b.clock.now()
            )
            #expect(result == .refused(.wrongHash(at: middle.sequence)))
            #expect(try await b.core.store.documents(.store).isEmpty)
            await b.core.close()
        }
    }

    @Test("a client without a certificate of the private authority does not get through TLS")
    func mutualTLS() async throws {
        let rig = try await CloudRig(plain: false)
        try await rig.running {
            #expect(rig.url.hasPrefix("https://"))
            // One try: by itself the client would go on until its timeout.
            var once = HTTPClient.Configuration()
            once.connectionPool.retryConnectionEstablishment = false
            let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: once)
            await #expect(throws: (any Error).self) { try await RawAnswer.get(rig.url + "/healthz", client) }
            try await client.shutdown()
            let stranger = try TemporaryFolder()
            let other = KeyFolder(path: stranger.file("keys"))
            try other.make()
            // Certificates of another installation, but this one's authority to trust.
            let transport = GatewayServer.Transport(
                authorityFile: rig.keys.authorityFile,
                certificateFile: other.certificateFile(of: .b),
                keyFile: other.certificateKeyFile(of: .b)
            )
            let url = try #require(PeerURL(rig.url))
            let link = try PeerLink(
                cloud: .b,
                url: url,
                transport: transport,
                signer: try rig.keys.signingKey(of: .b),
                keys: rig.core.installation.keys,
                clock: rig.clock
            )
            await #expect(throws: (any Error).self) { try await link.log(after: 0, limit: 1, wait: 0, routing: nil) }
            await link.shutdown()
        }
    }
}
