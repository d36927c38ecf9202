// Part of Tillbridge. See LICENSE.

/// Reads `biz_content` and checks its fields as section 6 and following of Alipay's documents have them.
struct AlipayContentReader {
    let fields: [String: JSONValue]
    /// See ``WalletRequest/origin``.
    let origin: String

    /// The first field that is missing or wrong.
    struct InvalidField: Error { let name: String }

    static let methods = [
        "alipay.trade.pay", "alipay.trade.query", "alipay.trade.cancel", "alipay.trade.close", "alipay.trade.refund",
        "alipay.trade.fastpay.refund.query", AlipayFace.billMethod,
    ]

    func content(of method: String) throws(InvalidField) -> AlipayCall.Content {
        switch method {
        case "alipay.trade.pay": .pay(try payRequest())
        case "alipay.trade.query": .query(try order())
        case "alipay.trade.cancel": .cancel(try order())
        case "alipay.trade.close": .close(try order())
        case "alipay.trade.refund":
            .refund(
                try order(),
                number: try optional("out_request_no", max: 64),
                amount: try amount("refund_amount"),
                reason: try optional("refund_reason", max: 256) ?? ""
            )
        case "alipay.trade.fastpay.refund.query":
            .refundQuery(try order(), number: try required("out_request_no", max: 64))
        case AlipayFace.billMethod: .bill(try bill())
        default:
            throw InvalidField(name: "method")
        }
    }

    private func payRequest() throws(InvalidField) -> PayRequest {
        let number = try required("out_trade_no", max: 64)
        guard number.utf8.allSatisfy(AlipayContentReader.isNumberCharacter) else {
            throw InvalidField(name: "out_trade_no")
        }
        let amount = try amount("total_amount")
        let subject = try required("subject", max: 256)
        guard !subject.hasScalar(in: "/=&") else { throw InvalidField(name: "subject") }
        let code = try required("auth_code", max: 64)
        let scene = try optional("scene", max: 32) ?? "bar_code"
        guard ["bar_code", "wave_code", "security_code"].contains(scene) else { throw InvalidField(name: "scene") }
        var echoes: [String: String] = [:]
        for (name, length) in [("store_id", 32), ("terminal_id", 32), ("operator_id", 28), ("passback_params", 512)] {
            echoes[name] = try optional(name, max: length)
        }
        return PayRequest(
            wallet: .alipay,
            merchantOrderNumber: number,
            code: code,
            amount: amount,
            subject: subject,
            fingerprint: "\(amount) \(subject)",
            echoes: echoes,
            life: try life(),
            absoluteExpiry: try expiry()
        )
    }

    private static func isNumberCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, 95: true
        default: false
        }
    }

    private func bill() throws(InvalidField) -> AlipayBillRequest {
        let type = try required("bill_type", max: 32)
        let date = try required("bill_date", max: 10)
        // A day without its dashes is none.
        guard date.utf8.count != 8, let period = BillPeriod(day: date) ?? BillPeriod(month: date) else {
            throw InvalidField(name: "bill_date")
        }
        return AlipayBillRequest(type: type, date: date, period: period, origin: origin)
    }

    /// `trade_no` wins when both are given.
    private func order() throws(InvalidField) -> OrderReference {
        if let number = try optional("trade_no", max: 64) { return .walletNumber(number) }
        return .merchantNumber(try required("out_trade_no", max: 64))
    }

    private func required(_ name: String, max length: Int) throws(InvalidField) -> String {
        guard let text = try optional(name, max: length) else { throw InvalidField(name: name) }
        return text
    }

    private func optional(_ name: String, max length: Int) throws(InvalidField) -> String? {
        guard let value = fields[name], value != .null else { return nil }
        guard let text = value.textOrNumber, text.count <= length else { throw InvalidField(name: name) }
        return text.isEmpty ? nil : text
    }

    private func amount(_ name: String) throws(InvalidField) -> Int64 {
        guard let fen = Yuan.fen(try required(name, max: 11)) else { throw InvalidField(name: name) }
        return fen
    }

    /// `1m` … `15d`, or `1c` for the end of the day; three hours by default. Milliseconds.
    private func life() throws(InvalidField) -> Int64 {
        guard let text = try optional("timeout_express", max: 6) else { return 3 * 3_600_000 }
        if text == "1c" { return 24 * 3_600_000 }
        guard let unit = text.last, let count = Int64(text.dropLast()), count > 0 else {
            throw InvalidField(name: "timeout_express")
        }
        let minutes: Int64
        switch unit {
        case "m": minutes = count
        case "h": minutes = count * 60
        case "d": minutes = count * 1440
        default: throw InvalidField(name: "timeout_express")
        }
        guard minutes <= 15 * 1440 else { throw InvalidField(name: "timeout_express") }
        return minutes * 60_000
    }

    private func expiry() throws(InvalidField) -> Int64? {
        guard let text = try optional("time_expire", max: 19) else { return nil }
        guard let time = ChinaTime(text) else { throw InvalidField(name: "time_expire") }
        return time.milliseconds
    }
}
