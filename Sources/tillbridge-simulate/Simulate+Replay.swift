// Part of Tillbridge. See LICENSE.
import ArgumentParser
import TillSimulator

extension Simulate {
    /// Runs one seed again, makes it small, and tells it in words.
    func tellReplay(_ seed: UInt64) throws {
        let options = options(seed)
        var simulation = Simulation(seed: seed, options: options, bug: plantedBug)
        let report = simulation.run()
        print("seed \(seed): \(options.words)")
        print("trace \(Simulate.hexadecimal(report.traceHash))")
        guard let violation = report.violation else {
            return print("\(report.attempts) payments, no violation")
        }
        print("\(violation.oracle.rawValue) after \(violation.payments) payments: \(violation.words)")
        var minimiser = Minimiser(seed: seed, options: options, bug: plantedBug, violation: violation)
        minimiser.minimise()
        let small = minimiser.replay()
        print("minimised in \(minimiser.runs) runs: \(minimiser.options.words)")
        if let violation = small.report.violation { print("\(violation.oracle.rawValue): \(violation.words)") }
        for line in small.traceOfViolation(limit: lines) { print("  \(line)") }
        print("replay: \(replayCommand(seed))")
        throw ExitCode(1)
    }

    func replayCommand(_ seed: UInt64) -> String {
        var words = "./run simulate --replay \(seed) --payments \(payments)"
        if faultFree { words += " --fault-free" }
        if allFaults { words += " --all-faults" }
        if let theme { words += " --theme \(theme)" }
        for name in family { words += " --family \(name)" }
        if steps { words += " --steps" }
        if let bug { words += " --bug \(bug)" }
        return words
    }
}
