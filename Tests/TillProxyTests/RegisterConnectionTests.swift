// Part of Tillbridge. See LICENSE.
import NIOCore
import NIOEmbedded
import TillDomain
import TillEngine
import Testing

@testable import TillProxy

@Suite("A register's connection: one request at a time, within limits of size and time")
struct RegisterConnectionTests {
    @Test("a malformed request gets its problem, is forwarded nowhere, and ends the connection")
    func malformed() {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let register = proxy.register()
        register.send(
            raw: "POST /v1/pay HTTP/1.1\r\nTillbridge-Cloud: A\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        )
        let answer = register.received() ?? ""
        #expect(answer.hasPrefix("HTTP/1.1 400 "))
        #expect(answer.contains("Tillbridge-Proxy: not-forwarded\r\n"))
        #expect(answer.contains("Connection: close\r\n"))
        #expect(answer.contains("/problems/malformed"))
        #expect(!register.isOpen)
        #expect(proxy.a.arrived.isEmpty)
    }

    @Test("a request too large is refused before it is read")
    func tooLarge() {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let register = proxy.register()
        register.send(raw: "POST /v1/pay HTTP/1.1\r\nTillbridge-Cloud: A\r\nContent-Length: 1000000\r\n\r\n")
        #expect(register.received()?.contains("/problems/too-large") == true)
        #expect(!register.isOpen)
    }

    @Test("what is smuggled behind a request is dropped, and the connection ends with the answer")
    func smuggled() {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let register = proxy.register()
        register.send(raw: VirtualRegister.request("query") + VirtualRegister.request("pay"))
        #expect(proxy.a.arrived == [VirtualRegister.request("query")])
        proxy.a.answer("{}")
        let answer = register.received() ?? ""
        #expect(answer.hasPrefix("HTTP/1.1 200 X\r\nConnection: close\r\nContent-Length: 2\r\n"))
        #expect(!register.isOpen)
        #expect(proxy.a.arrived.count == 1)
    }

    @Test("a second request before the answer is dropped too")
    func impatient() {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let register = proxy.register()
        register.send("query")
        register.send("pay")
        #expect(proxy.a.arrived.count == 1)
        proxy.a.answer()
        #expect(register.received()?.contains("Connection: close\r\n") == true)
        #expect(!register.isOpen)
        #expect(proxy.a.arrived.count == 1)
    }

    @Test("a request that asks to close is answered, and the connection ends")
    func close() {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let register = proxy.register()
        register.send("query", headers: "Connection: close\r\n")
        proxy.a.answer()
        #expect(register.received()?.contains("Connection: close\r\n") == true)
        #expect(!register.isOpen)
    }

    @Test("a request must be whole 5 s after its first byte, however many bytes trickle in")
    func slowRequest() throws {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let register = proxy.register()
        let bytes = Array(VirtualRegister.request("pay", body: String(repeating: " ", count: 1_000)).utf8)
        var sent = 0
        let time = try #require(
            proxy.time(limit: 6_000) {
                if sent < bytes.count, proxy.loop.milliseconds % 20 == 0 {
                    register.send(raw: String(decoding: [bytes[sent]], as: UTF8.self))
                    sent += 1
                }
                return !register.isOpen
            }
        )
        #expect((4_900...5_100).contains(time), "\(time)")
        #expect(proxy.a.arrived.isEmpty)
    }

    @Test("a connection without requests ends after a minute")
    func idle() throws {
        let proxy = VirtualProxy { $0.times.healthInterval = 1_000_000 }
        defer { proxy.stop() }
        let register = proxy.register()
        let time = try #require(proxy.time(limit: 61_000) { !register.isOpen })
        #expect((59_900...60_100).contains(time), "\(time)")
    }

    @Test("who asks too often waits; nothing is lost")
    func throttle() throws {
        let proxy = VirtualProxy { $0.limits.requests = TokenBucket.Policy(perSecond: 5, burst: 2) }
        defer { proxy.stop() }
        let register = proxy.register()
        for _ in 0..<2 {
            register.send("query")
            proxy.a.answer()
            #expect(register.received() != nil)
        }
        register.send("query")
        #expect(proxy.a.requests.isEmpty)
        let time = try #require(proxy.time(limit: 1_000) { !proxy.a.requests.isEmpty })
        #expect((150...250).contains(time), "\(time)")
        proxy.a.answer()
        #expect(register.received() != nil)
    }

    @Test("a register that does not take its answers loses its connection")
    func stalledReader() throws {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let register = proxy.register()
        register.send("query")
        register.channel.isWritable = false
        proxy.a.answer()
        let time = try #require(proxy.time(limit: 11_000) { !register.isOpen })
        #expect((9_900...10_100).contains(time), "\(time)")
    }

    @Test("a register that leaves while it waits is not forwarded any more")
    func leavesWhileWaiting() {
        let proxy = VirtualProxy {
            $0.limits.concurrency = AdaptiveLimit.Policy(initial: 2, minimum: 2, maximum: 2)
        }
        defer { proxy.stop() }
        let registers = (0..<3).map { _ in proxy.register() }
        for register in registers { register.send("revoke") }
        registers[2].leave()
        proxy.a.answer()
        proxy.a.answer()
        proxy.settle()
        #expect(proxy.a.arrived.count == 2)
        #expect(proxy.shard.upstream(.a).gate.inFlight == 0)
    }

    @Test("a register that leaves during its request leaves a connection that can be used again")
    func leavesDuringRequest() {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let first = proxy.register()
        first.send("pay")
        let channel = proxy.a.requests[0].channel
        first.leave()
        let second = proxy.register()
        proxy.a.answer("{\"n\":1}")
        #expect(second.received() == nil)
        second.send("query")
        #expect(proxy.a.requests[0].channel === channel)
        proxy.a.answer("{\"n\":2}")
        #expect(second.received()?.hasSuffix("{\"n\":2}") == true)
        #expect(proxy.shard.upstream(.a).gate.inFlight == 0)
    }

    @Test("the answer to a register that left never reaches the one that took its place")
    func foreignAnswer() {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let first = proxy.register()
        first.send("pay")
        first.leave()
        let second = proxy.register()
        second.send("pay")
        #expect(proxy.a.requests.count == 2)
        proxy.a.answer("{\"n\":1}")
        #expect(second.received() == nil)
        proxy.a.answer("{\"n\":2}")
        #expect(second.received()?.hasSuffix("{\"n\":2}") == true)
    }

    @Test("an abandoned request does not hold its place for longer than an answer may take")
    func orphanTimeout() throws {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let register = proxy.register()
        register.send("pay")
        proxy.advance(1_000)
        register.leave()
        #expect(proxy.shard.upstream(.a).gate.inFlight == 1)
        let time = try #require(proxy.time(limit: 3_000) { proxy.shard.upstream(.a).gate.inFlight == 0 })
        #expect((1_800...1_900).contains(time), "\(time)")
    }

    @Test("when 10 places are full of payments, an undo still passes, through the whole proxy")
    func reservation() {
        let proxy = VirtualProxy {
            $0.limits.concurrency = AdaptiveLimit.Policy(initial: 10, minimum: 10, maximum: 10)
        }
        defer { proxy.stop() }
        let registers = (0..<12).map { _ in proxy.register() }
        for register in registers { register.send("pay") }
        #expect(proxy.a.requests.count == 8)
        let other = proxy.register()
        other.send("revoke")
        let another = proxy.register()
        another.send("query")
        #expect(proxy.a.requests.count == 10)
        #expect(proxy.a.arrived.suffix(2).map { String($0.prefix(15)) } == ["POST /v1/revoke", "POST /v1/query "])
    }
}

@Suite("The end of a process interrupts nothing")
struct DrainTests {
    @Test("a request in flight is answered, and the answer says close")
    func inFlight() {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let register = proxy.register()
        register.send("pay")
        proxy.shard.beginDrain()
        proxy.advance(2_000)
        #expect(register.isOpen)
        proxy.a.answer("{\"state\":\"paid\"}")
        #expect(
            register.received()
                == "HTTP/1.1 200 X\r\nConnection: close\r\nContent-Length: 16\r\n\r\n{\"state\":\"paid\"}"
        )
        #expect(!register.isOpen)
        #expect(proxy.shard.openConnections == 0)
    }

    @Test("the next heartbeat of an idle connection is answered with close")
    func heartbeat() {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let register = proxy.register()
        proxy.shard.beginDrain()
        proxy.advance(900)
        register.send("heartbeat", body: "{\"v\":1,\"register\":\"QF000K703\",\"lane\":\"free\"}")
        #expect(register.received()?.contains("Connection: close\r\n") == true)
        #expect(!register.isOpen)
    }

    @Test("an idle connection ends after 2 s, a connection that never ends after 30 s")
    func limits() throws {
        let proxy = VirtualProxy { $0.times.answer = 1_000_000 }
        defer { proxy.stop() }
        let idle = proxy.register()
        let busy = proxy.register()
        busy.send("pay")
        proxy.shard.beginDrain()
        let first = try #require(proxy.time(limit: 3_000) { !idle.isOpen })
        #expect((1_950...2_100).contains(first), "\(first)")
        #expect(busy.isOpen)
        let second = try #require(proxy.time(limit: 29_000) { !busy.isOpen })
        #expect((27_900...28_100).contains(first + second - 2_000), "\(second)")
        #expect(proxy.shard.openConnections == 0)
    }
}
