// Part of Tillbridge. See LICENSE.
import ArgumentParser
import TillCloud

/// Everything the console does to configuration, for scripts.
struct Admin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Keys, stores, registers, accounts, routing, refunds, open cases.",
        subcommands: [
            AdminKeys.self, AdminStore.self, AdminRegister.self, AdminAccount.self, AdminRouting.self,
            AdminSignFlags.self, AdminLimits.self, AdminSupervisor.self, AdminRefund.self, AdminResolve.self,
            AdminPayments.self, AdminTestPayment.self, AdminStatement.self, AdminPromote.self,
        ]
    )
}

/// `tillbridge admin keys`: makes the keys of an installation.
struct AdminKeys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Makes the private CA, TLS certificates, signing keys and the master key, as files of mode 0600.",
        discussion: "Existing keys are never overwritten."
    )

    @Option(help: "The folder for the key files; made if it is missing.")
    var data: String

    func run() async throws {
        try await explaining {
            try KeyFolder(path: data).make()
            print("Keys are in \(data). Keep ca.key and a copy of the folder in a safe place.")
        }
    }
}
