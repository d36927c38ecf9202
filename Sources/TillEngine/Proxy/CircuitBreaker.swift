// Part of Tillbridge. See LICENSE.

/// Keeps new payments away from a cloud whose answers fail to come although its health check is well.
///
/// Undoing, confirming and asking pass an open breaker: they are the duty that must not rest, and they are bounded by
/// the admission gate. Times are monotonic milliseconds.
package struct CircuitBreaker: Equatable, Sendable {
    package struct Policy: Equatable, Sendable {
        /// Seconds that are looked back over.
        package var windowSeconds = 10
        /// Fewer failures than this in the window never open it.
        package var minimumFailures = 10
        /// It opens when at least this part of the answers, in percent, is missing.
        package var failurePercent = 50
        /// How long it stays open at first, in milliseconds; doubled each time a trial fails.
        package var openFor: Int64 = 2_000
        package var longestOpen: Int64 = 16_000
        /// Trials at the same time while half open.
        package var trials = 3
        /// Trials that must succeed before it closes.
        package var successesToClose = 5

        package init() {}
    }

    package enum State: Equatable, Sendable {
        case closed
        case open(until: Int64, lasting: Int64)
        /// `lasting` is how long it had been open, for the next time.
        case halfOpen(running: Int, succeeded: Int, lasting: Int64)
    }

    /// What a request was let through as; the caller keeps it until the request is over.
    package enum Permit: Equatable, Sendable {
        case ordinary
        case trial
    }

    package enum Outcome: Equatable, Sendable {
        case answered
        /// The request was sent and no whole answer came.
        case unanswered
        /// The request never reached the cloud: nothing was learned.
        case unsent
    }

    package private(set) var state = State.closed
    private let policy: Policy
    /// Answered and unanswered per second, in a ring.
    private var answered: [Int]
    private var unanswered: [Int]
    private var second: Int64 = 0

    package init(policy: Policy = Policy()) {
        self.policy = policy
        answered = [Int](repeating: 0, count: policy.windowSeconds)
        unanswered = answered
    }

    /// Whether a new payment would be let through at `now`.
    package func wouldAdmit(at now: Int64) -> Bool {
        switch state {
        case .closed: true
        case .open(let until, _): now >= until
        case .halfOpen(let running, _, _): running < policy.trials
        }
    }

    /// Lets a request through, or not (nil).
    package mutating func admit(_ requestClass: RequestClass, at now: Int64) -> Permit? {
        if requestClass.isUrgent { return .ordinary }
        switch state {
        case .closed:
            return .ordinary
        case .open(let until, let lasting):
            guard now >= until else { return nil }
            state = .halfOpen(running: 1, succeeded: 0, lasting: lasting)
            return .trial
        case .halfOpen(let running, let succeeded, let lasting):
            guard running < policy.trials else { return nil }
            state = .halfOpen(running: running + 1, succeeded: succeeded, lasting: lasting)
            return .trial
        }
    }

    package mutating func finish(_ permit: Permit, _ outcome: Outcome, at now: Int64) {
        switch (permit, state) {
        case (.ordinary, .closed):
            count(outcome, at: now)
        case (.trial, .halfOpen(let running, let succeeded, let lasting)):
            finishTrial(outcome, running: running, succeeded: succeeded, lasting: lasting, at: now)
        case (.ordinary, .open), (.ordinary, .halfOpen), (.trial, .closed), (.trial, .open):
            // A request of an earlier state: what it says is old.
            break
        }
    }

    private mutating func finishTrial(
        _ outcome: Outcome,
        running: Int,
        succeeded: Int,
        lasting: Int64,
        at now: Int64
    ) {
        switch outcome {
        case .answered where succeeded + 1 >= policy.successesToClose:
            state = .closed
            forget()
        case .answered:
            state = .halfOpen(running: max(0, running - 1), succeeded: succeeded + 1, lasting: lasting)
        case .unanswered:
            let next = min(lasting * 2, policy.longestOpen)
            state = .open(until: now + next, lasting: next)
        case .unsent:
            state = .halfOpen(running: max(0, running - 1), succeeded: succeeded, lasting: lasting)
        }
    }

    private mutating func count(_ outcome: Outcome, at now: Int64) {
        if outcome == .unsent { return }
        advance(to: now / 1_000)
        let slot = Int(second % Int64(policy.windowSeconds))
        if outcome == .answered {
            answered[slot] += 1
            return
        }
        unanswered[slot] += 1
        var good = 0
        var bad = 0
        for index in answered.indices {
            good += answered[index]
            bad += unanswered[index]
        }
        guard bad >= policy.minimumFailures, bad * 100 >= (good + bad) * policy.failurePercent else { return }
        state = .open(until: now + policy.openFor, lasting: policy.openFor)
        forget()
    }

    private mutating func advance(to newSecond: Int64) {
        guard newSecond > second else { return }
        if newSecond - second >= Int64(policy.windowSeconds) {
            forget()
        } else {
            for passed in (second + 1)...newSecond {
                answered[Int(passed % Int64(policy.windowSeconds))] = 0
                unanswered[Int(passed % Int64(policy.windowSeconds))] = 0
            }
        }
        second = newSecond
    }

    private mutating func forget() {
        for index in answered.indices {
            answered[index] = 0
            unanswered[index] = 0
        }
    }
}
