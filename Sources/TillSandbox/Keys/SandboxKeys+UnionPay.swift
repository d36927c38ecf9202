// Part of Tillbridge. See LICENSE.
import CryptoExtras
import SwiftASN1
import X509

extension SandboxKeys {
    /// Keys and certificates as PEM text; private keys as PKCS#8.
    package struct UnionPay: Codable, Sendable {
        package let merID: String
        /// The serial number of the merchant's certificate, in decimal.
        package let certID: String
        package let signCertificate: String
        package let signPrivateKey: String
        package let rootCertificate: String
        package let middleCertificate: String
        /// What the wallet signs with, and sends in every answer.
        package let walletCertificate: String
        package let walletPrivateKey: String

        static func make() throws -> UnionPay {
            func key() throws -> _RSA.Signing.PrivateKey { try _RSA.Signing.PrivateKey(keySize: .bits2048) }
            func name(_ commonName: String) throws -> DistinguishedName {
                try DistinguishedName {
                    CountryName("CN")
                    OrganizationName("Tillbridge sandbox")
                    CommonName(commonName)
                }
            }
            let merID = "777290058" + randomText(6, from: "0123456789")
            let (rootKey, middleKey, walletKey, merchantKey) = try (key(), key(), key(), key())
            let (rootName, middleName) = try (name("Sandbox UnionPay root"), name("Sandbox UnionPay OCA1"))
            let root = try SandboxCertificates.certificate(
                for: .init(rootKey),
                named: rootName,
                issuer: (.init(rootKey), rootName),
                extensions: try SandboxCertificates.authorityExtensions(maxPathLength: 1)
            )
            let middle = try SandboxCertificates.certificate(
                for: .init(middleKey),
                named: middleName,
                issuer: (.init(rootKey), rootName),
                extensions: try SandboxCertificates.authorityExtensions(maxPathLength: 0)
            )
            let signing = try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true, nonRepudiation: true))
            }
            // The third part of the name is what clients know UnionPay's test system by.
            let wallet = try SandboxCertificates.certificate(
                for: .init(walletKey),
                named: name("041@Z12@00040000:SIGN@00000001"),
                issuer: (.init(middleKey), middleName),
                extensions: signing
            )
            let serial = UInt64.random(in: 1_000_000_000...9_999_999_999)
            let merchant = try SandboxCertificates.certificate(
                for: .init(merchantKey),
                named: name("051@Tillbridge@\(merID)@00000001"),
                issuer: (.init(middleKey), middleName),
                serialNumber: Certificate.SerialNumber(serial),
                extensions: signing
            )
            return UnionPay(
                merID: merID,
                certID: String(serial),
                signCertificate: try merchant.serializeAsPEM().pemString,
                signPrivateKey: merchantKey.pkcs8PEMRepresentation,
                rootCertificate: try root.serializeAsPEM().pemString,
                middleCertificate: try middle.serializeAsPEM().pemString,
                walletCertificate: try wallet.serializeAsPEM().pemString,
                walletPrivateKey: walletKey.pkcs8PEMRepresentation
            )
        }
    }
}
