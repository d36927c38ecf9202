// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillEngine

@testable import TillWallets

/// Certificate mode: the same adapter, with two parameters more, and answers that name a certificate.
@Suite struct AlipayCertificateTests {
    // By openssl and md5sum, from the issuer as `-nameopt RFC2253,-esc_msb` prints it and the decimal serial number.
    private static let merchant = "dfade1a9285b2722320c126448af6409"
    private static let wallet = "6ada307410c988555db2ba27d3a68230"
    private static let before = "639adab47f9fdeea53f96d8b9a3e313a"
    private static let root = "e1ced96bfedcab596ae6fbe626ccdc09"

    private static let node = "alipay_trade_query_response"
    private static let content =
        #"{"code":"10000","msg":"Success","out_trade_no":"TQF000K703343G7H2000016R","trade_status":"WAIT_BUYER_PAY"}"#

    private func query(_ adapter: any WalletAdapter, certificate: String?) throws -> WalletReading {
        let answer = try AnswerWriter.alipay(Self.node, Self.content, certificate: certificate)
        return try adapter.read(answer, of: .query(Sample.order()))
    }

    @Test("a request names the application's certificate and the roots that are signed with RSA")
    func parameters() throws {
        let request = try Account.alipayCertificates()
            .request(for: .query(Sample.order()), at: Sample.now, message: Sample.message())
        #expect(request.target.contains("&app_cert_sn=\(Self.merchant)&alipay_root_cert_sn=\(Self.root)&sign="))
        let plain = try Account.alipay()
            .request(for: .query(Sample.order()), at: Sample.now, message: Sample.message())
        #expect(!plain.target.contains("cert_sn"))
        #expect(plain.body == request.body)
    }

    @Test("an answer is verified with the certificate that it names, and with no other")
    func verification() throws {
        let adapter = try Account.alipayCertificates()
        #expect(try query(adapter, certificate: Self.wallet).outcome == .query(.open))
        #expect(try query(adapter, certificate: nil).outcome == .query(.open))
        for other in [Self.before, Self.merchant, Self.root, Self.wallet.uppercased(), ""] {
            let reading = try query(adapter, certificate: other)
            #expect(reading.outcome == .query(.unknown(.badSignature)), "\(other)")
            #expect(reading.alarm == .forgedAnswer)
        }
    }

    @Test("in the days of a change both certificates are known, and each verifies its own answers only")
    func change() throws {
        let adapter = try Account.alipayCertificates(["alipayCertificate": "wallet-before+wallet"])
        #expect(try query(adapter, certificate: Self.wallet).outcome == .query(.open))
        #expect(try query(adapter, certificate: Self.before).outcome == .query(.unknown(.badSignature)))
    }

    @Test(
        "files that do not belong together are named",
        arguments: [
            ("alipayCertificate", "wallet-stranger"), ("alipayCertificate", "wallet-before"),
            ("rootCertificate", "stranger-root"), ("alipayCertificate", "merchant"), ("appCertificate", "wallet"),
            ("appCertificate", "stranger-root"), ("alipayCertificate", "wallet+wallet-stranger"),
        ]
    )
    func refused(field: String, file: String) throws {
        let error = #expect(throws: WalletSettingsError.self, "\(field) \(file)") {
            try Account.alipayCertificates([field: file])
        }
        // The wallet's certificate is what a root proves.
        let named = field == "rootCertificate" ? "alipayCertificate" : field
        #expect(error?.description.contains(named) == true, "\(String(describing: error))")
    }

    @Test("a file that is missing or holds no certificate is named", arguments: Account.certificateFiles.keys.sorted())
    func missing(field: String) throws {
        var fields = ["alipayPublicKey": ""]
        for (name, file) in Account.certificateFiles {
            fields[name] = try Fixture.text("keys/certificates/\(file).pem")
        }
        for value in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no certificate"] {
            fields[field] = value
            let error = #expect(throws: WalletSettingsError.self) { try Account.alipay(fields) }
            #expect(error?.description.contains(field) == true, "\(String(describing: error))")
        }
    }
}
