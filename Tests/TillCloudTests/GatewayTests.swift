// Part of Tillbridge. See LICENSE.
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Testing
import TillDomain
import TillEngine
import TillProtocol
import TillStore

@testable import TillCloud

@Suite struct GatewayTests {
    @Test("a signed payment is paid, and every answer carries the cloud's signature")
    func paid() async throws {
        let rig = try await CloudRig()
        try await rig.running {
            let register = try await rig.enrol()
            let hello = try await register.hello()
            #expect(hello.routing.table.version == 1 && hello.open.isEmpty && hello.sequence == 0)
            #expect(hello.keys.map(\.id.description) == ["A.1", "B.1"])
            let intent = register.intent()
            let answer = try await register.pay(intent)
            guard case .paid(let facts) = answer.state else {
                Issue.record("\(answer.state)")
                return
            }
            #expect(facts.amount == intent.amount && facts.wallet == .alipay)
            #expect(try await register.query(intent).state == answer.state)
            #expect(try await register.hello(sequence: 1).open.map(\.state) == [.known(.paid)])
            #expect(try await register.confirm(intent).state == .known(.confirmed))
            #expect(try await register.hello(sequence: 1).open.isEmpty)
            // S9: what was handed over is never undone.
            #expect(try await register.revoke(intent).state == .confirmed)
            #expect(rig.wallets.calls.pay == 1 && rig.wallets.calls.cancel == 0)
        }
    }

    @Test("the cloud that did not pay takes a confirm at once, asks no wallet for it, and undoes nothing from then on")
    func confirmElsewhere() async throws {
        let wallets = FakeWallets(call: { operation in
            Issue.record("\(operation) before the answer")
            return .nothing(for: operation)
        })
        let rig = try await CloudRig(wallets: wallets, clock: ManualClock())
        try await rig.running {
            let register = try await rig.enrol()
            let intent = register.intent()
            #expect(try await register.confirm(intent, home: .b).state == .known(.confirmed))
            #expect(try await rig.core.store.payment(intent.orderNumber)?.record.isUnproven == true)
            #expect(try await register.revoke(intent, home: .b).state == .confirmed)
            #expect(try await register.query(intent, home: .b).state == .unknown)
        }
    }

    @Test("a register whose undo is asked for gets a final answer, and its payment is never paid after")
    func undone() async throws {
        let rig = try await CloudRig()
        try await rig.running {
            let register = try await rig.enrol()
            let intent = register.intent()
            #expect(try await register.revokeToTheEnd(intent) == .revoked(kind: .known(.unsent)))
            #expect(try await register.pay(intent).state == .revoked)
            #expect(rig.wallets.calls.pay == 0)
        }
    }

    @Test("a register cannot say that a person ordered its undo; it gets it all the same")
    func ordered() async throws {
        let rig = try await CloudRig()
        try await rig.running {
            let register = try await rig.enrol()
            let intent = register.intent()
            #expect(try await register.revoke(intent, reason: .ordered).state == .revoked(kind: .known(.unsent)))
            let stored = try #require(try await rig.core.store.payment(intent.orderNumber))
            #expect(stored.record.revokeReason == .timeout)
        }
    }

    /// What a man in the middle may change.
    enum Change: String, CaseIterable {
        case body, digest, cloud, path, created, keyID, algorithm, component, signature, signatureDropped
        case digestDropped, inputDropped, cloudDropped, digestTwice, signatureTwice, label
    }

    @Test("a request with one thing changed is refused, before anything is stored", arguments: Change.allCases)
    func tampered(change: Change) async throws {
        let rig = try await CloudRig()
        try await rig.running {
            let register = try await rig.enrol()
            let intent = register.intent()
            var body = try register.payBody(intent)
            let sealed = SignedRequest.headers(
                .pay,
                cloud: .only(.a),
                body: body,
                created: rig.clock.now(),
                keyID: register.keyID,
                signer: Device.Hand(key: register.device.key)
            )
            let (headers, binding) = try #require(sealed)
            var fields = headers.fields.map {
                (name: String(decoding: $0.name, as: UTF8.self), value: String(decoding: $0.value, as: UTF8.self))
            }
            var path = "/v1/pay"
            func edit(_ name: String, _ edit: (String) -> String?) {
                fields = fields.compactMap { field in
                    field.name == name ? edit(field.value).map { (name, $0) } : field
                }
            }
            switch change {
            case .body: body = Array(String(decoding: body, as: UTF8.self).replacing("1280", with: "1281").utf8)
            case .digest: edit("content-digest") { _ in String(decoding: ContentDigest.value(of: [1]), as: UTF8.self) }
            case .cloud: edit("tillbridge-cloud") { _ in "any" }
            case .path: path = "/v1/query"
            case .created:
                edit("signature-input") { value in
                    value.replacing(/created=(\d+)/) { "created=\((Int($0.1) ?? 0) + 1)" }
                }
            case .keyID: edit("signature-input") { $0.replacing(".1\"", with: ".2\"") }
            case .algorithm: edit("signature-input") { $0.replacing("ecdsa-p256-sha256", with: "hmac-sha256") }
            case .component: edit("signature-input") { $0.replacing(" \"tillbridge-cloud\"", with: "") }
            case .signature:
                edit("signature") { value in
                    let index = value.index(value.startIndex, offsetBy: 20)
                    return value.replacingCharacters(in: index...index, with: value[index] == "A" ? "B" : "A")
                }
            case .signatureDropped: edit("signature") { _ in nil }
            case .digestDropped: edit("content-digest") { _ in nil }
            case .inputDropped: edit("signature-input") { _ in nil }
            case .cloudDropped: edit("tillbridge-cloud") { _ in nil }
            case .digestTwice: fields += fields.filter { $0.name == "content-digest" }
            case .signatureTwice: fields += fields.filter { $0.name == "signature" }
            case .label: edit("signature-input") { $0.replacing("tb=", with: "xx=") }
            }
            var changed = TillProtocol.HTTPHeaders()
            for field in fields { changed.add(field.name.utf8, field.value.utf8) }
            let answer = try await RawAnswer.post(
                url: rig.url,
                path: Array(path.utf8),
                headers: changed,
                body: body,
                binding
            )
            #expect(answer.status == 401 || answer.status == 403, "\(answer.status)")
            #expect(answer.headers.count(of: "signature") == 1)
            #expect(try await rig.core.store.payment(intent.orderNumber) == nil)
            #expect(rig.wallets.calls.pay == 0)
        }
    }

    @Test("a refusal is signed as well, bound to the request that was sent")
    func signedRefusal() async throws {
        let rig = try await CloudRig()
        try await rig.running {
            let register = try await rig.enrol()
            let answer = try await register.send(.pay, Array("{}".utf8))
            #expect(answer.status == 400 && answer.problem == .malformed)
            #expect(try register.isSigned(answer))
        }
    }

    @Test("a signature counts for 300 seconds before and after the cloud's time", arguments: [-302, -298, 298, 302])
    func window(seconds: Int64) async throws {
        let rig = try await CloudRig()
        try await rig.running {
            let register = try await rig.enrol()
            let answer = try await register.send(
                .hello,
                register.helloBody(),
                created: rig.clock.now() + seconds * 1000
            )
            #expect(answer.status == (abs(seconds) < 300 ? 200 : 401))
            #expect(answer.problem == (abs(seconds) < 300 ? nil : .stale))
        }
    }

    @Test("a revoked key is refused with the next request")
    func revoked() async throws {
        let rig = try await CloudRig()
        try await rig.running {
            let register = try await rig.enrol()
            _ = try await register.hello()
            _ = try await rig.admin.perform(.revokeRegister(id: register.register.description))
            let answer = try await register.send(.hello, register.helloBody())
            #expect(answer.status == 403 && answer.problem == .revokedKey)
        }
    }

    @Test("a key that nobody enrolled is unknown")
    func stranger() async throws {
        let rig = try await CloudRig()
        try await rig.running {
            var register = try await rig.enrol()
            register.generation = 9
            let answer = try await register.send(.hello, register.helloBody())
            #expect(answer.problem == .unknownKey)
        }
    }

    @Test("a register speaks for its own payments alone, whatever it asks")
    func foreign() async throws {
        let rig = try await CloudRig()
        try await rig.running {
            let register = try await rig.enrol()
            let other = try await rig.enrol()
            let intent = register.intent()
            _ = try await register.pay(intent)
            let bodies: [(Endpoint, [UInt8])] = [
                (.pay, try other.payBody(intent)),
                (.query, QueryRequest(id: .fresh(), intent: intent, home: .a, wait: 0).encode()),
                (
                    .revoke,
                    RevokeRequest(id: .fresh(), intent: intent, home: .a, reason: .known(.cashier), wait: 0).encode()
                ),
                (
                    .confirm,
                    ConfirmRequest(id: .fresh(), intent: intent, home: .a, isImplicit: false, journalIndex: 1).encode()
                ),
            ]
            for (endpoint, body) in bodies {
                let answer = try await other.send(endpoint, body)
                #expect(answer.status == 403 && answer.problem == .notYours, "\(endpoint)")
            }
            #expect(try await rig.core.store.payment(intent.orderNumber)?.state == .paid)
        }
    }

    @Test("a request for the other cloud, or a payment that the other cloud pays, is not ours and promises nothing")
    func notHome() async throws {
        let rig = try await CloudRig()
        try await rig.running {
            let register = try await rig.enrol()
            let intent = register.intent()
            let misrouted = try await register.send(.pay, register.payBody(intent), cloud: .only(.b))
            #expect(misrouted.status == 409 && misrouted.problem == .notHome)
            let elsewhere = try await register.send(.pay, register.payBody(intent, home: .b))
            #expect(elsewhere.status == 409 && elsewhere.problem == .notHome)
            #expect(try await rig.core.store.payment(intent.orderNumber) == nil)
        }
    }

    @Test("a recorded request sent again a hundred times makes no second wallet call")
    func replay() async throws {
        let rig = try await CloudRig()
        try await rig.running {
            let register = try await rig.enrol()
            let body = try register.payBody(register.intent())
            let sealed = SignedRequest.headers(
                .pay,
                cloud: .only(.a),
                body: body,
                created: rig.clock.now(),
                keyID: register.keyID,
                signer: Device.Hand(key: register.device.key)
            )
            let (headers, binding) = try #require(sealed)
            try await withThrowingTaskGroup(of: RawAnswer.self) { group in
                for _ in 0..<100 {
                    group.addTask {
                        try await RawAnswer.post(
                            url: rig.url,
                            path: binding.path,
                            headers: headers,
                            body: body,
                            binding
                        )
                    }
                }
                for try await answer in group { #expect(answer.status == 200) }
            }
            #expect(rig.wallets.calls.pay == 1)
        }
    }

    @Test("the sequence of a register must rise: a clone is refused with a promise, and nothing is sent")
    func clone() async throws {
        let rig = try await CloudRig()
        try await rig.running {
            let register = try await rig.enrol()
            _ = try await register.pay(register.intent(sequence: 5))
            let answer = try await register.pay(register.intent(sequence: 5, amount: 2))
            #expect(answer.state == .conflict, "the same number with other data")
            let clone = Sample.intent(
                sequence: 4,
                at: rig.clock.now(),
                amount: 99,
                register: register.register.description
            )
            #expect(try await register.pay(clone).state == .refused(.known(.sequence)))
            #expect(rig.wallets.calls.pay == 1)
            #expect(rig.log.text.contains("sequence-reused"))
        }
    }

    @Test("a journal that went back is answered with what the cloud has seen, and reported")
    func restoredDisk() async throws {
        let rig = try await CloudRig()
        try await rig.running {
            let register = try await rig.enrol()
            _ = try await register.hello(sequence: 9, journalIndex: 100)
            let answer = try await register.hello(sequence: 3, journalIndex: 40)
            #expect(answer.sequence == 9 && answer.journalIndex == 100)
            #expect(rig.log.text.contains("sequence-went-back") && rig.log.text.contains("journal-went-back"))
        }
    }

    @Test("the OpenAPI document lists exactly the routes there are")
    func openAPI() async throws {
        let rig = try await CloudRig()
        try await rig.running {
            let answer = try await RawAnswer.get(rig.url + "/openapi.json")
            let document = try #require(
                try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
            )
            #expect(document["openapi"] as? String == "3.1.0")
            let paths = try #require(document["paths"] as? [String: [String: Any]])
            let gateway = CloudGateway(rig.core)
            for (path, operations) in paths {
                for method in operations.keys {
                    #expect(gateway.bodyLimit(method: method.uppercased(), path: path) != nil, "\(method) \(path)")
                }
            }
            let calls = Endpoint.allCases.filter { $0 != .heartbeat }.map {
                String(decoding: $0.wireBytes, as: UTF8.self)
            }
            #expect(Set(paths.keys) == Set(calls + CloudStatus.Page.allCases.map(\.rawValue)))
        }
    }

    @Test("healthz says what proxies balance by")
    func healthz() async throws {
        let rig = try await CloudRig()
        try await rig.running {
            func health() async throws -> [String: Any] {
                let answer = try await RawAnswer.get(rig.url + "/healthz")
                #expect(answer.status == 200)
                return try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
            }
            #expect(try await health()["takesPayments"] as? Bool == false, "no routing yet")
            #expect(try await RawAnswer.get(rig.url + "/readyz").status == 503)
            _ = try await rig.enrol()
            let before = rig.clock.now().milliseconds
            let report = try await health()
            #expect(report["takesPayments"] as? Bool == true)
            #expect(report["routing"] as? Int == 1 && report["configuration"] as? Int == 1)
            #expect((report["load"] as? Int).map { (0...1000).contains($0) } == true)
            #expect((report["time"] as? Int64).map { $0 >= before && $0 < before + 60_000 } == true)
            #expect(report["dark"] as? [String] == [])
            #expect(try await RawAnswer.get(rig.url + "/readyz").status == 200)
            let metrics = String(decoding: try await RawAnswer.get(rig.url + "/metrics").body, as: UTF8.self)
            #expect(metrics.contains("tillbridge_requests_total{call=\"activate\",status=\"200\"} 1"))
        }
    }

    @Test("a body above 16 KiB, an unknown path and another method are refused")
    func limits() async throws {
        let rig = try await CloudRig()
        try await rig.running {
            let register = try await rig.enrol()
            let large = try await register.send(.hello, [UInt8](repeating: 32, count: 16 * 1024 + 1))
            #expect(large.status == 413)
            #expect(try await RawAnswer.get(rig.url + "/v1/pay").status == 404)
            #expect(try await RawAnswer.get(rig.url + "/admin").status == 404)
        }
    }

    @Test("chunks, a missing length, a long head and a slow body do not reach the gateway")
    func framing() async throws {
        let rig = try await CloudRig()
        try await rig.running {
            let port = try #require(Int(rig.url.split(separator: ":").last ?? ""))
            let head = "POST /v1/pay HTTP/1.1\r\nHost: a\r\n"
            let cases = [
                head + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
                head + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
                head + "X: " + String(repeating: "x", count: 9_000) + "\r\nContent-Length: 2\r\n\r\n{}",
                "POST /v1/pay\r\n\r\n",
            ]
            for text in cases {
                let answer = try await RawClient.exchange(port: port, text)
                #expect(
                    answer.isEmpty || answer.hasPrefix("HTTP/1.1 4") || answer.hasPrefix("HTTP/1.0 4"),
                    "\(answer.prefix(40))"
                )
            }
            #expect(rig.core.metrics.value("requests", "call=\"pay\",status=\"200\"") == 0)
        }
    }

    @Test("a crowded cloud answers busy at once and stores nothing, but still undoes")
    func shed() async throws {
        let rig = try await CloudRig()
        try await rig.running {
            let register = try await rig.enrol()
            let admission = rig.core.admission
            let taken = admission.slots * 85 / 100
            for _ in 0..<taken { #expect(admission.enter(.revoke)) }
            let intent = register.intent()
            let start = ContinuousClock.now
            let answer = try await register.send(.pay, register.payBody(intent))
            #expect(ContinuousClock.now - start < .seconds(1))
            #expect(answer.status == 503 && answer.problem == .busy)
            #expect(try register.isSigned(answer))
            #expect(try await rig.core.store.payment(intent.orderNumber) == nil)
            let query = try await register.send(
                .query,
                QueryRequest(id: .fresh(), intent: intent, home: .a, wait: 0).encode()
            )
            #expect(query.problem == .busy)
            #expect(try await register.revokeToTheEnd(intent) == .revoked(kind: .known(.unsent)))
            for _ in 0..<taken { admission.leave() }
        }
    }

    @Test("a register that floods is answered busy, its undo passes, and other registers are not touched")
    func flood() async throws {
        var limits = CloudGateway.Limits()
        limits.register = .init(perSecond: 1, burst: 5)
        let rig = try await CloudRig(limits: limits)
        try await rig.running {
            let register = try await rig.enrol()
            let other = try await rig.enrol()
            var busy = 0
            for _ in 0..<40 where try await register.send(.hello, register.helloBody()).problem == .busy { busy += 1 }
            #expect(busy > 0)
            #expect(try await other.send(.hello, other.helloBody()).status == 200)
            let undo = RevokeRequest(
                id: .fresh(),
                intent: register.intent(),
                home: .a,
                reason: .known(.timeout),
                wait: 0
            ).encode()
            #expect(try await register.send(.revoke, undo).status == 200)
        }
    }

    @Test("a cloud whose store fails says nothing about the payment, and takes no more until the store answers")
    func storeFails() async throws {
        let rig = try await CloudRig()
        try await rig.running {
            let register = try await rig.enrol()
            #expect(rig.core.status.takesPayments)
            await rig.core.store.close()
            let answer = try await register.send(.pay, register.payBody(register.intent()))
            #expect(answer.problem == .internalError)
            #expect(!rig.core.status.takesPayments)
            #expect(rig.wallets.calls.pay == 0)
        }
    }

    @Test("an amount above the chain's limit, a live number and a switched-off chain are not taken")
    func chainLimits() async throws {
        let rig = try await CloudRig()
        try await rig.running {
            let register = try await rig.enrol()
            let large = try await register.send(.pay, register.payBody(register.intent(amount: 500_001)))
            #expect(large.problem == .malformed)
            #expect(rig.wallets.calls.pay == 0)
        }
    }
}
