// Part of Tillbridge. See LICENSE.
import TillDomain
import TillProtocol

extension SigningKey: Signer {
    func sign(_ message: [UInt8]) -> [UInt8]? {
        let signature = sign(hash: SHA256.hash(message))
        return signature.isEmpty ? nil : signature
    }
}

/// Checks signatures with the TLS library's P-256.
struct P256Verifier: SignatureVerifier {
    func verify(signature: [UInt8], of message: [UInt8], publicKey: [UInt8]) -> Bool {
        VerifyingKey(publicKey)?.verifies(signature, hash: SHA256.hash(message)) ?? false
    }
}
