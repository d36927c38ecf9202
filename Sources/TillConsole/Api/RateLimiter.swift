// Part of Tillbridge. See LICENSE.
import Synchronization

/// Lets each key do so many requests at once and so many a minute; kept in memory.
final class RateLimiter: Sendable {
    static let burst: Int64 = 60
    static let perMinute: Int64 = 600
    private static let interval = 60_000 / perMinute

    /// By key: when all that was let through would have been done, at the steady rate.
    private let due = Mutex<[Int64: Int64]>([:])

    /// - Parameter now: Milliseconds since 1970.
    /// - Returns: Nil if the request may pass; otherwise after how many milliseconds one may.
    func wait(_ key: Int64, at now: Int64) -> Int64? {
        due.withLock { due in
            // A clock that was set back makes nobody wait for longer than a whole burst.
            let latest = now + RateLimiter.burst * RateLimiter.interval
            let start = min(max(due[key] ?? now, now), latest)
            let wait = start - now - (RateLimiter.burst - 1) * RateLimiter.interval
            guard wait <= 0 else { return wait }
            due[key] = start + RateLimiter.interval
            return nil
        }
    }
}
