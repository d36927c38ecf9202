// Part of Tillbridge. See LICENSE.

/// How many requests one cloud gets at the same time: grows slowly while answers come and the places are used,
/// shrinks fast when the cloud says it is busy or stops answering.
///
/// The time an answer takes is no signal here: a payment is held open for up to 2.5 s on purpose, while the shopper
/// types a password. Only refusals and silence are.
package struct AdaptiveLimit: Equatable, Sendable {
    package struct Policy: Equatable, Sendable {
        package var initial: Int
        package var minimum: Int
        package var maximum: Int
        /// At most one cut in this span, in milliseconds: a burst of refusals is one piece of news.
        package var cutSpan: Int64

        /// - Parameter minimum: at least 2, so that there is a place beside the reserved one.
        package init(initial: Int, minimum: Int, maximum: Int, cutSpan: Int64 = 1_000) {
            precondition(minimum >= 2 && minimum <= initial && initial <= maximum, "limits out of order")
            self.initial = initial
            self.minimum = minimum
            self.maximum = maximum
            self.cutSpan = cutSpan
        }
    }

    package private(set) var value: Int
    private let policy: Policy
    private var credit = 0
    private var lastCut: Int64?

    package init(policy: Policy) {
        self.policy = policy
        value = policy.initial
    }

    /// An answer came. One more place after as many answers as there are places, provided that they were needed.
    package mutating func answered(inFlight: Int) {
        guard value < policy.maximum, inFlight * 2 >= value else { return }
        credit += 1
        guard credit >= value else { return }
        credit = 0
        value += 1
    }

    /// The cloud said that it is busy, or did not answer in time: a quarter fewer places.
    package mutating func overloaded(at now: Int64) {
        if let lastCut, now - lastCut < policy.cutSpan { return }
        lastCut = now
        credit = 0
        value = max(policy.minimum, value * 3 / 4)
    }
}
