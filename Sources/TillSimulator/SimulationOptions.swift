// Part of Tillbridge. See LICENSE.
package import TillEngine

/// How hard one run is. Probabilities are in thousandths.
package struct SimulationOptions: Equatable, Sendable {
    package var registers = 3
    package var salesPerRegister = 40
    /// Every message in either direction on each hop.
    package var loss = 0
    package var duplicate = 0
    /// Of one effect list of a plug-in or a cloud: the process dies somewhere within it.
    package var crash = 0
    /// A pay request reaches the wallet only later, at the latest just before F.
    package var lateExecution = 0
    /// The wallet executes and its answer is lost.
    package var walletReplyLoss = 0
    /// The wallet answers an error of its own and has, or has not, executed.
    package var walletUnsure = 0
    /// A refund is accepted first and done later.
    package var slowRefund = 0
    /// A cloud is cut off or frozen for a while.
    package var outage = 0
    /// The cashier stops waiting, disowns, scans twice, tries the next sale.
    package var restlessCashier = 0
    /// One cloud dies for good before the liveness phase.
    package var deadCloud = false

    package init() {}

    /// Draws the faults of one seed: each family is on or off, each rate within its bound (a swarm).
    package static func drawn(from random: inout LaneRandom) -> SimulationOptions {
        var options = SimulationOptions()
        func rate(_ bound: UInt64) -> Int {
            random.next() % 3 == 0 ? 0 : Int(random.next() % bound)
        }
        options.registers = 1 + Int(random.next() % 4)
        options.loss = rate(200)
        options.duplicate = rate(300)
        options.crash = rate(15)
        options.lateExecution = rate(150)
        options.walletReplyLoss = rate(200)
        options.walletUnsure = rate(150)
        options.slowRefund = rate(500)
        options.outage = rate(30)
        options.restlessCashier = rate(200)
        options.deadCloud = random.next() % 3 == 0
        return options
    }
}
