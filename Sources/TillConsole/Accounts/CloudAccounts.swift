// Part of Tillbridge. See LICENSE.

/// The payment accounts as one cloud tells of them.
struct CloudAccounts: Decodable, Sendable {
    struct Account: Decodable, Sendable {
        struct PublicEnd: Decodable, Equatable, Sendable {
            let name: String
            let end: String
        }

        struct Certificate: Decodable, Equatable, Sendable {
            let name: String
            /// Milliseconds since 1970.
            let expiresAt: Int64
        }

        let account: String
        let wallet: String
        let version: String
        let sandbox: Bool
        let baseURL: String
        /// `closed`, `open`, `unusable`.
        let circuit: String
        /// Names only.
        let credentials: [String]
        let ids: [PublicEnd]
        let certificates: [Certificate]
        let inFlight: Int
        let waiting: Int
        let limit: Int
    }

    let cloud: String
    let accounts: [Account]
}

/// What a wallet said to one cloud about an order number that does not exist.
struct AccountTrialAnswer: Decodable, Sendable {
    let cloud: String
    let result: String
    let milliseconds: Int64
    let code: String?
}
