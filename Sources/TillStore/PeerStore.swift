// Part of Tillbridge. See LICENSE.
package import TillDomain

/// How far the peer's log has been read.
package struct PeerCursor: Equatable, Sendable {
    package let head: LogHead
    /// The peer's own last promotion, as it said.
    package let promotedAt: Timestamp?
    package let pulledAt: Timestamp?

    package init(head: LogHead, promotedAt: Timestamp?, pulledAt: Timestamp?) {
        self.head = head
        self.promotedAt = promotedAt
        self.pulledAt = pulledAt
    }

    package static let start = PeerCursor(head: .start, promotedAt: nil, pulledAt: nil)
}

/// Why nothing of a page was applied.
package enum PeerAlarm: Equatable, Sendable {
    /// An entry is missing before this one.
    case gap(at: Int64)
    case wrongHash(at: Int64)
    /// The peer's log ends before what was read of it: its database lost commits.
    case headWentBack(to: Int64)
    /// The page says that more exists than it could, or less.
    case headContradicts(Int64)
}

package enum PeerResult: Equatable, Sendable {
    case applied(PeerCursor)
    case refused(PeerAlarm)
}

/// The peer's log as replica rows. They decide nothing about money.
package protocol PeerStore: Sendable {
    func peerCursor(of cloud: CloudName) async throws(StoreError) -> PeerCursor
    /// Applies a whole page or nothing. Documents of the kinds in `adopting` become this cloud's own, because the
    /// peer is their home; they get no entry in the own log.
    func apply(
        _ page: LogPage,
        of cloud: CloudName,
        adopting: [LogKind],
        at now: Timestamp
    ) async throws(StoreError) -> PeerResult
    /// The newest entry of each key of a kind, newest first.
    func replicas(of cloud: CloudName, kind: LogKind, limit: Int) async throws(StoreError) -> [LogEntry]
    /// The newest entry of each key, of those after a sequence, oldest first: what a key was in between is not kept.
    func replicas(of cloud: CloudName, after sequence: Int64, limit: Int) async throws(StoreError) -> [LogEntry]
    func replica(of cloud: CloudName, kind: LogKind, key: String) async throws(StoreError) -> LogEntry?
}

extension PeerCursor {
    /// The cursor after a page, or why the page is refused as a whole.
    package func advanced(by page: LogPage, at now: Timestamp) -> PeerResult {
        guard page.head >= head.sequence else { return .refused(.headWentBack(to: page.head)) }
        var next = head
        for entry in page.entries {
            guard entry.sequence == next.sequence + 1 else { return .refused(.gap(at: entry.sequence)) }
            guard entry.follows(next) else { return .refused(.wrongHash(at: entry.sequence)) }
            next = entry.head
        }
        guard next.sequence <= page.head, !page.entries.isEmpty || next.sequence == page.head else {
            return .refused(.headContradicts(page.head))
        }
        return .applied(PeerCursor(head: next, promotedAt: page.promotedAt, pulledAt: now))
    }
}
