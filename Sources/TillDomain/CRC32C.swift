// Part of Tillbridge. See LICENSE.

/// CRC-32C (Castagnoli polynomial, RFC 3720 appendix B.4): the checksum of journal records. Eight bytes a step.
package struct CRC32C: Sendable {
    private var register: UInt32 = .max

    package init() {}

    package static func checksum(_ bytes: some Collection<UInt8>) -> UInt32 {
        var crc = CRC32C()
        crc.update(bytes)
        return crc.value
    }

    /// The checksum of everything fed so far.
    package var value: UInt32 { ~register }

    package mutating func update(_ bytes: some Collection<UInt8>) {
        let done: Void? = bytes.withContiguousStorageIfAvailable { absorb($0) }
        if done == nil {
            [UInt8](bytes).withUnsafeBufferPointer { absorb($0) }
        }
    }

    private mutating func absorb(_ bytes: UnsafeBufferPointer<UInt8>) {
        let tables = CRC32C.tables
        var register = register
        var position = 0
        while bytes.count - position >= 8 {
            let b0 = bytes[position]
            let b1 = bytes[position + 1]
            let b2 = bytes[position + 2]
            let b3 = bytes[position + 3]
            let low = register ^ (UInt32(b0) | UInt32(b1) << 8 | UInt32(b2) << 16 | UInt32(b3) << 24)
            var next = tables[7 * 256 + Int(low & 255)] ^ tables[6 * 256 + Int(low >> 8 & 255)]
            next ^= tables[5 * 256 + Int(low >> 16 & 255)] ^ tables[4 * 256 + Int(low >> 24)]
            next ^= tables[3 * 256 + Int(bytes[position + 4])] ^ tables[2 * 256 + Int(bytes[position + 5])]
            next ^= tables[256 + Int(bytes[position + 6])] ^ tables[Int(bytes[position + 7])]
            register = next
            position += 8
        }
        while position < bytes.count {
            register = register >> 8 ^ tables[Int(register & 255 ^ UInt32(bytes[position]))]
            position += 1
        }
        self.register = register
    }

    /// Table t holds, for each byte, the effect of that byte followed by t zero bytes.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var remainder = UInt32(byte)
            for _ in 0..<8 { remainder = remainder >> 1 ^ (remainder & 1 == 1 ? 0x82f6_3b78 : 0) }
            tables[byte] = remainder
        }
        for index in 256..<8 * 256 {
            let shorter = tables[index - 256]
            tables[index] = shorter >> 8 ^ tables[Int(shorter & 255)]
        }
        return tables
    }()
}
