// Part of Tillbridge. See LICENSE.
import TillDomain
import TillProtocol
import Testing

@testable import TillProxy

@Suite("Clouds hear which registers are there")
struct PresenceTests {
    /// The proxy's interval, and one tick.
    private static let interval = 15_050

    private func registers(_ reports: [String]) throws -> [String] {
        try reports.flatMap { text in
            let body = Array(text.utf8.drop { $0 != UInt8(ascii: "{") })
            return try PresenceReport(decoding: body).registers.map(\.description)
        }.sorted()
    }

    private func names(_ count: Int) -> [String] {
        (0..<count).map { "QF" + String(decoding: Base32.encode(UInt64($0), count: 7), as: UTF8.self) }
    }

    @Test("both clouds hear, once for each interval, of the registers that were heard in it")
    func reports() throws {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let register = proxy.register()
        for _ in 0..<3 { _ = try register.heartbeat("QF000K703") }
        _ = try register.heartbeat("QF000K704")
        proxy.advance(Self.interval)
        #expect(try registers(proxy.a.presence) == ["QF000K703", "QF000K704"])
        #expect(try registers(proxy.b.presence) == ["QF000K703", "QF000K704"])
        _ = try register.heartbeat("QF000K704")
        proxy.advance(Self.interval)
        #expect(try registers(Array(proxy.a.presence.dropFirst())) == ["QF000K704"])
        let sent = proxy.a.presence.count
        proxy.advance(Self.interval)
        #expect(proxy.a.presence.count == sent, "nobody was heard, and something was said")
    }

    @Test("many registers come in several reports, each within the limits of the wire")
    func many() throws {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        let register = proxy.register()
        let all = names(2_500)
        for name in all { _ = try register.heartbeat(name) }
        proxy.advance(Self.interval)
        #expect(proxy.a.presence.count == 3)
        #expect(proxy.a.presence.allSatisfy { $0.utf8.count < HTTPLimits.wire.body })
        #expect(try registers(proxy.a.presence) == all.sorted())
    }

    @Test("whoever claims to be very many registers fills no memory")
    func flood() throws {
        let proxy = VirtualProxy { $0.limits.connections = 10 }
        defer { proxy.stop() }
        let register = proxy.register()
        for name in names(50) { _ = try register.heartbeat(name) }
        proxy.advance(Self.interval)
        #expect(try registers(proxy.a.presence).count == 10)
    }

    @Test("a cloud that says nothing, refuses, or does not know such reports holds nothing up", arguments: [nil, 404])
    func deafCloud(status: Int?) throws {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        proxy.a.presenceStatus = status
        let register = proxy.register()
        for round in 1...3 {
            for name in names(1_500) { _ = try register.heartbeat(name) }
            proxy.advance(Self.interval)
            #expect(proxy.a.presence.count == round)
            #expect(proxy.b.presence.count == 2 * round)
        }
        proxy.a.presenceStatus = 200
        for name in names(1_500) { _ = try register.heartbeat(name) }
        proxy.advance(Self.interval)
        #expect(proxy.a.presence.count == 5)
        register.send("pay")
        proxy.a.answer()
        #expect(register.received()?.contains("paid") == true)
    }

    @Test("a cloud that is down is told nothing")
    func down() throws {
        let proxy = VirtualProxy()
        defer { proxy.stop() }
        proxy.a.door = .refusing
        proxy.a.hangUpAll()
        proxy.advance(2_000)
        _ = try proxy.register().heartbeat()
        proxy.advance(Self.interval)
        #expect(proxy.a.presence.isEmpty)
        #expect(proxy.b.presence.count == 1)
    }
}
