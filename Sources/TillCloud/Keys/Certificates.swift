// Part of Tillbridge. See LICENSE.
import Crypto
import Foundation
import SwiftASN1
import X509

/// The private certificate authority of one installation and the certificates it issues: ECDSA P-256.
///
/// Plug-ins do not check validity dates (a register's clock is not trusted), and an authority is replaced through
/// HELLO, not by expiry; so certificates live long.
enum Certificates {
    struct Issued {
        let certificate: Certificate
        let key: P256.Signing.PrivateKey
    }

    private static let years = 25

    static func makeAuthority(now: Date) throws -> Issued {
        let key = P256.Signing.PrivateKey()
        let name = try DistinguishedName {
            OrganizationName("Tillbridge")
            CommonName("Tillbridge private CA")
        }
        let certificate = try Certificate(
            version: .v3,
            serialNumber: Certificate.SerialNumber(),
            publicKey: Certificate.PublicKey(key.publicKey),
            notValidBefore: now.addingTimeInterval(-86_400),
            notValidAfter: now.addingTimeInterval(Double(years) * 365.25 * 86_400),
            issuer: name,
            subject: name,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                SubjectKeyIdentifier(hash: Certificate.PublicKey(key.publicKey))
            },
            issuerPrivateKey: Certificate.PrivateKey(key)
        )
        return Issued(certificate: certificate, key: key)
    }

    /// A certificate for one DNS name, good as server and as client: the hops between our services are mutual.
    static func issue(dnsName: String, by authority: Issued, now: Date) throws -> Issued {
        let key = P256.Signing.PrivateKey()
        let certificate = try Certificate(
            version: .v3,
            serialNumber: Certificate.SerialNumber(),
            publicKey: Certificate.PublicKey(key.publicKey),
            notValidBefore: now.addingTimeInterval(-86_400),
            notValidAfter: now.addingTimeInterval(Double(years) * 365.25 * 86_400 - 86_400),
            issuer: authority.certificate.subject,
            subject: try DistinguishedName { CommonName(dnsName) },
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth, .clientAuth])
                SubjectAlternativeNames([.dnsName(dnsName)])
                SubjectKeyIdentifier(hash: Certificate.PublicKey(key.publicKey))
                try authorityKeyIdentifier(of: authority.certificate)
            },
            issuerPrivateKey: Certificate.PrivateKey(authority.key)
        )
        return Issued(certificate: certificate, key: key)
    }

    private static func authorityKeyIdentifier(of authority: Certificate) throws -> AuthorityKeyIdentifier {
        AuthorityKeyIdentifier(keyIdentifier: try authority.extensions.subjectKeyIdentifier?.keyIdentifier)
    }

    static func pem(_ certificate: Certificate) throws -> String {
        try certificate.serializeAsPEM().pemString + "\n"
    }
}
