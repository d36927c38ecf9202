// Part of Tillbridge. See LICENSE.
import CPlatform
import CTLS
import TillDomain

/// The plug-in's command line.
package enum PluginCommand {
    static let version: StaticString = "0.1.0"
    private static let defaultConfiguration: StaticString = "/etc/tillbridge/plugin.conf"

    static let help: Text = """
        tillbridge-plugin run [--config FILE]
            Works for the register until it is told to stop.
        tillbridge-plugin activate --proxy HOST:PORT [--config FILE] CODE
            Enrols this register with the one-time code from the console.
        tillbridge-plugin pay --sale REF --amount FEN [--code CODE] [--operator NAME]
            Takes a payment; without --code, the scanned code is read from standard input.
        tillbridge-plugin status [--sale REF | --refund REF]
        tillbridge-plugin acknowledge | disown | cancel --sale REF
        tillbridge-plugin refund --reference REF (--sale REF | --order NUMBER) --amount FEN --reason TEXT
        tillbridge-plugin release --reason TEXT [--supervisor CODE]
            Opens a locked lane; without --supervisor, the code is read from standard input.
        tillbridge-plugin version
        All but 'run', 'activate' and 'version' talk to the running plug-in; --json prints its answer as it came.
        Without --config the file is /etc/tillbridge/plugin.conf. Amounts are in fen (1.00 yuan is 100).
        Exit status: 0 done (for 'pay': paid), 1 not done, 2 wrong input or settings, 3 no plug-in runs.

        """

    /// Runs the command and ends the process.
    package static func main() -> Never {
        cp_report_traps()
        do throws(StartError) {
            cp_exit(try run(Arguments.process))
        } catch {
            Log.write(2, "tillbridge-plugin: \(error.sentence)\n")
            cp_exit(2)
        }
    }

    private static func run(_ arguments: Arguments) throws(StartError) -> Int32 {
        var arguments = arguments
        guard let command = arguments.next() else {
            Log.write(2, help)
            return 2
        }
        if ("run" as StaticString).matches(command) {
            return try RunCommand.run(try configuration(&arguments), arguments)
        }
        if ("activate" as StaticString).matches(command) {
            return try Activation.run(try configuration(&arguments), arguments)
        }
        if ("version" as StaticString).matches(command) || ("--version" as StaticString).matches(command) {
            let library = Bytes.filled(capacity: 64) { ctls_library($0, $1) }
            Log.write(1, "tillbridge-plugin \(version) (\(library))\n")
            return 0
        }
        if ("help" as StaticString).matches(command) || ("--help" as StaticString).matches(command)
            || ("-h" as StaticString).matches(command)
        {
            Log.write(1, help)
            return 0
        }
        guard let call = RegisterCommand.Call(wireName: command) else {
            throw StartError("There is no command \(quoted: command); see 'tillbridge-plugin help'.")
        }
        return try RegisterCommand.run(call, try configuration(&arguments), arguments)
    }

    private static func configuration(_ arguments: inout Arguments) throws(StartError) -> PluginConfiguration {
        try PluginConfiguration.load(try arguments.option("--config") ?? defaultConfiguration.bytes)
    }
}
