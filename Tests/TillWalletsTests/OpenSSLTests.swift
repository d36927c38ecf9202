// Part of Tillbridge. See LICENSE.
import Foundation
import Testing
import TillDomain
import TillEngine

@testable import TillWallets

/// Signatures compared with those of another program.
@Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")))
struct OpenSSLTests {
    private func openssl(_ arguments: [String], in folder: URL) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "openssl \(arguments.joined(separator: " "))")
    }

    @Test("a fresh key signs what openssl signs, and openssl's signature verifies")
    func agreement() throws {
        let folder = URL(filePath: NSTemporaryDirectory()).appending(path: "till-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try openssl(["genrsa", "-traditional", "-out", "key.pem", "2048"], in: folder)
        try openssl(["pkcs8", "-topk8", "-nocrypt", "-in", "key.pem", "-out", "pkcs8.pem"], in: folder)
        try openssl(["rsa", "-in", "key.pem", "-pubout", "-out", "public.pem"], in: folder)
        let text = [UInt8]("app_id=2021000000000001&biz_content={\"subject\":\"示例门店购物\"}".utf8)
        try Data(text).write(to: folder.appending(path: "text"))
        try openssl(["dgst", "-sha256", "-sign", "key.pem", "-out", "signature", "text"], in: folder)
        let theirs = [UInt8](try Data(contentsOf: folder.appending(path: "signature")).base64EncodedString().utf8)
        func key(_ name: String) throws -> String {
            try String(contentsOf: folder.appending(path: name), encoding: .utf8)
        }
        for form in ["key.pem", "pkcs8.pem"] {
            let signing = try #require(try AlipaySigning(merchantKey: key(form), alipayKey: key("public.pem")))
            #expect(try signing.sign(text) == theirs)
            #expect(signing.isValid(theirs, for: text))
            #expect(!signing.isValid(theirs, for: text + [0]))
            #expect(signing.verifiesWithOwnKey)
        }
        let ours = try #require(
            try AlipaySigning(merchantKey: key("key.pem"), alipayKey: Fixture.text("keys/wallet-public.pem"))
        )
        try Data(try #require(Base64.decode(ours.sign(text)))).write(to: folder.appending(path: "ours"))
        try openssl(["dgst", "-sha256", "-verify", "public.pem", "-signature", "ours", "text"], in: folder)
    }

    @Test("what UnionPay gets, openssl verifies with the merchant's certificate, over the text of the hash")
    func unionPay() throws {
        let folder = URL(filePath: NSTemporaryDirectory()).appending(path: "till-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let certificate = folder.appending(path: "merchant.pem")
        try Data(Fixture.text("keys/unionpay-merchant.pem").utf8).write(to: certificate)
        try openssl(["x509", "-in", "merchant.pem", "-pubkey", "-noout", "-out", "public.pem"], in: folder)
        let payment = WalletOperation.pay(try Sample.payment(code: "6220835931895481436"))
        let request = try Account.unionPay().request(for: payment, at: Sample.now, message: Sample.message())
        let fields = String(decoding: request.body, as: UTF8.self).split(separator: "&").map { field in
            field.split(separator: "=", maxSplits: 1).map { String($0).removingPercentEncoding ?? "" }
        }
        let encoded = try #require(fields.first { $0[0] == "signature" }?.last)
        let signature = try #require(Data(base64Encoded: encoded))
        let text = fields.filter { $0[0] != "signature" }.map { $0.joined(separator: "=") }.sorted()
            .joined(separator: "&")
        try Data(text.utf8).write(to: folder.appending(path: "text"))
        try signature.write(to: folder.appending(path: "signature"))
        try openssl(["dgst", "-sha256", "-r", "-out", "hash", "text"], in: folder)
        let hash = try Data(contentsOf: folder.appending(path: "hash")).prefix(64)
        try hash.write(to: folder.appending(path: "hash"))
        try openssl(["dgst", "-sha256", "-verify", "public.pem", "-signature", "signature", "hash"], in: folder)
    }
}
