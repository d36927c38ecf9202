// Part of Tillbridge. See LICENSE.
package import TillDomain

/// Which cloud a register's next payment should be sent to.
///
/// Every register has a fixed place between 0 and 999, computed from its name; the balancer keeps only the line below
/// which registers belong to cloud A. So a register stays with its cloud while nothing changes, all proxies agree
/// without talking to each other, no memory is needed per register, and moving load moves as few registers as
/// possible. A cloud that comes back gets its registers gradually.
package struct Balancer: Equatable, Sendable {
    package struct Policy: Equatable, Sendable {
        /// The clouds' sizes relative to each other, 1 … 1000.
        package var weightA = 100
        package var weightB = 100
        /// How far the line moves at one observation, in thousandths. Observations come every 500 ms.
        package var step = 20
        /// Differences smaller than this, in thousandths, move nothing.
        package var tolerance = 50

        package init() {}
    }

    /// What is known of one cloud.
    package struct Standing: Equatable, Sendable {
        /// Reachable, and it says that it takes payments.
        package var takesPayments: Bool
        /// By its own account: 0 idle … 1000 full.
        package var load: Int

        package init(takesPayments: Bool, load: Int) {
            self.takesPayments = takesPayments
            self.load = load
        }
    }

    /// Registers whose place is below this belong to cloud A.
    package private(set) var line: Int
    private let policy: Policy
    private var hasSeenOne = false
    private var isMoving = false

    package init(policy: Policy = Policy()) {
        self.policy = policy
        line = Balancer.share(policy.weightA, policy.weightB)
    }

    /// Moves the line towards the clouds' free capacity.
    package mutating func observe(a: Standing, b: Standing) {
        switch (a.takesPayments, b.takesPayments) {
        case (false, false):
            hasSeenOne = false
        case (true, false):
            line = 1_000
            hasSeenOne = true
        case (false, true):
            line = 0
            hasSeenOne = true
        case (true, true):
            // Nobody is spared a cloud that is merely full: a tenth of its weight always counts.
            let freeA = policy.weightA * max(100, 1_000 - a.load)
            let freeB = policy.weightB * max(100, 1_000 - b.load)
            let goal = Balancer.share(freeA, freeB)
            move(to: goal)
        }
    }

    private mutating func move(to goal: Int) {
        guard hasSeenOne else {
            line = goal
            hasSeenOne = true
            return
        }
        let distance = goal - line
        // The tolerance starts a move, it does not end one: load figures are noisy, an outage is not.
        if abs(distance) > policy.tolerance { isMoving = true }
        guard isMoving else { return }
        line += max(-policy.step, min(policy.step, distance))
        isMoving = line != goal
    }

    /// The cloud for a register's next payment, among those that may be named; nil if there is none.
    package static func next(for register: RegisterID, line: Int, a: Bool, b: Bool) -> CloudName? {
        switch (a, b) {
        case (true, true): place(of: register) < line ? .a : .b
        case (true, false): .a
        case (false, true): .b
        case (false, false): nil
        }
    }

    /// 0 … 999, the same in every proxy: FNV-1a, then a final mix, because neighbouring names differ in few bits.
    package static func place(of register: RegisterID) -> Int {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in register.bytes {
            hash ^= UInt64(byte)
            hash &*= 0x100_0000_01b3
        }
        hash ^= hash >> 33
        hash &*= 0xff51_afd7_ed55_8ccd
        hash ^= hash >> 33
        return Int(hash % 1_000)
    }

    private static func share(_ a: Int, _ b: Int) -> Int { a * 1_000 / (a + b) }
}
