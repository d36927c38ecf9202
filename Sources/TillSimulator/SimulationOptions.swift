// Part of Tillbridge. See LICENSE.
import TillEngine

/// How hard one run is: what its seed has drawn, or what a test has fixed.
package struct SimulationOptions: Equatable, Sendable {
    /// What is dead for good in the liveness phase.
    package enum DeadPart: UInt8, CaseIterable, Sendable { case nothing, cloudA, cloudB, proxy }

    package var registers = 4
    /// Attempts with a durable intent, of all registers together.
    package var payments = 500
    /// Shoppers who type slowly, go away, are refused or show foreign codes; false: everybody pays at once.
    package var variedShoppers = true
    /// Rates by ``FaultKind``; 0 is off. Thousandths of the occasions, or for episodes the mean milliseconds between
    /// two of them.
    package private(set) var rates = [Int](repeating: 0, count: FaultKind.count)
    package var dead = DeadPart.nothing
    /// A stranger's trade lies under the number at the wallet, in thousandths of the payments.
    package var strangers = 0
    /// Requests in a register's name that are not the register's, or not the intent's, in thousandths of the
    /// messages.
    package var forgeries = 0
    /// Wallets that break their word (W2, W5), in thousandths of the occasions; judged by the repair clause S1'.
    package var brokenWords = 0
    /// Overload, closed breakers, documents that one cloud has not got yet: mean milliseconds between two of them.
    package var load = 0
    /// Goods brought back, in thousandths of the paid sales.
    package var refunds = 0
    /// The shop closes for 40 minutes in the middle.
    package var lunch = false
    /// Keys that are pressed out of order, in thousandths of the sales.
    package var confusion = 0
    /// Each step of a machine is held against the second statement of its table. Costs a third of the speed.
    package var judgesSteps = false
    /// Rates by ``Rarity``, in thousandths of the occasions.
    private var rarities = [Int](repeating: 0, count: Rarity.count)

    package init() {}

    package subscript(kind: FaultKind) -> Int {
        get { rates[Int(kind.rawValue)] }
        set { rates[Int(kind.rawValue)] = newValue }
    }

    package subscript(rarity: Rarity) -> Int {
        get { rarities[Int(rarity.rawValue)] }
        set { rarities[Int(rarity.rawValue)] = newValue }
    }

    package var isFaultFree: Bool {
        rates.allSatisfy { $0 == 0 } && rarities.allSatisfy { $0 == 0 } && dead == .nothing
    }
    package var kinds: [FaultKind] { FaultKind.allCases.filter { self[$0] > 0 } }

    /// A swarm: each family is on or off, in a family that is on most kinds are, and each has a rate of its own.
    ///
    /// - Parameters:
    ///   - families: Only these may be on, and all of them are.
    ///   - theme: What the seed concentrates on; nil: it is drawn, where no families are given.
    package static func drawn(
        seed: UInt64,
        families: [FaultFamily]? = nil,
        theme: Theme? = nil
    ) -> SimulationOptions {
        var random = LaneRandom(seed: seed ^ 0x0F4A_17C3_52D8_9B6E)
        func draw(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
        var options = SimulationOptions()
        for family in FaultFamily.allCases {
            let isOn = draw(8) < 5
            guard families?.contains(family) ?? isOn else { continue }
            for kind in FaultKind.allCases where kind.family == family {
                guard draw(8) < 5 else { continue }
                if kind.isEpisode {
                    // From one in half a minute to one in ten.
                    options[kind] = kind.bound * (1 + draw(40))
                } else {
                    // Low rates are as likely as high ones.
                    options[kind] = max(1, kind.bound * (1 + draw(100)) / (draw(3) == 0 ? 100 : 800))
                }
            }
        }
        options.registers = draw(4) == 0 ? 1 + draw(3) : 4
        options.dead = draw(3) == 0 ? .nothing : DeadPart.allCases[draw(DeadPart.allCases.count)]
        if draw(3) == 0 { options.strangers = 1 + draw(30) }
        if draw(3) == 0 { options.forgeries = 1 + draw(20) }
        if draw(6) == 0 { options.brokenWords = 1 + draw(200) }
        if draw(2) == 0 { options.load = 20_000 * (1 + draw(20)) }
        if draw(2) == 0 { options.refunds = 1 + draw(150) }
        options.lunch = draw(6) == 0
        if draw(3) == 0 { options.confusion = 1 + draw(300) }
        let isThemed = draw(2) == 0
        let drawn = Theme.drawn[draw(Theme.drawn.count)]
        options.concentrate(on: theme ?? (isThemed && families == nil ? drawn : .ordinary), draw)
        return options
    }

    /// Every kind at a middling rate, for the measurement of speed.
    package static func everyFault() -> SimulationOptions {
        var options = SimulationOptions()
        for kind in FaultKind.allCases { options[kind] = kind.isEpisode ? kind.bound * 20 : max(1, kind.bound / 10) }
        return options
    }

    package static func faultFree() -> SimulationOptions {
        var options = SimulationOptions()
        options.variedShoppers = false
        return options
    }
}
