// Part of Tillbridge. See LICENSE.
import Foundation
import Synchronization

/// Where the sandbox gets its moments from.
package protocol SandboxTime: Sendable {
    /// Milliseconds since 1970 UTC.
    var now: Int64 { get }
}

package struct SystemTime: SandboxTime {
    package init() {}

    package var now: Int64 { Int64((Date().timeIntervalSince1970 * 1000).rounded(.down)) }
}

/// A clock that moves only when it is told to.
package final class ManualTime: SandboxTime {
    private let value: Mutex<Int64>

    package init(_ start: Int64) { value = Mutex(start) }

    package var now: Int64 { value.withLock { $0 } }

    package func advance(_ milliseconds: Int64) { value.withLock { $0 += milliseconds } }
}
