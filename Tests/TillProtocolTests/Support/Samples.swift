// Part of Tillbridge. See LICENSE.
import Crypto
import Testing
import TillDomain
import TillProtocol

/// The examples of `docs/wire.md`, and values made from a seed.
enum Sample {
    static let intentLine =
        "1|TQF000K703343G7H2000016R|T000123|1280|CNY|28|18|12|1795343400123|9f86d081884c7d65"
    static let query =
        "{\"v\":1,\"id\":\"7QK2M4T9XW3P8DHC5NRA6V0BEF\",\"intent\":\"\(intentLine)\",\"home\":\"A\",\"wait\":2500}"
    static let answer =
        "{\"v\":1,\"id\":\"7QK2M4T9XW3P8DHC5NRA6V0BEF\",\"n\":\"TQF000K703343G7H2000016R\",\"state\":\"paid\","
        + "\"cloud\":\"A\",\"time\":1795343404010,\"amount\":1280,\"currency\":\"CNY\",\"wallet\":\"alipay\","
        + "\"walletTransaction\":\"2026112222001400000000000001\"}"
    static let registerKey =
        "BK4J6Ms06sWOPIxoPhQCohvOipaQ+83bAwYpVqPTE6dKkynmK9oS77Uy2bEiQ6qhelafSePBA550KtUltEKFEUA="
    static let cloudKey =
        "BI7eWbpiZVgzle+RdP2h3bDE9b7WgQ/sHByI61KyznVo37VSHWtF476WMG8tIybhMGmqBQKthaOne4h4mplMgzI="
    static let querySignature =
        "yJOX/wRZf00mq1IuYEHsyGuXZYYSK5HnPgpj7RofqJBgZHD5XHwh5lE5mUyb+KkHL/Tyu95p0FthsRQEciU5Eg=="
    static let answerSignature =
        "Z6kToElHSWUyDrbOZuBwDDjkIU1dM2SQUobn5DDTOrXaPeySxBXUvtNiaqPns0FSmnOoNfUwnMusttCxfn0Xzw=="
    static let queryDigest = "sha-256=:AuIPjrR812ZxHNTgfF3WT+kjRs6gMQ8Yo7cJFqYcE18=:"
    static let answerDigest = "sha-256=:aUUq5odX52z2mWTjRjhEL1kXbqwvbxCL4F5FlFN/cjI=:"

    static func register() throws -> RegisterID { try #require(RegisterID("QF000K703".utf8)) }
    static func orderNumber() throws -> OrderNumber { try #require(OrderNumber("TQF000K703343G7H2000016R".utf8)) }
    static func intent() throws -> Intent { try #require(Intent(line: intentLine.utf8)) }
    static func messageID() throws -> MessageID { try #require(MessageID("7QK2M4T9XW3P8DHC5NRA6V0BEF".utf8)) }
}

/// The seam of the signature profile, on swift-crypto.
struct CryptoVerifier: SignatureVerifier {
    func verify(signature: [UInt8], of message: [UInt8], publicKey: [UInt8]) -> Bool {
        guard let key = try? P256.Signing.PublicKey(x963Representation: publicKey),
            let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature)
        else { return false }
        return key.isValidSignature(signature, for: message)
    }
}

struct CryptoSigner: Signer {
    let key = P256.Signing.PrivateKey()

    var publicKey: [UInt8] { [UInt8](key.publicKey.x963Representation) }

    func sign(_ message: [UInt8]) -> [UInt8]? {
        (try? key.signature(for: message)).map { [UInt8]($0.rawRepresentation) }
    }
}

/// A library that fails.
struct BrokenSigner: Signer {
    func sign(_ message: [UInt8]) -> [UInt8]? { nil }
}

/// A second computation, by swift-crypto.
enum Independent {
    /// HMAC with SHA-256, in hexadecimal digits.
    static func hmac(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
        let code = HMAC<Crypto.SHA256>.authenticationCode(for: message, using: SymmetricKey(data: key))
        return Hex.encode([UInt8](code))
    }
}
