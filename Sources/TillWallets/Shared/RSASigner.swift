// Part of Tillbridge. See LICENSE.
import COpenSSL
import Crypto

/// Signs with RSASSA-PKCS1-v1.5 and SHA-256 (RFC 8017, section 8.2).
///
/// OpenSSL signs with RSA-2048 in half of the time that swift-crypto's BoringSSL takes on processors with AVX-512 IFMA,
/// and this signature is the dearest computation of a payment. Keys are read and checked, and answers verified, by
/// swift-crypto.
final class RSASigner: Sendable {
    /// A signature that has begun. OpenSSL looks its algorithms up by name whenever one begins, so that each is a copy of
    /// this one. Shared by threads: it is only ever copied, and what a copy shares with it, OpenSSL locks.
    private nonisolated(unsafe) let begun: OpaquePointer
    /// Of a signature, in bytes.
    private let size: Int

    /// - Parameter key: DER, PKCS#1 or PKCS#8. Nil for anything but an RSA private key.
    init?(_ key: [UInt8]) {
        defer { ERR_clear_error() }
        let read = key.withUnsafeBufferPointer { bytes in
            var position = bytes.baseAddress
            return d2i_AutoPrivateKey(nil, &position, bytes.count)
        }
        guard let read else { return nil }
        // The context keeps it.
        defer { EVP_PKEY_free(read) }
        guard EVP_PKEY_get_base_id(read) == EVP_PKEY_RSA, let context = EVP_PKEY_CTX_new(read, nil) else { return nil }
        guard EVP_PKEY_sign_init(context) == 1, EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1,
            EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1
        else {
            EVP_PKEY_CTX_free(context)
            return nil
        }
        begun = context
        size = Int(EVP_PKEY_get_size(read))
    }

    deinit { EVP_PKEY_CTX_free(begun) }

    /// The signature, as long as the key's modulus; nil where OpenSSL fails.
    func sign(_ text: [UInt8]) -> [UInt8]? {
        guard let context = EVP_PKEY_CTX_dup(begun) else { return nil }
        defer { EVP_PKEY_CTX_free(context) }
        var length = size
        var signature = [UInt8](repeating: 0, count: size)
        let digest = [UInt8](Crypto.SHA256.hash(data: text))
        guard EVP_PKEY_sign(context, &signature, &length, digest, digest.count) == 1, length == size else {
            ERR_clear_error()
            return nil
        }
        return signature
    }
}
