// Part of Tillbridge. See LICENSE.
import NIOCore

/// Monotonic time, as the event loop tells it: machines take milliseconds, histograms take microseconds.
extension EventLoop {
    var milliseconds: Int64 { Int64(now.uptimeNanoseconds / 1_000_000) }
    var microseconds: Int64 { Int64(now.uptimeNanoseconds / 1_000) }
}
