// Part of Tillbridge. See LICENSE.
import ArgumentParser
import FoundationEssentials
import Glibc

/// What a wallet's adapter costs, beside what RSA alone costs. `./run bench adapters` shows it as a table.
@main
struct AdaptersBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tillbridge-adapters-bench",
        abstract: "Calls of each wallet's adapter per core-second, beside bare RSA signatures.",
        discussion: """
            A call makes and signs a pay request, then reads and verifies its recorded answer. Prints one JSON object. \
            Exit code 2: a call did not come out as recorded, and nothing was measured.
            """
    )

    @Option(help: "The folder of the adapters' tests with recorded messages and keys.")
    var fixtures = "Tests/TillWalletsTests/Fixtures"

    @Option(help: "Processor time of the measurement, in seconds.")
    var seconds = 10.0

    @Option(help: "Makes only this protocol's calls, without figures: for a profiler.")
    var profile: String?

    func run() throws {
        do {
            if let profile { return try repeatCalls(of: profile) }
            let report = try Report(Recordings(folder: fixtures), seconds: seconds)
            print(String(decoding: try JSONEncoder().encode(report), as: UTF8.self))
        } catch let failure as BenchFailure {
            let line = "bench: \(failure.description)\n"
            _ = line.withCString { write(2, $0, line.utf8.count) }
            throw ExitCode(2)
        }
    }

    private func repeatCalls(of name: String) throws {
        guard let call = try WalletCall.all(Recordings(folder: fixtures)).first(where: { $0.name == name }) else {
            throw BenchFailure("there is no protocol \(name)")
        }
        _ = try Rounds([Workload(try call.run())], seconds: seconds)
    }
}

/// Why nothing was measured.
struct BenchFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
