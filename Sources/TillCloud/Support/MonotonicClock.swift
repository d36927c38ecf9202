// Part of Tillbridge. See LICENSE.
import CoreFoundation
import Glibc

/// Milliseconds of a clock that never goes back, for rates and spans. Its zero means nothing.
enum MonotonicClock {
    static func milliseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
