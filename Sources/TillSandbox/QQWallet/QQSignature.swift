// Part of Tillbridge. See LICENSE.
import Crypto
import Foundation

/// QQ Wallet's signature: MD5 over the sorted fields and the merchant's API key, in upper-case hex.
package enum QQSignature {
    /// Every field but `sign` and the empty ones, sorted by name, then the key.
    package static func signedText(of fields: [FlatXML.Field], key: String) -> String {
        let covered = fields.filter { $0.name != "sign" && !$0.value.isEmpty }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        return (covered.map { "\($0.name)=\($0.value)" } + ["key=\(key)"]).joined(separator: "&")
    }

    package static func sign(_ fields: [FlatXML.Field], key: String) -> String {
        sign(text: Array(signedText(of: fields, key: key).utf8))
    }

    package static func sign(text: [UInt8]) -> String { hex(text).uppercased() }

    /// An operator's password as it travels: its MD5 in lower-case hex.
    package static func password(_ password: String) -> String { hex(Array(password.utf8)) }

    private static func hex(_ bytes: [UInt8]) -> String {
        Insecure.MD5.hash(data: bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
