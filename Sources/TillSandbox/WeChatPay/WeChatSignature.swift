// Part of Tillbridge. See LICENSE.
import Crypto
import Foundation

/// WeChat Pay's V2 signatures: a digest over the sorted fields and the merchant's API key.
package enum WeChatSignature {
    package enum Kind: String, Sendable {
        case md5 = "MD5"
        case hmacSHA256 = "HMAC-SHA256"
    }

    /// Every field but `sign` and the empty ones, sorted by name, then the key.
    package static func signedText(of fields: [FlatXML.Field], key: String) -> String {
        let covered = fields.filter { $0.name != "sign" && !$0.value.isEmpty }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        return (covered.map { "\($0.name)=\($0.value)" } + ["key=\(key)"]).joined(separator: "&")
    }

    /// Upper-case hex.
    package static func sign(_ fields: [FlatXML.Field], key: String, kind: Kind) -> String {
        sign(text: Array(signedText(of: fields, key: key).utf8), key: key, kind: kind)
    }

    package static func sign(text: [UInt8], key: String, kind: Kind) -> String {
        switch kind {
        case .md5:
            hex(Insecure.MD5.hash(data: text))
        case .hmacSHA256:
            hex(HMAC<SHA256>.authenticationCode(for: text, using: SymmetricKey(data: Array(key.utf8))))
        }
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined()
    }
}
