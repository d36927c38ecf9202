// Part of Tillbridge. See LICENSE.
import ArgumentParser
import TillSimulator

/// Table mutants run in processes of their own: a machine that meets a completion that it did not ask for stops, and a
/// mutant may make it do so.
extension Simulate {
    /// One mutant, in this process. Exit code 1: an oracle found it.
    func runTableMutant(_ place: Int) async throws {
        let mutant = TableMutant.all[place]
        for seed in seed..<seed + UInt64(seeds) {
            var options = SimulationOptions.drawn(seed: seed)
            options.payments = MutantHunt.payments
            var simulation = Simulation(seed: seed, options: options, tables: (mutant.cloud, mutant.lane), judgesSteps: true)
            if let violation = simulation.run().violation {
                print("\(violation.oracle.rawValue) seed \(seed)")
                throw ExitCode(1)
            }
        }
    }

    /// All of them, on all cores.
    func huntTableMutants() async {
        let count = TableMutant.all.count
        let chosen = min(from, count)..<min(count, from + only)
        var results = [Processor.Ending](repeating: .code(0), count: count)
        await withTaskGroup(of: (Int, Processor.Ending).self) { group in
            var next = chosen.lowerBound
            func start() {
                guard next < chosen.upperBound else { return }
                let place = next
                next += 1
                group.addTask {
                    (place, Processor.run(["--table-mutant", "\(place)", "--seed", "\(seed)", "--seeds", "\(seeds)"]))
                }
            }
            for _ in 0..<workers { start() }
            while let (place, ending) = await group.next() {
                results[place] = ending
                start()
            }
        }
        var killed = 0
        var stopped = 0
        for place in chosen {
            switch results[place] {
            case .code(0): print("survives: \(place) \(TableMutant.all[place].words)")
            case .code: killed += 1
            case .signal:
                stopped += 1
                print("stops the machine: \(place) \(TableMutant.all[place].words)")
            }
        }
        print(
            "\(chosen.count) table mutants: \(killed) found by an oracle, \(stopped) stopped the machine, \(chosen.count - killed - stopped) survive"
        )
        if json {
            print(
                #"{"mutants":\#(chosen.count),"killed":\#(killed + stopped),"survivors":\#(chosen.count - killed - stopped)}"#
            )
        }
    }
}
