// Part of Tillbridge. See LICENSE.
import Foundation
import Synchronization
import TillCloud
import TillDomain

/// The newest routing, asked of the clouds at most every few seconds: which wallets a store takes.
final class RoutingLook: Sendable {
    private static let keptMilliseconds: Int64 = 5_000

    enum Look: Sendable {
        case known(Routing)
        /// No routing was published yet.
        case none
        /// No cloud answers.
        case silent

        /// The wallets whose codes are paid at a store; nil where nobody knows.
        func wallets(at store: String, _ now: Int64) -> [String]? {
            switch self {
            case .known(let routing):
                var wallets: [String] = []
                for (_, rule) in routing.taken(at: store, at: Timestamp(milliseconds: now)) {
                    let wallet = rule.wallet.description
                    if !wallets.contains(wallet) { wallets.append(wallet) }
                }
                return wallets
            case .none: return []
            case .silent: return nil
            }
        }
    }

    private let last = Mutex<(look: Look, at: Int64)?>(nil)

    func look(at clouds: CloudLines, now: Int64) async -> Look {
        if let last = last.withLock({ $0 }), now - last.at < RoutingLook.keptMilliseconds { return last.look }
        let look: Look
        do {
            let reply = try await clouds.perform(.showRouting(version: nil), by: "console")
            look = .known(try Routing(JSONDecoder().decode(RoutingPlan.self, from: Data(reply.json.utf8))))
        } catch is StartError {
            look = .none
        } catch {
            look = .silent
        }
        last.withLock { $0 = (look, now) }
        return look
    }
}
