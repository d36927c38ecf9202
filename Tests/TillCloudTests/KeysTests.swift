// Part of Tillbridge. See LICENSE.
import Crypto
import Foundation
import Testing
import TillDomain
import TillProtocol

@testable import TillCloud

@Suite struct KeysTests {
    private let folder: TemporaryFolder
    private let keys: KeyFolder

    init() throws {
        folder = try TemporaryFolder()
        keys = KeyFolder(path: folder.file("keys"))
        try keys.make()
    }

    private func mode(_ path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }

    @Test("every key file is readable by its owner alone")
    func modes() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: keys.path)
        #expect(names.count == 13)
        for name in names { #expect(try mode(keys.file(name)) == 0o600, "\(name)") }
        #expect(try mode(keys.path) == 0o700)
    }

    @Test("existing keys are never overwritten, and the refusal names the folder")
    func neverOverwritten() throws {
        let before = try Data(contentsOf: URL(fileURLWithPath: keys.file("ca.key")))
        let error = #expect(throws: StartError.self) { try keys.make() }
        #expect(error?.sentence.contains(keys.path) == true)
        // One surviving file is enough to refuse, and nothing new appears beside it.
        for name in try FileManager.default.contentsOfDirectory(atPath: keys.path) where name != "proxy.key" {
            try FileManager.default.removeItem(atPath: keys.file(name))
        }
        #expect(throws: StartError.self) { try keys.make() }
        #expect(try FileManager.default.contentsOfDirectory(atPath: keys.path) == ["proxy.key"])
        #expect(before.count > 100)
    }

    @Test("a key file that others may read stops the start", arguments: [0o640, 0o604, 0o620, 0o602, 0o644])
    func openKeyFile(mode: Int) throws {
        for name in ["A.1.signing.key", "master.1.key"] {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: keys.file(name))
        }
        let signing = #expect(throws: StartError.self) { try keys.signingKey(of: .a) }
        #expect(signing?.sentence.contains("chmod 600") == true)
        #expect(throws: StartError.self) { try keys.masterKeys() }
        _ = try keys.signingKey(of: .b)
    }

    @Test("a missing or damaged key file is named, with what to do")
    func damaged() throws {
        try Data("not a key".utf8).write(to: URL(fileURLWithPath: keys.file("A.1.signing.key")))
        #expect(
            throws: StartError("The file \(keys.file("A.1.signing.key")) holds no P-256 key in PEM form: restore it.")
        ) { try keys.signingKey(of: .a) }
        try FileManager.default.removeItem(atPath: keys.file("B.1.signing.key"))
        let missing = #expect(throws: StartError.self) { try keys.signingKey(of: .b) }
        #expect(missing?.sentence.contains("B.1.signing.key") == true)
    }

    @Test("a signature is 64 bytes and verifies only for its own message, signature and key")
    func signatures() throws {
        let key = try keys.signingKey(of: .a)
        let other = try keys.signingKey(of: .b)
        let message = Array("one message".utf8)
        let signature = try #require(key.sign(message))
        let verifier = try #require(VerifyingKey(publicKey: key.publicKey))
        #expect(signature.count == 64)
        #expect(verifier.accepts(signature: signature, of: message))
        #expect(!verifier.accepts(signature: signature, of: message + [0]))
        #expect(VerifyingKey(publicKey: other.publicKey)?.accepts(signature: signature, of: message) == false)
        for index in signature.indices {
            var tampered = signature
            tampered[index] ^= 1
            #expect(!verifier.accepts(signature: tampered, of: message))
        }
        #expect(!verifier.accepts(signature: Array(signature.dropLast()), of: message))
    }

    @Test("the newest generation signs and every generation verifies")
    func generations() throws {
        let next = P256.Signing.PrivateKey()
        try PrivateFile.create(keys.file("A.10.signing.key"), content: next.pemRepresentation.utf8)
        try PrivateFile.create(
            keys.file("A.10.signing.pub"),
            content: next.publicKey.x963Representation.base64EncodedString().utf8
        )
        #expect(try keys.signingKey(of: .a).id == .cloud(.a, generation: 10))
        #expect(try keys.publicKeys(of: .a).map(\.id.description) == ["A.1", "A.10"])
    }

    @Test("a point that is not on the curve is no key")
    func badPoint() throws {
        var point = try keys.signingKey(of: .a).publicKey
        point[40] ^= 1
        #expect(VerifyingKey(publicKey: point) == nil)
        #expect(VerifyingKey(publicKey: []) == nil)
    }
}

@Suite struct CredentialVaultTests {
    private func vault(_ id: String = "master.1", key: SymmetricKey) throws -> CredentialVault {
        CredentialVault(masterKeys: try #require(FileMasterKeys([.init(id: id, key: Secret(key))])))
    }

    @Test("credentials open under their own name and master key alone, and never show their content")
    func envelope() throws {
        let key = SymmetricKey(size: .bits256)
        let vault = try vault(key: key)
        let content = Array("api key 4711".utf8)
        let envelope = try vault.seal(Secret(content), name: "wechat-1")
        #expect(try vault.open(envelope, name: "wechat-1").reveal() == content)
        #expect(throws: StartError.self) { try vault.open(envelope, name: "wechat-2") }
        let stranger = try self.vault(key: SymmetricKey(size: .bits256))
        #expect(throws: StartError.self) { try stranger.open(envelope, name: "wechat-1") }
        #expect(!envelope.contains("4711"))
        #expect(!envelope.contains(Data(content).base64EncodedString()))
        #expect(try vault.seal(Secret(content), name: "wechat-1") != envelope)
    }

    @Test("an envelope with one changed character does not open")
    func tampered() throws {
        let vault = try vault(key: SymmetricKey(size: .bits256))
        let envelope = Array(try vault.seal(Secret([1, 2, 3]), name: "a").utf8)
        // The last character of a Base64 group may carry unused bits, so the letters before the padding are changed.
        for index in envelope.indices.dropLast(3) where envelope[index] != 58 {
            var changed = envelope
            changed[index] = changed[index] == 65 ? 66 : 65
            guard changed != envelope, changed[min(index + 1, changed.count - 1)] != 61 else { continue }
            #expect(throws: StartError.self) { try vault.open(String(decoding: changed, as: UTF8.self), name: "a") }
        }
    }

    @Test("an older master key still opens after a new one was added")
    func rotation() throws {
        let old = SymmetricKey(size: .bits256)
        let envelope = try vault("master.1", key: old).seal(Secret([7]), name: "a")
        let both = try #require(
            FileMasterKeys([
                .init(id: "master.1", key: Secret(old)),
                .init(id: "master.2", key: Secret(SymmetricKey(size: .bits256))),
            ])
        )
        let vault = CredentialVault(masterKeys: both)
        #expect(try vault.open(envelope, name: "a").reveal() == [7])
        #expect(try vault.seal(Secret([7]), name: "a").hasPrefix("tb1:master.2:"))
    }

    @Test("a secret shows a mask wherever it is printed")
    func secret() {
        let secret = Secret("canary-8842")
        var dumped = ""
        dump(["in a list": secret], to: &dumped)
        for text in ["\(secret)", String(describing: secret), String(reflecting: secret), "\([secret])", dumped] {
            #expect(!text.contains("canary"))
        }
    }
}
