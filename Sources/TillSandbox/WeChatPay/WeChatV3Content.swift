// Part of Tillbridge. See LICENSE.
import Crypto
import Foundation

/// Finds what a path asks for and checks its fields as section 11 of WeChat Pay's documents has them.
struct WeChatV3ContentReader {
    let request: WalletRequest
    let keys: SandboxKeys.WeChatPay
    let billKey: SymmetricKey

    static let billFilePath = "/v3/billdownload/file"

    func content() throws(WeChatV3Error) -> WeChatV3Call.Content {
        let parts = request.path.split(separator: "/").map { $0.removingPercentEncoding ?? "" }
        switch (request.method, parts.dropFirst().first, parts.count) {
        case ("POST", "pay", 4) where parts[3] == "codepay":
            return .books(.pay(try payRequest()))
        case ("GET", "pay", 5) where parts[3] == "out-trade-no":
            try checkMerchant(query("mchid"), field: "mchid")
            return .books(.query(.merchantNumber(parts[4])))
        case ("GET", "pay", 5) where parts[3] == "id":
            try checkMerchant(query("mchid"), field: "mchid")
            return .books(.query(.walletNumber(parts[4])))
        case ("POST", "pay", 6) where parts[3] == "out-trade-no" && parts[5] == "reverse":
            try checkMerchant(in: body())
            return .books(.reverse(.merchantNumber(parts[4])))
        case ("POST", "refund", 4) where parts[3] == "refunds":
            return .books(.refund(try refundRequest()))
        case ("GET", "refund", 5) where parts[3] == "refunds":
            return .books(.refundQuery(.refund(parts[4])))
        case ("GET", "bill", 3) where parts[2] == "tradebill":
            return .billAddress(try billRequest(), origin: request.origin)
        case ("GET", "billdownload", 3) where request.path == WeChatV3ContentReader.billFilePath:
            return .billFile(query("token").flatMap { BillTicket($0, key: billKey) })
        default:
            throw .noSuchResource
        }
    }

    private func payRequest() throws(WeChatV3Error) -> PayRequest {
        let body = try body()
        try checkMerchant(in: body)
        let number = try text(body["out_trade_no"], "/out_trade_no", max: 32)
        guard number.utf8.count >= 6, number.utf8.allSatisfy(WeChatContentReader.isNumberCharacter) else {
            throw .parameter("/out_trade_no")
        }
        guard let scene = body["scene_info"]?.object, scene["store_info"]?.object != nil else {
            throw .parameter("/scene_info/store_info")
        }
        var echoes: [String: String] = [:]
        echoes["attach"] = try optional(body["attach"], "/attach", max: 128)
        echoes["device_info"] = try optional(scene["device_id"], "/scene_info/device_id", max: 32)
        return PayRequest(
            wallet: .wechatpay,
            merchantOrderNumber: number,
            code: try text(body["payer"]?.object?["auth_code"], "/payer/auth_code", max: 128),
            amount: try amount(body, "total"),
            subject: try text(body["description"], "/description", max: 127),
            fingerprint: JSONValue.object(body).canonical,
            echoes: echoes,
            life: WeChatWallet.unpaidLife,
            absoluteExpiry: nil
        )
    }

    private func refundRequest() throws(WeChatV3Error) -> KeyedRefundRequest {
        let body = try body()
        let number = try text(body["out_refund_no"], "/out_refund_no", max: 64)
        guard
            number.utf8.allSatisfy({ WeChatContentReader.isNumberCharacter($0) || $0 == UInt8(ascii: "@") })
        else { throw .parameter("/out_refund_no") }
        let reference: OrderReference
        if let id = try optional(body["transaction_id"], "/transaction_id", max: 32) {
            reference = .walletNumber(id)
        } else {
            reference = .merchantNumber(try text(body["out_trade_no"], "/out_trade_no", max: 32))
        }
        return KeyedRefundRequest(
            reference: reference,
            number: number,
            total: try amount(body, "total"),
            amount: try amount(body, "refund"),
            fingerprint: JSONValue.object(body).canonical,
            reason: try optional(body["reason"], "/reason", max: 80) ?? ""
        )
    }

    private func billRequest() throws(WeChatV3Error) -> WeChatBillRequest {
        guard let date = query("bill_date"), date.utf8.count == 10, let period = BillPeriod(day: date) else {
            throw .parameter("bill_date")
        }
        guard let kind = WeChatBill.Kind(rawValue: query("bill_type") ?? "ALL"), kind != .voucherRefund else {
            throw .parameter("bill_type")
        }
        let compression = query("tar_type")
        guard compression == nil || compression == "GZIP" else { throw .parameter("tar_type") }
        return WeChatBillRequest(kind: kind, period: period, isCompressed: compression != nil)
    }

    // MARK: Fields

    private func body() throws(WeChatV3Error) -> [String: JSONValue] {
        guard let object = JSONValue(request.body)?.object else { throw .parameter("/") }
        return object
    }

    /// Nil for a parameter that is missing or empty.
    private func query(_ name: String) -> String? {
        FormFields.parse(urlEncoded: request.query.utf8).first { $0.name == name && !$0.value.isEmpty }
            .map { String(decoding: $0.value, as: UTF8.self) }
    }

    private func checkMerchant(in body: [String: JSONValue]) throws(WeChatV3Error) {
        try checkMerchant(body["mchid"]?.text, field: "/mchid")
        guard let appID = body["appid"]?.text else { throw .parameter("/appid") }
        guard appID == keys.appID else {
            throw WeChatV3Error(status: 400, code: "APPID_MCHID_NOT_MATCH", message: "appid和mchid不匹配")
        }
    }

    private func checkMerchant(_ mchID: String?, field: String) throws(WeChatV3Error) {
        guard let mchID else { throw .parameter(field) }
        guard mchID == keys.mchID else {
            throw WeChatV3Error(status: 400, code: "MCH_NOT_EXISTS", message: "商户号不存在")
        }
    }

    private func text(_ value: JSONValue?, _ field: String, max length: Int) throws(WeChatV3Error) -> String {
        guard let text = try optional(value, field, max: length) else { throw .parameter(field) }
        return text
    }

    private func optional(_ value: JSONValue?, _ field: String, max length: Int) throws(WeChatV3Error) -> String? {
        guard let value, value != .null else { return nil }
        guard let text = value.text, text.count <= length else { throw .parameter(field) }
        return text.isEmpty ? nil : text
    }

    private func amount(_ body: [String: JSONValue], _ name: String) throws(WeChatV3Error) -> Int64 {
        let amount = body["amount"]?.object ?? [:]
        guard let fen = amount[name]?.integer, (1...9_999_999_999).contains(fen) else {
            throw .parameter("/amount/\(name)")
        }
        guard amount["currency"].map({ $0 == .text("CNY") }) ?? true else { throw .parameter("/amount/currency") }
        return fen
    }
}

extension JSONValue {
    /// The same text for the same value, however it was written.
    fileprivate var canonical: String {
        switch self {
        case .null: "null"
        case .bool(let value): String(value)
        case .number(let number): number.description
        case .text(let text): AlipayNode.quote(text)
        case .list(let items): "[\(items.map(\.canonical).joined(separator: ","))]"
        case .object(let members):
            "{\(members.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value.canonical)" }.joined(separator: ","))}"
        }
    }
}
