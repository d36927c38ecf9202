// Part of Tillbridge. See LICENSE.
import TillDomain
import TillWallets

/// Accounts with the fixtures' keys.
enum Account {
    static func alipay(_ changes: [String: String] = [:]) throws -> any WalletAdapter {
        try WalletRegistry.account(from: alipaySettings(changes)).adapter
    }

    static func weChatPay(_ changes: [String: String] = [:]) throws -> any WalletAdapter {
        try WalletRegistry.account(from: weChatPaySettings(changes)).adapter
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
}
