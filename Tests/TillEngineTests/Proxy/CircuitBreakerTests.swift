// Part of Tillbridge. See LICENSE.
import Testing
import TillEngine

@Suite("Payments are kept away from a cloud that does not answer them")
struct CircuitBreakerTests {
    private func open(at now: Int64) -> CircuitBreaker {
        var breaker = CircuitBreaker()
        for _ in 0..<10 { breaker.finish(.ordinary, .unanswered, at: now) }
        return breaker
    }

    @Test("ten missing answers, and at least half of all, open it")
    func opening() {
        var breaker = CircuitBreaker()
        for _ in 0..<11 { breaker.finish(.ordinary, .answered, at: 1_000) }
        for _ in 0..<10 { breaker.finish(.ordinary, .unanswered, at: 2_000) }
        #expect(breaker.state == .closed)
        breaker.finish(.ordinary, .unanswered, at: 2_000)
        #expect(breaker.state == .open(until: 4_000, lasting: 2_000))
        #expect(breaker.admit(.pay, at: 3_999) == nil)
        #expect(!breaker.wouldAdmit(at: 3_999))
    }

    @Test("nine missing answers are too few to say anything")
    func tooFew() {
        var breaker = CircuitBreaker()
        for _ in 0..<9 { breaker.finish(.ordinary, .unanswered, at: 0) }
        #expect(breaker.state == .closed)
    }

    @Test("what lies ten seconds back is forgotten")
    func window() {
        var breaker = CircuitBreaker()
        for second in 0..<40 {
            for _ in 0..<(second % 10 == 0 ? 9 : 0) {
                breaker.finish(.ordinary, .unanswered, at: Int64(second) * 1_000)
            }
        }
        #expect(breaker.state == .closed)
        breaker.finish(.ordinary, .unanswered, at: 39_000)
        #expect(breaker.state != .closed)
    }

    @Test("undoing, confirming and asking pass an open breaker", arguments: [RequestClass.revoke, .confirm, .query])
    func urgentPasses(requestClass: RequestClass) {
        var breaker = open(at: 0)
        #expect(breaker.admit(requestClass, at: 1) == .ordinary)
    }

    @Test("after its time, a few payments are tried; five answers close it")
    func closing() {
        var breaker = open(at: 0)
        #expect(breaker.admit(.pay, at: 2_000) == .trial)
        #expect(breaker.admit(.rest, at: 2_000) == .trial)
        #expect(breaker.admit(.pay, at: 2_000) == .trial)
        #expect(breaker.admit(.pay, at: 2_000) == nil)
        for _ in 0..<3 { breaker.finish(.trial, .answered, at: 2_100) }
        for _ in 0..<2 {
            #expect(breaker.admit(.pay, at: 2_200) == .trial)
            breaker.finish(.trial, .answered, at: 2_300)
        }
        #expect(breaker.state == .closed)
        #expect(breaker.admit(.pay, at: 2_400) == .ordinary)
    }

    @Test("a trial that fails opens it again, twice as long, up to 16 s")
    func reopening() {
        var breaker = open(at: 0)
        var now: Int64 = 0
        for lasting: Int64 in [2_000, 4_000, 8_000, 16_000, 16_000] {
            #expect(breaker.state == .open(until: now + lasting, lasting: lasting))
            now += lasting
            #expect(breaker.admit(.pay, at: now) == .trial)
            breaker.finish(.trial, .unanswered, at: now)
        }
    }

    @Test("a trial that was never sent gives its place back and proves nothing")
    func unsentTrial() {
        var breaker = open(at: 0)
        for _ in 0..<20 {
            #expect(breaker.admit(.pay, at: 2_000) == .trial)
            breaker.finish(.trial, .unsent, at: 2_000)
        }
        #expect(breaker.state == .halfOpen(running: 0, succeeded: 0, lasting: 2_000))
    }

    @Test("answers to requests of an earlier state change nothing")
    func lateAnswers() {
        var breaker = open(at: 0)
        let before = breaker
        breaker.finish(.ordinary, .answered, at: 10)
        breaker.finish(.trial, .answered, at: 10)
        #expect(breaker == before)
    }
}
