// Part of Tillbridge. See LICENSE.
import Crypto
import CryptoExtras
import Foundation

/// UnionPay's signature of version 5.1.0: RSA PKCS#1 v1.5 with SHA-256 over the hex text of a SHA-256, so that the text
/// is hashed twice.
package struct UnionPaySignature: Sendable {
    private let merchantKey: _RSA.Signing.PublicKey
    private let walletKey: _RSA.Signing.PrivateKey

    package init(merchantPublicKey: String, walletPrivateKey: String) throws {
        merchantKey = try _RSA.Signing.PublicKey(pemRepresentation: merchantPublicKey)
        walletKey = try _RSA.Signing.PrivateKey(pemRepresentation: walletPrivateKey)
    }

    /// The bytes a signature is about: every field but `signature` and the empty ones, sorted by name.
    package static func signedText(of fields: [FormFields.Field]) -> [UInt8] {
        let covered = fields.filter { $0.name != "signature" && !$0.value.isEmpty }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        return Array(covered.map { Array("\($0.name)=".utf8) + $0.value }.joined(separator: "&".utf8))
    }

    /// 64 lower-case hex characters: what is given to RSA to hash again.
    package static func digest(of text: [UInt8]) -> String {
        SHA256.hash(data: text).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Whether `signature`, Base64, is the merchant's over `text`.
    package func isValid(_ signature: [UInt8], over text: [UInt8]) -> Bool {
        guard let data = Data(base64Encoded: String(decoding: signature, as: UTF8.self)) else { return false }
        return merchantKey.isValidSignature(
            _RSA.Signing.RSASignature(rawRepresentation: data),
            for: SHA256.hash(data: Array(UnionPaySignature.digest(of: text).utf8)),
            padding: .insecurePKCS1v1_5
        )
    }

    /// The wallet's signature over a reply, Base64.
    package func sign(_ text: [UInt8]) throws -> String {
        let digest = SHA256.hash(data: Array(UnionPaySignature.digest(of: text).utf8))
        return try walletKey.signature(for: digest, padding: .insecurePKCS1v1_5).rawRepresentation.base64EncodedString()
    }
}
