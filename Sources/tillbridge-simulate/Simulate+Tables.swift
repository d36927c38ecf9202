// Part of Tillbridge. See LICENSE.
import ArgumentParser
import TillSimulator

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Looks for changed rows. Only seeds whose run takes the row can tell, so the unchanged tables are run first to know
/// which these are.
struct TableHunt {
    /// Above this exit code of a mutant's process: the oracle's place.
    static let firstCode: Int32 = 10

    enum Finding {
        case found(Oracle)
        /// A machine that meets what cannot be stops its process.
        case stopped
        case survived(seeds: Int)
        case notTaken
        /// The mutant's process did not do its work, so nothing is known.
        case failed

        /// Why it does not count as found; nil: it does.
        var survival: String? {
            switch self {
            case .found, .stopped: nil
            case .survived(let seeds): "survives \(seeds) seeds that take the row"
            case .notTaken: "no seed takes the row"
            case .failed: "did not run"
            }
        }
    }

    let first: UInt64
    let seeds: Int
    let workers: Int
    let promisesOnly: Bool
    /// Seeds that are tried for one mutant, those first that take its row most often.
    let tries: Int

    static func options(_ seed: UInt64, judgesSteps: Bool) -> SimulationOptions {
        var options = SimulationOptions.drawn(seed: seed)
        options.payments = MutantHunt.payments
        options.judgesSteps = judgesSteps
        return options
    }

    /// What each seed takes with the unchanged tables. What breaks without a mutant as well says nothing about it, so
    /// such seeds are left out.
    func survey() async -> [(seed: UInt64, coverage: Coverage)] {
        var survey: [(seed: UInt64, coverage: Coverage)] = []
        await withTaskGroup(of: (UInt64, Coverage)?.self) { group in
            var next = first
            func start() {
                guard next < first + UInt64(seeds) else { return }
                let seed = next
                next += 1
                group.addTask {
                    let options = TableHunt.options(seed, judgesSteps: !promisesOnly)
                    var simulation = Simulation(seed: seed, options: options, countsRows: true)
                    return simulation.run().violation == nil ? (seed, simulation.coverage) : nil
                }
            }
            for _ in 0..<workers { start() }
            while let result = await group.next() {
                if let (seed, coverage) = result { survey.append((seed, coverage)) }
                start()
            }
        }
        return survey
    }

    /// - Parameter each: Called as findings come in.
    func run(_ places: [Int], each: (Int, Finding) -> Void) async {
        let survey = await survey()
        await withTaskGroup(of: (Int, Finding).self) { group in
            var rest = places[...]
            func start() {
                guard let place = rest.popFirst() else { return }
                let seeds = seeds(for: TableMutant.all[place], in: survey)
                group.addTask { (place, find(place, in: seeds)) }
            }
            for _ in 0..<workers { start() }
            while let (place, finding) = await group.next() {
                each(place, finding)
                start()
            }
        }
    }

    private func seeds(for mutant: TableMutant, in survey: [(seed: UInt64, coverage: Coverage)]) -> [UInt64] {
        var taking: [(seed: UInt64, taken: Int)] = []
        for (seed, coverage) in survey {
            let taken = mutant.taken(in: coverage)
            if taken > 0 { taking.append((seed, taken)) }
        }
        // Equal runs whatever the number of workers.
        taking.sort { $0.taken == $1.taken ? $0.seed < $1.seed : $0.taken > $1.taken }
        return taking.prefix(tries).map { $0.seed }
    }

    private func find(_ place: Int, in seeds: [UInt64]) -> Finding {
        guard !seeds.isEmpty else { return .notTaken }
        let tries = seeds.map { "\($0)" }.joined(separator: ",")
        let arguments = ["--table-mutant", "\(place)", "--tries", tries] + (promisesOnly ? [] : ["--steps"])
        switch Processor.run(arguments) {
        case .code(0): return .survived(seeds: seeds.count)
        case .code(let code):
            let oracle = Int(code - TableHunt.firstCode)
            return Oracle.allCases.indices.contains(oracle) ? .found(Oracle.allCases[oracle]) : .failed
        case .signal(let signal):
            return [SIGILL, SIGTRAP, SIGABRT, SIGSEGV].contains(signal) ? .stopped : .failed
        }
    }

    /// Every twentieth, others for each commit: neighbours are changes of one row.
    static func rotation(commit: String) -> [Int] {
        Array(stride(from: Int(MutantHunt.digest(commit) % 20), to: TableMutant.all.count, by: 20))
    }
}

/// Table mutants run in processes of their own: a machine that meets a completion that it did not ask for stops, and a
/// mutant may make it do so.
extension Simulate {
    /// One mutant, in this process. The exit code tells which oracle found it.
    func runTableMutant(_ place: Int) throws {
        let mutant = TableMutant.all[place]
        for seed in (tries ?? "\(seed)").split(separator: ",").compactMap({ UInt64($0) }) {
            let options = TableHunt.options(seed, judgesSteps: steps)
            var simulation = Simulation(seed: seed, options: options, tables: (mutant.cloud, mutant.lane))
            guard let violation = simulation.run().violation else { continue }
            print("\(violation.oracle.rawValue), seed \(seed): \(violation.words)")
            let oracle = Oracle.allCases.firstIndex(of: violation.oracle) ?? 0
            throw ExitCode(TableHunt.firstCode + Int32(oracle))
        }
    }

    /// - Returns: Whether at least 19 of 20 were found. Of a rotation it is 4 of 5, for some changes are equal in effect,
    ///   and rows that its few seeds do not take say nothing.
    func huntTableMutants() async -> Bool {
        let hunt = TableHunt(
            first: seed,
            seeds: seeds,
            workers: workers,
            promisesOnly: promisesOnly,
            tries: rotatingTableMutants ? 10 : 40
        )
        let commit = Processor.environment("TILLBRIDGE_COMMIT") ?? "unknown"
        let count = TableMutant.all.count
        let places =
            rotatingTableMutants
            ? TableHunt.rotation(commit: commit) : Array(min(from, count)..<min(count, from + only))
        var findings: [(place: Int, finding: TableHunt.Finding)] = []
        await hunt.run(places) { place, finding in
            findings.append((place, finding))
            if let survival = finding.survival { print("\(place) \(TableMutant.all[place].words): \(survival)") }
            if findings.count % 50 == 0 { print("\(findings.count) of \(places.count)") }
            fflush(nil)
        }
        findings.sort { $0.place < $1.place }
        let survivors = findings.filter { $0.finding.survival != nil }
        tell(findings, survivors: survivors.map { $0.place })
        guard rotatingTableMutants else { return survivors.count * 20 <= places.count }
        return survivors.count { if case .notTaken = $0.finding { false } else { true } } * 5 <= places.count
    }

    private func tell(_ findings: [(place: Int, finding: TableHunt.Finding)], survivors: [Int]) {
        for oracle in Oracle.allCases {
            let found = findings.count { if case .found(oracle) = $0.finding { true } else { false } }
            if found > 0 { print("found by \(oracle.rawValue): \(found)") }
        }
        let stopped = findings.count { if case .stopped = $0.finding { true } else { false } }
        if stopped > 0 { print("stopped the machine: \(stopped)") }
        let killed = findings.count - survivors.count
        print("\(findings.count) table mutants, \(killed) found, \(survivors.count) not")
        guard json else { return }
        let list = survivors.map { #""\#(TableMutant.all[$0].words)""# }.joined(separator: ",")
        print(#"{"mutants":\#(findings.count),"killed":\#(killed),"survivors":[\#(list)]}"#)
    }
}
