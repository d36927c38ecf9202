// Part of Tillbridge. See LICENSE.
import NIOCore
import Synchronization

/// Counts register connections of the whole process, in all and per address, so that one store cannot take all places.
final class ConnectionLedger: Sendable {
    private struct Counts {
        var all = 0
        var perAddress: [String: Int] = [:]
        var refused: UInt64 = 0
    }

    private let counts = Mutex(Counts())
    private let limits: ProxySettings.Limits

    init(limits: ProxySettings.Limits) { self.limits = limits }

    var refused: UInt64 { counts.withLock { $0.refused } }

    /// False if there is no place. Otherwise ``leave(_:)`` must follow once.
    func enter(_ address: SocketAddress?) -> Bool {
        let key = address?.ipAddress ?? ""
        return counts.withLock { counts in
            guard counts.all < limits.connections, counts.perAddress[key, default: 0] < limits.connectionsPerAddress
            else {
                counts.refused += 1
                return false
            }
            counts.all += 1
            counts.perAddress[key, default: 0] += 1
            return true
        }
    }

    func leave(_ address: SocketAddress?) {
        let key = address?.ipAddress ?? ""
        counts.withLock { counts in
            counts.all -= 1
            let left = counts.perAddress[key, default: 1] - 1
            counts.perAddress[key] = left > 0 ? left : nil
        }
    }
}
