// Part of Tillbridge. See LICENSE.
import Synchronization
import Testing
import TillDomain

@testable import TillCloud

@Suite struct ClockFenceTests {
    private let fence = ClockFence()
    private let now = Timestamp(milliseconds: 1_795_343_400_000)

    private func compare(_ source: ClockFence.Source, offset: Int64, times: Int = 1, resolution: Int64 = 1) {
        for _ in 0..<times {
            fence.compare(source, theirs: now + offset, sent: now, received: now + 10, resolution: resolution)
        }
    }

    @Test("a wallet that differs by more than two seconds twice running stops payments, once does not")
    func wallet() {
        compare(.wallet("a"), offset: 3_600_000)
        #expect(fence.isTrusted(at: now))
        compare(.wallet("a"), offset: 3_600_000)
        #expect(!fence.isTrusted(at: now))
        compare(.wallet("a"), offset: 0)
        #expect(fence.isTrusted(at: now))
    }

    @Test(
        "less than two seconds, and the second that a Date header cannot show, are no error",
        arguments: [-3_000, -2_000, 0, 2_000]
    )
    func tolerance(offset: Int64) {
        compare(.wallet("a"), offset: offset, times: 5, resolution: 1_000)
        #expect(fence.isTrusted(at: now))
    }

    @Test("the peer alone stops payments, unless a wallet agrees with us")
    func peer() {
        compare(.peer, offset: -10_000, times: 2)
        #expect(!fence.isTrusted(at: now))
        compare(.wallet("a"), offset: 100)
        #expect(fence.isTrusted(at: now))
        compare(.wallet("b"), offset: 10_000, times: 2)
        #expect(!fence.isTrusted(at: now))
    }

    @Test("an opinion is forgotten after two minutes")
    func lifetime() {
        compare(.wallet("a"), offset: 10_000, times: 2)
        #expect(!fence.isTrusted(at: now + 119_000))
        #expect(fence.isTrusted(at: now + 121_000))
    }

    @Test("a clock that leaps is not trusted from that moment on, until somebody agrees with it")
    func leap() {
        let monotonic = Mutex<Int64>(5_000)
        let fence = ClockFence(monotonic: { monotonic.withLock { $0 } })
        #expect(fence.isTrusted(at: now))
        // It creeps, as a clock does that is being disciplined.
        for step in 1...10 {
            monotonic.withLock { $0 += 1_000 }
            #expect(fence.isTrusted(at: now + Int64(step) * 1_500))
        }
        #expect(fence.leaps == 0)
        let ahead = now + 3_600_000
        #expect(!fence.isTrusted(at: ahead) && fence.leaps == 1)
        // An answer that took so long proves nothing: the leap may lie in between.
        fence.compare(.peer, theirs: ahead, sent: ahead + -3_000, received: ahead, resolution: 1)
        #expect(!fence.isTrusted(at: ahead))
        fence.compare(.peer, theirs: ahead, sent: ahead + -20, received: ahead, resolution: 1)
        #expect(fence.isTrusted(at: ahead))
        #expect(!fence.isTrusted(at: now) && fence.leaps == 2)
        // Nobody is there to agree or to contradict.
        monotonic.withLock { $0 += 121_000 }
        #expect(fence.isTrusted(at: now + 121_000) && fence.leaps == 2)
    }

    @Test(
        "the date of an HTTP answer is read in its one modern form, anything else is no date",
        arguments: [
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777_000), ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Thu, 29 Feb 2024 23:59:59 GMT", 1_709_251_199_000), ("Sunday, 06-Nov-94 08:49:37 GMT", nil),
            ("Sun Nov  6 08:49:37 1994", nil), ("Sun, 06 Nov 1994 08:49 GMT", nil), ("", nil),
            ("Sun, 99 Nov 1994 08:49:37 GMT", nil), ("Sun, 06 Foo 1994 08:49:37 GMT", nil),
        ] as [(String, Int64?)]
    )
    func date(text: String, milliseconds: Int64?) {
        #expect(HTTPDate.parse(text)?.milliseconds == milliseconds)
    }
}

@Suite struct WorkClockTests {
    @Test("keys come in the order of their moments, each once, and the last wish counts")
    func order() async {
        let time = ManualClock(1_000)
        let clock = WorkClock<String>(clock: time)
        clock.schedule("late", at: Timestamp(milliseconds: 3_000))
        clock.schedule("early", at: Timestamp(milliseconds: 2_000))
        clock.schedule("moved", at: Timestamp(milliseconds: 2_500))
        clock.schedule("moved", at: Timestamp(milliseconds: 2_900))
        clock.schedule("dropped", at: Timestamp(milliseconds: 1_500))
        clock.cancel("dropped")
        time.advance(10_000)
        var keys: [String] = []
        while clock.count > 0, let key = await clock.next() { keys.append(key) }
        #expect(keys == ["early", "moved", "late"])
    }

    @Test("whoever sleeps is woken by an earlier wish, and by the end")
    func woken() async {
        let clock = WorkClock<String>(clock: SystemClock())
        let now = SystemClock().now()
        clock.schedule("far", at: now + 3_600_000)
        async let first = clock.next()
        await Task.yield()
        clock.schedule("near", at: now)
        #expect(await first == "near")
        async let second = clock.next()
        await Task.yield()
        clock.close()
        #expect(await second == nil)
    }

    @Test("a thousand keys in any order come out in order")
    func many() async {
        let time = ManualClock(0)
        let clock = WorkClock<Int>(clock: time)
        for key in (0..<1_000).shuffled() { clock.schedule(key, at: Timestamp(milliseconds: Int64(key))) }
        time.advance(2_000)
        var keys: [Int] = []
        while clock.count > 0, let key = await clock.next() { keys.append(key) }
        #expect(keys == Array(0..<1_000))
    }
}
