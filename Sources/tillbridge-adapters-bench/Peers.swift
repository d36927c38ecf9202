// Part of Tillbridge. See LICENSE.
import COpenSSL
import CryptoExtras
import FoundationEssentials

import struct Crypto.SHA256
import struct Crypto.SHA256Digest

/// RSA-2048 over a given digest and nothing else: key and context stand ready, as in `openssl speed`.
protocol BareRSA {
    /// Signs once. It throws where that fails.
    func sign() throws
    /// Verifies once. It throws where the signature is not taken.
    func verify() throws
}

/// OpenSSL's libcrypto, with which the adapters sign and verify.
final class LibcryptoRSA: BareRSA {
    private let signing: OpaquePointer
    private let verifying: OpaquePointer
    private let digest: [UInt8]
    private let signature: [UInt8]

    /// - Parameter key: PEM, PKCS#8.
    init(_ key: String) throws {
        let pem = [UInt8](key.utf8)
        let read = pem.withUnsafeBytes { bytes in
            let source = BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count))
            defer { BIO_free(source) }
            return PEM_read_bio_PrivateKey(source, nil, nil, nil)
        }
        guard let read, let signing = EVP_PKEY_CTX_new(read, nil), let verifying = EVP_PKEY_CTX_new(read, nil) else {
            throw BenchFailure("libcrypto cannot read the key")
        }
        // The contexts hold the key.
        EVP_PKEY_free(read)
        guard EVP_PKEY_sign_init(signing) == 1, EVP_PKEY_verify_init(verifying) == 1,
            [signing, verifying].allSatisfy({
                EVP_PKEY_CTX_set_rsa_padding($0, RSA_PKCS1_PADDING) == 1
                    && EVP_PKEY_CTX_set_signature_md($0, EVP_sha256()) == 1
            })
        else { throw BenchFailure("libcrypto cannot sign with the key") }
        self.signing = signing
        self.verifying = verifying
        digest = Array(SHA256.hash(data: Data("a text".utf8)))
        signature = try LibcryptoRSA.signature(signing, digest)
        try verify()
    }

    deinit {
        EVP_PKEY_CTX_free(signing)
        EVP_PKEY_CTX_free(verifying)
    }

    private static func signature(_ context: OpaquePointer, _ digest: [UInt8]) throws -> [UInt8] {
        var size = 256
        var signature = [UInt8](repeating: 0, count: size)
        guard EVP_PKEY_sign(context, &signature, &size, digest, digest.count) == 1, size == signature.count else {
            throw BenchFailure("libcrypto does not sign")
        }
        return signature
    }

    func sign() throws { _ = try LibcryptoRSA.signature(signing, digest) }

    func verify() throws {
        guard EVP_PKEY_verify(verifying, signature, signature.count, digest, digest.count) == 1 else {
            throw BenchFailure("libcrypto does not verify what it signed")
        }
    }
}

/// swift-crypto's BoringSSL.
struct SwiftCryptoRSA: BareRSA {
    private let key: _RSA.Signing.PrivateKey
    private let publicKey: _RSA.Signing.PublicKey
    private let digest: SHA256Digest
    private let signature: _RSA.Signing.RSASignature

    /// - Parameter key: PEM, PKCS#8.
    init(_ key: String) throws {
        self.key = try _RSA.Signing.PrivateKey(pemRepresentation: key)
        publicKey = self.key.publicKey
        digest = SHA256.hash(data: Data("a text".utf8))
        signature = try self.key.signature(for: digest, padding: .insecurePKCS1v1_5)
        try verify()
    }

    func sign() throws { _ = try key.signature(for: digest, padding: .insecurePKCS1v1_5) }

    func verify() throws {
        guard publicKey.isValidSignature(signature, for: digest, padding: .insecurePKCS1v1_5) else {
            throw BenchFailure("swift-crypto does not verify what it signed")
        }
    }
}
