// Part of Tillbridge. See LICENSE.
import TillSimulator

/// Runs seeds on several cores. Each seed is a world of its own, so the merged result does not depend on how many
/// there are.
struct SeedRange {
    let first: UInt64
    let count: Int
    let workers: Int
    let payments: Int

    struct Total {
        var seeds = 0
        var payments = 0
        var traceHash: UInt64 = 0xCBF2_9CE4_8422_2325
        var violations: [(seed: UInt64, words: String)] = []

        mutating func add(_ report: Simulation.Report, seed: UInt64) {
            seeds += 1
            payments += report.attempts
            traceHash = (traceHash ^ report.traceHash) &* 0x100_0000_01B3
            for words in report.violations { violations.append((seed, words)) }
        }
    }

    func run() async -> Total {
        var total = Total()
        var waiting: [UInt64: Simulation.Report] = [:]
        var next: UInt64 = first
        await withTaskGroup(of: (UInt64, Simulation.Report).self) { group in
            var started = 0
            func start() {
                guard started < count else { return }
                let seed = first &+ UInt64(started)
                let payments = payments
                started += 1
                group.addTask {
                    var simulation = Simulation(seed: seed, payments: payments)
                    return (seed, simulation.run())
                }
            }
            for _ in 0..<max(1, workers) { start() }
            while let (seed, report) = await group.next() {
                waiting[seed] = report
                // Merged in the order of the seeds, whoever was first.
                while let report = waiting.removeValue(forKey: next) {
                    total.add(report, seed: next)
                    next &+= 1
                }
                start()
            }
        }
        return total
    }
}
