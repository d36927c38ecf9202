// Part of Tillbridge. See LICENSE.

/// What the demo's parent knows of the work that makes a chain: a process of its own, since it needs the services' code,
/// and nothing that compares them may.
package enum ChainSeeding {
    /// The hidden subcommand's name.
    package static let command = "demo-chain"
    /// How many of the chain's registers get a process: the till's, and those of the live sales.
    package static let registers = 4
    /// Seconds on a very busy machine.
    static let patience = 300.0

    static let announcement =
        "Making a chain of stores, and a trading day behind it. This happens once, and takes some seconds …"

    /// What the work says in the end.
    struct Made: Decodable, Sendable {
        let running: [String]
        let stores: Int
        let registers: Int
        let payments: Int

        var summary: String { "\(stores) stores, \(registers) registers, \(payments) payments" }
    }
}
