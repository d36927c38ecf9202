// Part of Tillbridge. See LICENSE.
import TillSimulator

/// Looks for planted bugs: for each, seeds are run until an oracle notices.
struct MutantHunt {
    /// Payments of one seed: short runs meet more different draws in the same time.
    static let payments = 200
    /// Seeds for one bug at the most: a million payments.
    static let seeds = 5_000

    let first: UInt64
    let workers: Int

    struct Finding {
        let bug: PlantedBug
        let oracle: Oracle?
        let seed: UInt64
        let payments: Int
        let words: String
    }

    func find(_ bug: PlantedBug) async -> Finding {
        let end = first + UInt64(MutantHunt.seeds)
        var next = first
        var payments = 0
        while next < end {
            let total = await range(from: next, count: Int(end - next), bug: bug).run()
            payments += total.payments
            guard let found = total.violations.first else { break }
            // What breaks without the bug as well says nothing about it.
            if await range(from: found.seed, count: 1, bug: nil).run().violations.isEmpty {
                return Finding(
                    bug: bug,
                    oracle: found.violation.oracle,
                    seed: found.seed,
                    payments: payments,
                    words: found.violation.words
                )
            }
            next = found.seed + 1
        }
        return Finding(bug: bug, oracle: nil, seed: 0, payments: payments, words: "")
    }

    private func range(from seed: UInt64, count: Int, bug: PlantedBug?) -> SeedRange {
        SeedRange(
            first: seed,
            count: count,
            workers: workers,
            options: { seed in
                var options = SimulationOptions.drawn(seed: seed)
                options.payments = MutantHunt.payments
                return options
            },
            bug: bug,
            stopsAtViolation: true
        )
    }

    /// Five of the fifty, others for each commit.
    static func rotation(commit: String) -> [PlantedBug] {
        let start = Int(digest(commit) % 10) * 5
        return Array(PlantedBug.allCases[start..<start + 5])
    }

    static func digest(_ commit: String) -> UInt64 {
        commit.utf8.reduce(UInt64(5_381)) { $0 &* 33 ^ UInt64($1) }
    }

    static func median(_ values: [Int]) -> Int {
        guard !values.isEmpty else { return 0 }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}

extension Simulate {
    /// - Returns: Whether every one was found.
    func hunt(_ bugs: [PlantedBug]) async -> Bool {
        let hunt = MutantHunt(first: seed, workers: workers)
        var findings: [MutantHunt.Finding] = []
        for bug in bugs {
            let finding = await hunt.find(bug)
            findings.append(finding)
            let number = String(repeating: " ", count: bug.rawValue < 10 ? 1 : 0) + "\(bug.rawValue)"
            if let oracle = finding.oracle {
                print(
                    "\(number)  found by \(oracle.rawValue), seed \(finding.seed), \(finding.payments) payments: \(bug.words)"
                )
                print("      \(finding.words)")
            } else {
                print("\(number)  NOT FOUND in \(finding.payments) payments: \(bug.words)")
            }
        }
        let missed = findings.filter { $0.oracle == nil }.map { $0.bug.rawValue }
        let median = MutantHunt.median(findings.filter { $0.oracle != nil }.map(\.payments))
        print("\(findings.count - missed.count) of \(findings.count) planted bugs found, median \(median) payments")
        if json {
            let list = missed.map { "\($0)" }.joined(separator: ",")
            print(
                #"{"planted":\#(findings.count),"found":\#(findings.count - missed.count),"#
                    + #""medianPaymentsToFind":\#(median),"missed":[\#(list)]}"#
            )
        }
        return missed.isEmpty
    }
}
