// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// QQ Wallet's wire forms: fields and limits are converted here and nowhere else. Amounts are fen already.
enum QQWalletCodec {
    static func path(_ operation: WalletOperation) -> String {
        let name =
            switch operation {
            case .pay: "qpay_micro_pay"
            case .query: "qpay_order_query"
            case .cancel: "qpay_reverse"
            case .refund: "qpay_refund"
            case .refundQuery, .returns: "qpay_refund_query"
            }
        return "/cgi-bin/pay/\(name).cgi"
    }

    static func needsCertificate(_ operation: WalletOperation) -> Bool {
        switch operation {
        case .cancel, .refund: true
        case .pay, .query, .refundQuery, .returns: false
        }
    }

    /// All fields of the call but the signature.
    static func fields(
        _ operation: WalletOperation,
        of merchant: QQWalletMerchant,
        message: MessageID
    ) throws(WalletError) -> MessageFields {
        var fields = common(merchant, message)
        switch operation {
        case .pay(let payment): fields += try pay(payment, of: merchant)
        case .query(let order), .returns(let order): fields.append("out_trade_no", order.number.bytes)
        case .cancel(let order):
            fields.append("out_trade_no", order.number.bytes)
            fields += login(merchant)
        case .refund(let refund):
            fields += [
                "out_trade_no": refund.order.number.bytes,
                "out_refund_no": refund.number.bytes,
                "refund_fee": try amount(refund.amount, field: "refund_fee"),
            ]
            fields += login(merchant)
        case .refundQuery(let refund): fields.append("out_refund_no", refund.number.bytes)
        }
        return fields
    }

    private static func common(_ merchant: QQWalletMerchant, _ message: MessageID) -> MessageFields {
        let appID: MessageFields = merchant.appID.map { ["appid": $0] } ?? [:]
        return appID + ["mch_id": merchant.id, "nonce_str": message.bytes]
    }

    static let statementPath = "/cgi-bin/sp_download/qpay_mch_statement_down.cgi"

    /// All fields but the signature of the request for a day's statement.
    static func statement(of day: StatementDay, for merchant: QQWalletMerchant, message: MessageID) -> MessageFields {
        common(merchant, message) + [
            "bill_date": day.compact,
            "bill_type": ("ALL" as StaticString).bytes,
            "tar_type": ("GZIP" as StaticString).bytes,
        ]
    }

    private static func login(_ merchant: QQWalletMerchant) -> MessageFields {
        ["op_user_id": merchant.operatorID, "op_user_passwd": merchant.operatorPassword]
    }

    private static func pay(
        _ payment: WalletPayment,
        of merchant: QQWalletMerchant
    ) throws(WalletError) -> MessageFields {
        let order = payment.order
        return [
            "body": DisplayText.first([payment.subject, order.number.bytes], limit: 127),
            "attach": order.nonce.bytes,
            "out_trade_no": order.number.bytes,
            "fee_type": ("CNY" as StaticString).bytes,
            "total_fee": try amount(order.amount, field: "total_fee"),
            "spbill_create_ip": merchant.machine,
            "notify_url": merchant.notices,
            "device_info": order.number.register.bytes,
            "auth_code": payment.code.secret,
            "trade_type": ("MICROPAY" as StaticString).bytes,
        ]
    }

    private static func amount(_ amount: Money, field: String) throws(WalletError) -> [UInt8] {
        guard (1...10_000_000_000).contains(amount.fen) else { throw .malformed(field: field) }
        return Decimal.text(amount.fen)
    }
}
