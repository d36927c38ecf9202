// Part of Tillbridge. See LICENSE.
import Crypto
import Foundation
import NIOSSL
import SwiftASN1
import X509

/// A private certificate authority for one test.
struct TestAuthority {
    let certificate: Certificate
    private let key = P256.Signing.PrivateKey()

    init() throws {
        let name = try DistinguishedName { CommonName("test CA") }
        certificate = try Certificate(
            version: .v3,
            serialNumber: Certificate.SerialNumber(),
            publicKey: Certificate.PublicKey(key.publicKey),
            notValidBefore: Date(timeIntervalSinceNow: -3_600),
            notValidAfter: Date(timeIntervalSinceNow: 3_600),
            issuer: name,
            subject: name,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true))
            },
            issuerPrivateKey: Certificate.PrivateKey(key)
        )
    }

    var pem: [UInt8] { get throws { [UInt8](try certificate.serializeAsPEM().pemString.utf8) } }

    /// A server's TLS settings with a certificate for `dnsName`, valid around `validAt`.
    func server(dnsName: String, validAt: Date = Date(), versions: TLSVersion? = nil) throws -> TLSConfiguration {
        let serverKey = P256.Signing.PrivateKey()
        let leaf = try Certificate(
            version: .v3,
            serialNumber: Certificate.SerialNumber(),
            publicKey: Certificate.PublicKey(serverKey.publicKey),
            notValidBefore: validAt.addingTimeInterval(-3_600),
            notValidAfter: validAt.addingTimeInterval(3_600),
            issuer: certificate.subject,
            subject: try DistinguishedName { CommonName("something else") },
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth, .clientAuth])
                SubjectAlternativeNames([.dnsName(dnsName)])
            },
            issuerPrivateKey: Certificate.PrivateKey(key)
        )
        let chain = try NIOSSLCertificate(bytes: [UInt8](leaf.serializeAsPEM().pemString.utf8), format: .pem)
        let privateKey = try NIOSSLPrivateKey(bytes: [UInt8](serverKey.pemRepresentation.utf8), format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: [.certificate(chain)],
            privateKey: .privateKey(privateKey)
        )
        if let versions { configuration.minimumTLSVersion = versions }
        return configuration
    }
}
