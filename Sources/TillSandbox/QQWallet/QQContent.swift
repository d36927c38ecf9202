// Part of Tillbridge. See LICENSE.

/// Checks the fields of a call as sections 4 to 9 of QQ Wallet's documents have them.
struct QQContentReader {
    let xml: FlatXML

    enum Path: String, CaseIterable {
        case pay = "/cgi-bin/pay/qpay_micro_pay.cgi"
        case query = "/cgi-bin/pay/qpay_order_query.cgi"
        case reverse = "/cgi-bin/pay/qpay_reverse.cgi"
        case refund = "/cgi-bin/pay/qpay_refund.cgi"
        case refundQuery = "/cgi-bin/pay/qpay_refund_query.cgi"
        case bill = "/cgi-bin/sp_download/qpay_mch_statement_down.cgi"

        /// Those of the host `api.qpay.qq.com`, which asks for a client certificate and for an operator.
        var movesMoneyBack: Bool { self == .reverse || self == .refund }

        /// The fields without which a call is not looked at, in the order in which they are missed.
        var required: [String] {
            let own =
                switch self {
                case .pay:
                    [
                        "body", "out_trade_no", "fee_type", "total_fee", "spbill_create_ip", "device_info", "auth_code",
                        "trade_type",
                    ]
                case .reverse: ["out_trade_no", "op_user_id", "op_user_passwd"]
                case .refund: ["out_refund_no", "refund_fee", "op_user_id", "op_user_passwd"]
                case .query, .refundQuery: [String]()
                case .bill: ["bill_date", "bill_type"]
                }
            return ["mch_id", "nonce_str"] + own + ["sign"]
        }
    }

    struct InvalidField: Error, Equatable {
        let name: String
    }

    /// The first required field that is missing; an order may be named by either of its numbers.
    func missing(of path: Path) -> String? {
        if let name = path.required.first(where: { value($0) == nil }) { return name }
        let references: [String] =
            switch path {
            case .query, .refund: ["transaction_id", "out_trade_no"]
            case .refundQuery: ["refund_id", "out_refund_no", "transaction_id", "out_trade_no"]
            case .pay, .reverse, .bill: []
            }
        return references.isEmpty || references.contains { value($0) != nil } ? nil : "out_trade_no"
    }

    /// The call, whose required fields are present.
    func content(of path: Path) throws(InvalidField) -> QQCall.Content {
        guard text("nonce_str").count <= 32 else { throw InvalidField(name: "nonce_str") }
        switch path {
        case .pay: return .pay(try payRequest())
        case .query: return .query(try order())
        case .reverse: return .reverse(number: try number("out_trade_no"))
        case .refund: return .refund(try refundRequest())
        case .refundQuery: return .refundQuery(try refundReference())
        case .bill: return .bill(try statementRequest())
        }
    }

    private func statementRequest() throws(InvalidField) -> QQStatement.Request {
        guard text("bill_date").utf8.count == 8, let period = BillPeriod(day: text("bill_date")) else {
            throw InvalidField(name: "bill_date")
        }
        guard let kind = QQStatement.Kind(rawValue: text("bill_type")) else { throw InvalidField(name: "bill_type") }
        guard ["", "GZIP"].contains(text("tar_type")) else { throw InvalidField(name: "tar_type") }
        return QQStatement.Request(kind: kind, period: period, isCompressed: value("tar_type") != nil)
    }

    private func payRequest() throws(InvalidField) -> PayRequest {
        for (name, length) in [("body", 128), ("attach", 128), ("device_info", 32), ("auth_code", 128)] {
            guard text(name).count <= length else { throw InvalidField(name: name) }
        }
        guard text("fee_type") == "CNY" else { throw InvalidField(name: "fee_type") }
        guard text("trade_type") == "MICROPAY" else { throw InvalidField(name: "trade_type") }
        guard isIPv4(text("spbill_create_ip")) else { throw InvalidField(name: "spbill_create_ip") }
        var echoes = ["device_info": text("device_info")]
        echoes["attach"] = value("attach")
        return PayRequest(
            wallet: .qqwallet,
            merchantOrderNumber: try number("out_trade_no"),
            code: text("auth_code"),
            amount: try fen("total_fee"),
            subject: text("body"),
            fingerprint: fingerprint,
            echoes: echoes,
            life: QQWallet.unpaidLife,
            absoluteExpiry: nil
        )
    }

    private func refundRequest() throws(InvalidField) -> KeyedRefundRequest {
        KeyedRefundRequest(
            reference: try order(),
            number: try number("out_refund_no"),
            total: value("total_fee") == nil ? nil : try fen("total_fee"),
            amount: try fen("refund_fee"),
            fingerprint: fingerprint
        )
    }

    /// `refund_id`, then `out_refund_no`, then the order.
    private func refundReference() throws(InvalidField) -> KeyedRefundReference {
        if let number = value("refund_id") ?? value("out_refund_no") { return .refund(number) }
        return .order(try order())
    }

    private func order() throws(InvalidField) -> OrderReference {
        if let number = value("transaction_id") { return .walletNumber(number) }
        return .merchantNumber(try number("out_trade_no"))
    }

    private func number(_ name: String) throws(InvalidField) -> String {
        let text = text(name)
        let isRight = text.utf8.allSatisfy { byte in
            switch byte {
            case 48...57, 65...90, 97...122: true
            default: "_-|*@".utf8.contains(byte)
            }
        }
        guard isRight, text.utf8.count <= 32 else { throw InvalidField(name: name) }
        return text
    }

    private func value(_ name: String) -> String? {
        guard let value = xml[name], !value.isEmpty else { return nil }
        return value
    }

    private func text(_ name: String) -> String { xml[name] ?? "" }

    private func isIPv4(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in part.utf8.allSatisfy { (48...57).contains($0) } && UInt8(part) != nil }
    }

    /// A positive whole number of fen, without a sign, a point or leading zeros.
    private func fen(_ name: String) throws(InvalidField) -> Int64 {
        let text = text(name)
        guard text.utf8.count <= 10, text.utf8.allSatisfy({ (48...57).contains($0) }), !text.hasPrefix("0"),
            let fen = Int64(text)
        else { throw InvalidField(name: name) }
        return fen
    }

    /// Everything a repetition must repeat: all fields but the nonce and the signature.
    private var fingerprint: String {
        xml.fields.filter { !$0.value.isEmpty && $0.name != "nonce_str" && $0.name != "sign" }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
            .map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    }
}
