// Part of Tillbridge. See LICENSE.
import TillSimulator

extension Simulate {
    /// Seeds of one sitting's step: after each, a line is written, and the next sitting can go on from there.
    private static let step = 500

    /// A long run, resumable by its seeds: `--seed` is where it begins, `--seeds` how many.
    func runNight() async -> SeedRange.Total {
        var total = SeedRange.Total()
        var done = 0
        while done < seeds {
            let begin = Processor.seconds
            let count = min(Simulate.step, seeds - done)
            let first = seed + UInt64(done)
            let range = SeedRange(
                first: first,
                count: count,
                workers: workers,
                options: { seed in options(seed) },
                countsRows: true
            )
            let part = await range.run()
            done += count
            let speed = Int(Double(part.payments) / max(Processor.seconds - begin, 0.000_001))
            let line =
                "seeds \(first)-\(first + UInt64(count) - 1) payments \(part.payments) violations \(part.violations.count)"
                + " perCoreSecond \(speed) trace \(Simulate.hexadecimal(part.traceHash))"
                + " commit \(Processor.environment("TILLBRIDGE_COMMIT") ?? "unknown")"
            print(line)
            Processor.append(line, to: "build-output/simulate-night.txt")
            for (seed, violation) in part.violations {
                let words = "seed \(seed): \(violation.oracle.rawValue): \(violation.words)"
                print(words)
                Processor.append(words, to: "build-output/simulate-night.txt")
            }
            total.add(part)
        }
        return total
    }
}
