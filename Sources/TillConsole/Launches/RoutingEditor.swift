// Part of Tillbridge. See LICENSE.
import TillCloud
import TillDomain

/// Lets stores take wallets, or leave them, by new versions of the routing.
struct RoutingEditor: Sendable {
    /// Somebody else may publish between the look and the change, but not all the time.
    private static let tries = 5

    let clouds: CloudLines
    let person: String

    /// Publishes what is not so already: stores that take each wallet by its account.
    ///
    /// - Parameter beside: Stores that took the wallets by the same accounts before. They are named again, so that the
    ///   routing keeps one row and not one for each wave.
    /// - Throws: ``StartError`` with the cloud's own sentence; ``CloudLines/Silence/noCloud``.
    func take(_ wallets: [LaunchWallet], at stores: [String], beside: [String], now: Int64) async throws {
        for wallet in wallets {
            try await publish { routing in
                guard !RoutingEditor.takes(wallet, at: stores, routing, now) else { return nil }
                return .take(
                    wallet: wallet.wallet,
                    account: wallet.account,
                    stores: (beside + stores).unique.sorted().joined(separator: ","),
                    from: nil,
                    until: nil
                )
            }
        }
    }

    func leave(_ wallets: [LaunchWallet], at store: String, now: Int64) async throws {
        for wallet in wallets {
            try await publish { routing in
                guard RoutingEditor.takes(wallet, at: [store], routing, now) else { return nil }
                return .leave(wallet: wallet.wallet, stores: store, from: nil, until: nil)
            }
        }
    }

    /// Which of some stores take all wallets by their accounts.
    func taking(_ wallets: [LaunchWallet], among stores: [String], now: Int64) async throws -> [String] {
        let routing = try await newest()
        return stores.filter { store in
            wallets.allSatisfy { RoutingEditor.takes($0, at: [store], routing, now) }
        }
    }

    private static func takes(_ wallet: LaunchWallet, at stores: [String], _ routing: Routing, _ now: Int64) -> Bool {
        guard let name = Wallet(wallet.wallet.utf8) else { return false }
        return stores.allSatisfy { store in
            routing.account(of: name, store: Array(store.utf8), at: Timestamp(milliseconds: now)) == wallet.account
        }
    }

    private func newest() async throws -> Routing {
        let plan: RoutingPlan = try await clouds.answer(to: .showRouting(version: nil), by: person)
        return try Routing(plan)
    }

    private func publish(_ edit: (Routing) -> SignFlagEdit?) async throws {
        for attempt in 1...RoutingEditor.tries {
            let routing = try await newest()
            guard let edit = edit(routing) else { return }
            do {
                _ = try await clouds.perform(
                    .editSignFlags(base: routing.version, edit: edit, allowGap: false),
                    by: person
                )
                return
            } catch let error as StartError {
                let isOld = try await newest().version != routing.version
                guard isOld, attempt < RoutingEditor.tries else { throw error }
            }
        }
    }
}
