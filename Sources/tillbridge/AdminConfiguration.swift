// Part of Tillbridge. See LICENSE.
import ArgumentParser
import Foundation
import TillCloud

struct AdminStore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "Stores.",
        subcommands: [Add.self]
    )

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Adds a store and prints its code.")

        @OptionGroup var target: AdminTarget
        @Option(help: "The name that shoppers read in their wallet.") var name: String
        @Option(help: "7 characters: chain 3, store 4. Default: the next free one.") var code: String?

        func run() async throws { try await target.perform(.addStore(name: name, code: code)) }
    }
}

struct AdminRegister: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "register",
        abstract: "Registers.",
        subcommands: [Add.self, Code.self, Disable.self, Enable.self, Revoke.self, List.self]
    )

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Adds a register and prints the one-time code that enrols it."
        )

        @OptionGroup var target: AdminTarget
        @Option(help: "The store's code.") var store: String
        @Option(help: "A name for people.") var name = "register"

        func run() async throws { try await target.perform(.addRegister(store: store, name: name)) }
    }

    struct Code: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints a new one-time code for a register whose device was replaced."
        )

        @OptionGroup var target: AdminTarget
        @Argument(help: "The register, 9 characters.") var register: String

        func run() async throws { try await target.perform(.newCode(register: register)) }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Switches a register off: it begins no new payment, and ends what it has begun."
        )

        @OptionGroup var target: AdminTarget
        @Argument(help: "The register, 9 characters.") var register: String

        func run() async throws { try await target.perform(.disableRegister(id: register, disabled: true)) }
    }

    struct Enable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Switches a register on again.")

        @OptionGroup var target: AdminTarget
        @Argument(help: "The register, 9 characters.") var register: String

        func run() async throws { try await target.perform(.disableRegister(id: register, disabled: false)) }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Refuses a register's key from now on.")

        @OptionGroup var target: AdminTarget
        @Argument(help: "The register, 9 characters.") var register: String

        func run() async throws { try await target.perform(.revokeRegister(id: register)) }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the registers.")

        @OptionGroup var target: AdminTarget

        func run() async throws { try await target.perform(.listRegisters) }
    }
}

struct AdminAccount: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "account",
        abstract: "Payment accounts at wallets.",
        subcommands: [Add.self, List.self, Test.self]
    )

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Adds the accounts of a file, and publishes a routing that uses them.",
            discussion: "The keys in the file are stored encrypted with the master key."
        )

        @OptionGroup var target: AdminTarget
        @Option(help: "The file with the merchant's keys, such as the sandbox's sandbox.json.") var from: String
        @Option(help: "The store (7 characters) or chain (3) that uses them. Default: all.") var store = "*"
        @Flag(help: "Real money moves through these accounts.") var live = false
        @Flag(help: "No store uses them until 'sign-flags enable' says so.") var unused = false
        @Option(
            name: .customLong("protocol"),
            help: "Only the wallets that speak this version, such as v3. Default: all, each in its usual version."
        )
        var version: String?

        func run() async throws {
            let file = try await readFile(from, setting: "--from")
            try await target.perform(
                .addAccounts(file: file, stores: store, live: live, unused: unused, version: version),
                about: "--from \(from)"
            )
        }
    }
}

extension AdminAccount {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Lists the accounts as this cloud uses them: names of their credentials, circuit, calls that are out."
        )

        @OptionGroup var target: AdminTarget

        func run() async throws { try await target.perform(.accounts) }
    }

    struct Test: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Asks the wallet about an order number that does not exist. No money moves.",
            discussion: """
                good: reached, and both sides took the other's signature. refused: the wallet would not look at the \
                question. forged: the answer is not signed by the wallet. unclear, silent, unreachable: as it says.
                """
        )

        @OptionGroup var target: AdminTarget
        @Argument(help: "The account, as 'account list' names it.") var account: String

        func run() async throws { try await target.perform(.testAccount(id: account)) }
    }
}

struct AdminTestPayment: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test-payment",
        abstract: "Takes ¥0.01 at a store by one account, and undoes it at once.",
        discussion: """
            Needs a running cloud. The store's registers need not take the wallet yet. The payment code is read from \
            standard input, so that it stays out of the shell's history.
            """
    )

    @OptionGroup var target: AdminTarget
    @Option(help: "The store, 7 characters.") var store: String
    @Option(help: "The account, as 'account list' names it.") var account: String

    func run() async throws {
        try await target.perform(.testPayment(store: store, account: account, code: readLine() ?? ""))
    }
}

struct AdminRouting: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "routing",
        abstract: "Which payment code belongs to which wallet and account: whole documents. See sign-flags for edits.",
        subcommands: [Set.self, Show.self]
    )

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Publishes a new version.",
            discussion:
                "The file has the form that 'show --json' prints. Its version is the one that it was made from; "
                + "with 0 it takes the place of whatever is there."
        )

        @OptionGroup var target: AdminTarget
        @Argument(help: "A JSON file.") var file: String
        @Flag(help: "Codes that were taken may be taken no more.") var allowGap = false

        func run() async throws {
            let document = try await readFile(file, setting: "The routing")
            try await target.perform(.setRouting(document: document, allowGap: allowGap), about: file)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows the newest version, or an older one.")

        @OptionGroup var target: AdminTarget
        @Option(help: "The version.") var version: Int?

        func run() async throws { try await target.perform(.showRouting(version: version)) }
    }
}

struct AdminLimits: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits",
        abstract: "What registers may do.",
        discussion: "Registers hear of it within seconds."
    )

    @OptionGroup var target: AdminTarget
    @Option(help: "The largest sale, in fen.") var amountLimit: Int64?
    @Option(help: "The largest refund a register may give by itself, in fen; 0 for none.") var refundLimit: Int64?
    @Option(help: "Whether mobile payments are taken at all: true or false.") var enabled: Bool?

    func run() async throws {
        try await target.perform(.setChain(amountLimit: amountLimit, refundLimit: refundLimit, enabled: enabled))
    }
}

struct AdminSupervisor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "supervisor",
        abstract: "People who may release a locked register by hand.",
        subcommands: [Add.self]
    )

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Adds a supervisor, or changes the code of one. The code is read from standard input."
        )

        @OptionGroup var target: AdminTarget
        @Option(help: "A name or number, 1 to 40 bytes.") var id: String

        func run() async throws {
            try await target.perform(.addSupervisor(id: id, code: readLine() ?? ""))
        }
    }
}

/// The text of a small file.
func readFile(_ path: String, setting: String) async throws -> String {
    try await explaining {
        guard let content = FileManager.default.contents(atPath: path), content.count <= 1 << 19 else {
            throw StartError("\(setting) \(path): the file cannot be read, or is larger than 512 KB.")
        }
        return String(decoding: content, as: UTF8.self)
    }
}
