// Part of Tillbridge. See LICENSE.
import TillDomain
import TillWallets

/// Accounts with the fixtures' keys.
enum Account {
    static func alipay(_ changes: [String: String] = [:]) throws -> any WalletAdapter {
        try WalletRegistry.standard.account(from: alipaySettings(changes)).adapter
    }

    static func weChatPay(_ changes: [String: String] = [:]) throws -> any WalletAdapter {
        try WalletRegistry.standard.account(from: weChatPaySettings(changes)).adapter
    }

    static func alipaySettings(_ changes: [String: String] = [:]) throws -> WalletSettings {
        let fields = [
            "appID": "2021000000000001",
            "merchantPrivateKeyPKCS8": try Fixture.text("keys/merchant-pkcs8.pem"),
            "alipayPublicKey": try Fixture.text("keys/wallet-public.pem"),
        ]
        return try WalletSettings(
            wallet: .alipay,
            version: "openapi-1.0",
            baseURL: "http://127.0.0.1:7300",
            fields: fields.merging(changes) { $1 }
        )
    }

    static let certificateFiles = [
        "appCertificate": "merchant", "alipayCertificate": "wallet", "rootCertificate": "roots",
    ]

    /// Certificate mode: a field in `changes` is the name of a file.
    static func alipayCertificates(_ changes: [String: String] = [:]) throws -> any WalletAdapter {
        var fields = ["alipayPublicKey": ""]
        for (name, file) in certificateFiles.merging(changes, uniquingKeysWith: { $1 }) {
            fields[name] = try file.split(separator: "+").map { try Fixture.text("keys/certificates/\($0).pem") }
                .joined()
        }
        return try alipay(fields)
    }

    static let publicKeyID = "PUB_KEY_ID_0119000000012026112200000000000001"

    static func weChatPayV3(_ changes: [String: String] = [:]) throws -> any WalletAdapter {
        try WalletRegistry.standard.account(from: weChatPayV3Settings(changes)).adapter
    }

    static func weChatPayV3Settings(_ changes: [String: String] = [:]) throws -> WalletSettings {
        let fields = [
            "appID": "wx0000000000000001", "mchID": "1900000001",
            "merchantSerial": "5DFB34A1C0FFEE5DFB34A1C0FFEE5DFB34A1C0FF",
            "merchantPrivateKey": try Fixture.text("keys/merchant-pkcs8.pem"), "wechatpayPublicKeyID": publicKeyID,
            "wechatpayPublicKey": try Fixture.text("keys/wallet-public.pem"),
        ]
        return try WalletSettings(
            wallet: .weChatPay,
            version: "v3",
            baseURL: "http://127.0.0.1:7300",
            fields: fields.merging(changes) { $1 }
        )
    }

    static let weChatPayKey = "Sandbox0Key0For0Unit0Tests000001"

    static func weChatPaySettings(_ changes: [String: String] = [:]) throws -> WalletSettings {
        let fields = ["appID": "wx0000000000000001", "mchID": "1900000001", "apiKey": weChatPayKey]
        return try WalletSettings(
            wallet: .weChatPay,
            version: "v2",
            baseURL: "http://127.0.0.1:7300",
            fields: fields.merging(changes) { $1 }
        )
    }

    static func qqWallet(_ changes: [String: String] = [:]) throws -> any WalletAdapter {
        try WalletRegistry.standard.account(from: qqWalletSettings(changes)).adapter
    }

    static func qqWalletSettings(_ changes: [String: String] = [:]) throws -> WalletSettings {
        let fields = [
            "mchID": "1900000109", "apiKey": weChatPayKey, "opUserID": "1900000109", "opUserPassword": "111111",
        ]
        return try WalletSettings(
            wallet: .qqWallet,
            version: "v1",
            baseURL: "http://127.0.0.1:7300",
            fields: fields.merging(changes) { $1 }
        )
    }

    static func unionPay(_ changes: [String: String] = [:]) throws -> any WalletAdapter {
        try WalletRegistry.standard.account(from: unionPaySettings(changes)).adapter
    }

    static func unionPaySettings(_ changes: [String: String] = [:]) throws -> WalletSettings {
        let fields = [
            "merID": "777290058135880",
            "certID": "68759663125",
            "signCertificate": try Fixture.text("keys/unionpay-merchant.pem"),
            "signPrivateKey": try Fixture.text("keys/merchant-pkcs8.pem"),
            "rootCertificate": try Fixture.text("keys/unionpay-root.pem"),
            "middleCertificate": try Fixture.text("keys/unionpay-middle.pem"),
        ]
        return try WalletSettings(
            wallet: .unionPay,
            version: "acp-5.1.0",
            baseURL: "http://127.0.0.1:7300",
            fields: fields.merging(changes) { $1 }
        )
    }

    /// By the wallet's name on the wire.
    static func settings(_ wallet: String, _ changes: [String: String] = [:]) throws -> WalletSettings {
        switch wallet {
        case "alipay": try alipaySettings(changes)
        case "wechatpay": try weChatPaySettings(changes)
        case "qqwallet": try qqWalletSettings(changes)
        default: try unionPaySettings(changes)
        }
    }

    static func adapter(_ wallet: String) throws -> any WalletAdapter {
        try WalletRegistry.standard.account(from: settings(wallet)).adapter
    }

    static let wallets = ["alipay", "wechatpay", "qqwallet", "unionpay"]
}
