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
        let (authority, issuer) = try makeAuthority(named: "Tillbridge sandbox CA")
        let serverKey = P256.Signing.PrivateKey()
        let server = try certificate(
            for: .init(serverKey),
            named: DistinguishedName { CommonName("localhost") },
            issuer: issuer,
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
        let (client, clientKey) = try client(mchID: mchID, issuer: issuer)
        return SandboxCertificates(
            authority: try authority.serializeAsPEM().pemString,
            serverCertificate: try server.serializeAsPEM().pemString,
            serverKey: serverKey.pemRepresentation,
            clientCertificate: try client.serializeAsPEM().pemString,
            clientKey: clientKey.pemRepresentation
        )
    }

    /// A client certificate with an authority of its own, whose key nobody keeps, as PEM text.
    static func makeClient(mchID: String) throws -> (authority: String, certificate: String, key: String) {
        let (authority, issuer) = try makeAuthority(named: "Tillbridge sandbox client CA")
        let (client, key) = try client(mchID: mchID, issuer: issuer)
        return (
            try authority.serializeAsPEM().pemString, try client.serializeAsPEM().pemString, key.pemRepresentation
        )
    }

    typealias Issuer = (key: Certificate.PrivateKey, name: DistinguishedName)

    private static func makeAuthority(named commonName: String) throws -> (Certificate, Issuer) {
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let name = try DistinguishedName {
            OrganizationName("Tillbridge sandbox")
            CommonName(commonName)
        }
        let authority = try certificate(
            for: key,
            named: name,
            issuer: (key, name),
            extensions: authorityExtensions(maxPathLength: 0)
        )
        return (authority, (key, name))
    }

    static func authorityExtensions(maxPathLength: Int) throws -> Certificate.Extensions {
        try Certificate.Extensions {
            Critical(BasicConstraints.isCertificateAuthority(maxPathLength: maxPathLength))
            Critical(KeyUsage(keyCertSign: true, cRLSign: true))
        }
    }

    private static func client(mchID: String, issuer: Issuer) throws -> (Certificate, P256.Signing.PrivateKey) {
        let key = P256.Signing.PrivateKey()
        let client = try certificate(
            for: .init(key),
            named: DistinguishedName { CommonName(mchID) },
            issuer: issuer,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.clientAuth])
            }
        )
        return (client, key)
    }

    static func certificate(
        for key: Certificate.PrivateKey,
        named subject: DistinguishedName,
        issuer: Issuer,
        serialNumber: Certificate.SerialNumber = Certificate.SerialNumber(),
        extensions: Certificate.Extensions
    ) throws -> Certificate {
        // Begun a day early: a machine whose clock is a little behind must be able to use it.
        let start = Date().addingTimeInterval(-86_400)
        return try Certificate(
            version: .v3,
            serialNumber: serialNumber,
            publicKey: key.publicKey,
            notValidBefore: start,
            notValidAfter: start.addingTimeInterval(Double(lifeInDays) * 86_400),
            issuer: issuer.name,
            subject: subject,
            extensions: extensions,
            issuerPrivateKey: issuer.key
        )
    }
}
