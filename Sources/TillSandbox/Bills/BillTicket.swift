// Part of Tillbridge. See LICENSE.
package import Crypto
import Foundation

/// The right to download one bill for a short time. It is written into the download address and carries its own proof,
/// so that nothing has to be remembered for addresses that nobody ever opens.
package struct BillTicket: Equatable, Sendable {
    /// The wallet's name of the kind of bill. No dots.
    package let kind: String
    /// As the merchant asked for it. No dots.
    package let date: String
    package let isCompressed: Bool
    /// Milliseconds since 1970 by the sandbox's clock.
    package let expiresAt: Int64

    package init(kind: String, date: String, isCompressed: Bool, expiresAt: Int64) {
        self.kind = kind
        self.date = date
        self.isCompressed = isCompressed
        self.expiresAt = expiresAt
    }

    /// Nil for anything that ``text(key:)`` did not write.
    package init?(_ text: String, key: SymmetricKey) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 5, let expiresAt = Int64(parts[3]) else { return nil }
        self.init(kind: parts[0], date: parts[1], isCompressed: parts[2] == "gzip", expiresAt: expiresAt)
        guard text == self.text(key: key) else { return nil }
    }

    package func text(key: SymmetricKey) -> String {
        let fields = "\(kind).\(date).\(isCompressed ? "gzip" : "plain").\(expiresAt)"
        let proof = HMAC<SHA256>.authenticationCode(for: Data(fields.utf8), using: key)
        return fields + "." + proof.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
