// Part of Tillbridge. See LICENSE.
import Crypto
import CryptoExtras
import Foundation
import SwiftASN1
import X509

/// What WeChat Pay V3 needs beyond V2's API key. The wallet has one key pair, known to merchants both as a public key
/// with an identifier and as a platform certificate.
package struct WeChatV3Keys: Codable, Sendable {
    /// 32 bytes of text: the AES key of `/v3/certificates`.
    package let apiV3Key: String
    /// Serial number of the merchant's certificate, upper-case hex.
    package let merchantSerial: String
    /// PKCS#8.
    package let merchantPrivateKey: String
    package let merchantPublicKey: String
    package let walletPrivateKey: String
    package let walletPublicKey: String
    package let walletPublicKeyID: String
    package let platformCertificate: String

    private static let lifeInDays = 5 * 365.0

    package static func make(mchID: String) throws -> WeChatV3Keys {
        let merchant = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        let wallet = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        return WeChatV3Keys(
            apiV3Key: SandboxKeys.randomText(
                32,
                from: "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
            ),
            merchantSerial: "5" + SandboxKeys.randomText(39, from: "0123456789ABCDEF"),
            merchantPrivateKey: merchant.pkcs8PEMRepresentation,
            merchantPublicKey: merchant.publicKey.pemRepresentation,
            walletPrivateKey: wallet.pemRepresentation,
            walletPublicKey: wallet.publicKey.pemRepresentation,
            walletPublicKeyID: "PUB_KEY_ID_01\(mchID)\(SandboxKeys.randomText(20, from: "0123456789"))",
            platformCertificate: try certificate(of: wallet)
        )
    }

    private static func certificate(of key: _RSA.Signing.PrivateKey) throws -> String {
        let name = try DistinguishedName {
            OrganizationName("Tillbridge sandbox")
            CommonName("Tillbridge sandbox WeChat Pay platform")
        }
        // Begun a day early: a machine whose clock is a little behind must be able to use it.
        let start = Date().addingTimeInterval(-86_400)
        let certificate = try Certificate(
            version: .v3,
            serialNumber: Certificate.SerialNumber(),
            publicKey: .init(key.publicKey),
            notValidBefore: start,
            notValidAfter: start.addingTimeInterval(lifeInDays * 86_400),
            issuer: name,
            subject: name,
            signatureAlgorithm: .sha256WithRSAEncryption,
            extensions: Certificate.Extensions { Critical(KeyUsage(digitalSignature: true)) },
            issuerPrivateKey: .init(key)
        )
        return try certificate.serializeAsPEM().pemString
    }
}
