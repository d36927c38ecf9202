// Part of Tillbridge. See LICENSE.
import Synchronization
import Testing

@testable import TillCloud

private final class Recorder: Sendable {
    private let list = Mutex<[String]>([])

    var names: [String] { list.withLock { $0 } }
    func add(_ name: String) { list.withLock { $0.append(name) } }
}

@Suite struct RateLimiterTests {
    @Test("a burst passes, then the rate holds, and others are not touched")
    func burst() {
        let limiter = RateLimiter<String>(.init(perSecond: 10, burst: 3))
        #expect((0..<3).allSatisfy { _ in limiter.take("a", at: 0) == nil })
        #expect(limiter.take("a", at: 0) == 100)
        #expect(limiter.take("b", at: 0) == nil)
        #expect(limiter.take("a", at: 99) == 1)
        #expect(limiter.take("a", at: 100) == nil)
        #expect(limiter.take("a", at: 100) == 100)
    }

    @Test("a clock that goes back gives nothing away")
    func backwards() {
        let limiter = RateLimiter<String>(.init(perSecond: 10, burst: 1))
        #expect(limiter.take("a", at: 1000) == nil)
        #expect(limiter.take("a", at: 0) != nil)
        #expect(limiter.take("a", at: 1050) != nil)
        #expect(limiter.take("a", at: 1100) == nil)
    }

    @Test("the table is bounded, and the busy ones stay limited")
    func bounded() {
        let limiter = RateLimiter<Int>(.init(perSecond: 1, burst: 1), capacity: 100)
        for name in 0..<99 { _ = limiter.take(name, at: Int64(name) * 10_000) }
        _ = limiter.take(1000, at: 1_000_000)
        _ = limiter.take(1001, at: 1_000_000)
        #expect(limiter.take(1000, at: 1_000_000) != nil)
    }
}

@Suite struct AdmissionTests {
    @Test("as a cloud fills up, reports give up first, then payments, then queries; undo and confirmation last")
    func order() {
        let admission = Admission(slots: 10)
        var refusedAt: [RequestClass: Int] = [:]
        for filled in 0...10 {
            for kind in RequestClass.allCases where refusedAt[kind] == nil {
                if admission.enter(kind) { admission.leave() } else { refusedAt[kind] = filled }
            }
            _ = admission.enter(.revoke)
        }
        #expect(refusedAt == [.background: 6, .pay: 7, .query: 8, .revoke: 10])
        #expect(admission.load == 1000)
        #expect(admission.shedCount(.pay) == 1)
    }
}

@Suite struct WalletBreakerTests {
    @Test("more than half unknown in the window makes a wallet dark, half does not, and a few prove nothing")
    func threshold() {
        let breaker = WalletBreaker()
        for index in 0..<7 { breaker.record(known: false, at: Int64(index)) }
        #expect(!breaker.isDark(at: 10))
        for index in 0..<7 { breaker.record(known: true, at: Int64(index)) }
        #expect(!breaker.isDark(at: 10))
        breaker.record(known: false, at: 11)
        #expect(breaker.isDark(at: 12))
    }

    @Test("after half a minute without payments the wallet is tried again, and that is told once")
    func recovery() {
        let breaker = WalletBreaker()
        for _ in 0..<8 { breaker.record(known: false, at: 0) }
        #expect(breaker.isDark(at: 29_999))
        #expect(!breaker.cameBack(at: 29_999))
        #expect(breaker.cameBack(at: 30_000))
        #expect(!breaker.cameBack(at: 30_001))
        #expect(!breaker.isDark(at: 30_001))
    }
}

@Suite struct WalletBudgetTests {
    @Test("payments leave a fifth free, and what gives money back passes waiting payments")
    func reserve() async {
        let budget = WalletBudget(limit: 5)
        for _ in 0..<4 { #expect(await budget.enter(pay: true, within: .zero)) }
        #expect(await !budget.enter(pay: true, within: .milliseconds(1)))
        #expect(await budget.enter(pay: false, within: .zero))
        #expect(await !budget.enter(pay: false, within: .milliseconds(1)))
        let order = Recorder()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                #expect(await budget.enter(pay: true, within: .seconds(60)))
                order.add("pay")
            }
            group.addTask {
                #expect(await budget.enter(pay: false, within: .seconds(60)))
                order.add("undo")
            }
            while budget.queued < 2 { await Task.yield() }
            budget.leave()
            while order.names.count < 1 { await Task.yield() }
            budget.leave()
            budget.leave()
        }
        #expect(order.names == ["undo", "pay"])
    }

    @Test("a cancelled caller leaves the queue and takes nothing")
    func cancelled() async {
        let budget = WalletBudget(limit: 2)
        #expect(await budget.enter(pay: false, within: .zero))
        #expect(await budget.enter(pay: false, within: .zero))
        let task = Task { await budget.enter(pay: false, within: .seconds(60)) }
        while budget.queued == 0 { await Task.yield() }
        task.cancel()
        #expect(await !task.value)
        #expect(budget.queued == 0)
        budget.leave()
        #expect(await budget.enter(pay: false, within: .zero))
    }
}

@Suite struct ChangeBoardTests {
    @Test("a change between taking the ticket and waiting is not missed")
    func early() async {
        let board = ChangeBoard<String, Int>()
        let ticket = board.ticket(for: "n")
        board.post(7, for: "n")
        #expect(await board.wait(ticket, for: .seconds(60)) == 7)
        board.post(8, for: "n")
        #expect(await board.wait(ticket, for: .seconds(60)) == 8, "nor one between two waits")
        board.drop(ticket)
        #expect(board.waiting == 0)
    }

    @Test("a change wakes all who wait for that key and nobody else")
    func wakes() async {
        let board = ChangeBoard<String, Int>()
        let tickets = (0..<10).map { _ in board.ticket(for: "n") }
        let other = board.ticket(for: "m")
        await withTaskGroup(of: Int?.self) { group in
            for ticket in tickets { group.addTask { await board.wait(ticket, for: .seconds(60)) } }
            board.post(7, for: "n")
            for await woken in group { #expect(woken == 7) }
        }
        #expect(await board.wait(other, for: .milliseconds(1)) == nil)
        for ticket in tickets { board.drop(ticket) }
        #expect(board.waiting == 0)
    }

    @Test("a closed board keeps nobody waiting")
    func closed() async {
        let board = ChangeBoard<String, Int>()
        let early = board.ticket(for: "n")
        await withTaskGroup(of: Int?.self) { group in
            group.addTask { await board.wait(early, for: .seconds(60)) }
            board.close()
            for await news in group { #expect(news == nil) }
        }
        #expect(await board.wait(board.ticket(for: "m"), for: .seconds(60)) == nil)
        #expect(board.waiting == 0)
    }

    @Test("time and cancellation end a wait without a change")
    func ends() async {
        let board = ChangeBoard<String, Int>()
        #expect(await board.wait(board.ticket(for: "n"), for: .milliseconds(5)) == nil)
        let task = Task { await board.wait(board.ticket(for: "n"), for: .seconds(60)) }
        task.cancel()
        #expect(await task.value == nil)
        board.drop(board.ticket(for: "n"))
        #expect(board.waiting == 0)
    }
}

@Suite struct MetricsTests {
    @Test("counters, histograms and gauges come out as Prometheus text")
    func text() {
        let metrics = Metrics(gauges: { [("load", "", 17)] })
        metrics.count("requests", "path=\"/v1/pay\"")
        metrics.count("requests", "path=\"/v1/pay\"")
        metrics.observe("answer", milliseconds: 3)
        metrics.observe("answer", milliseconds: 99_999)
        let text = metrics.prometheusText()
        for line in [
            "# TYPE tillbridge_requests_total counter", "tillbridge_requests_total{path=\"/v1/pay\"} 2",
            "tillbridge_answer_milliseconds_bucket{le=\"2\"} 0", "tillbridge_answer_milliseconds_bucket{le=\"5\"} 1",
            "tillbridge_answer_milliseconds_bucket{le=\"+Inf\"} 2", "tillbridge_answer_milliseconds_sum 100002",
            "tillbridge_load 17",
        ] {
            #expect(text.contains(line + "\n"), "\(line)")
        }
    }
}
