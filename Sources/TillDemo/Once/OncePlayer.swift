// Part of Tillbridge. See LICENSE.
import AsyncHTTPClient
import Foundation
import TillRegister

/// Plays all scenarios through real processes and judges every row when the last one has ended.
struct OncePlayer: Sendable {
    /// Scenarios in a group share a register and follow each other; the groups run side by side.
    static let main: [[Scenario]] = [
        [TroubleScenarios.replyLost, EverydayScenarios.neverAcknowledged],
        [TroubleScenarios.walletSilent],
        [TroubleScenarios.lateExecution],
        [TroubleScenarios.plugInKilled],
        [
            // First, while no earlier payment of this register has anything left to write down.
            EverydayScenarios.badAmounts,
            EverydayScenarios.noWallet,
            EverydayScenarios.alipayPaid,
            EverydayScenarios.weChatPaid,
            EverydayScenarios.qqWalletPaid,
            EverydayScenarios.unionPayPaid,
            EverydayScenarios.insufficient,
            EverydayScenarios.expired,
            EverydayScenarios.sameSaleTwice,
        ],
        [
            EverydayScenarios.passwordLater,
            EverydayScenarios.shopperDeclines,
            EverydayScenarios.twoCodesAtOnce,
            EverydayScenarios.secondCode,
        ],
    ]
    /// These kill clouds and have a stack to themselves.
    static let clouds: [[Scenario]] = [[TroubleScenarios.cloudKilled, TroubleScenarios.bothCloudsDown]]

    /// The order of the table.
    static let order: [String] = [
        EverydayScenarios.alipayPaid, EverydayScenarios.weChatPaid, EverydayScenarios.qqWalletPaid,
        EverydayScenarios.unionPayPaid, EverydayScenarios.passwordLater, EverydayScenarios.shopperDeclines,
        EverydayScenarios.insufficient, EverydayScenarios.expired,
        EverydayScenarios.noWallet, EverydayScenarios.badAmounts, EverydayScenarios.sameSaleTwice,
        EverydayScenarios.twoCodesAtOnce, EverydayScenarios.secondCode, TroubleScenarios.replyLost,
        TroubleScenarios.walletSilent, TroubleScenarios.lateExecution, TroubleScenarios.cloudKilled,
        TroubleScenarios.plugInKilled, TroubleScenarios.bothCloudsDown, EverydayScenarios.neverAcknowledged,
    ].map(\.name)

    let http: HTTPClient
    /// Told as each row ends.
    let progress: @Sendable (String) -> Void

    /// Plays the groups on the registers of a running stack.
    func play(_ groups: [[Scenario]], on stack: DemoStack) async throws -> [OnceResult.Row] {
        let sandbox = SandboxControl(address: await stack.sandboxAddresses.sandbox, http: http)
        let faults = FaultTurn(sandbox: sandbox, scenarios: groups.joined().filter(\.needsFault).count)
        let entries = try await withThrowingTaskGroup(of: [Entry].self) { tasks in
            for (position, group) in groups.enumerated() {
                let lane = try await makeLane(position, on: stack, sandbox: sandbox, faults: faults)
                tasks.addTask { try await play(group, on: lane) }
            }
            return try await tasks.reduce(into: []) { $0 += $1 }
        }
        return try await judge(entries, sandbox: sandbox)
    }

    private struct Entry: Sendable {
        var scenario: Scenario
        var sale: String
        var lane: DemoLane
        var played: Played
    }

    private func makeLane(
        _ position: Int,
        on stack: DemoStack,
        sandbox: SandboxControl,
        faults: FaultTurn
    ) async throws -> DemoLane {
        let plugin = await stack.plugins[position]
        let (paper, entries) = try PaperLog.open(folder: stack.settings.tillData(position))
        let desk = TillDesk(
            plugin: PluginClient(address: plugin.url, token: try plugin.token(), http: http),
            paper: paper,
            entries: entries
        )
        return DemoLane(
            register: plugin.register,
            desk: desk,
            paper: paper.path,
            sandbox: sandbox,
            faults: faults,
            stack: stack,
            position: position
        )
    }

    private func play(_ group: [Scenario], on lane: DemoLane) async throws -> [Entry] {
        var entries: [Entry] = []
        for scenario in group {
            let sale = await lane.desk.newSaleReference()
            var played: Played
            do {
                if !scenario.needsFault { try await lane.faults.waitUntilAllStruck() }
                if scenario.expected != "unavailable" { try await lane.waitUntilAvailable() }
                played = try await scenario.play(lane, sale, scenario.amount)
                if played.told != scenario.expected {
                    played.remarks.append("the register should have been told \(scenario.expected)")
                }
            } catch let failure as DemoFailure {
                played = Played(failed: failure.sentence)
            }
            if scenario.needsFault { await lane.faults.settle(sale) }
            progress("\(scenario.name): \(played.told)")
            entries.append(Entry(scenario: scenario, sale: sale, lane: lane, played: played))
        }
        return entries
    }

    /// From the wallet's books and the paper logs alone, after everything has ended.
    private func judge(_ entries: [Entry], sandbox: SandboxControl) async throws -> [OnceResult.Row] {
        let agreement = Agreement(trades: try await sandbox.allTrades(), totals: try await sandbox.totals())
        return try entries.map { entry in
            let verdict = agreement.verdict(
                on: entry.sale,
                paper: try PaperReader(path: entry.lane.paper),
                register: entry.lane.register
            )
            return OnceResult.Row(
                scenario: entry.scenario.name,
                told: entry.played.told,
                walletNet: verdict.walletNet,
                seconds: entry.played.seconds,
                agree: verdict.agrees,
                remarks: entry.played.remarks + verdict.differences
            )
        }
    }
}
