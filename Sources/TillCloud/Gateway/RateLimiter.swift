// Part of Tillbridge. See LICENSE.
import Synchronization

/// Token buckets by name: a register, a store or an account that floods hurts only itself.
///
/// Bounded: with more names than `capacity` the ones that are full again are forgotten, which costs nothing, since a
/// full bucket and no bucket behave alike.
final class RateLimiter<Key: Hashable & Sendable>: Sendable {
    struct Rate: Sendable, Equatable {
        /// Tokens per second.
        let perSecond: Int64
        /// Most tokens at once.
        let burst: Int64
    }

    private struct Bucket {
        /// In thousandths of a token, so that whole numbers suffice.
        var thousandths: Int64
        var at: Int64
    }

    private let rate: Rate
    private let capacity: Int
    private let buckets = Mutex<[Key: Bucket]>([:])

    init(_ rate: Rate, capacity: Int = 100_000) {
        self.rate = rate
        self.capacity = capacity
    }

    /// Takes one token.
    /// - Parameter milliseconds: A clock that never goes back.
    /// - Returns: Nil if there was one, else how many milliseconds until there is.
    func take(_ key: Key, at milliseconds: Int64) -> Int64? {
        buckets.withLock { buckets in
            var bucket = buckets[key] ?? Bucket(thousandths: rate.burst * 1000, at: milliseconds)
            refill(&bucket, at: milliseconds)
            defer { buckets[key] = bucket }
            if buckets.count >= capacity, buckets[key] == nil { forget(&buckets, at: milliseconds) }
            guard bucket.thousandths < 1000 else {
                bucket.thousandths -= 1000
                return nil
            }
            return (1000 - bucket.thousandths + rate.perSecond - 1) / rate.perSecond
        }
    }

    private func refill(_ bucket: inout Bucket, at milliseconds: Int64) {
        let span = min(max(0, milliseconds - bucket.at), 3_600_000)
        bucket.thousandths = min(rate.burst * 1000, bucket.thousandths + span * rate.perSecond)
        bucket.at = max(bucket.at, milliseconds)
    }

    private func forget(_ buckets: inout [Key: Bucket], at milliseconds: Int64) {
        let rate = rate
        buckets = buckets.filter { _, bucket in
            bucket.thousandths + (milliseconds - bucket.at) * rate.perSecond < rate.burst * 1000
        }
        // All of them busy: start afresh rather than grow without bound.
        if buckets.count >= capacity { buckets.removeAll() }
    }
}
