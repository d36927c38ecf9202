// Part of Tillbridge. See LICENSE.
import ArgumentParser

@main
struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "./run simulate",
        abstract: "The whole chain in virtual time, under seeded faults, judged after every event.",
        discussion: """
            A payment is one attempt whose intent became durable in the plug-in's journal; what was refused before \
            that is counted apart. Equal seeds give equal runs, whatever the machine, the build and the number of \
            workers. Exit code 0: no promise was broken.
            """
    )

    @Option(help: "How many seeds to run.")
    var seeds = 100

    @Option(help: "Payments of each seed.")
    var payments = 500

    @Option(help: "The first seed.")
    var seed: UInt64 = 1

    @Option(help: "Threads, each with seeds of its own.")
    var workers = Processor.cores

    @Flag(help: "One JSON object on the last line.")
    var json = false

    func validate() throws {
        guard seeds > 0 else { throw ValidationError("--seeds takes a number from 1") }
        guard (1...100_000).contains(payments) else { throw ValidationError("--payments takes 1 to 100000") }
        guard (1...256).contains(workers) else { throw ValidationError("--workers takes 1 to 256") }
    }

    func run() async throws {
        let begin = Processor.seconds
        let total = await SeedRange(first: seed, count: seeds, workers: workers, payments: payments).run()
        let used = Processor.seconds - begin
        let speed = Int(Double(total.payments) / max(used, 0.000_001))
        for (seed, words) in total.violations.prefix(20) { print("seed \(seed): \(words)") }
        print("\(total.seeds) seeds, \(total.payments) payments, \(total.violations.count) violations")
        print("\(speed) payments per core-second")
        let hash = Self.hexadecimal(total.traceHash)
        print("trace \(hash)")
        if json {
            let commit = Processor.environment("TILLBRIDGE_COMMIT") ?? "unknown"
            print(
                #"{"payments":\#(total.payments),"violations":\#(total.violations.count),"#
                    + #""paymentsPerCoreSecond":\#(speed),"traceHash":"\#(hash)","commit":"\#(commit)"}"#
            )
        }
        if !total.violations.isEmpty { throw ExitCode(1) }
    }

    static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch  where exitCode(for: error) == .validationFailure {
            // What is wrong with the command line is told in one sentence, exit code 2.
            var sentence = message(for: error).split(separator: "\n").first.map(String.init) ?? "A setting is wrong"
            if sentence.last == "." { sentence.removeLast() }
            Processor.complain("\(sentence); './run simulate --help' lists what is allowed.")
            exit(withError: ExitCode(2))
        } catch {
            exit(withError: error)
        }
    }
}
