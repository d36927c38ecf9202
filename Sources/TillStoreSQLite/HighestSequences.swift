// Part of Tillbridge. See LICENSE.
import Synchronization
import TillDomain

/// The registers' highest sequences as the database holds them, so that a payment need not read what the commit before
/// it wrote. A value enters after its commit, so that one that is read here is never higher than the database's.
final class HighestSequences: Sendable {
    private let state = Mutex<[RegisterID: UInt64]>([:])

    func highest(of register: RegisterID) -> UInt64? { state.withLock { $0[register] } }

    /// - Parameter highest: What the database held at some moment: later it holds no less.
    func note(_ highest: UInt64, of register: RegisterID) {
        state.withLock { $0[register] = max($0[register] ?? 0, highest) }
    }
}
