// Part of Tillbridge. See LICENSE.
import ArgumentParser
import Foundation
import TillDemo

/// `tillbridge demo`: everything on this machine, for people and programs to try.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Runs sandbox, clouds A and B, proxy, plug-in, till and console as separate processes.",
        discussion: """
            Prints the addresses and what to try, and ends everything on Ctrl-C. With --headless it prints one line \
            'ready {…}' for programs instead. With --once it plays the scenarios of a shop's life, prints a row for \
            each, and ends: exit code 0 if register and wallet agree in every row, else 1.
            """
    )

    @Option(help: "The folder for keys, databases, journals and logs; made if it is missing.")
    var data = ".tillbridge/demo"

    @Option(
        help:
            "The first port: sandbox N, its TLS N+43, clouds N+101 and N+102, proxy N+200, its admin N+201, plug-ins N+300 and up, till N+350, console N+400; 0 for free ports."
    )
    var portBase = 7300

    @Flag(help: "Print one line 'ready {…}' with all addresses, process numbers and logs, and run until SIGTERM.")
    var headless = false

    @Flag(inversion: .prefixedNo, help: "Run the console, too. Without --headless it runs anyway.")
    var console: Bool?

    @Flag(
        inversion: .prefixedNo,
        help:
            "Make a chain of 40 stores with a trading day behind it in a new folder, and not one small shop. Without --headless it is made anyway."
    )
    var chain: Bool?

    @Option(
        help:
            "Sales that come in by themselves, at registers of the chain. Without it \(LiveSales.standardPerMinute), with --headless 0."
    )
    var salesPerMinute: Int?

    @Flag(help: "Play the scenarios once on stacks of their own, at free ports.")
    var once = false

    @Flag(help: "With --once: print the rows as one JSON object on the last line of standard output.")
    var json = false

    @Flag(help: "With --once: real protocol times instead of a fifth of them.")
    var realTime = false

    @Option(help: "The plug-in's executable. Without it, the one beside this program.")
    var pluginBinary: String?

    func validate() throws {
        if json && !once { throw ValidationError("--json belongs to --once.") }
        if realTime && !once { throw ValidationError("--real-time belongs to --once.") }
        if once && (chain != nil || salesPerMinute != nil) {
            throw ValidationError(
                "--once plays on stacks of its own: --chain and --sales-per-minute do not belong to it."
            )
        }
        if salesPerMinute ?? 0 > 0 && !(chain ?? !headless) {
            throw ValidationError("--sales-per-minute needs the registers of the chain: give --chain.")
        }
        if headless && once { throw ValidationError("--headless and --once exclude each other.") }
    }

    func run() async throws {
        do {
            let executable = Bundle.main.executablePath ?? CommandLine.arguments[0]
            let folder = URL(fileURLWithPath: executable).deletingLastPathComponent().path
            let options = try DemoOptions(
                data: data,
                portBase: portBase,
                executable: executable,
                pluginBinary: pluginBinary ?? "\(folder)/tillbridge-plugin",
                withChain: chain ?? !headless,
                salesPerMinute: salesPerMinute ?? (headless ? 0 : LiveSales.standardPerMinute)
            )
            let runner = DemoRunner(options: options, say: { announce($0) }, complain: { complain($0) })
            guard once else { return try await runner.serve(headless: headless, withConsole: console ?? !headless) }
            let result = try await runner.once(realTime: realTime)
            announce(result.table)
            if json { announce(result.json) }
            if !result.isAsExpected { throw ExitCode(1) }
        } catch let failure as DemoFailure {
            complain(failure.sentence)
            throw ExitCode(2)
        } catch is DemoStopped {
            if once { throw ExitCode(1) }
        }
    }
}

/// Ends the demo's processes when their parent is gone. Not for people.
struct DemoGuardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: ProcessGuard.command, shouldDisplay: false)

    func run() { ProcessGuard.main() }
}
