// Part of Tillbridge. See LICENSE.
import Crypto
import TillDomain

@testable import TillWallets

/// HMAC-SHA256 over the characters of `content`, in both directions.
struct LanternSigning: Sendable, CustomStringConvertible, CustomReflectable {
    enum Reading {
        case signed(JSONMembers)
        /// Not what the document describes.
        case malformed
        /// Of the right form, and without a signature or with another one.
        case forged
    }

    private let key: SymmetricKey

    init(key: [UInt8]) { self.key = SymmetricKey(data: key) }

    var description: String { "Lantern's key (masked)" }
    var customMirror: Mirror { Mirror(self, children: []) }

    func sign(_ content: [UInt8]) -> [UInt8] {
        Hex.encode([UInt8](HMAC<Crypto.SHA256>.authenticationCode(for: content, using: key)))
    }

    func content(_ response: InboundResponse) -> Reading {
        guard response.status == 200, let outer = JSONMembers(in: response.body, encoding: .utf8),
            outer.end == response.body.count, let content = outer.value("content")
        else { return .malformed }
        guard let sign = outer.value("sign").flatMap({ Hex.decode($0) }),
            HMAC<Crypto.SHA256>.isValidAuthenticationCode(sign, authenticating: content, using: key)
        else { return .forged }
        guard let members = JSONMembers(in: content, encoding: .utf8), members.end == content.count else {
            return .malformed
        }
        return .signed(members)
    }
}
