// Part of Tillbridge. See LICENSE.

/// One store of the demo's chain, as its row of the import has it.
package struct ChainStore: Equatable, Sendable {
    /// How far the store is with mobile payment.
    package enum Standing: Equatable, Sendable {
        case live
        /// Live in the morning, and taken off its wallets during the day.
        case paused
        /// Chosen for the next launch.
        case testing
        case draft

        /// Whether it sells by wallet on the day, at least for a part of it.
        package var sells: Bool { self == .live || self == .paused }
    }

    package let region: String
    package let city: String
    /// Shoppers read it in their wallets.
    package let name: String
    /// By name. A register with a process of its own is the last of its store.
    package let registers: [String]
    package let standing: Standing
    /// Whether its last register is one that a person or the live sales use.
    package let hasRunningRegister: Bool
}
