// Part of Tillbridge. See LICENSE.
import Foundation

// The bodies of V3's answers. Amounts are fen, times RFC 3339 in Chinese time; what is nil is left out.

/// A payment as `codepay` and both queries show it.
struct WeChatV3TradeView: Encodable, Sendable {
    struct Payer: Encodable, Sendable { let openid: String }

    struct Amount: Encodable, Sendable {
        let total: Int64
        let payerTotal: Int64
        let currency = "CNY"
        let payerCurrency = "CNY"
    }

    /// Only beside a password that is being typed.
    var code: String?
    var message: String?
    let appid: String
    let mchid: String
    let outTradeNo: String
    let transactionId: String?
    let tradeType: String?
    let bankType: String?
    let successTime: String?
    let tradeState: String
    let tradeStateDesc: String
    let attach: String?
    let payer: Payer?
    let amount: Amount?
    let promotionDetail: [String]?

    /// - Parameters:
    ///   - isPaid: Only a paid order has the rest.
    ///   - shift: Fen added to the amounts.
    init(_ trade: Trade, state: String, isPaid: Bool, attach: Bool, keys: SandboxKeys.WeChatPay, shift: Int64) {
        appid = keys.appID
        mchid = keys.mchID
        outTradeNo = trade.merchantOrderNumber
        tradeState = state
        tradeStateDesc = WeChatErrors.text(of: state)
        self.attach = attach ? trade.echoes["attach"] : nil
        transactionId = isPaid ? trade.walletNumber : nil
        tradeType = isPaid ? "MICROPAY" : nil
        bankType = isPaid ? "OTHERS" : nil
        successTime = isPaid ? trade.paidAt.map { ChinaTime(milliseconds: $0).zoned } : nil
        payer = isPaid ? Payer(openid: WeChatWallet.openID(of: trade.shopper)) : nil
        amount = isPaid ? Amount(total: trade.amount + shift, payerTotal: trade.amount + shift) : nil
        promotionDetail = isPaid ? [] : nil
    }
}

struct WeChatV3ReversalView: Encodable, Sendable {
    let appid: String
    let mchid: String
    let outTradeNo: String
}

struct WeChatV3RefundView: Encodable, Sendable {
    struct Amount: Encodable, Sendable {
        let total: Int64
        let refund: Int64
        let payerTotal: Int64
        let payerRefund: Int64
        let settlementTotal: Int64
        let settlementRefund: Int64
        let discountRefund: Int64 = 0
        let currency = "CNY"
    }

    let refundId: String
    let outRefundNo: String
    let transactionId: String
    let outTradeNo: String
    let channel = "ORIGINAL"
    let userReceivedAccount = "支付用户零钱"
    let createTime: String
    let successTime: String?
    let status: String
    let fundsAccount = "UNSETTLED"
    let amount: Amount

    init(_ refund: RefundRecord, of trade: Trade, shift: Int64) {
        refundId = refund.walletNumber
        outRefundNo = refund.number
        transactionId = trade.walletNumber
        outTradeNo = trade.merchantOrderNumber
        createTime = ChinaTime(milliseconds: refund.createdAt).zoned
        successTime = refund.state == .done ? ChinaTime(milliseconds: refund.settlesAt).zoned : nil
        status =
            switch refund.state {
            case .processing: "PROCESSING"
            case .done: "SUCCESS"
            case .failed: "CLOSED"
            }
        amount = Amount(
            total: trade.amount,
            refund: refund.amount + shift,
            payerTotal: trade.amount,
            payerRefund: refund.amount + shift,
            settlementTotal: trade.amount,
            settlementRefund: refund.amount + shift
        )
    }
}

struct WeChatV3BillView: Encodable, Sendable {
    let hashType = "SHA1"
    /// Of the file before compression, hex.
    let hashValue: String
    let downloadUrl: String
}

struct WeChatV3ErrorView: Encodable, Sendable {
    struct Detail: Encodable, Sendable {
        let field: String
        let issue: String
        let location: String
    }

    let code: String
    let message: String
    let detail: Detail?

    init(_ error: WeChatV3Error) {
        code = error.code
        message = error.message
        detail = error.field.map {
            Detail(field: $0, issue: "缺少或格式不正确", location: $0.hasPrefix("/") ? "body" : "query")
        }
    }
}

struct WeChatV3CertificatesView: Encodable, Sendable {
    struct Encrypted: Encodable, Sendable {
        let algorithm = "AEAD_AES_256_GCM"
        let nonce: String
        let associatedData: String
        /// Base64, the tag at its end.
        let ciphertext: String
    }

    struct Item: Encodable, Sendable {
        let serialNo: String
        let effectiveTime: String
        let expireTime: String
        let encryptCertificate: Encrypted
    }

    let data: [Item]
}

enum WeChatV3JSON {
    static func bytes(_ view: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Our own views hold nothing that JSON has not.
        return (try? encoder.encode(view)).map(Array.init) ?? []
    }
}
