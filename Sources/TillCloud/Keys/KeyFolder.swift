// Part of Tillbridge. See LICENSE.
import Crypto
import Foundation
package import TillDomain
package import TillProtocol

/// The keys of an installation, as files of mode 0600 in one folder:
///
/// | File | Who needs it |
/// |---|---|
/// | `ca.pem`, `ca.key` | everyone the certificate; the key only where certificates are issued |
/// | `proxy.pem`, `proxy.key` | a proxy: `proxy.tillbridge` |
/// | `a.cloud.pem`, `a.cloud.key` (and `b`) | a cloud: `a.cloud.tillbridge` |
/// | `A.1.signing.key` (and `B`) | that cloud: signs answers |
/// | `A.1.signing.pub` (and `B`) | both clouds: the point in Base64 |
/// | `master.1.key` | both clouds: 32 bytes in Base64, encrypts wallet credentials |
///
/// The number is the generation; a cloud signs with its newest and tells registers of all.
package struct KeyFolder: Sendable {
    package let path: String

    package init(path: String) { self.path = path }

    package func file(_ name: String) -> String { path.hasSuffix("/") ? path + name : path + "/" + name }

    package var authorityFile: String { file("ca.pem") }
    package func certificateFile(of cloud: CloudName) -> String { file("\(lowerCase(cloud)).cloud.pem") }
    package func certificateKeyFile(of cloud: CloudName) -> String { file("\(lowerCase(cloud)).cloud.key") }

    package static func dnsName(of cloud: CloudName) -> String { "\(cloud == .a ? "a" : "b").cloud.tillbridge" }

    private func lowerCase(_ cloud: CloudName) -> String { cloud == .a ? "a" : "b" }

    /// Makes everything, generation 1.
    /// - Throws: ``StartError`` if any of the files exists; none is overwritten.
    package func make() throws {
        let now = Date()
        try PrivateFile.createFolder(path)
        let files = try contents(now: now)
        for (name, _) in files where PrivateFile.exists(file(name)) {
            throw StartError("The folder \(path) holds keys already (\(name)): choose another folder.")
        }
        for (name, content) in files { try PrivateFile.create(file(name), content: content.utf8) }
        PrivateFile.syncFolder(path)
    }

    private func contents(now: Date) throws -> [(name: String, content: String)] {
        let authority = try Certificates.makeAuthority(now: now)
        var files = [
            ("ca.key", authority.key.pemRepresentation + "\n"), ("ca.pem", try Certificates.pem(authority.certificate)),
        ]
        for (name, dnsName) in [
            ("proxy", "proxy.tillbridge"), ("a.cloud", KeyFolder.dnsName(of: .a)),
            ("b.cloud", KeyFolder.dnsName(of: .b)),
        ] {
            let issued = try Certificates.issue(dnsName: dnsName, by: authority, now: now)
            files.append(("\(name).key", issued.key.pemRepresentation + "\n"))
            files.append(("\(name).pem", try Certificates.pem(issued.certificate)))
        }
        for cloud in ["A", "B"] {
            let key = P256.Signing.PrivateKey()
            files.append(("\(cloud).1.signing.key", key.pemRepresentation + "\n"))
            files.append(("\(cloud).1.signing.pub", key.publicKey.x963Representation.base64EncodedString() + "\n"))
        }
        let master = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }
        files.append(("master.1.key", master.base64EncodedString() + "\n"))
        return files
    }

    /// The newest signing key of `cloud`.
    package func signingKey(of cloud: CloudName) throws(StartError) -> CloudSigningKey {
        guard let generation = generations(suffix: ".signing.key", cloud: cloud).last else {
            throw StartError(
                "The folder \(path) holds no signing key of cloud \(cloud.text) (\(cloud.text).1.signing.key): "
                    + "make the keys with 'tillbridge admin keys --data DIR'."
            )
        }
        let name = file("\(cloud.text).\(generation).signing.key")
        let text = String(decoding: try PrivateFile.read(name), as: UTF8.self)
        guard let key = try? P256.Signing.PrivateKey(pemRepresentation: text) else {
            throw StartError("The file \(name) holds no P-256 key in PEM form: restore it.")
        }
        return CloudSigningKey(id: .cloud(cloud, generation: generation), key: key)
    }

    /// All public signing keys of `cloud`, oldest first, by key id.
    package func publicKeys(of cloud: CloudName) throws(StartError) -> [(id: KeyID, key: VerifyingKey)] {
        var keys: [(id: KeyID, key: VerifyingKey)] = []
        for generation in generations(suffix: ".signing.pub", cloud: cloud) {
            let name = file("\(cloud.text).\(generation).signing.pub")
            let text = String(decoding: try PrivateFile.readPublic(name), as: UTF8.self)
            guard let point = Data(base64Encoded: text.trimmingCharacters(in: .whitespacesAndNewlines)),
                let key = VerifyingKey(publicKey: [UInt8](point))
            else { throw StartError("The file \(name) holds no public key in Base64: restore it.") }
            keys.append((id: .cloud(cloud, generation: generation), key: key))
        }
        guard !keys.isEmpty else {
            throw StartError("The folder \(path) holds no public signing key of cloud \(cloud.text): copy it there.")
        }
        return keys
    }

    /// All master keys, newest last.
    package func masterKeys() throws(StartError) -> FileMasterKeys {
        var keys: [FileMasterKeys.Entry] = []
        for generation in generations(prefix: "master.", suffix: ".key") {
            let name = file("master.\(generation).key")
            let text = String(decoding: try PrivateFile.read(name), as: UTF8.self)
            guard let bytes = Data(base64Encoded: text.trimmingCharacters(in: .whitespacesAndNewlines)),
                bytes.count == 32
            else { throw StartError("The file \(name) does not hold 32 bytes in Base64: restore it.") }
            keys.append(FileMasterKeys.Entry(id: "master.\(generation)", key: Secret(SymmetricKey(data: bytes))))
        }
        guard let keys = FileMasterKeys(keys) else {
            throw StartError(
                "The folder \(path) holds no master key (master.1.key): "
                    + "make the keys with 'tillbridge admin keys --data DIR'."
            )
        }
        return keys
    }

    private func generations(suffix: String, cloud: CloudName) -> [Int] {
        generations(prefix: "\(cloud.text).", suffix: suffix)
    }

    private func generations(prefix: String, suffix: String) -> [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.compactMap { name in
            guard name.hasPrefix(prefix), name.hasSuffix(suffix), name.count > prefix.count + suffix.count
            else { return nil }
            return Int(name.dropFirst(prefix.count).dropLast(suffix.count))
        }.sorted()
    }
}

extension WireName {
    /// The wire name as text, for messages and file names.
    package var text: String { String(decoding: wireBytes, as: UTF8.self) }
}
