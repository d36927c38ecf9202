// Part of Tillbridge. See LICENSE.
import Crypto
import Foundation
import TillCloud

/// Seals what the database must not tell by itself, with a key from a file beside it: AES-256-GCM.
struct SecretBox: Sendable {
    private let key: Secret<SymmetricKey>

    /// Reads the key, or draws one where there is none.
    /// - Throws: ``StartError`` if others may read the file.
    init(file: String) throws {
        if !PrivateFile.exists(file) {
            try PrivateFile.create(file, content: Data(SecretBytes.random(32)).base64EncodedString().utf8)
        }
        guard let bytes = Data(base64Encoded: Data(try PrivateFile.read(file))), bytes.count == 32 else {
            throw StartError("The file \(file) does not hold 32 bytes in Base64: restore it.")
        }
        key = Secret(SymmetricKey(data: bytes))
    }

    /// - Parameter name: What the secret belongs to. It opens under the same name only.
    func seal(_ secret: [UInt8], name: String) throws -> Data {
        let box = try AES.GCM.seal(secret, using: key.reveal(), authenticating: Data(name.utf8))
        // Nil only for a nonce of another length than the default.
        guard let combined = box.combined else { throw CryptoKitError.incorrectParameterSize }
        return combined
    }

    func open(_ sealed: Data, name: String) throws -> [UInt8] {
        let box = try AES.GCM.SealedBox(combined: sealed)
        return [UInt8](try AES.GCM.open(box, using: key.reveal(), authenticating: Data(name.utf8)))
    }
}
