// Part of Tillbridge. See LICENSE.
import ArgumentParser

@main
struct Tillbridge: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tillbridge",
        abstract: "Mobile-wallet payments at the register.",
        subcommands: [
            Admin.self, CloudCommand.self, ProxyCommand.self, SandboxCommand.self, TillCommand.self,
            ConsoleCommand.self, ConsoleUserCommand.self, DemoCommand.self, DemoGuardCommand.self,
            DemoChainCommand.self,
        ]
    )

    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            var command = try parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch  where exitCode(for: error) == .validationFailure {
            // What is wrong with the command line is told like every other bad setting: one sentence, exit code 2.
            complain(sentence(for: error, arguments))
            exit(withError: ExitCode(2))
        } catch {
            exit(withError: error)
        }
    }

    /// The parser's words in one line, and where the right settings are listed.
    private static func sentence(for error: any Error, _ arguments: [String]) -> String {
        let lines = message(for: error).split(separator: "\n").map { $0.drop { $0 == " " } }
        var message =
            lines.first.map { line in
                line.last == ":"
                    ? "\(line) \(lines.dropFirst().map { $0.drop { $0 == "-" || $0 == " " } }.joined(separator: ", "))"
                    : String(line)
            } ?? "A setting is wrong"
        if message.last == "." { message.removeLast() }
        var name = "tillbridge"
        var known = configuration.subcommands
        for argument in arguments {
            guard let command = known.first(where: { $0._commandName == argument }) else { break }
            name += " \(argument)"
            known = command.configuration.subcommands
        }
        return "\(message); '\(name) --help' lists what is allowed."
    }
}
