// Part of Tillbridge. See LICENSE.
import Crypto
import Foundation
import TillDomain

/// The second factor: time-based one-time passwords of RFC 6238 as every authenticator app makes them: SHA-1, six
/// digits, thirty seconds.
struct OneTimePassword: Sendable {
    static let secretBytes = 20
    private static let stepSeconds: Int64 = 30

    let secret: [UInt8]

    /// The digits of a step.
    func digits(step: Int64) -> String {
        let counter = (0..<8).map { UInt8(truncatingIfNeeded: step >> (56 - 8 * $0)) }
        let code = [UInt8](
            HMAC<Insecure.SHA1>.authenticationCode(for: Data(counter), using: SymmetricKey(data: secret))
        )
        let offset = Int(code[19] & 15)
        let number = code[offset..<offset + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
        let text = String(number % 1_000_000)
        return String(repeating: "0", count: 6 - text.count) + text
    }

    static func step(at milliseconds: Int64) -> Int64 { milliseconds / 1_000 / stepSeconds }

    /// The step that the digits belong to: now, one before or one after, and later than the last that was used, so
    /// that digits seen over a shoulder are worth nothing. Nil otherwise.
    func step(of digits: String, at milliseconds: Int64, after last: Int64) -> Int64? {
        let now = OneTimePassword.step(at: milliseconds)
        let given = Array(digits.utf8)
        return (now - 1...now + 1).first { step in
            step > last && ConstantTime.equal(Array(self.digits(step: step).utf8), given)
        }
    }

    /// RFC 4648 Base32, as authenticator apps take it.
    var secretText: String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        var text = ""
        var (bits, count) = (UInt32(0), 0)
        for byte in secret {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 5 {
                text.append(alphabet[Int(bits >> (count - 5) & 31)])
                count -= 5
            }
        }
        if count > 0 { text.append(alphabet[Int(bits << (5 - count) & 31)]) }
        return text
    }

    /// What the app reads from a picture.
    func address(user: String) -> String {
        let name = user.addingPercentEncoding(withAllowedCharacters: .urlHostAllowed) ?? ""
        return "otpauth://totp/Tillbridge:\(name)?secret=\(secretText)&issuer=Tillbridge"
    }
}
