// Part of Tillbridge. See LICENSE.
import Synchronization
import TillDomain

/// Payment codes that no rule knew, as registers tell of them and as this cloud sees them, since its start.
final class UnknownCodeCounter: Sendable {
    struct Counts: Equatable, Sendable {
        var registers = UnknownCodes(limit: 256)
        var cloud = UnknownCodes(limit: 256)
    }

    let since: Timestamp
    private let state = Mutex(Counts())

    init(since: Timestamp) { self.since = since }

    var counts: Counts { state.withLock { $0 } }

    /// What a register refused by itself.
    func add(_ rows: [UnknownCodes.Row]) {
        guard !rows.isEmpty else { return }
        state.withLock { state in
            for row in rows { state.registers.add(row) }
        }
    }

    /// An intent whose own document has no rule for it.
    func count(_ intent: Intent) { state.withLock { $0.cloud.count(sign: intent.sign, length: intent.codeLength) } }

    /// For the metrics. The labels are digits, of which there are at most 256 kinds.
    var gauges: [(name: String, labels: String, value: Int)] {
        let counts = counts
        return [("register", counts.registers), ("cloud", counts.cloud)].flatMap { seen, codes in
            codes.rows.map { row in
                let prefix = row.prefix.isEmpty ? "other" : String(decoding: row.prefix, as: UTF8.self)
                return ("unknown_codes", "seen=\"\(seen)\",prefix=\"\(prefix)\",length=\"\(row.length)\"", row.count)
            }
        }
    }
}
