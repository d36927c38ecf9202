// Part of Tillbridge. See LICENSE.
import Foundation
import Testing
import TillDomain
import TillEngine

@testable import TillWallets

/// From an exported file to an account that works, or to one sentence that says why not.
@Suite struct SettingsTests {
    private func exported() throws -> [UInt8] {
        let file: [String: Any] = [
            "baseURL": "http://127.0.0.1:7300/", "tlsBaseURL": "https://127.0.0.1:7343", "caCertificate": "CA",
            "alipay": [
                "appID": "2021000000000001",
                "merchantPrivateKeyPKCS1": try Fixture.text("keys/merchant-pkcs1.pem"),
                "merchantPrivateKeyPKCS8": try Fixture.text("keys/merchant-pkcs8.pem"),
                "alipayPublicKey": try Fixture.text("keys/wallet-public.pem"),
            ],
            "wechatpay": [
                "appID": "wx0000000000000001", "mchID": "1900000001", "apiKey": Account.weChatPayKey,
                "clientCertificate": "CERTIFICATE", "clientKey": "KEY",
            ],
            "qqwallet": [
                "mchID": "1900000109", "apiKey": Account.weChatPayKey, "opUserID": "1900000109",
                "opUserPassword": "operator's secret", "clientCertificate": "CERTIFICATE", "clientKey": "KEY",
            ],
            "unionpay": try Account.unionPaySettings().fields,
            "someday": ["appID": "1"],
        ]
        return [UInt8](try JSONSerialization.data(withJSONObject: file))
    }

    @Test("an exported file becomes one account for each wallet that is spoken, and survives being stored")
    func export() throws {
        let all = try WalletSettings.exported(in: exported())
        #expect(all.map(\.wallet) == [.alipay, .weChatPay, .qqWallet, .unionPay])
        for settings in all {
            let stored = try WalletSettings(document: settings.document)
            #expect(stored == settings)
            let account = try WalletRegistry.standard.account(from: stored)
            #expect(account.adapter.wallet == settings.wallet)
            #expect(account.authority == "CA")
            let query = try account.adapter.request(
                for: .query(Sample.order()),
                at: Sample.now,
                message: Sample.message()
            )
            let cancel = try account.adapter.request(
                for: .cancel(Sample.order()),
                at: Sample.now,
                message: Sample.message()
            )
            #expect(account.baseURL(for: query) == "http://127.0.0.1:7300")
            let isCertified = account.wallet == .weChatPay || account.wallet == .qqWallet
            #expect(account.baseURL(for: cancel) == (isCertified ? "https://127.0.0.1:7343" : "http://127.0.0.1:7300"))
            #expect(account.clientCertificate?.key == (isCertified ? "KEY" : nil))
        }
    }

    @Test("a protocol version that is asked for is spoken by the wallets that have it, and by no other")
    func version() throws {
        let all = try WalletSettings.exported(in: exported(), version: "v3")
        #expect(all.map(\.wallet) == [.weChatPay])
        #expect(all.map(\.version) == ["v3"])
        #expect(try WalletSettings.exported(in: exported(), version: "v9").isEmpty)
        #expect(try WalletSettings.exported(in: exported()).map(\.version) == ["openapi-1.0", "v2", "v1", "acp-5.1.0"])
    }

    @Test("no description, dump or error of an account shows a key")
    func masked() throws {
        let all = try WalletSettings.exported(in: exported())
        for settings in all {
            let account = try WalletRegistry.standard.account(from: settings)
            var dumped = ""
            dump(settings, to: &dumped)
            dump(account.clientCertificate, to: &dumped)
            dump(account.adapter, to: &dumped)
            for text in [dumped, "\(settings)", String(reflecting: settings), "\(account)"] {
                #expect(!text.contains("PRIVATE KEY"))
                #expect(!text.contains(Account.weChatPayKey))
                #expect(!text.contains("CERTIFICATE"))
                #expect(!text.contains("operator's secret"))
            }
        }
        // A dump writes bytes as numbers, so that nothing at all may be in it.
        let key = [UInt8](Account.weChatPayKey.utf8)
        #expect(Mirror(reflecting: KeyedSigning(kind: .md5, key: key)).children.isEmpty)
        let pair = try AlipaySigning(
            merchantKey: Fixture.text("keys/merchant-pkcs8.pem"),
            alipayKey: Fixture.text("keys/wallet-public.pem")
        )
        #expect(Mirror(reflecting: try #require(pair)).children.isEmpty)
        #expect(Mirror(reflecting: try QQWalletMerchant(Account.qqWalletSettings())).children.isEmpty)
        let error = #expect(throws: WalletSettingsError.self) {
            try WalletRegistry.standard.account(from: Account.weChatPaySettings(["apiKey": "too-short-secret"]))
        }
        #expect(error?.description.contains("too-short-secret") == false)
    }

    @Test("one row per wallet and protocol version")
    func registry() {
        let names = WalletRegistry.standard.rows.map { "\($0.wallet) \($0.version)" }
        #expect(Set(names).count == names.count)
        #expect(WalletRegistry.standard.row(wallet: .alipay, version: "openapi-1.0")?.schedule == .alipay)
        #expect(WalletRegistry.standard.row(wallet: .weChatPay, version: "v2")?.schedule == .weChatPay)
        #expect(WalletRegistry.standard.row(wallet: .qqWallet, version: "v1")?.schedule == .qqWallet)
        #expect(WalletRegistry.standard.row(wallet: .unionPay, version: "acp-5.1.0")?.schedule == .unionPay)
        #expect(WalletRegistry.standard.row(wallet: .unionPay, version: "acp-5.0.0") == nil)
        #expect(WalletRegistry.standard.row(wallet: .weChatPay, version: "v3")?.schedule == .weChatPay)
        #expect(WalletRegistry.standard.row(wallet: .weChatPay, version: "v4") == nil)
    }

    @Test(
        "a setting that cannot be used is named, with what to do",
        arguments: [
            ("alipay", "appID", ""), ("alipay", "appID", "2021 0000"), ("alipay", "alipayPublicKey", ""),
            ("alipay", "alipayPublicKey", "bm8ga2V5"), ("alipay", "merchantPrivateKeyPKCS8", ""),
            ("alipay", "merchantPrivateKeyPKCS8", "-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----"),
            ("wechatpay", "appID", ""), ("wechatpay", "mchID", ""), ("wechatpay", "apiKey", ""),
            ("wechatpay", "apiKey", "short"), ("wechatpay", "previousAPIKey", "short"),
            ("wechatpay", "signType", "SHA1"),
            ("wechatpay", "machineAddress", "two words"), ("wechatpay", "clientCertificate", "half"),
            ("qqwallet", "mchID", ""), ("qqwallet", "mchID", "19 00"), ("qqwallet", "apiKey", "short"),
            ("qqwallet", "previousAPIKey", "short"), ("qqwallet", "opUserID", ""), ("qqwallet", "opUserPassword", ""),
            ("qqwallet", "appID", "two words"), ("qqwallet", "machineAddress", "2001:db8::1234:5678"),
            ("qqwallet", "notifyURL", "https://a b"), ("qqwallet", "clientCertificate", "half"),
            ("unionpay", "merID", ""), ("unionpay", "merID", "77729005813588"), ("unionpay", "notifyURL", "a b"),
            ("unionpay", "certID", "68759663126"), ("unionpay", "signCertificate", ""),
            ("unionpay", "signCertificate", "bm8gY2VydGlmaWNhdGU="), ("unionpay", "signPrivateKey", ""),
            ("unionpay", "signPrivateKey", "bm8ga2V5"), ("unionpay", "rootCertificate", ""),
            ("unionpay", "rootCertificate", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----"),
            ("unionpay", "middleCertificate", ""), ("unionpay", "middleCertificate", "no PEM"),
        ]
    )
    func unusable(wallet: String, field: String, value: String) throws {
        let error = #expect(throws: WalletSettingsError.self) {
            try WalletRegistry.standard.account(from: Account.settings(wallet, [field: value]))
        }
        let text = error?.description ?? ""
        #expect(text.contains(field == "clientCertificate" ? "clientKey" : field), "\(text)")
        #expect(text.contains(wallet), "\(text)")
        #expect(text.hasSuffix("."), "\(text)")
    }

    @Test("the application's own public key in place of Alipay's is told apart")
    func ownKey() throws {
        let own = ["alipayPublicKey": try Fixture.text("keys/merchant-public.pem")]
        let error = #expect(throws: WalletSettingsError.self) {
            try WalletRegistry.standard.account(from: Account.alipaySettings(own))
        }
        #expect(error?.description.contains("own public key") == true)
    }

    @Test(
        "keys and certificates of UnionPay's that do not belong together are told apart",
        arguments: [
            ("signPrivateKey", "wallet-private", "not the key of signCertificate"),
            ("rootCertificate", "unionpay-middle", "does not sign itself"),
            ("middleCertificate", "unionpay-stranger", "does not come from rootCertificate"),
        ]
    )
    func unionPayMixed(field: String, file: String, words: String) throws {
        let changes = [field: try Fixture.text("keys/\(file).pem")]
        let error = #expect(throws: WalletSettingsError.self) {
            try WalletRegistry.standard.account(from: Account.unionPaySettings(changes))
        }
        #expect(error?.description.contains("\(field) cannot be used") == true)
        #expect(error?.description.contains(words) == true)
    }

    @Test("the number of UnionPay's certificate follows from the certificate, and several may be pinned")
    func unionPayFreedom() throws {
        let middle = try Fixture.text("keys/unionpay-middle.pem")
        let adapter = try Account.unionPay(["certID": "", "middleCertificate": "\(middle)\n# next\n\(middle)"])
        let request = try adapter.request(for: .query(Sample.order()), at: Sample.now, message: Sample.message())
        #expect(String(decoding: request.body, as: UTF8.self).contains("&certId=68759663125&"))
    }

    @Test("over https a client certificate is a must where the wallet asks for one")
    func certificate() throws {
        let settings = try WalletSettings(
            wallet: .weChatPay,
            version: "v2",
            baseURL: "https://api.mch.weixin.qq.com",
            fields: ["appID": "wx0000000000000001", "mchID": "1900000001", "apiKey": Account.weChatPayKey]
        )
        let error = #expect(throws: WalletSettingsError.self) { try WalletRegistry.standard.account(from: settings) }
        #expect(error?.description.contains("clientCertificate") == true)
    }

    @Test("files, stored settings and addresses that are none of ours are refused")
    func refused() throws {
        for text in ["", "[]", "{}", "{\"baseURL\":1}", "{\"baseURL\":\"http://x\",\"alipay\":{\"appID\":7}}"] {
            #expect(throws: WalletSettingsError.self) { try WalletSettings.exported(in: [UInt8](text.utf8)) }
            #expect(throws: WalletSettingsError.self) { try WalletSettings(document: [UInt8](text.utf8)) }
        }
        for url in ["", "127.0.0.1:7300", "ftp://127.0.0.1", "https://a b"] {
            #expect(throws: WalletSettingsError.self) {
                try WalletSettings(wallet: .alipay, version: "openapi-1.0", baseURL: url, fields: [:])
            }
        }
        let url = "http://127.0.0.1"
        let other = try WalletSettings(wallet: .unionPay, version: "acp-5.0.0", baseURL: url, fields: [:])
        #expect(throws: WalletSettingsError.self) { try WalletRegistry.standard.account(from: other) }
    }
}
