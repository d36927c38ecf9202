// Part of Tillbridge. See LICENSE.

/// Checks the fields of a call as sections 5 to 8 of WeChat Pay's documents have them.
struct WeChatContentReader {
    let xml: FlatXML

    enum Problem: Error, Equatable {
        case missing(String)
        case invalid(String)
    }

    static let paths = [
        "/pay/micropay", "/pay/orderquery", "/secapi/pay/reverse", "/secapi/pay/refund", "/pay/refundquery",
        WeChatFace.billPath,
    ]

    func content(of path: String) throws(Problem) -> WeChatCall.Content {
        switch path {
        case "/pay/micropay": .pay(try payRequest())
        case "/pay/orderquery": .query(try order())
        case "/secapi/pay/reverse": .reverse(try order())
        case "/secapi/pay/refund": .refund(try refundRequest())
        case "/pay/refundquery": .refundQuery(try refundReference())
        default: throw .invalid("path")
        }
    }

    private func payRequest() throws(Problem) -> PayRequest {
        let body = try required("body", max: 128)
        let number = try orderNumber(try required("out_trade_no", max: 32))
        let amount = try fen("total_fee")
        _ = try required("spbill_create_ip", max: 64)
        let code = try required("auth_code", max: 128)
        if let currency = value("fee_type"), currency != "CNY" { throw .invalid("fee_type") }
        var echoes: [String: String] = [:]
        if let attach = value("attach") {
            guard attach.count <= 127 else { throw .invalid("attach") }
            echoes["attach"] = attach
        }
        if let device = value("device_info") { echoes["device_info"] = device }
        var expiry: Int64?
        if let text = value("time_expire") {
            guard text.count == 14, let time = ChinaTime(text) else { throw .invalid("time_expire") }
            expiry = time.milliseconds
        }
        return PayRequest(
            wallet: .wechatpay,
            merchantOrderNumber: number,
            code: code,
            amount: amount,
            subject: body,
            fingerprint: fingerprint,
            echoes: echoes,
            life: WeChatWallet.unpaidLife,
            absoluteExpiry: expiry
        )
    }

    private func refundRequest() throws(Problem) -> KeyedRefundRequest {
        let number = try required("out_refund_no", max: 64)
        guard number.utf8.allSatisfy({ WeChatContentReader.isNumberCharacter($0) || $0 == UInt8(ascii: "@") }) else {
            throw .invalid("out_refund_no")
        }
        return KeyedRefundRequest(
            reference: try order(),
            number: number,
            total: try fen("total_fee"),
            amount: try fen("refund_fee"),
            fingerprint: fingerprint,
            reason: value("refund_desc") ?? ""
        )
    }

    /// `refund_id`, then `out_refund_no`, then the order.
    private func refundReference() throws(Problem) -> KeyedRefundReference {
        if let number = value("refund_id") ?? value("out_refund_no") { return .refund(number) }
        return .order(try order())
    }

    private func order() throws(Problem) -> OrderReference {
        if let number = value("transaction_id") { return .walletNumber(number) }
        return .merchantNumber(try orderNumber(try required("out_trade_no", max: 32)))
    }

    private func orderNumber(_ text: String) throws(Problem) -> String {
        guard text.utf8.count >= 6, text.utf8.allSatisfy(WeChatContentReader.isNumberCharacter) else {
            throw .invalid("out_trade_no")
        }
        return text
    }

    static func isNumberCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122: true
        case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "|"), UInt8(ascii: "*"): true
        default: false
        }
    }

    private func value(_ name: String) -> String? {
        guard let value = xml[name], !value.isEmpty else { return nil }
        return value
    }

    private func required(_ name: String, max length: Int) throws(Problem) -> String {
        guard let value = value(name) else { throw .missing(name) }
        guard value.count <= length else { throw .invalid(name) }
        return value
    }

    /// A positive whole number of fen, without a sign, a point or leading zeros.
    private func fen(_ name: String) throws(Problem) -> Int64 {
        let text = try required(name, max: 10)
        guard text.utf8.allSatisfy({ (48...57).contains($0) }), !text.hasPrefix("0"), let fen = Int64(text) else {
            throw .invalid(name)
        }
        return fen
    }

    /// Everything a repetition must repeat: all fields but the nonce and the signature.
    private var fingerprint: String {
        xml.fields.filter { !$0.value.isEmpty && $0.name != "nonce_str" && $0.name != "sign" }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
            .map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    }
}
