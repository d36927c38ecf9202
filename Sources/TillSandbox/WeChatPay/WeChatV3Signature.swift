// Part of Tillbridge. See LICENSE.
import Crypto
import CryptoExtras
import Foundation

/// WeChat Pay's V3 signatures: RSA PKCS#1 v1.5 over SHA-256 of a few lines, each with its end of line.
package struct WeChatV3Signature: Sendable {
    package static let scheme = "WECHATPAY2-SHA256-RSA2048"

    private let merchantKey: _RSA.Signing.PublicKey
    private let walletKey: _RSA.Signing.PrivateKey

    package init(merchantPublicKey: String, walletPrivateKey: String) throws {
        merchantKey = try _RSA.Signing.PublicKey(pemRepresentation: merchantPublicKey)
        walletKey = try _RSA.Signing.PrivateKey(pemRepresentation: walletPrivateKey)
    }

    /// What a request's signature covers: method, path with query, seconds, nonce, body.
    package static func requestText(
        method: String,
        path: String,
        timestamp: String,
        nonce: String,
        body: [UInt8]
    ) -> [UInt8] {
        Array("\(method)\n\(path)\n\(timestamp)\n\(nonce)\n".utf8) + body + [UInt8(ascii: "\n")]
    }

    /// What an answer's signature covers: seconds, nonce, body.
    package static func replyText(timestamp: String, nonce: String, body: [UInt8]) -> [UInt8] {
        Array("\(timestamp)\n\(nonce)\n".utf8) + body + [UInt8(ascii: "\n")]
    }

    /// Whether `signature`, Base64, is the merchant's over `text`.
    package func isValid(_ signature: String, over text: [UInt8]) -> Bool {
        guard let data = Data(base64Encoded: signature) else { return false }
        return merchantKey.isValidSignature(
            _RSA.Signing.RSASignature(rawRepresentation: data),
            for: SHA256.hash(data: text),
            padding: .insecurePKCS1v1_5
        )
    }

    /// The wallet's signature over `text`, Base64.
    package func sign(_ text: [UInt8]) throws -> String {
        try walletKey.signature(for: SHA256.hash(data: text), padding: .insecurePKCS1v1_5)
            .rawRepresentation.base64EncodedString()
    }

    /// The pairs of an `Authorization` header in whatever order. Nil for another scheme or a broken header.
    package static func pairs(of authorization: String) -> [String: String]? {
        guard authorization.hasPrefix(scheme + " ") else { return nil }
        var pairs: [String: String] = [:]
        for part in authorization.dropFirst(scheme.count + 1).split(separator: ",") {
            let part = part.trimmingCharacters(in: [" "])
            guard let equals = part.firstIndex(of: "=") else { return nil }
            let value = part[part.index(after: equals)...]
            guard value.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") else { return nil }
            pairs[String(part[..<equals])] = String(value.dropFirst().dropLast())
        }
        return pairs
    }
}
