// Part of Tillbridge. See LICENSE.
import GRDB
import Synchronization

/// The numbers above the live list, reckoned once per scope and second for all pages that show them.
final class StripShelf: Sendable {
    private struct Key: Hashable {
        let scope: Scope
        /// Since 1970.
        let second: Int64
    }

    private let kept = Mutex<[Key: Task<LiveStrip, any Error>]>([:])

    /// - Parameter now: Milliseconds since 1970.
    func strip(in scope: Scope, at now: Int64, from pool: DatabasePool) async throws -> LiveStrip {
        let key = Key(scope: scope, second: now / 1_000)
        let task = kept.withLock { kept in
            if let present = kept[key] { return present }
            // One second's numbers are of no use in the next.
            kept = kept.filter { $0.key.second == key.second }
            // A task of its own: a page that is closed does not take the numbers from the others.
            let task = Task { try await pool.read { try LiveStrip(in: scope, at: now, $0) } }
            kept[key] = task
            return task
        }
        return try await task.value
    }
}
