// Part of Tillbridge. See LICENSE.
import ArgumentParser
import TillConsole

/// `tillbridge console-user`: what the console's pages cannot do before somebody can sign in.
struct ConsoleUserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "console-user",
        abstract: "Makes users of the console from the command line.",
        subcommands: [Add.self]
    )

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Adds a user who may do something everywhere; prints a password for one sign-in.",
            discussion: """
                For the first user of a console, and for an administrator where nobody can come in any more. All others \
                are added in the browser. The password is kept nowhere, and is changed at the first sign-in, where a \
                second factor is set up as well. The console may be running.
                """
        )

        @Option(help: "The console's data folder.")
        var data: String

        @Option(help: "The name to sign in with: 2 to 40 small letters, digits, dots, dashes, underscores.")
        var name: String

        @Option(help: "The name that others read.")
        var fullName: String

        @Option(help: "The role: admin, auditor, finance, manager, operator, or one that was added.")
        var role = "admin"

        func run() async throws {
            try await explaining {
                tell(try await FirstUser.add(data: data, name: name, fullName: fullName, role: role))
            }
        }
    }
}
