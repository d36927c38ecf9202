// Part of Tillbridge. See LICENSE.

/// HMAC with SHA-256 (RFC 2104). A key is prepared once; each copy of the value then authenticates one message.
package struct HMACSHA256: Sendable {
    private var inner = SHA256()
    private var outer = SHA256()

    package init(key: some Collection<UInt8>) {
        let key = key.count > 64 ? SHA256.hash(key) : [UInt8](key)
        var block = InlineArray<64, UInt8>(repeating: 0x36)
        for index in key.indices { block[index] ^= key[index] }
        inner.update(block.span.bytes)
        for index in block.indices { block[index] ^= 0x36 ^ 0x5c }
        outer.update(block.span.bytes)
    }

    /// The 32 bytes for a whole message.
    package static func code(of message: some Collection<UInt8>, key: some Collection<UInt8>) -> [UInt8] {
        var code = HMACSHA256(key: key)
        code.update(message)
        return code.finalize()
    }

    package mutating func update(_ bytes: some Collection<UInt8>) { inner.update(bytes) }

    package mutating func update(_ bytes: RawSpan) { inner.update(bytes) }

    package consuming func finalize() -> [UInt8] {
        let digest = inner.digest()
        outer.update(digest.span.bytes)
        return outer.finalize()
    }
}

/// PBKDF2 with HMAC-SHA256 (RFC 8018), for the supervisors' codes.
package enum PBKDF2 {
    /// - Parameters:
    ///   - rounds: At least 1.
    ///   - length: Bytes wanted, at least 1.
    package static func key(
        password: some Collection<UInt8>,
        salt: some Collection<UInt8>,
        rounds: Int,
        length: Int = 32
    ) -> [UInt8] {
        precondition(rounds > 0 && length > 0, "rounds and length are positive")
        let prepared = HMACSHA256(key: password)
        var key: [UInt8] = []
        var blockNumber: UInt32 = 0
        while key.count < length {
            blockNumber += 1
            var first = prepared
            first.update(salt)
            first.update((0..<4).map { UInt8(truncatingIfNeeded: blockNumber >> UInt32(24 - 8 * $0)) })
            var last = first.finalize()
            var block = last
            for _ in 1..<rounds {
                var next = prepared
                next.update(last)
                last = next.finalize()
                for index in 0..<32 { block[index] ^= last[index] }
            }
            key += block
        }
        return [UInt8](key.prefix(length))
    }
}

/// Comparison of secrets: its time does not tell where two values differ.
package enum ConstantTime {
    package static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for index in left.indices { difference |= left[index] ^ right[index] }
        return difference == 0
    }
}
