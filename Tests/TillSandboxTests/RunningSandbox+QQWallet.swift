// Part of Tillbridge. See LICENSE.
import TillSandbox

/// A merchant of QQ Wallet.
extension RunningSandbox {
    enum QQPath: String {
        case pay = "qpay_micro_pay"
        case query = "qpay_order_query"
        case reverse = "qpay_reverse"
        case refund = "qpay_refund"
        case refundQuery = "qpay_refund_query"
        case bill = "qpay_mch_statement_down"

        var path: String { "/cgi-bin/\(self == .bill ? "sp_download" : "pay")/\(rawValue).cgi" }
    }

    func qq(
        _ path: QQPath,
        _ fields: [String: String],
        change: [String: String?] = [:],
        milliseconds: Int64 = 20_000
    ) async throws -> Reply {
        var all = fields
        all["mch_id"] = keys.qqwallet.mchID
        all["nonce_str"] = "5f1c3a9be0d24b7f"
        if path == .reverse || path == .refund {
            all["op_user_id"] = keys.qqwallet.opUserID
            all["op_user_passwd"] = QQSignature.password(keys.qqwallet.opUserPassword)
        }
        for (name, value) in change where name != "sign" { all[name] = value }
        var list = all.map { (name: $0.key, value: $0.value) }
        if let sign = change["sign"] ?? QQSignature.sign(list, key: keys.qqwallet.apiKey) {
            list.append(("sign", sign))
        }
        return try await send(
            "POST",
            path.path,
            body: Array(FlatXML(fields: list).text.utf8),
            milliseconds: milliseconds
        )
    }

    func qqPay(
        _ number: String,
        code: String,
        change: [String: String?] = [:],
        milliseconds: Int64 = 20_000
    ) async throws -> Reply {
        try await qq(
            .pay,
            [
                "body": "牛奶", "out_trade_no": number, "total_fee": "1290", "spbill_create_ip": "127.0.0.1",
                "auth_code": code, "fee_type": "CNY", "device_info": "S0001R02", "trade_type": "MICROPAY",
                "attach": "f00d",
            ],
            change: change,
            milliseconds: milliseconds
        )
    }
}
