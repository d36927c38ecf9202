// Part of Tillbridge. See LICENSE.
import Testing
import TillEngine

@Suite("Who may be sent to a cloud, who waits, who is turned away")
struct AdmissionGateTests {
    private func gate(places: Int, queue: Int = 4) -> AdmissionGate {
        var policy = AdmissionGate.Policy(
            limit: AdaptiveLimit.Policy(initial: places, minimum: 2, maximum: places)
        )
        policy.queueLength = queue
        return AdmissionGate(policy: policy)
    }

    @Test("payments never take the fifth of the places that is kept for undoing and asking")
    func reservation() {
        var gate = gate(places: 10)
        for ticket in 0..<8 { #expect(gate.arrive(ticket, .pay, at: 0) == .go) }
        #expect(gate.arrive(8, .pay, at: 0) == .queued)
        #expect(gate.arrive(9, .revoke, at: 0) == .go)
        #expect(gate.arrive(10, .query, at: 0) == .go)
        // Now all ten are taken, and even an undo waits.
        #expect(gate.arrive(11, .confirm, at: 0) == .queued)
        #expect(gate.inFlight == 10)
    }

    @Test("undoing and asking may take all places")
    func urgentTakesAll() {
        var gate = gate(places: 5)
        for ticket in 0..<5 { #expect(gate.arrive(ticket, .revoke, at: 0) == .go) }
        #expect(gate.arrive(5, .revoke, at: 0) == .queued)
    }

    @Test("the rest gets at most half of the places, so that payments are not starved by a wave of hellos")
    func restIsBounded() {
        var gate = gate(places: 10)
        for ticket in 0..<5 { #expect(gate.arrive(ticket, .rest, at: 0) == .go) }
        #expect(gate.arrive(5, .rest, at: 0) == .queued)
        #expect(gate.arrive(6, .pay, at: 0) == .go)
    }

    @Test("a place that becomes free goes to revoke, confirm, query, pay, rest in this order")
    func order() {
        var gate = gate(places: 10)
        for ticket in 0..<10 { #expect(gate.arrive(ticket, .revoke, at: 0) == .go) }
        #expect(gate.arrive(104, .rest, at: 0) == .queued)
        #expect(gate.arrive(103, .pay, at: 0) == .queued)
        #expect(gate.arrive(102, .query, at: 0) == .queued)
        #expect(gate.arrive(101, .confirm, at: 0) == .queued)
        #expect(gate.arrive(100, .revoke, at: 0) == .queued)
        var went: [Int] = []
        for _ in 0..<8 {
            gate.finish(.revoke, .other, at: 1)
            while let ticket = gate.next() { went.append(ticket) }
        }
        #expect(went == [100, 101, 102, 103, 104])
    }

    @Test("within a class, who came first goes first")
    func firstComeFirstServed() {
        var gate = gate(places: 2, queue: 300)
        #expect(gate.arrive(0, .pay, at: 0) == .go)
        for ticket in 1...200 { #expect(gate.arrive(ticket, .pay, at: 0) == .queued) }
        for expected in 1...200 {
            #expect(gate.next() == nil)
            gate.finish(.pay, .other, at: 0)
            #expect(gate.next() == expected)
        }
    }

    @Test("a payment gives up after 50 ms, an undo after 500 ms")
    func deadlines() {
        var gate = gate(places: 2)
        #expect(gate.arrive(0, .revoke, at: 0) == .go)
        #expect(gate.arrive(1, .revoke, at: 0) == .go)
        #expect(gate.arrive(2, .pay, at: 100) == .queued)
        #expect(gate.arrive(3, .revoke, at: 100) == .queued)
        #expect(gate.nextDeadline == 150)
        #expect(gate.expire(at: 149) == nil)
        #expect(gate.expire(at: 150) == 2)
        #expect(gate.expire(at: 150) == nil)
        #expect(gate.nextDeadline == 600)
        #expect(gate.expire(at: 600) == 3)
        #expect(gate.nextDeadline == nil)
    }

    @Test("a full queue turns away at once, each class for itself")
    func shedding() {
        var gate = gate(places: 2, queue: 2)
        #expect(gate.arrive(0, .revoke, at: 0) == .go)
        #expect(gate.arrive(1, .revoke, at: 0) == .go)
        #expect(gate.arrive(2, .pay, at: 0) == .queued)
        #expect(gate.arrive(3, .pay, at: 0) == .queued)
        #expect(gate.arrive(4, .pay, at: 0) == .shed)
        #expect(gate.arrive(5, .query, at: 0) == .queued)
    }

    @Test("who has left is not sent, and takes no place")
    func abandoning() {
        var gate = gate(places: 2)
        #expect(gate.arrive(0, .pay, at: 0) == .go)
        #expect(gate.arrive(1, .pay, at: 0) == .queued)
        #expect(gate.arrive(2, .pay, at: 0) == .queued)
        let hasLeft = gate.abandon(1, .pay)
        let hasLeftTwice = gate.abandon(1, .pay)
        #expect(hasLeft && !hasLeftTwice)
        gate.finish(.pay, .answered, at: 0)
        #expect(gate.next() == 2)
        #expect(gate.waiting(.pay) == 0)
    }

    @Test("when a cloud goes down, everybody who waits is let go")
    func dismissing() {
        var gate = gate(places: 2)
        #expect(gate.arrive(0, .revoke, at: 0) == .go)
        #expect(gate.arrive(1, .revoke, at: 0) == .go)
        #expect(gate.arrive(2, .pay, at: 0) == .queued)
        #expect(gate.arrive(3, .confirm, at: 0) == .queued)
        #expect(gate.dismiss() == 3)
        #expect(gate.dismiss() == 2)
        #expect(gate.dismiss() == nil)
        #expect(gate.inFlight == 2)
    }

    @Test("an ending without a beginning is our own mistake and stops the process")
    func unbalanced() async {
        await #expect(processExitsWith: .failure) {
            var gate = AdmissionGate(
                policy: AdmissionGate.Policy(limit: AdaptiveLimit.Policy(initial: 2, minimum: 2, maximum: 2))
            )
            gate.finish(.pay, .answered, at: 0)
        }
    }
}

@Suite("How many requests a cloud gets at the same time")
struct AdaptiveLimitTests {
    private let policy = AdaptiveLimit.Policy(initial: 100, minimum: 10, maximum: 102)

    @Test("it grows by one for as many answers as there are places, and not beyond its maximum")
    func growth() {
        var limit = AdaptiveLimit(policy: policy)
        for _ in 0..<99 { limit.answered(inFlight: 100) }
        #expect(limit.value == 100)
        limit.answered(inFlight: 100)
        #expect(limit.value == 101)
        for _ in 0..<1_000 { limit.answered(inFlight: 100) }
        #expect(limit.value == 102)
    }

    @Test("places that nobody needs are no reason to grow")
    func noGrowthWithoutNeed() {
        var limit = AdaptiveLimit(policy: policy)
        for _ in 0..<10_000 { limit.answered(inFlight: 49) }
        #expect(limit.value == 100)
    }

    @Test("a busy cloud gets a quarter less, once per second, and never less than the minimum")
    func cuts() {
        var limit = AdaptiveLimit(policy: policy)
        limit.overloaded(at: 5_000)
        limit.overloaded(at: 5_999)
        #expect(limit.value == 75)
        limit.overloaded(at: 6_000)
        #expect(limit.value == 56)
        for second in 7..<60 { limit.overloaded(at: Int64(second) * 1_000) }
        #expect(limit.value == 10)
    }
}
