// Part of Tillbridge. See LICENSE.
import Crypto
import Foundation

/// Signs what is sent, as the Standard Webhooks specification says: HMAC-SHA256 over id, time and body, so that whoever
/// has the secret knows who sent it, and that it is no old message sent once more.
enum WebhookSignature {
    static let secretBytes = 32

    /// The secret as people and libraries take it.
    static func text(_ secret: [UInt8]) -> String { "whsec_" + Data(secret).base64EncodedString() }

    /// The headers of one try.
    /// - Parameters:
    ///   - milliseconds: Since 1970, of this try.
    ///   - secrets: Those that hold now: two while one takes the place of the other.
    static func headers(id: String, at milliseconds: Int64, body: String, secrets: [[UInt8]]) -> [(String, String)] {
        let time = "\(milliseconds / 1_000)"
        let signatures = secrets.map { secret in
            let code = HMAC<SHA256>.authenticationCode(
                for: Data("\(id).\(time).\(body)".utf8),
                using: SymmetricKey(data: secret)
            )
            return "v1," + Data(code).base64EncodedString()
        }
        return [
            ("webhook-id", id), ("webhook-timestamp", time), ("webhook-signature", signatures.joined(separator: " ")),
        ]
    }
}
