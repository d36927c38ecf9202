// Part of Tillbridge. See LICENSE.
import Crypto
import Foundation
package import TillProtocol

/// A cloud's own signing key: ECDSA P-256 with SHA-256, signatures as r‖s in 64 bytes.
package struct CloudSigningKey: Signer, Sendable {
    /// For example `A.1`.
    package let id: KeyID
    /// 65 bytes, the uncompressed point.
    package let publicKey: [UInt8]
    private let key: Secret<P256.Signing.PrivateKey>

    init(id: KeyID, key: P256.Signing.PrivateKey) {
        self.id = id
        publicKey = [UInt8](key.publicKey.x963Representation)
        self.key = Secret(key)
    }

    package func sign(_ message: [UInt8]) -> [UInt8]? {
        (try? key.reveal().signature(for: message).rawRepresentation).map { [UInt8]($0) }
    }
}

/// A public key that has been read once, so that each check costs one curve operation and no parsing.
package struct VerifyingKey: Sendable, Equatable {
    package let publicKey: [UInt8]
    private let key: P256.Signing.PublicKey

    /// Nil for anything but the 65 bytes of an uncompressed point on the curve.
    package init?(publicKey: [UInt8]) {
        guard publicKey.count == 65, publicKey[0] == 4,
            let key = try? P256.Signing.PublicKey(x963Representation: publicKey)
        else { return nil }
        self.publicKey = publicKey
        self.key = key
    }

    package func accepts(signature: [UInt8], of message: [UInt8]) -> Bool {
        guard signature.count == 64, let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature)
        else { return false }
        return key.isValidSignature(signature, for: message)
    }

    package var status: KeyStatus { .valid(publicKey: publicKey) }

    package static func == (left: VerifyingKey, right: VerifyingKey) -> Bool { left.publicKey == right.publicKey }
}

/// The verifier of one key that has been read already.
struct ReadKey: SignatureVerifier {
    let key: VerifyingKey

    func verify(signature: [UInt8], of message: [UInt8], publicKey: [UInt8]) -> Bool {
        publicKey == key.publicKey && key.accepts(signature: signature, of: message)
    }
}
