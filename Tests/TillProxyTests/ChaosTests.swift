// Part of Tillbridge. See LICENSE.
import NIOCore
import NIOEmbedded
import TillDomain
import TillEngine
import Testing

@testable import TillProxy

/// Clouds that answer, hang, break off and vanish at random; registers that leave. Whatever happens, the four promises
/// hold: an answer belongs to its request; "not forwarded" is true; nothing is sent twice to a cloud; and no place is
/// lost.
@Suite("Promises under disorder")
struct ChaosTests {
    private struct Asked {
        let register: VirtualRegister
        let mark: String
    }

    @Test("answers, not-forwarded and places stay true under seeded disorder", arguments: 1...8)
    func disorder(seed: Int) {
        var random = Seeded(seed: UInt64(seed))
        let proxy = VirtualProxy {
            $0.limits.concurrency = AdaptiveLimit.Policy(initial: 6, minimum: 4, maximum: 12)
        }
        defer { proxy.stop() }
        var registers = (0..<12).map { _ in proxy.register() }
        var open: [Asked] = []
        var verdicts: [String: Int] = [:]
        var notForwarded: [String] = []
        var number = 0

        func collect() {
            open.removeAll { asked in
                guard let answer = asked.register.received() else { return !asked.register.isOpen }
                let status = String(answer.dropFirst(9).prefix(3))
                verdicts[status, default: 0] += 1
                if answer.contains("Tillbridge-Proxy: not-forwarded\r\n") {
                    notForwarded.append(asked.mark)
                } else if !answer.contains("Tillbridge-Proxy: unknown\r\n") {
                    #expect(answer.contains(asked.mark), "another's answer")
                }
                return true
            }
        }

        for _ in 0..<2_000 {
            switch random.next(below: 12) {
            case 0...4:
                let index = random.next(below: registers.count)
                if !registers[index].isOpen { registers[index] = proxy.register() }
                let register = registers[index]
                guard !open.contains(where: { $0.register === register }) else { break }
                number += 1
                let call = ["pay", "query", "revoke", "confirm", "activate"][random.next(below: 5)]
                let mark = "m\(number)."
                let cloud = call == "activate" ? "any" : ["A", "B"][random.next(below: 2)]
                open.append(Asked(register: register, mark: mark))
                register.send(call, cloud: cloud, body: "{\"mark\":\"\(mark)\"}")
            case 5...8:
                let cloud = random.next(below: 2) == 0 ? proxy.a : proxy.b
                guard let request = cloud.requests.first else { break }
                let body = String(request.text.drop { $0 != "{" })
                switch random.next(below: 8) {
                case 0: cloud.hangUp()
                case 1: cloud.answer(with: "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" + body)
                case 2: cloud.answer(body, status: 503)
                case 3:
                    let mark = body.dropFirst(9).dropLast(2)
                    cloud.answer(
                        "{\"type\":\"/problems/not-home\",\"status\":409,\"detail\":\"\(mark)\"}",
                        status: 409
                    )
                default: cloud.answer(body)
                }
            case 9:
                proxy.advance(random.next(below: 60))
            case 10 where random.next(below: 10) == 0:
                let cloud = random.next(below: 2) == 0 ? proxy.a : proxy.b
                cloud.door = [.accepting, .accepting, .refusing, .silent][random.next(below: 4)]
                cloud.isHealthy = random.next(below: 4) > 0
                if random.next(below: 2) == 0 { cloud.hangUpAll() }
                proxy.advance(random.next(below: 1_500))
            case 11 where random.next(below: 4) == 0:
                registers[random.next(below: registers.count)].leave()
            default: break
            }
            collect()
        }
        // Everything comes to an end by itself.
        for cloud in [proxy.a, proxy.b] { cloud.door = .accepting }
        proxy.advance(5_000)
        collect()
        #expect(open.isEmpty)
        for upstream in [proxy.shard.upstream(.a), proxy.shard.upstream(.b)] {
            #expect(upstream.gate.inFlight == 0)
            #expect(upstream.busy == 0)
            for requestClass in RequestClass.all { #expect(upstream.gate.waiting(requestClass) == 0) }
        }
        for cloud in [proxy.a, proxy.b] {
            let marks = cloud.arrived.map { text in
                String(text.drop { $0 != "{" }.dropFirst(9).dropLast(2))
            }
            #expect(Set(marks).count == marks.count, "sent twice")
            for mark in notForwarded { #expect(!marks.contains(mark), "\(mark) was forwarded") }
        }
        // The disorder was worth its name.
        #expect(verdicts["200", default: 0] > 5)
        #expect(notForwarded.count > 3)
        #expect(verdicts["504", default: 0] > 3)
    }

    /// SplitMix64.
    private struct Seeded {
        private var state: UInt64

        init(seed: UInt64) { state = seed }

        mutating func next(below bound: Int) -> Int {
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
            return Int((mixed ^ mixed >> 31) % UInt64(bound))
        }
    }
}
