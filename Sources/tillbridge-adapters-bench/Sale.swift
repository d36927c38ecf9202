// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine
import TillWallets

/// The sale that the recorded messages are about.
enum Sale {
    static let number = "TQF000K703343G7H2000016R"
    static let nonce = "5f1c3a9be0d24b7f"
    /// 2026-11-22 18:30:01 GMT+8.
    static let now = Timestamp(milliseconds: 1_795_343_401_234)
    /// One of two goods, which a wallet shows to the shopper.
    private static let basket = [
        item(sku: "6901234567892", name: "牛奶 \"1L\"", quantity: 2, price: 545),
        item(sku: "BAG-1", name: "购物袋", quantity: 1, price: 200),
    ]

    static let order: WalletOrder = {
        guard let number = OrderNumber(number.utf8), let sale = SaleReference("S-1".utf8), let nonce = Nonce(nonce.utf8)
        else { preconditionFailure("the sale is written here") }
        return WalletOrder(
            Intent(
                orderNumber: number,
                saleReference: sale,
                amount: Money(fen: 1290),
                sign: [50, 56],
                codeLength: 18,
                routing: 1,
                startedAt: Timestamp(milliseconds: 1_795_343_400_000),
                nonce: nonce
            )
        )
    }()

    static let message: MessageID = {
        guard let message = MessageID("7QK2M4T9XW3P8DHC5NRA6V0BEF".utf8) else {
            preconditionFailure("the message is written here")
        }
        return message
    }()

    static func payment(code: String) throws -> WalletPayment {
        guard let code = PaymentCode(scanned: code.utf8) else { throw BenchFailure("a payment code is none") }
        return WalletPayment(
            order: order,
            code: code,
            subject: [UInt8]("示例门店购物".utf8),
            operatorName: [UInt8]("c07".utf8),
            items: basket
        )
    }

    private static func item(sku: String, name: String, quantity: Int64, price: Int64) -> BasketItem {
        BasketItem(
            sku: [UInt8](sku.utf8),
            name: [UInt8](name.utf8),
            quantity: quantity,
            unitPrice: Money(fen: price)
        )
    }
}

/// Accounts with the recordings' keys.
struct Accounts {
    let recordings: Recordings

    static let publicKeyID = "PUB_KEY_ID_0119000000012026112200000000000001"
    /// Of WeChat Pay V2 and QQ Wallet, in the recordings.
    private static let apiKey = "Sandbox0Key0For0Unit0Tests000001"

    func alipay() throws -> WalletSettings {
        try settings(
            .alipay,
            "openapi-1.0",
            ["appID": "2021000000000001"],
            [
                "merchantPrivateKeyPKCS8": "merchant-pkcs8", "alipayPublicKey": "wallet-public",
            ]
        )
    }

    func alipayCertificates() throws -> WalletSettings {
        try settings(
            .alipay,
            "openapi-1.0",
            ["appID": "2021000000000001"],
            [
                "merchantPrivateKeyPKCS8": "merchant-pkcs8", "appCertificate": "certificates/merchant",
                "alipayCertificate": "certificates/wallet", "rootCertificate": "certificates/roots",
            ]
        )
    }

    func weChatPay() throws -> WalletSettings {
        try settings(
            .weChatPay,
            "v2",
            ["appID": "wx0000000000000001", "mchID": "1900000001", "apiKey": Accounts.apiKey],
            [:]
        )
    }

    func weChatPayV3() throws -> WalletSettings {
        try settings(
            .weChatPay,
            "v3",
            [
                "appID": "wx0000000000000001", "mchID": "1900000001",
                "merchantSerial": "5DFB34A1C0FFEE5DFB34A1C0FFEE5DFB34A1C0FF",
                "wechatpayPublicKeyID": Accounts.publicKeyID,
            ],
            ["merchantPrivateKey": "merchant-pkcs8", "wechatpayPublicKey": "wallet-public"]
        )
    }

    func qqWallet() throws -> WalletSettings {
        try settings(
            .qqWallet,
            "v1",
            [
                "mchID": "1900000109", "apiKey": Accounts.apiKey, "opUserID": "1900000109", "opUserPassword": "111111",
            ],
            [:]
        )
    }

    func unionPay() throws -> WalletSettings {
        try settings(
            .unionPay,
            "acp-5.1.0",
            ["merID": "777290058135880"],
            [
                "signCertificate": "unionpay-merchant", "signPrivateKey": "merchant-pkcs8",
                "rootCertificate": "unionpay-root", "middleCertificate": "unionpay-middle",
            ]
        )
    }

    /// - Parameter keys: Fields that hold a file's content, by the file's name in the folder of keys.
    private func settings(
        _ wallet: Wallet,
        _ version: String,
        _ fields: [String: String],
        _ keys: [String: String]
    ) throws -> WalletSettings {
        var fields = fields
        for (field, file) in keys { fields[field] = try recordings.text("keys/\(file).pem") }
        return try WalletSettings(wallet: wallet, version: version, baseURL: "http://127.0.0.1:7300", fields: fields)
    }
}
