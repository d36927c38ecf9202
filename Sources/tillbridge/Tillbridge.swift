// Part of Tillbridge. See LICENSE.
import ArgumentParser

@main
struct Tillbridge: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tillbridge",
        abstract: "Mobile-wallet payments at the register.",
        subcommands: [
            Admin.self, CloudCommand.self, ProxyCommand.self, SandboxCommand.self, TillCommand.self,
            DemoCommand.self, DemoGuardCommand.self,
        ]
    )
}
