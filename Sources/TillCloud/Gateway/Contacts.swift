// Part of Tillbridge. See LICENSE.
import Synchronization
import TillDomain
import TillProtocol

/// When proxies last heard the registers. In memory alone: a register is heard again within seconds of a start, and
/// nothing but people's pages depends on it.
final class Contacts: Sendable {
    private let moments = Mutex<[RegisterID: Timestamp]>([:])

    /// - Parameter isKnown: Whether a register is in this cloud's configuration; others are not remembered.
    func note(_ report: PresenceReport, at now: Timestamp, isKnown: (RegisterID) -> Bool) {
        moments.withLock { moments in
            for register in report.registers where isKnown(register) { moments[register] = now }
        }
    }

    var all: [RegisterID: Timestamp] { moments.withLock { $0 } }
}
