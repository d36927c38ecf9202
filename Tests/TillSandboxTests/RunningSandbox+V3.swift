// Part of Tillbridge. See LICENSE.
import CryptoExtras
import Foundation
import NIOHTTP1
import Testing
import TillSandbox

extension RunningSandbox {
    /// A merchant of WeChat Pay V3.
    ///
    /// - Parameter change: Pairs of the Authorization header, after signing; nil takes one out.
    func weChatV3(
        _ method: String,
        _ path: String,
        _ body: String = "",
        change: [String: String?] = [:],
        timestamp: Int64 = SystemTime().now / 1000,
        headers: [(String, String)] = []
    ) async throws -> Reply {
        let nonce = "5F1C3A9BE0D24B7F8A6E"
        let key = try _RSA.Signing.PrivateKey(pemRepresentation: keys.wechatpay.merchantPrivateKey)
        let text = WeChatV3Signature.requestText(
            method: method,
            path: path,
            timestamp: String(timestamp),
            nonce: nonce,
            body: Array(body.utf8)
        )
        var pairs: [String: String] = [
            "mchid": keys.wechatpay.mchID, "nonce_str": nonce, "timestamp": String(timestamp),
            "serial_no": keys.wechatpay.merchantSerial,
            "signature": try key.signature(for: text, padding: .insecurePKCS1v1_5).rawRepresentation
                .base64EncodedString(),
        ]
        for (name, value) in change { pairs[name] = value }
        let list = pairs.map { "\($0.key)=\"\($0.value)\"" }.joined(separator: ",")
        return try await send(
            method,
            path,
            body: Array(body.utf8),
            headers: [
                ("Authorization", WeChatV3Signature.scheme + " " + list), ("Accept", "application/json"),
                ("Content-Type", "application/json"),
            ] + headers
        )
    }

    func weChatV3Pay(_ number: String, code: String, more: String = "") async throws -> Reply {
        try await weChatV3(
            "POST",
            "/v3/pay/transactions/codepay",
            #"{"appid":"\#(keys.wechatpay.appID)","mchid":"\#(keys.wechatpay.mchID)","description":"牛奶","#
                + #""out_trade_no":"\#(number)","payer":{"auth_code":"\#(code)"},"#
                + #""amount":{"total":1290,"currency":"CNY"},"scene_info":{"device_id":"T03","#
                + #""store_info":{"id":"S0001"}}\#(more)}"#
        )
    }

    func weChatV3Query(_ number: String) async throws -> Reply {
        try await weChatV3("GET", "/v3/pay/transactions/out-trade-no/\(number)?mchid=\(keys.wechatpay.mchID)")
    }

    func weChatV3Reverse(_ number: String) async throws -> Reply {
        try await weChatV3(
            "POST",
            "/v3/pay/transactions/out-trade-no/\(number)/reverse",
            #"{"appid":"\#(keys.wechatpay.appID)","mchid":"\#(keys.wechatpay.mchID)"}"#
        )
    }

    func weChatV3Refund(_ number: String, _ refund: String, _ amount: Int) async throws -> Reply {
        try await weChatV3(
            "POST",
            "/v3/refund/domestic/refunds",
            #"{"out_trade_no":"\#(number)","out_refund_no":"\#(refund)","#
                + #""amount":{"refund":\#(amount),"total":1290,"currency":"CNY"}}"#
        )
    }

    /// Whether a reply carries the wallet's signature in its headers.
    func hasValidV3Signature(_ reply: Reply) throws -> Bool {
        guard let sign = reply.headers.first(name: "wechatpay-signature"), let data = Data(base64Encoded: sign),
            let timestamp = reply.headers.first(name: "wechatpay-timestamp"),
            let nonce = reply.headers.first(name: "wechatpay-nonce"),
            reply.headers.first(name: "wechatpay-signature-type") == "WECHATPAY2-SHA256-RSA2048"
        else { return false }
        let key = try _RSA.Signing.PublicKey(pemRepresentation: keys.wechatpay.wechatpayPublicKey)
        return key.isValidSignature(
            .init(rawRepresentation: data),
            for: WeChatV3Signature.replyText(timestamp: timestamp, nonce: nonce, body: reply.body),
            padding: .insecurePKCS1v1_5
        )
    }
}

extension RunningSandbox.Reply {
    /// A member of the body, by its path.
    func member(_ path: String) -> JSONValue? {
        path.split(separator: ".").reduce(json) { $0?.object?[String($1)] }
    }

    var code: String? { member("code")?.text }
}
