// Part of Tillbridge. See LICENSE.
import Foundation
import NIOCore
import NIOSSL
import TillDomain
import Testing

@testable import TillProxy

@Suite("The whole proxy on real sockets", .timeLimit(.minutes(2)))
struct SocketTests {
    private let authority: TestAuthority

    init() throws { authority = try TestAuthority() }

    private func registerTLS(_ version: TLSVersion? = nil, authority: TestAuthority? = nil) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .file((authority ?? self.authority).file("ca.pem"))
        if let version {
            configuration.minimumTLSVersion = version
            configuration.maximumTLSVersion = version
        }
        return configuration
    }

    private func withCloud(
        tls: TLSConfiguration? = nil,
        reply: @escaping SocketCloud.Reply = { _ in "{\"state\":\"paid\"}" },
        _ body: (SocketCloud) async throws -> Void
    ) async throws {
        let cloud = try await SocketCloud.start(tls: tls, reply: reply)
        do { try await body(cloud) } catch {
            await cloud.stop()
            throw error
        }
        await cloud.stop()
    }

    // MARK: TLS

    @Test("a register's request passes TLS on both hops, unchanged", arguments: [TLSVersion.tlsv12, .tlsv13])
    func mutualTLS(version: TLSVersion) async throws {
        try await withCloud(tls: try SocketCloud.mutualTLS(authority, as: "a.cloud.tillbridge")) { cloud in
            try await SocketProxy.run(clouds: [cloud.address(.a, tls: true)], keys: authority.proxyFiles) { proxy in
                try await proxy.becomesReady()
                let register = try await proxy.connect(tls: registerTLS(version))
                let request = VirtualRegister.request("pay", body: String(repeating: "x", count: 16_000))
                let answer = try await register.exchange(request)
                #expect(answer == VirtualCloud.text("{\"state\":\"paid\"}"))
                #expect(cloud.arrived == [request])
                register.close()
            }
        }
    }

    @Test("a register of another CA, another name, or with a weak cipher gets no connection")
    func wrongRegister() async throws {
        try await withCloud { cloud in
            let other = try TestAuthority()
            try await SocketProxy.run(clouds: [cloud.address(.a)], keys: authority.proxyFiles) { proxy in
                var weak = registerTLS(.tlsv12)
                weak.cipherSuiteValues = [.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA]
                for (tls, name) in [
                    (registerTLS(authority: other), "proxy.tillbridge"), (registerTLS(), "a.cloud.tillbridge"),
                    (weak, "proxy.tillbridge"),
                ] {
                    await #expect(throws: (any Error).self) {
                        let register = try await proxy.connect(tls: tls, serverName: name)
                        _ = try await register.exchange(VirtualRegister.request("query"))
                    }
                }
                #expect(cloud.arrived.isEmpty)
            }
        }
    }

    @Test("a cloud of another name, another CA, or an older TLS is never up")
    func wrongCloud() async throws {
        let other = try TestAuthority()
        for tls in [
            try SocketCloud.mutualTLS(authority, as: "b.cloud.tillbridge"),
            try SocketCloud.mutualTLS(other, as: "a.cloud.tillbridge"),
            try SocketCloud.mutualTLS(authority, as: "a.cloud.tillbridge", minimum: .tlsv12, maximum: .tlsv12),
        ] {
            try await withCloud(tls: tls) { wrong in
                try await withCloud(tls: try SocketCloud.mutualTLS(authority, as: "b.cloud.tillbridge")) { right in
                    let clouds = [wrong.address(.a, tls: true), right.address(.b, tls: true)]
                    try await SocketProxy.run(clouds: clouds, keys: authority.proxyFiles) { proxy in
                        try await proxy.becomesReady()
                        // A has had several chances.
                        let failed = /cloud_checks_total\{cloud="A",outcome="failed"\} ([3-9]|\d\d)/
                        try await eventually { try await proxy.page("/metrics").body.contains(failed) }
                        let register = try await proxy.connect(tls: registerTLS())
                        let answer = try await register.exchange(VirtualRegister.request("query", cloud: "A"))
                        #expect(answer.contains("Tillbridge-Proxy: not-forwarded"))
                        #expect(
                            try await proxy.page("/metrics").body.contains("tillbridge_proxy_cloud_up{cloud=\"A\"} 0")
                        )
                        #expect(wrong.arrived.isEmpty)
                        register.close()
                    }
                }
            }
        }
    }

    @Test("a cloud that asks for a certificate gets the proxy's, and a cloud asked without one says no")
    func clientCertificate() async throws {
        try await withCloud(tls: try SocketCloud.mutualTLS(authority, as: "a.cloud.tillbridge")) { cloud in
            var anonymous = TLSConfiguration.makeClientConfiguration()
            anonymous.trustRoots = .file(authority.file("ca.pem"))
            await #expect(throws: (any Error).self) {
                let client = try await SocketRegister.connect(
                    to: cloud.address(.a).address,
                    tls: anonymous,
                    serverName: "a.cloud.tillbridge"
                )
                _ = try await client.exchange("GET /healthz HTTP/1.1\r\n\r\n")
            }
        }
    }

    @Test("with a CA for registers, only a register with a certificate of that CA gets through")
    func clientAuthority() async throws {
        var keys = authority.proxyFiles
        keys.clientAuthority = authority.file("ca.pem")
        try await withCloud { cloud in
            try await SocketProxy.run(clouds: [cloud.address(.a)], keys: keys) { proxy in
                try await proxy.becomesReady()
                await #expect(throws: (any Error).self) {
                    let register = try await proxy.connect(tls: registerTLS())
                    _ = try await register.exchange(VirtualRegister.request("query"))
                }
                var known = registerTLS()
                known.certificateChain = try NIOSSLCertificate.fromPEMFile(authority.file("proxy.tillbridge.pem"))
                    .map { .certificate($0) }
                known.privateKey = .privateKey(
                    try NIOSSLPrivateKey(file: authority.file("proxy.tillbridge.key"), format: .pem)
                )
                let register = try await proxy.connect(tls: known)
                #expect(try await register.exchange(VirtualRegister.request("query")).hasPrefix("HTTP/1.1 200"))
                #expect(cloud.arrived.count == 1)
                register.close()
            }
        }
    }

    @Test(
        "the last answer of a connection arrives whole before it ends, over TLS and without",
        arguments: [true, false]
    )
    func lastAnswer(usesTLS: Bool) async throws {
        try await withCloud { cloud in
            let keys = usesTLS ? authority.proxyFiles : nil
            try await SocketProxy.run(clouds: [cloud.address(.a)], keys: keys) { proxy in
                try await proxy.becomesReady()
                for (request, status) in [
                    (VirtualRegister.request("query", headers: "Connection: close\r\n"), 200),
                    (
                        "POST /v1/pay HTTP/1.1\r\nContent-Length: 5, 5\r\n\r\n" + String(repeating: "x", count: 50_000),
                        400
                    ),
                    (VirtualRegister.request("query") + VirtualRegister.request("pay"), 200),
                ] {
                    let register = try await proxy.connect(tls: usesTLS ? registerTLS() : nil)
                    let answer = try await register.exchange(request)
                    #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
                    #expect(answer.contains("Connection: close\r\n"))
                    await #expect(throws: SocketRegister.Closed.self) { _ = try await register.answer() }
                }
                #expect(!cloud.arrived.contains { $0.contains("/v1/pay") })
            }
        }
    }

    // MARK: Many at once

    @Test("each of many registers on several event loops gets its own answers")
    func concurrency() async throws {
        try await withCloud(reply: { text in String(text.drop { $0 != "{" }) }) { cloud in
            try await SocketProxy.run(clouds: [cloud.address(.a)], settings: { $0.limits.requests = nil }) { proxy in
                try await proxy.becomesReady()
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    for number in 0..<40 {
                        tasks.addTask {
                            let register = try await proxy.connect()
                            for round in 0..<25 {
                                let body = "{\"n\":\"\(number)-\(round)\"}"
                                let answer = try await register.exchange(VirtualRegister.request("query", body: body))
                                #expect(answer == VirtualCloud.text(body))
                            }
                            register.close()
                        }
                    }
                    try await tasks.waitForAll()
                }
                #expect(cloud.arrived.count == 1_000)
            }
        }
    }

    @Test("connections beyond the limit are closed, and the place of one that left is free again")
    func connectionLimit() async throws {
        try await withCloud { cloud in
            try await SocketProxy.run(clouds: [cloud.address(.a)], settings: { $0.limits.connections = 2 }) { proxy in
                try await proxy.becomesReady()
                let first = try await proxy.connect()
                let second = try await proxy.connect()
                for register in [first, second] { _ = try await register.exchange(VirtualRegister.request("query")) }
                let third = try await proxy.connect()
                await #expect(throws: (any Error).self) {
                    _ = try await third.exchange(VirtualRegister.request("query"))
                }
                first.close()
                try await eventually {
                    guard let register = try? await proxy.connect() else { return false }
                    defer { register.close() }
                    let answer = try? await register.exchange(VirtualRegister.request("query"))
                    return answer?.hasPrefix("HTTP/1.1 200") == true
                }
                second.close()
            }
        }
    }

    // MARK: The end

    @Test("after SIGTERM no connection is accepted, and the request in flight is answered before the process ends")
    func drain() async throws {
        try await withCloud(reply: { $0.contains("/v1/pay") ? nil : "{}" }) { cloud in
            try await SocketProxy.run(clouds: [cloud.address(.a)]) { proxy in
                try await proxy.becomesReady()
                let register = try await proxy.connect()
                try await register.send(VirtualRegister.request("pay"))
                try await eventually { cloud.arrived.count == 1 }
                await proxy.shutDown()
                try await eventually { (try? await proxy.connect()) == nil }
                #expect(try await proxy.page("/readyz").status == 503)
                cloud.release(VirtualCloud.text("{\"state\":\"paid\"}"))
                let answer = try await register.answer()
                #expect(answer.contains("Connection: close\r\n"))
                #expect(answer.hasSuffix("{\"state\":\"paid\"}"))
            }
        }
    }

    // MARK: Operators

    @Test("metrics, health and readiness tell what happened")
    func adminPages() async throws {
        try await withCloud { cloud in
            try await SocketProxy.run(clouds: [cloud.address(.a)]) { proxy in
                try await proxy.becomesReady()
                let register = try await proxy.connect()
                for _ in 0..<3 { _ = try await register.exchange(VirtualRegister.request("query")) }
                _ = try await register.exchange(VirtualRegister.request("pay", cloud: "B"))
                _ = try await register.exchange("POST /v1/heartbeat HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
                let text = try await proxy.page("/metrics").body
                for line in [
                    "tillbridge_proxy_connections 1",
                    "tillbridge_proxy_requests_total{class=\"query\",cloud=\"A\",outcome=\"answered\"} 3",
                    "tillbridge_proxy_requests_total{class=\"pay\",cloud=\"B\",outcome=\"not-forwarded\"} 1",
                    "tillbridge_proxy_not_forwarded_total{cloud=\"B\",reason=\"cloud-down\"} 1",
                    "tillbridge_proxy_request_seconds_count{class=\"query\"} 3",
                    "tillbridge_proxy_cloud_up{cloud=\"A\"} 1", "tillbridge_proxy_cloud_up{cloud=\"B\"} 0",
                    "tillbridge_proxy_breakers_open{cloud=\"A\"} 0",
                    "tillbridge_proxy_queue_depth{cloud=\"A\",class=\"pay\"} 0",
                ] { #expect(text.contains("\n\(line)\n"), "\(line)") }
                #expect(try await proxy.page("/healthz").status == 200)
                #expect(try await proxy.page("/").status == 404)
                #expect(try await proxy.page("/metrics", method: "POST").status == 405)
                register.close()
            }
        }
    }

    @Test("a proxy without any cloud is alive and not ready")
    func notReady() async throws {
        let nowhere = CloudAddress(name: .a, address: HostPort(host: "127.0.0.1", port: 1), usesTLS: false)
        try await SocketProxy.run(clouds: [nowhere]) { proxy in
            let pages = try await (proxy.page("/healthz"), proxy.page("/readyz"))
            #expect(pages.0.status == 200)
            #expect(pages.1.status == 503)
        }
    }

    @Test("the access log names call, cloud and outcome, and holds no payment code")
    func accessLog() async throws {
        let path = authority.file("access.log")
        let code = "285012345678901234"
        try await withCloud { cloud in
            try await SocketProxy.run(clouds: [cloud.address(.a)], settings: { $0.accessLog = .file(path) }) { proxy in
                try await proxy.becomesReady()
                let register = try await proxy.connect()
                let body = "{\"code\":\"\(code)\"}"
                _ = try await register.exchange(
                    VirtualRegister.request("pay", body: body, headers: "X-Code: \(code)\r\n")
                )
                _ = try await register.exchange(VirtualRegister.request("query", cloud: "B", body: body))
                register.close()
            }
        }
        let log = try String(contentsOfFile: path, encoding: .utf8)
        let lines = log.split(separator: "\n")
        #expect(lines.count == 2)
        for line in lines {
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            )
            #expect(object["from"] as? String == "127.0.0.1")
        }
        #expect(log.contains("\"call\":\"pay\",\"cloud\":\"A\",\"outcome\":\"answered\",\"status\":200"))
        #expect(log.contains("\"call\":\"query\",\"cloud\":\"B\",\"outcome\":\"not-forwarded\",\"status\":503"))
        #expect(!log.contains(code))
        #expect(!log.contains("code"))
    }
}
