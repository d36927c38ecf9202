// Part of Tillbridge. See LICENSE.
import ArgumentParser
import TillSimulator

@main
struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "./run simulate",
        abstract: "The whole chain in virtual time, under seeded faults, judged after every event.",
        discussion: """
            A payment is one attempt whose intent became durable in the plug-in's journal; calls that were refused \
            before an intent are counted apart. Equal seeds give equal runs, whatever the machine, the build and the \
            number of workers. Exit code 0: no promise was broken and every planted bug was found.
            """
    )

    @Option(help: "How many seeds to run.")
    var seeds = 100

    @Option(help: "Payments of each seed.")
    var payments = 500

    @Option(help: "The first seed.")
    var seed: UInt64 = 1

    @Option(help: "Only faults of this family, all of them: \(Simulate.familyNames). May be repeated.")
    var family: [String] = []

    @Option(help: "Every seed concentrates on this: \(Simulate.themeNames).")
    var theme: String?

    @Flag(help: "No faults, and shoppers who pay at once.")
    var faultFree = false

    @Flag(help: "Every kind of fault at once, at a middling rate.")
    var allFaults = false

    @Option(help: "Plants the bug of this number.")
    var bug: Int?

    @Option(help: "Runs one seed again and tells in words how a promise was broken.")
    var replay: UInt64?

    @Option(help: "Lines of a replay's trace.")
    var lines = 160

    @Flag(help: "Prints which rows of the tables were taken, and which state met which fault.")
    var coverage = false

    @Flag(help: "Plants the fifty bugs, one after the other; each must be found by an oracle.")
    var mutants = false

    @Flag(help: "Five of the fifty, others for each commit.")
    var rotatingMutants = false

    @Flag(help: "Holds each step of plug-ins and clouds against a second statement of their tables.")
    var steps = false

    @Flag(help: "Changes each row of the tables in turn, in --seeds seeds that take it; tells what no oracle notices.")
    var tableMutants = false

    @Flag(help: "Some twenty of the changed rows, others for each commit.")
    var rotatingTableMutants = false

    @Flag(help: "Table mutants: only the promises judge, not the steps.")
    var promisesOnly = false

    @Option(help: .hidden)
    var tableMutant: Int?

    @Option(help: .hidden)
    var tries: String?

    @Option(help: "The first table mutant.")
    var from = 0

    @Option(help: "How many table mutants.")
    var only = 10_000

    @Flag(help: "A long run: a line for every 500 seeds into build-output/simulate-night.txt, coverage at the end.")
    var night = false

    @Option(help: "Threads, each with seeds of its own.")
    var workers = Processor.cores

    @Flag(help: "One JSON object on the last line.")
    var json = false

    static let familyNames = FaultFamily.allCases.map(\.name).joined(separator: ", ")
    static let themeNames = Theme.allCases.map(\.name).joined(separator: ", ")

    func validate() throws {
        guard seeds > 0 else { throw ValidationError("--seeds takes a number from 1") }
        guard (1...100_000).contains(payments) else { throw ValidationError("--payments takes 1 to 100000") }
        guard (1...256).contains(workers) else { throw ValidationError("--workers takes 1 to 256") }
        for name in family where !FaultFamily.allCases.contains(where: { $0.name == name }) {
            throw ValidationError("'\(name)' is no family of faults, there are \(Simulate.familyNames)")
        }
        if let theme, !Theme.allCases.contains(where: { $0.name == theme }) {
            throw ValidationError("'\(theme)' is no theme, there are \(Simulate.themeNames)")
        }
        if let bug, PlantedBug(rawValue: UInt8(clamping: bug)) == nil {
            throw ValidationError("--bug takes 1 to \(PlantedBug.allCases.count)")
        }
    }

    var plantedBug: PlantedBug? { bug.flatMap { PlantedBug(rawValue: UInt8(clamping: $0)) } }

    /// What one seed runs with.
    func options(_ seed: UInt64) -> SimulationOptions {
        var options: SimulationOptions
        if faultFree {
            options = .faultFree()
        } else if allFaults {
            options = .everyFault()
        } else {
            let families = FaultFamily.allCases.filter { family.contains($0.name) }
            let chosen = Theme.allCases.first { $0.name == theme }
            options = .drawn(seed: seed, families: families.isEmpty ? nil : families, theme: chosen)
        }
        options.payments = payments
        options.judgesSteps = steps
        return options
    }

    func run() async throws {
        if let replay { return try tellReplay(replay) }
        if mutants || rotatingMutants {
            let commit = Processor.environment("TILLBRIDGE_COMMIT") ?? "unknown"
            var bugs = rotatingMutants ? MutantHunt.rotation(commit: commit) : PlantedBug.allCases
            if let plantedBug { bugs = [plantedBug] }
            guard await hunt(bugs) else { throw ExitCode(1) }
            return
        }
        if let tableMutant { return try runTableMutant(tableMutant) }
        if tableMutants || rotatingTableMutants {
            guard await huntTableMutants() else { throw ExitCode(1) }
            return
        }
        let begin = Processor.seconds
        let total = night ? await runNight() : await runSeeds()
        let used = Processor.seconds - begin
        tell(total, seconds: used)
        if !total.violations.isEmpty { throw ExitCode(1) }
    }

    private func runSeeds() async -> SeedRange.Total {
        let range = SeedRange(
            first: seed,
            count: seeds,
            workers: workers,
            options: { seed in options(seed) },
            bug: plantedBug,
            countsRows: coverage
        )
        return await range.run()
    }

    private func tell(_ total: SeedRange.Total, seconds: Double) {
        let speed = Int(Double(total.payments) / max(seconds, 0.000_001))
        let hash = Self.hexadecimal(total.traceHash)
        if coverage || night { tell(total.coverage, enough: 1_000) }
        for (seed, violation) in total.violations.prefix(20) {
            print("seed \(seed): \(violation.oracle.rawValue) at \(violation.at) ms: \(violation.words)")
            print("    \(replayCommand(seed))")
        }
        print("\(total.seeds) seeds, \(total.payments) payments, \(total.violations.count) violations, trace \(hash)")
        print("\(total.paid) told paid, \(total.refused) calls refused before an intent, \(total.crashes) crashes")
        print("everything final at the latest \(total.longestSettling / 1_000) s after the faults")
        print("\(speed) payments per core-second")
        guard json else { return }
        let commit = Processor.environment("TILLBRIDGE_COMMIT") ?? "unknown"
        print(
            #"{"payments":\#(total.payments),"violations":\#(total.violations.count),"#
                + #""paymentsPerCoreSecond":\#(speed),"traceHash":"\#(hash)","commit":"\#(commit)"}"#
        )
    }

    static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
