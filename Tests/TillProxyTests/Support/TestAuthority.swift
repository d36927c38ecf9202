// Part of Tillbridge. See LICENSE.
import Crypto
import Foundation
import SwiftASN1
import X509

@testable import TillProxy

/// A private CA in a folder of its own, with the certificates of one installation.
final class TestAuthority: Sendable {
    let folder: String
    private let key: P256.Signing.PrivateKey
    private let certificate: Certificate

    init() throws {
        folder = NSTemporaryDirectory() + "till-proxy-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        key = P256.Signing.PrivateKey()
        let name = try DistinguishedName { CommonName("Test CA") }
        certificate = try Certificate(
            version: .v3,
            serialNumber: .init(),
            publicKey: .init(key.publicKey),
            notValidBefore: Date(timeIntervalSinceNow: -3_600),
            notValidAfter: Date(timeIntervalSinceNow: 86_400),
            issuer: name,
            subject: name,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                Critical(KeyUsage(keyCertSign: true))
            },
            issuerPrivateKey: .init(key)
        )
        try write("ca.pem", try certificate.serializeAsPEM().pemString)
        for dnsName in ["proxy.tillbridge", "a.cloud.tillbridge", "b.cloud.tillbridge"] { try issue(dnsName) }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func file(_ name: String) -> String { folder + "/" + name }

    var proxyFiles: ProxySettings.KeyFiles {
        .init(
            certificate: file("proxy.tillbridge.pem"),
            key: file("proxy.tillbridge.key"),
            authority: file("ca.pem")
        )
    }

    private func issue(_ dnsName: String) throws {
        let leaf = P256.Signing.PrivateKey()
        let certificate = try Certificate(
            version: .v3,
            serialNumber: .init(),
            publicKey: .init(leaf.publicKey),
            notValidBefore: Date(timeIntervalSinceNow: -3_600),
            notValidAfter: Date(timeIntervalSinceNow: 86_400),
            issuer: certificate.subject,
            subject: try DistinguishedName { CommonName(dnsName) },
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth, .clientAuth])
                SubjectAlternativeNames([.dnsName(dnsName)])
            },
            issuerPrivateKey: .init(key)
        )
        try write(dnsName + ".pem", try certificate.serializeAsPEM().pemString)
        try write(dnsName + ".key", leaf.pemRepresentation)
    }

    func write(_ name: String, _ content: String, mode: Int = 0o600) throws {
        try Data(content.utf8).write(to: URL(fileURLWithPath: file(name)))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file(name))
    }
}
