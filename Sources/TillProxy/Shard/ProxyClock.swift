// Part of Tillbridge. See LICENSE.
import NIOCore

/// Monotonic time of this process. Machines take milliseconds, histograms take microseconds.
enum ProxyClock {
    static var milliseconds: Int64 { Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000) }
    static var microseconds: Int64 { Int64(NIODeadline.now().uptimeNanoseconds / 1_000) }
}
