// Part of Tillbridge. See LICENSE.
import ArgumentParser
import TillCloud

struct AdminRefund: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "refund",
        abstract: "Gives money of a confirmed payment back."
    )

    @OptionGroup var target: AdminTarget
    @Argument(help: "The order number on the receipt, 24 characters.") var number: String
    @Option(help: "In fen.") var amount: Int64
    @Option(help: "Your own key, 1 to 40 characters: the same reference is the same refund.") var reference: String
    @Option(help: "What the shopper reads.") var reason = "refund"
    @Option(name: .customLong("operator"), help: "Who decides this.") var person: String

    func run() async throws {
        try await target.perform(
            .refund(number: number, amount: amount, reference: reference, reason: reason, person: person)
        )
    }
}

extension AdminRequest.Resolution.Decision: ExpressibleByArgument {}

struct AdminResolve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resolve",
        abstract: "Settles an open case. Most decisions take two persons.",
        discussion: """
            revoke: not certain, or paid and never confirmed, and the register is silent: the payment is undone (one \
            person). confirm: paid, never confirmed, or confirmed, never seen as paid: the register took the tender. \
            refund: paid, never confirmed: the money goes back. keep: an undo is stuck: the sale stands. solved: an undo is \
            stuck: the money is back by another way. adopt: this cloud executes the refunds, since the paying cloud is \
            gone. ask: ask the wallet, or try again, now (one person).
            """
    )

    @OptionGroup var target: AdminTarget
    @Argument(help: "The order number, 24 characters.") var number: String
    @Argument(help: "One of those above.") var decision: AdminRequest.Resolution.Decision
    @Option(help: "Who decides.") var first: String
    @Option(help: "Who agrees.") var second = ""
    @Option(help: "What the decision rests on, such as a receipt's number.") var evidence = ""

    func run() async throws {
        try await target.perform(
            .resolve(
                .init(number: number, decision: decision, first: first, second: second, evidence: evidence)
            )
        )
    }
}

struct AdminPayments: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "payments",
        abstract: "Lists payments, newest first."
    )

    @OptionGroup var target: AdminTarget
    @Option(help: "An order number, refund number, sale reference or wallet transaction.") var text: String?
    @Option(help: "A store (7 characters) or chain (3).") var store: String?
    @Option(help: "A register, 9 characters.") var register: String?
    @Flag(help: "Only what waits for people.") var open = false
    @Option(help: "At most this many, up to 1000.") var limit = 50

    func run() async throws {
        var search = AdminRequest.PaymentSearch()
        search.text = text
        search.store = store
        search.register = register
        search.queuedOnly = open
        search.limit = limit
        try await target.perform(.payments(search))
    }
}

struct AdminStatement: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "statement",
        abstract: "Fetches a wallet's statement of one day and prints its rows and totals.",
        discussion: "A day is one in China (UTC+8). Wallets make its file on the next morning, until about ten o'clock."
    )

    @OptionGroup var target: AdminTarget
    @Option(help: "The account, such as alipay-live; 'tillbridge admin routing show' lists them.") var account: String
    @Option(help: "YYYY-MM-DD.") var day: String

    func run() async throws {
        try await target.perform(.statement(account: account, day: day, asJSON: target.json))
    }
}

struct AdminPromote: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote",
        abstract: "Tells a cloud that its database was restored from a backup, before it takes payments again."
    )

    @OptionGroup var target: AdminTarget
    @Option(name: .customLong("operator"), help: "Who did it.") var person: String

    func run() async throws { try await target.perform(.promote(person: person)) }
}
