// Part of Tillbridge. See LICENSE.
import Synchronization

/// Watches the pay calls of one account: with more than half of them unknown in the last 30 seconds the wallet is
/// dark at the registers. Queries and undos go on and do not count: one silent payment asks many times.
///
/// Results older than the window are forgotten, so that payments are tried again half a minute after they stopped.
final class WalletBreaker: Sendable {
    private struct State {
        var results: [(at: Int64, known: Bool)] = []
        var wasDark = false
    }

    private let window: Int64
    private let least: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - window: In milliseconds.
    ///   - least: Fewer results than this prove nothing.
    init(window: Int64 = 30_000, least: Int = 8) {
        self.window = window
        self.least = least
    }

    /// - Parameters:
    ///   - known: Whether the wallet said anything certain.
    ///   - milliseconds: A clock that never goes back.
    func record(known: Bool, at milliseconds: Int64) {
        state.withLock { state in
            state.results.append((milliseconds, known))
            if state.results.count > 1_000 { state.results.removeFirst(500) }
        }
    }

    func isDark(at milliseconds: Int64) -> Bool { look(at: milliseconds).dark }

    /// True once after each change from dark to light: undos that wait for this wallet should be tried now.
    func cameBack(at milliseconds: Int64) -> Bool { look(at: milliseconds).cameBack }

    private func look(at milliseconds: Int64) -> (dark: Bool, cameBack: Bool) {
        state.withLock { state in
            let oldest = milliseconds - window
            state.results.removeAll { $0.at <= oldest }
            let unknown = state.results.reduce(0) { $0 + ($1.known ? 0 : 1) }
            let dark = state.results.count >= least && unknown * 2 > state.results.count
            defer { state.wasDark = dark }
            return (dark, state.wasDark && !dark)
        }
    }
}
