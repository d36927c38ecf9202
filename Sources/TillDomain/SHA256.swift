// Part of Tillbridge. See LICENSE.

/// SHA-256 (FIPS 180-4), fed in pieces. It allocates nothing but the digest it returns.
package struct SHA256: Sendable {
    private var state = State()
    private var block = InlineArray<64, UInt8>(repeating: 0)
    private var filled = 0
    private var length: UInt64 = 0

    package init() {}

    /// The 32 bytes for a whole message.
    package static func hash(_ message: some Collection<UInt8>) -> [UInt8] {
        var hasher = SHA256()
        hasher.update(message)
        return hasher.finalize()
    }

    package mutating func update(_ bytes: some Collection<UInt8>) {
        let done: Void? = bytes.withContiguousStorageIfAvailable { absorb($0) }
        if done == nil {
            for byte in bytes { append(byte) }
        }
    }

    package mutating func update(_ text: StaticString) {
        text.withUTF8Buffer { absorb($0) }
    }

    /// The 32 bytes for everything fed so far. A copy taken before can go on.
    @inline(never) package consuming func finalize() -> [UInt8] {
        let bits = length &* 8
        block[filled] = 0x80
        filled += 1
        if filled > 56 {
            fill(to: 64)
            compressBlock()
        }
        fill(to: 56)
        for index in 0..<8 { block[56 + index] = UInt8(truncatingIfNeeded: bits >> UInt64(56 - 8 * index)) }
        compressBlock()
        var digest: [UInt8] = []
        digest.reserveCapacity(32)
        state.forEachWord { word in
            for index in 0..<4 { digest.append(UInt8(truncatingIfNeeded: word >> UInt32(24 - 8 * index))) }
        }
        return digest
    }

    private mutating func append(_ byte: UInt8) {
        block[filled] = byte
        filled += 1
        length &+= 1
        if filled == 64 { compressBlock() }
    }

    private mutating func fill(to end: Int) {
        while filled < end {
            block[filled] = 0
            filled += 1
        }
    }

    @inline(never) private mutating func compressBlock() {
        let whole = block
        state.compress { whole[$0] }
        filled = 0
    }

    // Never inlined: callers are many, and each would get a copy of the rounds.
    @inline(never) private mutating func absorb(_ bytes: UnsafeBufferPointer<UInt8>) {
        var position = 0
        while position < bytes.count, filled != 0 || bytes.count - position < 64 {
            append(bytes[position])
            position += 1
        }
        // Whole blocks are read where they lie.
        while bytes.count - position >= 64 {
            state.compress { bytes[position + $0] }
            position += 64
            length &+= 64
        }
        while position < bytes.count {
            append(bytes[position])
            position += 1
        }
    }
}

extension SHA256 {
    /// The eight working words between two blocks.
    fileprivate struct State: Sendable {
        private var words: (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32) = (
            0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19
        )

        func forEachWord(_ body: (UInt32) -> Void) {
            body(words.0)
            body(words.1)
            body(words.2)
            body(words.3)
            body(words.4)
            body(words.5)
            body(words.6)
            body(words.7)
        }

        mutating func compress(_ byte: (Int) -> UInt8) {
            // The schedule needs only its last 16 words at a time.
            var schedule = InlineArray<16, UInt32>(repeating: 0)
            for index in 0..<16 {
                let first = UInt32(byte(4 * index)) << 24 | UInt32(byte(4 * index + 1)) << 16
                schedule[index] = first | UInt32(byte(4 * index + 2)) << 8 | UInt32(byte(4 * index + 3))
            }
            var (a, b, c, d, e, f, g, h) = words
            for round in 0..<64 {
                var word = schedule[round & 15]
                if round >= 16 {
                    let early = schedule[(round + 1) & 15]
                    let late = schedule[(round + 14) & 15]
                    let small0 = rotate(early, 7) ^ rotate(early, 18) ^ early >> 3
                    let small1 = rotate(late, 17) ^ rotate(late, 19) ^ late >> 10
                    word = word &+ small0 &+ schedule[(round + 9) & 15] &+ small1
                    schedule[round & 15] = word
                }
                let big1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
                let choice = (e & f) ^ (~e & g)
                let first = h &+ big1 &+ choice &+ SHA256.constants[round] &+ word
                let big0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
                let majority = (a & b) ^ (a & c) ^ (b & c)
                (h, g, f, e) = (g, f, e, d &+ first)
                (d, c, b, a) = (c, b, a, first &+ big0 &+ majority)
            }
            words.0 &+= a
            words.1 &+= b
            words.2 &+= c
            words.3 &+= d
            words.4 &+= e
            words.5 &+= f
            words.6 &+= g
            words.7 &+= h
        }

        private func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 { word &>> count | word &<< (32 &- count) }
    }

    private static let constants: InlineArray<64, UInt32> = [
        0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
        0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
        0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
        0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
        0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
        0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
        0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
        0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
    ]
}
