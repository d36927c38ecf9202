// Part of Tillbridge. See LICENSE.
import Crypto
import CryptoExtras
import Foundation

/// Alipay's signatures: RSA PKCS#1 v1.5 over SHA-256 (RSA2) or, for old applications, SHA-1 (RSA).
package struct AlipaySignature: Sendable {
    package enum Kind: String, Sendable {
        case rsa = "RSA"
        case rsa2 = "RSA2"
    }

    private let merchantKey: _RSA.Signing.PublicKey
    private let walletKey: _RSA.Signing.PrivateKey

    package init(merchantPublicKey: String, walletPrivateKey: String) throws {
        merchantKey = try _RSA.Signing.PublicKey(pemRepresentation: merchantPublicKey)
        walletKey = try _RSA.Signing.PrivateKey(pemRepresentation: walletPrivateKey)
    }

    /// The text a request's signature covers: every parameter but `sign` and the empty ones, sorted by name.
    package static func signedText(of fields: [FormFields.Field]) -> [UInt8] {
        var text: [UInt8] = []
        let covered = fields.filter { $0.name != "sign" && !$0.value.isEmpty }
        for field in covered.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
            if !text.isEmpty { text.append(UInt8(ascii: "&")) }
            text += Array(field.name.utf8)
            text.append(UInt8(ascii: "="))
            text += field.value
        }
        return text
    }

    /// Whether `signature`, Base64, is the merchant's over `text`.
    package func isValid(_ signature: [UInt8], over text: [UInt8], kind: Kind) -> Bool {
        guard let data = Data(base64Encoded: String(decoding: signature, as: UTF8.self)) else { return false }
        let signature = _RSA.Signing.RSASignature(rawRepresentation: data)
        switch kind {
        case .rsa:
            return merchantKey.isValidSignature(
                signature,
                for: Insecure.SHA1.hash(data: text),
                padding: .insecurePKCS1v1_5
            )
        case .rsa2:
            return merchantKey.isValidSignature(signature, for: SHA256.hash(data: text), padding: .insecurePKCS1v1_5)
        }
    }

    /// The wallet's signature over the bytes of a reply's node, Base64.
    package func sign(_ node: [UInt8], kind: Kind) throws -> String {
        let signature =
            switch kind {
            case .rsa: try walletKey.signature(for: Insecure.SHA1.hash(data: node), padding: .insecurePKCS1v1_5)
            case .rsa2: try walletKey.signature(for: SHA256.hash(data: node), padding: .insecurePKCS1v1_5)
            }
        return signature.rawRepresentation.base64EncodedString()
    }
}
