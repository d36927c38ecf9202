// Part of Tillbridge. See LICENSE.
import Crypto
import CryptoExtras
import Foundation
import Testing
import TillDomain
import TillWallets

/// The wallets' side of the signatures, for answers that no fixture has.
enum AnswerWriter {
    /// An answer of V3, signed at the second in which the sample was sent.
    static func weChatPayV3(
        _ body: String,
        status: Int = 200,
        time: Int64 = Sample.now.milliseconds / 1000,
        receivedAt: Timestamp = Sample.now,
        serial: String = Account.publicKeyID
    ) throws -> InboundResponse {
        let nonce = "A1B2C3D4E5F60718"
        let digest = Crypto.SHA256.hash(data: Data("\(time)\n\(nonce)\n\(body)\n".utf8))
        let signature = try walletKey.get().signature(for: digest, padding: .insecurePKCS1v1_5)
        return InboundResponse(
            status: status,
            headers: [
                OutboundRequest.Header(name: "Wechatpay-Timestamp", value: "\(time)"),
                OutboundRequest.Header(name: "Wechatpay-Nonce", value: nonce),
                OutboundRequest.Header(
                    name: "Wechatpay-Signature",
                    value: signature.rawRepresentation.base64EncodedString()
                ),
                OutboundRequest.Header(name: "Wechatpay-Serial", value: serial),
            ],
            body: [UInt8](body.utf8),
            receivedAt: receivedAt
        )
    }

    private static let walletKey = Result {
        try _RSA.Signing.PrivateKey(pemRepresentation: Fixture.text("keys/wallet-private.pem"))
    }

    static func alipay(_ node: String, _ content: String, certificate: String? = nil) throws -> InboundResponse {
        let digest = Crypto.SHA256.hash(data: Data(content.utf8))
        let signature = try walletKey.get().signature(for: digest, padding: .insecurePKCS1v1_5)
        let sign = signature.rawRepresentation.base64EncodedString()
        let named = certificate.map { "\"alipay_cert_sn\":\"\($0)\"," } ?? ""
        return InboundResponse(
            status: 200,
            body: [UInt8]("{\"\(node)\":\(content),\(named)\"sign\":\"\(sign)\"}".utf8),
            receivedAt: Sample.now
        )
    }

    /// A business failure of the call whose fixtures begin with `word`.
    static func alipay(_ word: String, code: String = "40004", subCode: String) throws -> InboundResponse {
        let node = word == "refund-query" ? "trade_fastpay_refund_query" : "trade_\(word)"
        return try alipay(
            "alipay_\(node)_response",
            "{\"code\":\"\(code)\",\"msg\":\"Business Failed\",\"sub_code\":\"\(subCode)\",\"sub_msg\":\"…\"}"
        )
    }

    static func weChatPay(_ fields: [String: String], key: String = Account.weChatPayKey) -> InboundResponse {
        var fields = fields
        fields["return_code"] = fields["return_code"] ?? "SUCCESS"
        fields["appid"] = "wx0000000000000001"
        fields["mch_id"] = "1900000001"
        fields["nonce_str"] = "a1b2c3d4e5f60718"
        let text =
            fields.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }
            .map { "\($0.key)=\($0.value)" }.joined(separator: "&") + "&key=" + key
        let secret = SymmetricKey(data: Data(key.utf8))
        let digest = HMAC<Crypto.SHA256>.authenticationCode(for: Data(text.utf8), using: secret)
        fields["sign"] = digest.map { String(format: "%02X", $0) }.joined()
        let body = fields.map { "<\($0.key)><![CDATA[\($0.value)]]></\($0.key)>" }.joined()
        return InboundResponse(status: 200, body: [UInt8]("<xml>\(body)</xml>".utf8), receivedAt: Sample.now)
    }

    static func weChatPay(failure code: String) -> InboundResponse {
        weChatPay(["result_code": "FAIL", "err_code": code, "err_code_des": "…"])
    }

    static func qqWallet(_ fields: [String: String]) -> InboundResponse {
        var fields = fields
        fields["return_code"] = fields["return_code"] ?? "SUCCESS"
        fields["mch_id"] = "1900000109"
        fields["nonce_str"] = "a1b2c3d4e5f60718"
        let text =
            fields.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }
            .map { "\($0.key)=\($0.value)" }.joined(separator: "&") + "&key=" + Account.weChatPayKey
        let digest = Insecure.MD5.hash(data: Data(text.utf8))
        fields["sign"] = digest.map { String(format: "%02X", $0) }.joined()
        let body = fields.map { "<\($0.key)>\($0.value)</\($0.key)>" }.joined()
        return InboundResponse(status: 200, body: [UInt8]("<xml>\(body)</xml>".utf8), receivedAt: Sample.now)
    }

    static func qqWallet(failure code: String) -> InboundResponse {
        qqWallet(["result_code": "FAIL", "err_code": code, "err_code_des": "…"])
    }

    /// An answer of UnionPay about the sample, to the call whose fixtures begin with `word`. Empty fields are left out.
    static func unionPay(_ word: String, _ changes: [String: String] = [:]) throws -> InboundResponse {
        let types = ["pay": ("01", "06"), "cancel": ("99", "01"), "refund": ("04", "00")][word] ?? ("00", "00")
        var fields = [
            "version": "5.1.0", "encoding": "UTF-8", "signMethod": "01", "txnType": types.0, "txnSubType": types.1,
            "merId": "777290058135880", "txnTime": "20261122183000", "respCode": "00",
            "orderId": "TQF000K703343G7H2000016R" + (word.hasPrefix("refund") ? "R00" : ""),
            "signPubKeyCert": try Fixture.text("keys/unionpay-sign.pem"),
        ].merging(changes) { $1 }
        let text = fields.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }
            .map { "\($0.key)=\($0.value)" }.joined(separator: "&")
        let digest = SHA256.hash(data: Data(text.utf8)).map { String(format: "%02x", $0) }.joined()
        let signature = try walletKey.get()
            .signature(for: SHA256.hash(data: Data(digest.utf8)), padding: .insecurePKCS1v1_5)
        fields["signature"] = signature.rawRepresentation.base64EncodedString()
        let body = fields.map { "\($0.key)=\($0.value)" }.joined(separator: "&")
        return InboundResponse(status: 200, body: [UInt8](body.utf8), receivedAt: Sample.now)
    }
}
