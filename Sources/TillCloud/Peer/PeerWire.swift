// Part of Tillbridge. See LICENSE.
import TillDomain
import TillProtocol
import TillStore

/// The transaction log between its stored form and the wire's.
enum PeerWire {
    /// An answer is at most 1 MiB; this leaves room for its head and for escapes.
    static let answerBytes = 900 * 1024

    /// As many entries as fit. At least one, so that a large one cannot stop the log.
    static func entries(_ page: LogPage, within limit: Int) -> [PeerLogEntry] {
        var entries: [PeerLogEntry] = []
        var size = 0
        for entry in page.entries {
            // Quotes in the body become two bytes each.
            size += 2 * entry.body.utf8.count + 2 * entry.key.utf8.count + 200
            if size > limit, !entries.isEmpty { break }
            entries.append(
                PeerLogEntry(
                    sequence: entry.sequence,
                    time: entry.time,
                    kind: Named(kind: entry.kind),
                    key: Array(entry.key.utf8),
                    body: Array(entry.body.utf8),
                    hash: entry.hash
                )
            )
        }
        return entries
    }

    static func page(_ answer: PeerLogAnswer) -> LogPage {
        LogPage(
            entries: answer.entries.map { entry in
                LogEntry(
                    sequence: entry.sequence,
                    time: entry.time,
                    kind: String(decoding: entry.kind.bytes, as: UTF8.self),
                    key: String(decoding: entry.key, as: UTF8.self),
                    body: String(decoding: entry.body, as: UTF8.self),
                    hash: entry.hash
                )
            },
            head: answer.newest,
            promotedAt: answer.promotedAt == .unknown ? nil : answer.promotedAt
        )
    }
}

extension Named where Value == PeerLogKind {
    fileprivate init(kind: String) {
        self = PeerLogKind(wireName: kind.utf8).map { .known($0) } ?? .other(Array(kind.utf8))
    }
}
