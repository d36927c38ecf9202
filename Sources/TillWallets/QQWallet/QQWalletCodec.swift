// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// QQ Wallet's wire forms: fields and limits are converted here and nowhere else. Amounts are fen already.
enum QQWalletCodec {
    typealias Fields = SignedText.Fields

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
    ) throws(WalletError) -> Fields {
        var fields = common(merchant, message)
        switch operation {
        case .pay(let payment): fields += try pay(payment, of: merchant)
        case .query(let order), .returns(let order): fields.append(field("out_trade_no", order.number.bytes))
        case .cancel(let order):
            fields.append(field("out_trade_no", order.number.bytes))
            fields += login(merchant)
        case .refund(let refund):
            fields += [
                field("out_trade_no", refund.order.number.bytes),
                field("out_refund_no", refund.number.bytes),
                field("refund_fee", try amount(refund.amount, field: "refund_fee")),
            ]
            fields += login(merchant)
        case .refundQuery(let refund): fields.append(field("out_refund_no", refund.number.bytes))
        }
        return fields
    }

    private static func common(_ merchant: QQWalletMerchant, _ message: MessageID) -> Fields {
        let appID = merchant.appID.map { [field("appid", $0)] } ?? []
        return appID + [field("mch_id", merchant.id), field("nonce_str", message.bytes)]
    }

    static let statementPath = "/cgi-bin/sp_download/qpay_mch_statement_down.cgi"

    /// All fields but the signature of the request for a day's statement.
    static func statement(of day: StatementDay, for merchant: QQWalletMerchant, message: MessageID) -> Fields {
        common(merchant, message) + [
            field("bill_date", day.compact),
            field("bill_type", ("ALL" as StaticString).bytes),
            field("tar_type", ("GZIP" as StaticString).bytes),
        ]
    }

    static func field(_ name: StaticString, _ value: [UInt8]) -> SignedText.Field {
        SignedText.Field(name: name.bytes, value: value)
    }

    private static func login(_ merchant: QQWalletMerchant) -> Fields {
        [field("op_user_id", merchant.operatorID), field("op_user_passwd", merchant.operatorPassword)]
    }

    private static func pay(_ payment: WalletPayment, of merchant: QQWalletMerchant) throws(WalletError) -> Fields {
        let order = payment.order
        return [
            field("body", DisplayText.first([payment.subject, order.number.bytes], limit: 127)),
            field("attach", order.nonce.bytes),
            field("out_trade_no", order.number.bytes),
            field("fee_type", ("CNY" as StaticString).bytes),
            field("total_fee", try amount(order.amount, field: "total_fee")),
            field("spbill_create_ip", merchant.machine),
            field("notify_url", merchant.notices),
            field("device_info", order.number.register.bytes),
            field("auth_code", payment.code.secret),
            field("trade_type", ("MICROPAY" as StaticString).bytes),
        ]
    }

    private static func amount(_ amount: Money, field: String) throws(WalletError) -> [UInt8] {
        guard (1...10_000_000_000).contains(amount.fen) else { throw .malformed(field: field) }
        return Decimal.text(amount.fen)
    }
}
