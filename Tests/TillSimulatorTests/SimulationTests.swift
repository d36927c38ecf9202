// Part of Tillbridge. See LICENSE.
import Testing
import TillEngine
import TillSimulator

@Suite struct SimulationTests {
    // A debug build is some thirty times slower; the release build of `./run test` does the real work.
    #if DEBUG
    static let seeds: ClosedRange<UInt64> = 1...2
    static let isQuick = true
    #else
    static let seeds: ClosedRange<UInt64> = 1...80
    static let isQuick = false
    #endif

    @Test("under loss, duplicates, crashes, late execution and restless people every promise holds", arguments: seeds)
    func promises(seed: UInt64) {
        var random = LaneRandom(seed: seed)
        var options = SimulationOptions.drawn(from: &random)
        if SimulationTests.isQuick { options.salesPerRegister = 5 }
        var simulation = Simulation(seed: seed, options: options)
        let report = simulation.run()
        #expect(report.violations == [], "seed \(seed)")
        #expect(report.sales > 0)
    }

    @Test("without faults every sale whose shopper pays is told paid, and nothing is undone")
    func faultFree() {
        var options = SimulationOptions()
        options.salesPerRegister = 20
        var simulation = Simulation(seed: 4711, options: options)
        let report = simulation.run()
        #expect(report.violations == [])
        #expect(report.crashes == 0)
        #expect(report.paid * 2 > report.sales)
    }

    @Test("equal seeds give equal runs")
    func deterministic() {
        var options = SimulationOptions()
        options.salesPerRegister = 10
        options.loss = 100
        options.crash = 10
        var first = Simulation(seed: 99, options: options)
        var second = Simulation(seed: 99, options: options)
        let report = first.run()
        #expect(report == second.run())
        var third = Simulation(seed: 100, options: options)
        #expect(report.traceHash != third.run().traceHash)
    }

    /// A table with one bug, and the faults under which it shows.
    struct Planted: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let table: CloudTable
    }

    static let planted: [Planted] = [
        Planted(
            testDescription: "a cancel that found nothing is final",
            table: CloudTable(
                rows: CloudTable.standard.rows.map { row in
                    guard row.actions == [.sleepUntilProof], row.guards == [.verifying] else { return row }
                    return CloudRow(row.states, row.events, if: row.guards, to: .revoked, do: [.finishNeverExisted])
                }
            )
        ),
        Planted(
            testDescription: "a definite error is believed without a confirming query",
            table: CloudTable(
                rows: CloudTable.standard.rows.map { row in
                    guard row.events.contains(.queryNotFound), row.guards.contains(.absenceProven),
                        row.next == .declined
                    else { return row }
                    return CloudRow(row.states, row.events, to: row.next, do: row.actions)
                }
            )
        ),
    ]

    @Test("a planted bug is found by an oracle", .disabled(if: isQuick), arguments: planted)
    func plantedBug(_ planted: Planted) {
        var options = SimulationOptions()
        options.salesPerRegister = 40
        options.lateExecution = 300
        options.walletReplyLoss = 300
        options.restlessCashier = 200
        options.loss = 100
        var found = false
        for seed in 1...60 as ClosedRange<UInt64> where !found {
            var simulation = Simulation(seed: seed, options: options, cloudTable: planted.table)
            found = !simulation.run().violations.isEmpty
        }
        #expect(found)
    }
}
