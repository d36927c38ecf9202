// Part of Tillbridge. See LICENSE.

/// How often one connection may ask: `perSecond` on average, `burst` at once. Times are monotonic milliseconds.
package struct TokenBucket: Equatable, Sendable {
    package struct Policy: Equatable, Sendable {
        package var perSecond: Int64
        package var burst: Int64

        package init(perSecond: Int64, burst: Int64) {
            precondition(perSecond > 0 && burst > 0, "a bucket without tokens")
            self.perSecond = perSecond
            self.burst = burst
        }
    }

    /// In thousandths of a token.
    private var level: Int64
    private var readAt: Int64

    package init(policy: Policy, at now: Int64) {
        level = policy.burst * 1_000
        readAt = now
    }

    /// Takes a token and returns 0, or returns how many milliseconds the caller must wait before it asks again.
    package mutating func take(policy: Policy, at now: Int64) -> Int64 {
        if now > readAt {
            // Bounded before it is multiplied: a connection may have been quiet for days.
            let elapsed = min(now - readAt, policy.burst * 1_000 / policy.perSecond + 1)
            level = min(policy.burst * 1_000, level + elapsed * policy.perSecond)
            readAt = now
        }
        if level >= 1_000 {
            level -= 1_000
            return 0
        }
        return (1_000 - level + policy.perSecond - 1) / policy.perSecond
    }
}
