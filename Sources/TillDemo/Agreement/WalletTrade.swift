// Part of Tillbridge. See LICENSE.

/// A trade in the wallet's own books, as the sandbox's control interface shows it. Amounts in fen.
struct WalletTrade: Decodable, Equatable, Sendable {
    var wallet: String
    var merchantOrderNumber: String
    var amount: Int64
    var state: String
    /// What the shopper has paid and not got back.
    var net: Int64

    /// The register is part of every order number: characters 2 to 10.
    var register: String { String(merchantOrderNumber.dropFirst().prefix(9)) }
}

/// Totals of the sandbox's double-entry books. Amounts in fen.
struct WalletTotals: Decodable, Equatable, Sendable {
    var shoppers: Int64
    var merchant: Int64
    var inFlight: Int64
    var sum: Int64
}
