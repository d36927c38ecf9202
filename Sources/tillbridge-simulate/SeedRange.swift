// Part of Tillbridge. See LICENSE.
import TillSimulator

/// Runs seeds on several cores. Each seed is a world of its own, so the merged result does not depend on how many
/// workers there are.
struct SeedRange: Sendable {
    var first: UInt64
    var count: Int
    var workers: Int
    /// What one seed runs with.
    var options: @Sendable (UInt64) -> SimulationOptions
    var bug: PlantedBug?
    var countsRows = false
    /// Ends with the first violation in the order of the seeds.
    var stopsAtViolation = false

    struct Total: Sendable {
        var seeds = 0
        var payments = 0
        var refused = 0
        var paid = 0
        var crashes = 0
        var events = 0
        var longestSettling: Int64 = 0
        var traceHash: UInt64 = 0xCBF2_9CE4_8422_2325
        var violations: [(seed: UInt64, violation: SimulationReport.Violation)] = []
        var coverage = Coverage()

        mutating func add(_ report: SimulationReport, _ coverage: Coverage, seed: UInt64) {
            seeds += 1
            payments += report.attempts
            refused += report.refused
            paid += report.paid
            crashes += report.crashes
            events += report.events
            longestSettling = max(longestSettling, report.settledAfter)
            traceHash = (traceHash ^ report.traceHash) &* 0x100_0000_01B3
            if let violation = report.violation { violations.append((seed, violation)) }
            self.coverage.add(coverage)
        }

        mutating func add(_ other: Total) {
            seeds += other.seeds
            payments += other.payments
            refused += other.refused
            paid += other.paid
            crashes += other.crashes
            events += other.events
            longestSettling = max(longestSettling, other.longestSettling)
            traceHash = (traceHash ^ other.traceHash) &* 0x100_0000_01B3
            violations += other.violations
            coverage.add(other.coverage)
        }
    }

    private struct Result: Sendable {
        let seed: UInt64
        let report: SimulationReport
        let coverage: Coverage
    }

    /// - Parameter progress: Called in the order of the seeds.
    func run(progress: (Total) -> Void = { _ in }) async -> Total {
        var total = Total()
        var waiting: [UInt64: Result] = [:]
        var next = first
        await withTaskGroup(of: Result.self) { group in
            var started = 0
            func start() {
                guard started < count, !stopsAtViolation || total.violations.isEmpty else { return }
                let seed = first &+ UInt64(started)
                started += 1
                group.addTask { one(seed) }
            }
            for _ in 0..<max(1, workers) { start() }
            while let result = await group.next() {
                waiting[result.seed] = result
                // Merged in the order of the seeds, whoever was first.
                while let result = waiting.removeValue(forKey: next) {
                    next &+= 1
                    guard !stopsAtViolation || total.violations.isEmpty else { continue }
                    total.add(result.report, result.coverage, seed: result.seed)
                    progress(total)
                }
                start()
            }
        }
        return total
    }

    private func one(_ seed: UInt64) -> Result {
        var simulation = Simulation(seed: seed, options: options(seed), bug: bug, countsRows: countsRows)
        let report = simulation.run()
        return Result(seed: seed, report: report, coverage: simulation.coverage)
    }
}
