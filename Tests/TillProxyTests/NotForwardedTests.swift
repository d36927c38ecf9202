// Part of Tillbridge. See LICENSE.
import NIOCore
import NIOEmbedded
import TillDomain
import TillEngine
import Testing

@testable import TillProxy

/// `not-forwarded` is said exactly when no byte of the request was written to any cloud.
@Suite("Not forwarded, or unknown: the proxy never mixes them up")
struct NotForwardedTests {
    private func expectNotForwarded(_ answer: String?, sourceLocation: SourceLocation = #_sourceLocation) {
        let answer = answer ?? "(nothing)"
        #expect(answer.hasPrefix("HTTP/1.1 503 "), "\(answer)", sourceLocation: sourceLocation)
        #expect(answer.contains("\r\nTillbridge-Proxy: not-forwarded\r\n"), sourceLocation: sourceLocation)
        #expect(answer.contains("Content-Type: application/problem+json\r\n"), sourceLocation: sourceLocation)
        #expect(answer.contains("\"status\":503"), sourceLocation: sourceLocation)
    }

    private func expectUnknown(_ answer: String?, sourceLocation: SourceLocation = #_sourceLocation) {
        let answer = answer ?? "(nothing)"
        #expect(answer.hasPrefix("HTTP/1.1 504 "), "\(answer)", sourceLocation: sourceLocation)
        #expect(answer.contains("\r\nTillbridge-Proxy: unknown\r\n"), sourceLocation: sourceLocation)
    }

    // MARK: Nothing was written

    @Test("a cloud that is down: at once")
    func down() {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        proxy.a.door = .refusing
        proxy.a.hangUpAll()
        #expect(proxy.time(limit: 1_500) { !proxy.shard.view.a.isUp } != nil)
        let register = proxy.register()
        register.send("revoke")
        expectNotForwarded(register.received())
        #expect(proxy.a.arrived.isEmpty && proxy.b.arrived.isEmpty)
        #expect(register.isOpen)
    }

    @Test("a cloud that was never heard")
    func never() {
        let proxy = VirtualProxy(a: .refusing)
        defer { proxy.stop() }
        let register = proxy.register()
        register.send("pay")
        expectNotForwarded(register.received())
    }

    @Test("a cloud that refuses connections: after one more try")
    func refusedConnect() {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        proxy.a.door = .refusing
        proxy.a.hangUpAll()
        let register = proxy.register()
        register.send("pay")
        expectNotForwarded(register.received())
        #expect(proxy.a.arrived.isEmpty)
    }

    @Test("a cloud whose connections hang: within 1.05 s, because the plug-in has other proxies to try")
    func silentConnect() throws {
        let proxy = VirtualProxy { $0.times.healthInterval = 1_000_000 }
        defer { proxy.stop() }
        proxy.a.door = .silent
        proxy.a.hangUpAll()
        let register = proxy.register()
        register.send("pay")
        let time = try #require(proxy.time(limit: 2_000) { register.hasAnswer })
        #expect((900...1_050).contains(time), "\(time)")
        expectNotForwarded(register.received())
        // Should the cloud come back now, it must not get what was given up.
        proxy.a.door = .accepting
        proxy.advance(3_000)
        #expect(proxy.a.arrived.isEmpty)
    }

    @Test("a payment beyond the places of a cloud: in less than 100 ms, and it is never sent later")
    func busy() throws {
        let proxy = VirtualProxy {
            $0.limits.concurrency = AdaptiveLimit.Policy(initial: 10, minimum: 10, maximum: 10)
        }
        defer { proxy.stop() }
        let registers = (0..<9).map { _ in proxy.register() }
        for register in registers { register.send("pay") }
        #expect(proxy.a.requests.count == 8)
        let time = try #require(proxy.time(limit: 200) { registers[8].hasAnswer })
        #expect(time <= 100)
        expectNotForwarded(registers[8].received())
        while !proxy.a.requests.isEmpty { proxy.a.answer() }
        proxy.advance(1_000)
        #expect(proxy.a.arrived.count == 8)
    }

    @Test("requests that wait for a place when their cloud goes down")
    func downWhileWaiting() {
        let proxy = VirtualProxy {
            $0.limits.concurrency = AdaptiveLimit.Policy(initial: 2, minimum: 2, maximum: 2)
        }
        defer { proxy.stop() }
        let registers = (0..<3).map { _ in proxy.register() }
        for register in registers { register.send("revoke") }
        #expect(proxy.a.requests.count == 2)
        proxy.shard.apply(HealthView())
        expectNotForwarded(registers[2].received())
        #expect(proxy.a.arrived.count == 2)
    }

    @Test("a payment while the breaker is open; undoing still passes")
    func breakerOpen() {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        for _ in 0..<10 {
            let register = proxy.register()
            register.send("pay")
            proxy.a.hangUp()
            expectUnknown(register.received())
        }
        let arrived = proxy.a.arrived.count
        let register = proxy.register()
        register.send("pay")
        expectNotForwarded(register.received())
        #expect(proxy.a.arrived.count == arrived)
        register.send("revoke")
        #expect(proxy.a.arrived.count == arrived + 1)
        proxy.a.answer("{\"state\":\"revoked\"}")
        #expect(register.received()?.contains("revoked") == true)
    }

    @Test("a pooled connection that died is replaced while nothing was written, and the request arrives once")
    func staleConnection() {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let register = proxy.register()
        register.send("pay")
        proxy.a.answer()
        _ = register.received()
        proxy.a.hangUpAll()
        register.send("pay")
        #expect(proxy.a.arrived.count == 2)
        proxy.a.answer()
        #expect(register.received()?.hasPrefix("HTTP/1.1 200") == true)
    }

    // MARK: Something was written

    @Test("a connection that ends after the request was written: unknown, and the request is not sent again")
    func lostAfterWrite() {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let register = proxy.register()
        register.send("pay")
        proxy.a.hangUp()
        expectUnknown(register.received())
        proxy.advance(5_000)
        #expect(proxy.a.arrived.count == 1)
        #expect(proxy.b.arrived.isEmpty)
        #expect(register.isOpen)
    }

    @Test("any request is not tried at the other cloud once a byte was written")
    func anyAfterWrite() {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let register = proxy.register()
        register.send("activate", cloud: "any")
        proxy.a.hangUp()
        expectUnknown(register.received())
        #expect(proxy.b.arrived.isEmpty)
    }

    @Test(
        "an answer that is cut or malformed: unknown, and nothing of it reaches the register",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"state\":\"paid\"}", "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n", "garbage\r\n\r\n", "",
        ]
    )
    func brokenAnswer(text: String) {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let register = proxy.register()
        register.send("pay")
        let channel = proxy.a.requests[0].channel
        proxy.a.write(text, to: channel)
        channel.close(promise: nil)
        proxy.settle()
        let answer = register.received()
        expectUnknown(answer)
        #expect(answer?.contains("paid") == false)
    }

    @Test("a cloud that does not answer: unknown before the plug-in's own 3 s are over")
    func timeout() throws {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let register = proxy.register()
        register.send("pay")
        let channel = proxy.a.requests[0].channel
        let time = try #require(proxy.time(limit: 4_000) { register.hasAnswer })
        #expect((2_800...2_950).contains(time), "\(time)")
        expectUnknown(register.received())
        #expect(!channel.isActive)
        // The late answer has nowhere to go.
        proxy.a.write(VirtualCloud.text("{\"state\":\"paid\"}"), to: channel)
        proxy.settle()
        #expect(register.received() == nil)
    }

    @Test("a half answer does not win time")
    func stuckInTheMiddle() throws {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let register = proxy.register()
        register.send("pay")
        proxy.a.write("HTTP/1.1 200 OK\r\n", to: proxy.a.requests[0].channel)
        let time = try #require(proxy.time(limit: 4_000) { register.hasAnswer })
        #expect((2_800...2_950).contains(time), "\(time)")
        expectUnknown(register.received())
    }
}
