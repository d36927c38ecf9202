// Part of Tillbridge. See LICENSE.
import ArgumentParser
import TillCloud
import TillDomain

struct AdminSignFlags: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign-flags",
        abstract: "The Sign-Flag table: which payment code belongs to which wallet, and which stores take it.",
        discussion: """
            Every change makes a new version from the newest and names that one with --base, so that nobody undoes what \
            somebody else has just published. Times are ISO 8601, such as 2026-12-01T06:00:00+08:00. Stores are 7 \
            characters, chains 3, with commas between them; without --stores a change is for all.
            """,
        subcommands: [
            List.self, Add.self, End.self, Enable.self, Disable.self, Test.self, History.self, Unknown.self, Offer.self,
        ]
    )

    /// The version that a change was made from, and what it may do.
    struct Change: ParsableArguments {
        @Option(help: "The version that this change is made from: the newest, as 'list' shows it.") var base: Int
        @Flag(help: "Codes that were taken may be taken no more.") var allowGap = false
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows the newest version, or an older one.")

        @OptionGroup var target: AdminTarget
        @Option(help: "The version.") var version: Int?

        func run() async throws { try await target.perform(.showRouting(version: version)) }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Adds a rule.")

        @OptionGroup var target: AdminTarget
        @OptionGroup var change: Change
        @Option(help: "The first characters of the codes: one prefix, or two digits' prefixes such as 10-15.")
        var prefix: String
        @Option(help: "The length of the codes: a number, or two such as 16-24.") var length: String
        @Option(help: "The wallet: alipay, wechatpay, qqwallet, unionpay, or the name of one to come.") var wallet:
            String
        @Option(help: "Where the rule holds.") var stores: String?
        @Option(help: "The first moment at which it holds. Default: at once.") var from: String?
        @Option(help: "The first moment at which it does not hold any more. Default: none.") var until: String?
        @Flag(help: "The codes are known for what they are, and not taken.") var off = false

        func run() async throws {
            try await explaining {
                let prefixes = range(prefix)
                let lengths = range(length).compactMap(Int.init)
                guard prefixes.count == 2 else {
                    throw StartError("--prefix \(prefix): give one prefix, or two such as 10-15.")
                }
                guard lengths.count == 2, let shortest = lengths.first, let longest = lengths.last else {
                    throw StartError("--length \(length): give one length, or two such as 16-24.")
                }
                guard let wallet = Wallet(wallet.utf8) else {
                    throw StartError("--wallet \(wallet): use 1 to 20 of a-z, 0-9 and '-'.")
                }
                let rule = SignFlagRule(
                    low: Array(prefixes[0].utf8),
                    high: Array(prefixes[1].utf8),
                    minLength: shortest,
                    maxLength: longest,
                    wallet: wallet,
                    enabled: !off,
                    from: try time(from, "--from") ?? .unknown,
                    until: try time(until, "--until")
                )
                try await target.edit(.add(.init(rule, stores: stores?.uppercased())), change)
            }
        }

        /// `10-15` as its two ends, `62` as twice the same.
        private func range(_ text: String) -> [String] {
            let parts = text.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
            return parts.count == 1 ? parts + parts : parts
        }
    }

    struct End: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ends a rule: at once, or at a time.",
            discussion: "What no other rule takes then needs --allow-gap."
        )

        @OptionGroup var target: AdminTarget
        @OptionGroup var change: Change
        @Argument(help: "The rule's number in the version that the change is made from.") var rule: Int
        @Option(help: "The first moment at which it does not hold any more.") var at: String?

        func run() async throws {
            try await explaining {
                try await target.edit(.end(rule: rule, at: time(at, "--at")?.milliseconds), change)
            }
        }
    }

    /// A rule's own switch, or a wallet at some stores.
    struct Subject: ParsableArguments {
        @Option(help: "A rule's number: turns the rule itself, wherever it holds.") var rule: Int?
        @Option(help: "A wallet: whether stores take it.") var wallet: String?
        @Option(help: "With --wallet: these stores. Default: all.") var stores: String?
        @Option(help: "The first moment. Default: at once.") var from: String?
        @Option(help: "With --wallet: the first moment at which this ends. Default: none.") var until: String?

        func edit(
            rule turn: (Int, Int64?) -> SignFlagEdit,
            wallet take: (String, String, Int64?, Int64?) -> SignFlagEdit
        ) throws(StartError) -> SignFlagEdit {
            let start = try time(from, "--from")?.milliseconds
            switch (rule, wallet) {
            case (let rule?, nil):
                guard stores == nil, until == nil else {
                    throw StartError("--rule: turns a rule wherever it holds; --stores and --until go with --wallet.")
                }
                return turn(rule, start)
            case (nil, let wallet?):
                return take(wallet, stores?.uppercased() ?? "*", start, try time(until, "--until")?.milliseconds)
            case (nil, nil), (_?, _?): throw StartError("Give either --rule or --wallet.")
            }
        }
    }

    struct Enable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Turns a rule on, or lets stores take a wallet by a payment account.",
            discussion: "Waves are several of these, each with its --stores and --from."
        )

        @OptionGroup var target: AdminTarget
        @OptionGroup var change: Change
        @OptionGroup var subject: Subject
        @Option(help: "With --wallet: the payment account. Default: the only one there is.") var account: String?

        func run() async throws {
            try await explaining {
                let edit = try subject.edit(
                    rule: { .turn(rule: $0, on: true, from: $1) },
                    wallet: { .take(wallet: $0, account: account, stores: $1, from: $2, until: $3) }
                )
                try await target.edit(edit, change)
            }
        }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Turns a rule off, or lets stores not take a wallet."
        )

        @OptionGroup var target: AdminTarget
        @OptionGroup var change: Change
        @OptionGroup var subject: Subject

        func run() async throws {
            try await explaining {
                let edit = try subject.edit(
                    rule: { .turn(rule: $0, on: false, from: $1) },
                    wallet: { .leave(wallet: $0, stores: $1, from: $2, until: $3) }
                )
                try await target.edit(edit, change)
            }
        }
    }

    struct Test: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tells what a code would lead to, and why. Nothing is paid, stored or shown in full.",
            discussion:
                "Without a code one line is read from standard input, so that it stays out of the shell's history."
        )

        @OptionGroup var target: AdminTarget
        @Argument(help: "A payment code, or the beginning of one filled up with any digits.") var code: String?
        @Option(help: "The store. Default: one that no rule and no account names.") var store: String?
        @Option(help: "The moment. Default: now.") var at: String?
        @Option(help: "The version. Default: the newest.") var version: Int?

        func run() async throws {
            try await explaining {
                let moment = try time(at, "--at")?.milliseconds
                let code = code ?? readLine() ?? ""
                try await target.perform(.testRouting(code: code, store: store, moment: moment, version: version))
            }
        }
    }

    struct History: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists all versions: when, and what was changed.")

        @OptionGroup var target: AdminTarget

        func run() async throws { try await target.perform(.routingHistory) }
    }

    struct Unknown: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Counts codes that no rule knew, by first digits and length, since the cloud's start."
        )

        @OptionGroup var target: AdminTarget

        func run() async throws { try await target.perform(.unknownCodes) }
    }

    struct Offer: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Gives registers the newest version although the other cloud does not hold it yet.",
            discussion: "For a change that cannot wait while the other cloud is down."
        )

        @OptionGroup var target: AdminTarget

        func run() async throws { try await target.perform(.offerRouting) }
    }
}

extension AdminTarget {
    fileprivate func edit(_ edit: SignFlagEdit, _ change: AdminSignFlags.Change) async throws {
        try await perform(.editSignFlags(base: change.base, edit: edit, allowGap: change.allowGap))
    }
}

private func time(_ text: String?, _ option: String) throws(StartError) -> Timestamp? {
    guard let text else { return nil }
    guard let moment = UTCText.parse(text) else {
        throw StartError("\(option) '\(text)': give a time such as 2026-12-01T06:00:00+08:00.")
    }
    return moment
}
