// Part of Tillbridge. See LICENSE.
import CPlatform

/// The clocks of the register's machine.
enum Clock {
    /// Milliseconds that only rise and that count while the machine sleeps. For waiting.
    static var monotonic: Int64 { cp_monotonic_ms() }
    /// Milliseconds since 1970 UTC as the machine believes. Not trusted.
    static var real: Int64 { cp_real_ms() }
}

/// The kernel's random generator.
enum Random {
    static func bits() -> UInt64 {
        var bits: UInt64 = 0
        cp_random(&bits, 8)
        return bits
    }

    static func bytes(_ count: Int) -> [UInt8] {
        Bytes.filled(capacity: count) { buffer, capacity in
            cp_random(buffer, capacity)
            return capacity
        }
    }

    /// 0 ..< bound. The bias of the remainder is far below what spreading load needs.
    static func below(_ bound: Int64) -> Int64 { bound <= 0 ? 0 : Int64(bits() % UInt64(bound)) }
}
