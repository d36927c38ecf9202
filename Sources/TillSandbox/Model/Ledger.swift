// Part of Tillbridge. See LICENSE.

/// An account of a wallet's ledger.
package enum LedgerAccount: Hashable, Sendable {
    case shopper(String)
    case merchant
    /// Refunds that have left the merchant and not reached the shopper.
    case inFlight

    package init(name: String) {
        switch name {
        case "merchant": self = .merchant
        case "in-flight": self = .inFlight
        default: self = .shopper(String(name.dropFirst("shopper:".count)))
        }
    }

    package var name: String {
        switch self {
        case .shopper(let shopper): "shopper:\(shopper)"
        case .merchant: "merchant"
        case .inFlight: "in-flight"
        }
    }
}

/// One movement of money, `amount` fen from one account to another.
package struct LedgerEntry: Codable, Equatable, Sendable {
    package let wallet: SandboxWallet
    package let sequence: Int64
    package let at: Int64
    package let merchantOrderNumber: String
    package let from: String
    package let to: String
    package let amount: Int64
    package let memo: String
}

/// Double entry: every movement takes from one account what it gives to another, so all balances sum to zero.
package struct Ledger: Sendable {
    private var balances: [LedgerAccount: Int64] = [:]
    private var lastSequence: Int64 = 0
    /// All shoppers together.
    package private(set) var shoppers: Int64 = 0

    package init() {}

    package func balance(of account: LedgerAccount) -> Int64 { balances[account, default: 0] }

    /// The sum of all accounts. Anything but zero is a defect.
    package var sum: Int64 { balances.values.reduce(0, +) }

    package mutating func nextSequence() -> Int64 {
        lastSequence += 1
        return lastSequence
    }

    package mutating func apply(_ entry: LedgerEntry) {
        precondition(entry.amount >= 0, "a movement has a direction, not a sign")
        lastSequence = max(lastSequence, entry.sequence)
        add(-entry.amount, to: LedgerAccount(name: entry.from))
        add(entry.amount, to: LedgerAccount(name: entry.to))
    }

    private mutating func add(_ amount: Int64, to account: LedgerAccount) {
        balances[account, default: 0] += amount
        if case .shopper = account { shoppers += amount }
    }
}
