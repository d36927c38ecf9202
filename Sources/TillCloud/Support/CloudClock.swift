// Part of Tillbridge. See LICENSE.
import CoreFoundation
import Glibc
package import TillDomain

/// The time of a cloud. One port, so that tests and the self-fence see the same clock as the payment logic.
package protocol CloudClock: Sendable {
    func now() -> Timestamp
}

/// The clock of the machine.
package struct SystemClock: CloudClock {
    package init() {}

    package func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}

extension CloudClock {
    /// Sleeps until `moment`, or returns at once if it has passed.
    func sleep(until moment: Timestamp) async throws {
        let span = moment - now()
        if span > 0 { try await Task.sleep(for: .milliseconds(span)) }
    }
}
