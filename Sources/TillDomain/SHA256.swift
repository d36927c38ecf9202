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
        let done: Void? = bytes.withContiguousStorageIfAvailable { absorb(UnsafeRawBufferPointer($0)) }
        if done == nil { update([UInt8](bytes)) }
    }

    package mutating func update(_ bytes: RawSpan) {
        bytes.withUnsafeBytes { absorb($0) }
    }

    package mutating func update(_ text: StaticString) {
        text.withUTF8Buffer { absorb(UnsafeRawBufferPointer($0)) }
    }

    /// The 32 bytes for everything fed so far. A copy taken before can go on.
    package consuming func finalize() -> [UInt8] {
        let digest = digest()
        return digest.span.withUnsafeBufferPointer { [UInt8]($0) }
    }

    /// The same, without an array.
    @inline(never) package consuming func digest() -> InlineArray<32, UInt8> {
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
        return state.bytes
    }

    private mutating func fill(to end: Int) {
        while filled < end {
            block[filled] = 0
            filled += 1
        }
    }

    private mutating func compressBlock() {
        block.span.withUnsafeBytes { state.compress($0) }
        filled = 0
    }

    // Never inlined: callers are many.
    @inline(never) private mutating func absorb(_ bytes: UnsafeRawBufferPointer) {
        length &+= UInt64(bytes.count)
        var rest = bytes[...]
        if filled > 0 {
            rest = rest.dropFirst(keep(rest.prefix(64 - filled)))
            guard filled == 64 else { return }
            compressBlock()
        }
        // Whole blocks are read where they lie.
        while rest.count >= 64 {
            state.compress(UnsafeRawBufferPointer(rebasing: rest.prefix(64)))
            rest = rest.dropFirst(64)
        }
        _ = keep(rest)
    }

    /// - Returns: How many bytes wait for their block now that did not before.
    private mutating func keep(_ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
        var place = block.mutableSpan
        place.withUnsafeMutableBytes { place in
            UnsafeMutableRawBufferPointer(rebasing: place[filled...]).copyBytes(from: bytes)
        }
        filled += bytes.count
        return bytes.count
    }
}

extension SHA256 {
    /// The eight working words between two blocks.
    fileprivate struct State: Sendable {
        private var words: InlineArray<8, UInt32> = [
            0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
        ]

        var bytes: InlineArray<32, UInt8> {
            var bytes = InlineArray<32, UInt8>(repeating: 0)
            for index in 0..<8 {
                bytes[4 * index] = UInt8(truncatingIfNeeded: words[index] >> 24)
                bytes[4 * index + 1] = UInt8(truncatingIfNeeded: words[index] >> 16)
                bytes[4 * index + 2] = UInt8(truncatingIfNeeded: words[index] >> 8)
                bytes[4 * index + 3] = UInt8(truncatingIfNeeded: words[index])
            }
            return bytes
        }

        /// - Parameter block: 64 bytes.
        @inline(never) mutating func compress(_ block: UnsafeRawBufferPointer) {
            var schedule = InlineArray<64, UInt32>(repeating: 0)
            for index in 0..<16 {
                schedule[index] = UInt32(bigEndian: block.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self))
            }
            for index in 16..<64 {
                let early = schedule[index - 15]
                let late = schedule[index - 2]
                let small0 = rotate(early, 7) ^ rotate(early, 18) ^ early >> 3
                let small1 = rotate(late, 17) ^ rotate(late, 19) ^ late >> 10
                schedule[index] = schedule[index - 16] &+ small0 &+ schedule[index - 7] &+ small1
            }
            var (a, b, c, d) = (words[0], words[1], words[2], words[3])
            var (e, f, g, h) = (words[4], words[5], words[6], words[7])
            func round(
                _ a: UInt32,
                _ b: UInt32,
                _ c: UInt32,
                _ d: inout UInt32,
                _ e: UInt32,
                _ f: UInt32,
                _ g: UInt32,
                _ h: inout UInt32,
                _ index: Int
            ) {
                let big1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
                let choice = g ^ e & (f ^ g)
                let first = h &+ big1 &+ choice &+ SHA256.constants[index] &+ schedule[index]
                let big0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
                let majority = a & b ^ c & (a ^ b)
                d &+= first
                h = first &+ big0 &+ majority
            }
            // Eight at a time: after them every word is in its old place, so none is moved.
            for index in stride(from: 0, to: 64, by: 8) {
                round(a, b, c, &d, e, f, g, &h, index)
                round(h, a, b, &c, d, e, f, &g, index + 1)
                round(g, h, a, &b, c, d, e, &f, index + 2)
                round(f, g, h, &a, b, c, d, &e, index + 3)
                round(e, f, g, &h, a, b, c, &d, index + 4)
                round(d, e, f, &g, h, a, b, &c, index + 5)
                round(c, d, e, &f, g, h, a, &b, index + 6)
                round(b, c, d, &e, f, g, h, &a, index + 7)
            }
            words[0] &+= a
            words[1] &+= b
            words[2] &+= c
            words[3] &+= d
            words[4] &+= e
            words[5] &+= f
            words[6] &+= g
            words[7] &+= h
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
