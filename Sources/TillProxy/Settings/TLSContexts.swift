// Part of Tillbridge. See LICENSE.
import Glibc
import NIOCore
import NIOSSL

/// The proxy's two sides of TLS, made once at the start.
struct TLSContexts: Sendable {
    /// Towards registers: TLS 1.2 with ECDHE-ECDSA and an AEAD cipher, or 1.3.
    let front: NIOSSLContext
    /// Towards clouds: TLS 1.3, mutual.
    let cloud: NIOSSLContext

    init(_ files: ProxySettings.KeyFiles) throws(SettingError) {
        let chain = try Self.certificates("--certificate", files.certificate)
        let authority = try Self.certificates("--ca", files.authority)
        let key = try Self.key(files.key)

        var front = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(key)
        )
        front.minimumTLSVersion = .tlsv12
        front.cipherSuiteValues = [
            .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            .init(rawValue: 0xCCA9),  // TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, RFC 7905
        ]
        if let file = files.clientAuthority {
            front.certificateVerification = .noHostnameVerification
            front.trustRoots = .certificates(try Self.certificates("--client-ca", file))
        }

        var cloud = TLSConfiguration.makeClientConfiguration()
        cloud.minimumTLSVersion = .tlsv13
        cloud.trustRoots = .certificates(authority)
        cloud.certificateVerification = .fullVerification
        cloud.certificateChain = chain.map { .certificate($0) }
        cloud.privateKey = .privateKey(key)
        // A broken connection to a cloud is replaced, not mourned.
        cloud.shutdownTimeout = .milliseconds(500)
        front.shutdownTimeout = .seconds(1)

        do {
            self.front = try NIOSSLContext(configuration: front)
            self.cloud = try NIOSSLContext(configuration: cloud)
        } catch {
            throw SettingError(
                "--certificate \"\(files.certificate)\" and --key \"\(files.key)\" do not belong together; "
                    + "make them again with tillbridge admin keys."
            )
        }
    }

    private static func certificates(_ setting: String, _ path: String) throws(SettingError) -> [NIOSSLCertificate] {
        guard access(path, R_OK) == 0 else {
            throw SettingError("\(setting) names \"\(path)\", which cannot be read; it must be a PEM certificate file.")
        }
        guard let certificates = try? NIOSSLCertificate.fromPEMFile(path), !certificates.isEmpty else {
            throw SettingError("\(setting) names \"\(path)\", which holds no PEM certificate.")
        }
        return certificates
    }

    private static func key(_ path: String) throws(SettingError) -> NIOSSLPrivateKey {
        try PrivateKeyFile.check("--key", path)
        guard let key = try? NIOSSLPrivateKey(file: path, format: .pem) else {
            throw SettingError("--key names \"\(path)\", which holds no PEM private key.")
        }
        return key
    }
}

/// A key that others may read is no key.
enum PrivateKeyFile {
    static func check(_ setting: String, _ path: String) throws(SettingError) {
        var status = stat()
        guard stat(path, &status) == 0, access(path, R_OK) == 0 else {
            throw SettingError("\(setting) names \"\(path)\", which cannot be read; it must be a PEM private key file.")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw SettingError("\(setting) names \"\(path)\", which is not a file; it must be a PEM private key file.")
        }
        guard status.st_mode & 0o077 == 0 else {
            let mode = String(status.st_mode & 0o777, radix: 8)
            throw SettingError(
                "\(setting) names \"\(path)\", which others may read (mode \(mode)); allow its owner alone: chmod 600."
            )
        }
    }
}
