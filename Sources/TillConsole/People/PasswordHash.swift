// Part of Tillbridge. See LICENSE.
import Crypto
import CryptoExtras
import Foundation
import TillDomain

/// A password as it is stored: `scrypt:<rounds>:<block size>:<parallelism>:<salt>:<hash>`, both in Base64.
struct PasswordHash: Sendable {
    /// 32 MiB and about a tenth of a second.
    private static let rounds = 1 << 15
    private static let blockSize = 8

    let text: String

    init(text: String) { self.text = text }

    init(of password: String) throws {
        let salt = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
        let hash = try PasswordHash.derive(password, salt: salt, rounds: PasswordHash.rounds, PasswordHash.blockSize, 1)
        text =
            "scrypt:\(PasswordHash.rounds):\(PasswordHash.blockSize):1:"
            + "\(Data(salt).base64EncodedString()):\(Data(hash).base64EncodedString())"
    }

    /// False for a wrong password and for a text that is no hash.
    func accepts(_ password: String) -> Bool {
        let parts = text.split(separator: ":").map(String.init)
        guard parts.count == 6, parts[0] == "scrypt", let rounds = Int(parts[1]), let blockSize = Int(parts[2]),
            let parallelism = Int(parts[3]), let salt = Data(base64Encoded: parts[4]),
            let hash = Data(base64Encoded: parts[5]),
            let given = try? PasswordHash.derive(password, salt: [UInt8](salt), rounds: rounds, blockSize, parallelism)
        else { return false }
        return ConstantTime.equal(given, [UInt8](hash))
    }

    private static func derive(
        _ password: String,
        salt: [UInt8],
        rounds: Int,
        _ blockSize: Int,
        _ parallelism: Int
    ) throws -> [UInt8] {
        // The same characters can be typed as different code points.
        let text = Array(password.precomposedStringWithCompatibilityMapping.utf8)
        return try KDF.Scrypt.deriveKey(
            from: text,
            salt: salt,
            outputByteCount: 32,
            rounds: rounds,
            blockSize: blockSize,
            parallelism: parallelism
        ).withUnsafeBytes { [UInt8]($0) }
    }
}

/// What a new password must be like.
enum PasswordRule {
    static let shortest = 10
    static let longest = 200

    /// Nil if the password may be used.
    static func problem(_ password: String, userName: String) -> Phrase? {
        guard password.count >= shortest else { return Phrase("problem.passwordShort", "\(shortest)") }
        guard password.count <= longest else { return Phrase("problem.passwordLong", "\(longest)") }
        guard Set(password).count >= 5, !password.lowercased().contains(userName.lowercased()) else {
            return Phrase("problem.passwordEasy")
        }
        return nil
    }
}

enum SecretBytes {
    static func random(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: .min ... .max) } }

    /// 43 characters of Base64 without padding that may stand in a cookie or a form: 256 bits.
    static func token() -> String {
        Data(random(32)).base64EncodedString().replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }

    /// Four groups of four characters that are not taken for each other, for people to type: 80 bits.
    static func typed() -> String {
        let alphabet = Array("abcdefghijkmnpqrstuvwxyz23456789")
        let groups = (0..<4).map { _ in String(random(4).map { alphabet[Int($0 & 31)] }) }
        return groups.joined(separator: "-")
    }

    static func hash(_ text: String) -> Data { Data(Crypto.SHA256.hash(data: Data(text.utf8))) }
}
