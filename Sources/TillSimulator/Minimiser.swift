// Part of Tillbridge. See LICENSE.

/// Makes a broken run small: fewer kinds of faults, fewer payments, fewer registers, while the same promise breaks.
package struct Minimiser {
    package let seed: UInt64
    package let bug: PlantedBug?
    package private(set) var options: SimulationOptions
    package private(set) var runs = 0
    private let oracle: Oracle

    /// - Parameter violation: What the run with these options ended with.
    package init(seed: UInt64, options: SimulationOptions, bug: PlantedBug?, violation: SimulationReport.Violation) {
        self.seed = seed
        self.bug = bug
        self.options = options
        oracle = violation.oracle
        self.options.payments = max(1, min(options.payments, violation.payments + 1))
    }

    /// Tries one simplification after the other and keeps those under which the promise still breaks.
    package mutating func minimise() {
        for kind in options.kinds { attempt { $0[kind] = 0 } }
        for rarity in Rarity.allCases { attempt { $0[rarity] = 0 } }
        attempt { $0.lunch = false }
        attempt { $0.confusion = 0 }
        attempt { $0.strangers = 0 }
        attempt { $0.forgeries = 0 }
        attempt { $0.brokenWords = 0 }
        attempt { $0.load = 0 }
        attempt { $0.refunds = 0 }
        attempt { $0.dead = .nothing }
        attempt { $0.variedShoppers = false }
        for count in 1..<max(1, options.registers) { attempt { $0.registers = count } }
        var step = options.payments / 2
        while step > 0 {
            let less = options.payments - step
            if less > 0 { attempt { $0.payments = less } }
            step /= 2
        }
    }

    private mutating func attempt(_ change: (inout SimulationOptions) -> Void) {
        var simpler = options
        change(&simpler)
        guard simpler != options, runs < 120 else { return }
        runs += 1
        var simulation = Simulation(seed: seed, options: simpler, bug: bug)
        if simulation.run().violation?.oracle == oracle { options = simpler }
    }

    /// The small run, with its trace.
    package func replay() -> Simulation {
        var simulation = Simulation(seed: seed, options: options, bug: bug, traces: true)
        _ = simulation.run()
        return simulation
    }
}

extension SimulationOptions {
    /// What was drawn, in words.
    package var words: String {
        var parts = ["\(registers) registers", "\(payments) payments"]
        for kind in kinds { parts.append("\(kind.name) \(self[kind])\(kind.isEpisode ? " ms" : "‰")") }
        for rarity in Rarity.allCases where self[rarity] > 0 { parts.append("\(rarity.name) \(self[rarity])‰") }
        if dead != .nothing { parts.append("dead \(dead)") }
        if strangers > 0 { parts.append("strangers \(strangers)‰") }
        if forgeries > 0 { parts.append("forgeries \(forgeries)‰") }
        if brokenWords > 0 { parts.append("broken words \(brokenWords)‰") }
        if load > 0 { parts.append("load \(load) ms") }
        if refunds > 0 { parts.append("refunds \(refunds)‰") }
        if confusion > 0 { parts.append("confusion \(confusion)‰") }
        if lunch { parts.append("lunch") }
        if !variedShoppers { parts.append("everybody pays at once") }
        return parts.joined(separator: ", ")
    }
}
