// Part of Tillbridge. See LICENSE.
import ArgumentParser
import Foundation
import TillCloud
import TillDemo
import TillDemoChain
import TillDomain
import TillSandbox

/// Makes the demo's chain in folders that no process uses. Not for people.
struct DemoChainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: ChainSeeding.command, shouldDisplay: false)

    @Option var keys: String
    @Option var cloudA: String
    @Option var cloudB: String
    @Option var sandbox: String
    @Option var export: String
    @Option var console: String
    @Option var sandboxPort: Int
    @Option var sandboxTLSPort: Int
    @Option var supervisorCode: String
    @Option var seed: UInt64 = 1

    func run() async throws {
        try await explaining {
            var settings = ChainSeed.Settings(
                keys: keys,
                cloudA: cloudA,
                cloudB: cloudB,
                sandbox: sandbox,
                export: export,
                console: console,
                sandboxURL: "http://127.0.0.1:\(sandboxPort)",
                sandboxTLS: "https://127.0.0.1:\(sandboxTLSPort)",
                supervisor: (id: "demo", code: supervisorCode),
                end: SystemClock().now()
            )
            settings.seed = seed
            do {
                let made = try await ChainSeed(settings).make()
                tell("ready \(String(decoding: try JSONEncoder().encode(made), as: UTF8.self))")
            } catch let error as SandboxError {
                throw StartError(error.description)
            }
        }
    }
}
