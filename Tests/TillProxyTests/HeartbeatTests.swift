// Part of Tillbridge. See LICENSE.
import NIOCore
import TillDomain
import TillEngine
import TillProtocol
import Testing

@testable import TillProxy

extension VirtualRegister {
    /// Asks for a heartbeat and reads the answer.
    func heartbeat(_ register: String = "QF000K703") throws -> HeartbeatAnswer {
        let id = try #require(RegisterID(Array(register.utf8)))
        send("heartbeat", body: String(decoding: HeartbeatRequest(register: id, lane: .free).encode(), as: UTF8.self))
        let answer = try #require(received())
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"))
        let body = Array(answer.utf8.drop { $0 != UInt8(ascii: "{") })
        return try HeartbeatAnswer(decoding: body)
    }
}

@Suite("Heartbeats are answered by the proxy itself")
struct HeartbeatTests {
    @Test("time, clouds, versions and dark wallets are those of the clouds' own reports")
    func contents() throws {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        proxy.a.report.dark = [.weChatPay]
        proxy.b.report.dark = [.weChatPay]
        proxy.b.report.routing = 13
        proxy.advance(700)
        let answer = try proxy.register().heartbeat()
        #expect(answer.clouds == [.init(name: .a, isUp: true), .init(name: .b, isUp: true)])
        #expect(answer.routing == 13)
        #expect(answer.configuration == 7)
        #expect(answer.dark == [.weChatPay])
        #expect(answer.next != nil)
        #expect(proxy.a.arrived.isEmpty && proxy.b.arrived.isEmpty)
    }

    @Test("time goes on between two health checks, by the proxy's own clock")
    func time() throws {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let register = proxy.register()
        for _ in 0..<50 {
            proxy.advance(37)
            // The virtual clouds' clocks start with the virtual time.
            let expected = 1_795_343_400_000 + proxy.loop.milliseconds
            #expect(try register.heartbeat().time.milliseconds == expected)
        }
    }

    @Test("a register is sent to the same cloud each time, and registers are spread over both")
    func assignment() throws {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let connection = proxy.register()
        var atA = 0
        for number in 0..<40 {
            let name = "QF000K" + String(decoding: Base32.encode(UInt64(number), count: 3), as: UTF8.self)
            let next = try connection.heartbeat(name).next
            #expect(try connection.heartbeat(name).next == next)
            if next == .a { atA += 1 }
        }
        #expect((8...32).contains(atA), "\(atA)")
    }

    @Test("a cloud that takes no payments, is down, or does not answer payments, is not named")
    func notNamed() throws {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let register = proxy.register()
        proxy.a.report.takesPayments = false
        proxy.advance(600)
        var answer = try register.heartbeat()
        #expect(answer.next == .b)
        #expect(answer.clouds.allSatisfy { $0.isUp })

        proxy.b.door = .refusing
        proxy.b.hangUpAll()
        proxy.advance(1_500)
        answer = try register.heartbeat()
        #expect(answer.next == nil)
        #expect(answer.clouds == [.init(name: .a, isUp: true), .init(name: .b, isUp: false)])

        proxy.a.report.takesPayments = true
        proxy.advance(600)
        #expect(try register.heartbeat().next == .a)
        for _ in 0..<10 {
            register.send("pay")
            proxy.a.hangUp()
            _ = register.received()
        }
        #expect(try register.heartbeat().next == nil)
        proxy.advance(2_000)
        #expect(try register.heartbeat().next == .a)
    }

    @Test("before any cloud was heard there is no time, no version and no cloud to pay at")
    func nothingKnown() throws {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        proxy.shard.apply(HealthView())
        let answer = try proxy.register().heartbeat()
        #expect(answer.time == .unknown)
        #expect(answer.next == nil)
        #expect(answer.routing == nil)
    }

    @Test("the time of a cloud that distrusts its clock is not used while the other one pays")
    func distrustedClock() throws {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        proxy.a.report.takesPayments = false
        proxy.a.report.time = Timestamp(milliseconds: 1_000_000_000_000)
        proxy.advance(1_200)
        #expect(try proxy.register().heartbeat().time.milliseconds == 1_795_343_400_000 + proxy.loop.milliseconds)
    }

    @Test(
        "what is no heartbeat gets a problem, and the connection stays",
        arguments: [
            "", "{}", "[]", "{\"v\":2,\"register\":\"QF000K703\",\"lane\":\"free\"}",
            "{\"v\":1,\"register\":\"QF000K70\",\"lane\":\"free\"}", "{\"v\":1,\"register\":\"QF000K703\"}",
        ]
    )
    func malformed(body: String) {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let register = proxy.register()
        register.send("heartbeat", body: body)
        let answer = register.received() ?? ""
        #expect(answer.hasPrefix("HTTP/1.1 400 "))
        #expect(answer.contains("/problems/malformed"))
        #expect(register.isOpen)
    }
}

@Suite("Clouds are watched")
struct HealthTests {
    @Test("a cloud that is killed is down within 1.5 s, a cloud that hangs as well", arguments: [0, 123, 250, 499])
    func loss(offset: Int) throws {
        for hangs in [false, true] {
            let proxy = VirtualProxy()
            defer { proxy.stop() }
            proxy.advance(5_000 + offset)
            if hangs {
                proxy.a.isHealthy = false
                proxy.a.door = .silent
            } else {
                proxy.a.door = .refusing
                proxy.a.hangUpAll()
            }
            let time = try #require(proxy.time(limit: 1_500) { !proxy.shard.view.a.isUp })
            #expect(time > 0)
            #expect(proxy.shard.view.b.isUp)
        }
    }

    @Test("a killed cloud is down at once while requests are sent to it")
    func passiveLoss() {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        proxy.advance(5_100)
        proxy.a.door = .refusing
        proxy.a.hangUpAll()
        let register = proxy.register()
        for _ in 0..<2 {
            register.send("query")
            #expect(register.received()?.contains("not-forwarded") == true)
        }
        proxy.settle()
        #expect(!proxy.shard.view.a.isUp)
    }

    @Test("one check that comes late is forgiven")
    func forgiven() {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        proxy.a.isHealthy = false
        proxy.advance(920)
        proxy.a.isHealthy = true
        for _ in 0..<2_000 {
            proxy.advance(1)
            #expect(proxy.shard.view.a.isUp)
        }
    }

    @Test("a cloud that comes back is up after two good checks")
    func recovery() throws {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        proxy.a.door = .refusing
        proxy.a.hangUpAll()
        #expect(proxy.time(limit: 1_500) { !proxy.shard.view.a.isUp } != nil)
        proxy.a.door = .accepting
        let time = try #require(proxy.time(limit: 1_100) { proxy.shard.view.a.isUp })
        // The first good check comes at the next interval, the second one an interval later.
        #expect(time >= 500, "\(time)")
    }

    @Test(
        "a wrong status, a body that is no report, and no answer are failed checks",
        arguments: [
            VirtualCloud.text("{}", status: 503), VirtualCloud.text("{}"), VirtualCloud.text("ok"),
            VirtualCloud.text(
                "{\"time\":1,\"takesPayments\":true,\"load\":1001,\"routing\":1,\"configuration\":1,\"dark\":[]}"
            ),
            "HTTP/1.1 200 OK\r\n\r\n",
        ]
    )
    func badReports(answer: String) {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        proxy.a.healthOverride = answer
        #expect(proxy.time(limit: 1_500) { !proxy.shard.view.a.isUp } != nil)
    }

    @Test("a cloud that starts late is up at its first good check")
    func lateStart() throws {
        let proxy = VirtualProxy(a: .refusing)
        defer { proxy.stop() }
        proxy.advance(3_000)
        #expect(!proxy.shard.view.a.isUp)
        proxy.a.door = .accepting
        let time = try #require(proxy.time(limit: 501) { proxy.shard.view.a.isUp })
        #expect(time <= 500)
    }

    @Test("a connection is ready before the first payment, and again after it grew old")
    func warm() {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        #expect(proxy.shard.upstream(.a).idleCount == 1)
        let opened = proxy.a.opened
        proxy.advance(32_000)
        #expect(proxy.a.opened == opened + 1)
        #expect(proxy.shard.upstream(.a).idleCount == 1)
    }
}
