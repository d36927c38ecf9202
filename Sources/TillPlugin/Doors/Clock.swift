// Part of Tillbridge. See LICENSE.
import CPlatform

/// The clocks of the register's machine.
package enum Clock {
    /// Milliseconds that only rise and that count while the machine sleeps. For waiting.
    package static var monotonic: Int64 { cp_monotonic_ms() }
    /// Milliseconds since 1970 UTC as the machine believes. Not trusted.
    package static var real: Int64 { cp_real_ms() }
}

/// The kernel's random generator.
package enum Random {
    package static func bits() -> UInt64 {
        var bits: UInt64 = 0
        cp_random(&bits, 8)
        return bits
    }

    package static func bytes(_ count: Int) -> [UInt8] {
        Bytes.filled(capacity: count) { buffer, capacity in
            cp_random(buffer, capacity)
            return capacity
        }
    }

    /// 0 ..< bound. The bias of the remainder is far below what spreading load needs.
    package static func below(_ bound: Int64) -> Int64 { bound <= 0 ? 0 : Int64(bits() % UInt64(bound)) }
}
