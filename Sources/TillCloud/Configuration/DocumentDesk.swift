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

    /// Registers may have this version from now on.
    func offer(_ version: Int, by note: AuditNote) async throws {
        guard var plan = directory.routing(version)?.document else { return }
        plan.held = true
        let body = try DocumentCoder.text(plan)
        try await change([DocumentChange(kind: .routing, key: "\(version)", body: body, from: nil)], by: note)
    }

    /// The other cloud has told which routing it holds.
    func peerHolds(_ version: Int, peer: CloudName) async throws {
        let snapshot = directory.snapshot
        guard snapshot.waitsForPeer, let newest = snapshot.routings.keys.filter({ $0 <= version }).max(),
            newest > snapshot.held ?? 0
        else { return }
        let note = AuditNote(actor: "cloud \(peer.text)", action: "routing-held", detail: "\(newest)")
        try await offer(newest, by: note)
    }

    /// What has been stored takes effect.
    func applied(_ changes: [DocumentChange]) throws {
        for change in changes { try directory.apply(change.kind, key: change.key, body: change.body) }
        logBell.post(true, for: 0)
    }
}
