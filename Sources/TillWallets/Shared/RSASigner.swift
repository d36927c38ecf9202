// Part of Tillbridge. See LICENSE.
import COpenSSL

/// Signs with RSASSA-PKCS1-v1.5 and SHA-256 (RFC 8017, section 8.2).
///
/// OpenSSL signs with RSA-2048 in half of the time that swift-crypto's BoringSSL takes on processors with AVX-512, and
/// this signature is the dearest computation of a payment. Keys are read and checked, and answers verified, by
/// swift-crypto.
final class RSASigner: Sendable {
    /// Shared by threads: OpenSSL locks what a signature changes in a key.
    private nonisolated(unsafe) let key: OpaquePointer

    /// - Parameter key: DER, PKCS#1 or PKCS#8. Nil for anything but an RSA private key.
    init?(_ key: [UInt8]) {
        defer { ERR_clear_error() }
        let read = key.withUnsafeBufferPointer { bytes in
            var position = bytes.baseAddress
            return d2i_AutoPrivateKey(nil, &position, bytes.count)
        }
        guard let read else { return nil }
        guard EVP_PKEY_get_base_id(read) == EVP_PKEY_RSA else {
            EVP_PKEY_free(read)
            return nil
        }
        self.key = read
    }

    deinit { EVP_PKEY_free(key) }

    /// The signature, as long as the key's modulus; nil where OpenSSL fails.
    func sign(_ text: [UInt8]) -> [UInt8]? {
        guard let context = EVP_MD_CTX_new() else { return nil }
        defer { EVP_MD_CTX_free(context) }
        var size = Int(EVP_PKEY_get_size(key))
        var signature = [UInt8](repeating: 0, count: size)
        guard EVP_DigestSignInit(context, nil, EVP_sha256(), nil, key) == 1,
            EVP_DigestSign(context, &signature, &size, text, text.count) == 1, size == signature.count
        else {
            ERR_clear_error()
            return nil
        }
        return signature
    }
}
