// Part of Tillbridge. See LICENSE.
import ArgumentParser

extension Simulate {
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
