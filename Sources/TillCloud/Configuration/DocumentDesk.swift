// Part of Tillbridge. See LICENSE.
import TillDomain
import TillStore

/// Stores changes of the configuration, and lets them take effect.
struct DocumentDesk: Sendable {
    let store: any CloudStore
    let directory: Directory
    let clock: any CloudClock
    /// Rings for the peer, which waits for new entries of the log.
    let logBell: ChangeBoard<Int, Bool>

    /// - Throws: ``StartError`` if somebody else has changed the same thing meanwhile.
    func change(_ changes: [DocumentChange], by note: AuditNote) async throws {
        switch try await store.change(changes, at: clock.now(), by: note) {
        case .stored: try applied(changes)
        case .lost(_, let key): throw StartError("\(key) has been changed by somebody else meanwhile: try again.")
        }
    }

    /// What has been stored takes effect.
    func applied(_ changes: [DocumentChange]) throws {
        for change in changes { try directory.apply(change.kind, key: change.key, body: change.body) }
        logBell.post(true, for: 0)
    }
}
