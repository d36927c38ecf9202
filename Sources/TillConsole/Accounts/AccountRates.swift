// Part of Tillbridge. See LICENSE.
import GRDB
import TillCloud
import TillDomain

/// How the payments of the last 24 hours ended, by account: those of this hour and of the 23 before it. Payments do not
/// name their account: it follows from store and wallet by the newest routing.
struct AccountRates: Sendable {
    private static let hours: Int64 = 24

    private struct Group: Sendable {
        let store: String
        let wallet: String
        let state: String
        let reason: String
        let count: Int
    }

    private let groups: [Group]

    init(in scope: Scope, at now: Int64, _ database: Database) throws {
        let within = scope.storeCondition("store")
        groups = try Row.fetchAll(
            database,
            sql: """
                SELECT store, wallet, state, reason, sum(count) AS count FROM tally
                WHERE hour > ? AND \(within.sql) GROUP BY store, wallet, state, reason
                """,
            arguments: [now / Tally.hourMilliseconds - AccountRates.hours] + within.arguments
        ).map {
            Group(
                store: $0["store"],
                wallet: $0["wallet"],
                state: $0["state"],
                reason: $0["reason"],
                count: $0["count"]
            )
        }
    }

    func outcomes(by routing: Routing, at now: Int64) -> [String: Outcomes] {
        var accounts: [String: Outcomes] = [:]
        for group in groups {
            guard let wallet = Wallet(group.wallet.utf8),
                let account = routing.account(
                    of: wallet,
                    store: Array(group.store.utf8),
                    at: Timestamp(milliseconds: now)
                )
            else { continue }
            accounts[account, default: Outcomes()].add(state: group.state, reason: group.reason, count: group.count)
        }
        return accounts
    }
}
