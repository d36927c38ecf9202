// Part of Tillbridge. See LICENSE.
import CTLS

/// A P-256 private key. Its bytes are secret and its description shows none.
struct SigningKey: CustomStringConvertible {
    /// The number, 32 bytes, big-endian. For storing the key, nothing else.
    let secret: [UInt8]
    let publicKey: VerifyingKey

    /// Draws a new key. Nil when the library fails.
    init?() {
        var publicBytes = [UInt8](repeating: 0, count: Int(CTLS_PUBLIC_SIZE))
        var failed = false
        secret = Bytes.filled(capacity: Int(CTLS_PRIVATE_SIZE)) { buffer, capacity in
            failed = ctls_key_generate(buffer, &publicBytes) != 0
            return capacity
        }
        guard !failed, let publicKey = VerifyingKey(publicBytes) else { return nil }
        self.publicKey = publicKey
    }

    /// Nil for anything but 32 bytes that are a key.
    init?(secret: [UInt8]) {
        guard secret.count == Int(CTLS_PRIVATE_SIZE) else { return nil }
        var publicBytes = [UInt8](repeating: 0, count: Int(CTLS_PUBLIC_SIZE))
        guard ctls_key_public(secret, &publicBytes) == 0, let publicKey = VerifyingKey(publicBytes) else { return nil }
        self.secret = secret
        self.publicKey = publicKey
    }

    /// r‖s, 64 bytes, over a SHA-256 hash of 32 bytes.
    func sign(hash: [UInt8]) -> [UInt8] {
        precondition(hash.count == Int(CTLS_HASH_SIZE), "a SHA-256 hash")
        return Bytes.filled(capacity: Int(CTLS_SIGNATURE_SIZE)) { buffer, capacity in
            ctls_sign(secret, hash, buffer) == 0 ? capacity : 0
        }
    }

    var description: String { "signing key (masked)" }
}

/// A P-256 public key: the 65 bytes of its uncompressed point.
struct VerifyingKey: Equatable, Sendable {
    let bytes: [UInt8]

    /// Nil for another length or form. Whether the point is on the curve shows at the first use.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == Int(CTLS_PUBLIC_SIZE), bytes[0] == 4 else { return nil }
        self.bytes = bytes
    }

    func verifies(_ signature: [UInt8], hash: [UInt8]) -> Bool {
        signature.count == Int(CTLS_SIGNATURE_SIZE) && hash.count == Int(CTLS_HASH_SIZE)
            && ctls_verify(bytes, hash, signature) == 1
    }
}
