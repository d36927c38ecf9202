// Part of Tillbridge. See LICENSE.
import Crypto
import Foundation
import SwiftASN1
import X509

/// The sandbox's certificates, as PEM text: its own authority, the server's, and the merchant's client certificate for
/// the calls that demand one.
package struct SandboxCertificates: Codable, Sendable {
    package let authority: String
    package let serverCertificate: String
    package let serverKey: String
    package let clientCertificate: String
    package let clientKey: String

    private static let lifeInDays = 3650

    package static func make(mchID: String) throws -> SandboxCertificates {
        let authorityKey = P256.Signing.PrivateKey()
        let authorityName = try DistinguishedName {
            OrganizationName("Tillbridge sandbox")
            CommonName("Tillbridge sandbox CA")
        }
        let authority = try certificate(
            for: authorityKey,
            named: authorityName,
            issuer: (authorityKey, authorityName),
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
            }
        )
        let serverKey = P256.Signing.PrivateKey()
        let server = try certificate(
            for: serverKey,
            named: DistinguishedName { CommonName("localhost") },
            issuer: (authorityKey, authorityName),
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames([
                    .dnsName("localhost"),
                    .ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1])),
                    .ipAddress(ASN1OctetString(contentBytes: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])),
                ])
            }
        )
        let clientKey = P256.Signing.PrivateKey()
        let client = try certificate(
            for: clientKey,
            named: DistinguishedName { CommonName(mchID) },
            issuer: (authorityKey, authorityName),
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.clientAuth])
            }
        )
        return SandboxCertificates(
            authority: try authority.serializeAsPEM().pemString,
            serverCertificate: try server.serializeAsPEM().pemString,
            serverKey: serverKey.pemRepresentation,
            clientCertificate: try client.serializeAsPEM().pemString,
            clientKey: clientKey.pemRepresentation
        )
    }

    private static func certificate(
        for key: P256.Signing.PrivateKey,
        named subject: DistinguishedName,
        issuer: (key: P256.Signing.PrivateKey, name: DistinguishedName),
        extensions: Certificate.Extensions
    ) throws -> Certificate {
        // Begun a day early: a machine whose clock is a little behind must be able to use it.
        let start = Date().addingTimeInterval(-86_400)
        return try Certificate(
            version: .v3,
            serialNumber: Certificate.SerialNumber(),
            publicKey: .init(key.publicKey),
            notValidBefore: start,
            notValidAfter: start.addingTimeInterval(Double(lifeInDays) * 86_400),
            issuer: issuer.name,
            subject: subject,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: extensions,
            issuerPrivateKey: .init(issuer.key)
        )
    }
}
