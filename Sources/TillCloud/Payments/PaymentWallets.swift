// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine
import TillStore
import TillWallets

/// How the payment logic reaches wallets: one call, one outcome, never a repetition. Each call that was tried comes with
/// a note for people.
protocol PaymentWallets: Sendable {
    /// Where an intent leads, by the routing document of its version.
    func route(_ intent: Intent) -> CloudRoute
    /// Whether new payments of this intent's account are taken: it exists, and its breaker is closed.
    func isOn(_ intent: Intent) -> Bool
    /// Makes and signs the request of a pay call. Nothing leaves.
    func draft(_ payment: WalletPayment, intent: Intent) async -> PayDraft
    /// The one pay call.
    /// - Parameter mayWrite: The last check, directly before the request's content is written. True at most once.
    func pay(
        _ draft: PayDraft,
        deadline: Timestamp,
        mayWrite: @escaping @Sendable () -> Bool
    ) async -> (result: PayResult, note: WalletCallNote?)
    /// A call that may be repeated.
    func perform(_ operation: WalletOperation, intent: Intent) async -> (outcome: WalletOutcome, note: WalletCallNote?)
}

/// A pay request that is ready to leave. It holds the payment code: like the call's other details it is stored nowhere.
struct PayDraft: Sendable {
    let payment: WalletPayment
    let intent: Intent
    /// Nil where the account cannot make it.
    let request: OutboundRequest?
    /// The random text that the request was made with.
    var message = MessageID.random
}

/// What became of the one pay call.
enum PayResult: Equatable, Sendable {
    case outcome(PayOutcome)
    /// Provably, no byte was written.
    case unwritten(CloudUnwritten)
}
