// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// WeChat Pay V2's wire forms: fields, limits and dates are converted here and nowhere else. Amounts are fen already.
enum WeChatPayCodec {
    typealias Fields = SignedText.Fields

    static func path(_ operation: WalletOperation) -> String {
        switch operation {
        case .pay: "/pay/micropay"
        case .query: "/pay/orderquery"
        case .cancel: "/secapi/pay/reverse"
        case .refund: "/secapi/pay/refund"
        case .refundQuery, .returns: "/pay/refundquery"
        }
    }

    static func needsCertificate(_ operation: WalletOperation) -> Bool {
        switch operation {
        case .cancel, .refund: true
        case .pay, .query, .refundQuery, .returns: false
        }
    }

    /// The fields of the call itself, without those that every call has.
    static func fields(_ operation: WalletOperation, machine: [UInt8]) throws(WalletError) -> Fields {
        switch operation {
        case .pay(let payment): try pay(payment, machine: machine)
        case .query(let order), .cancel(let order), .returns(let order): [field("out_trade_no", order.number.bytes)]
        case .refund(let refund): try self.refund(refund)
        case .refundQuery(let refund): [field("out_refund_no", refund.number.bytes)]
        }
    }

    static func field(_ name: StaticString, _ value: [UInt8]) -> SignedText.Field {
        SignedText.Field(name: name.bytes, value: value)
    }

    private static func pay(_ payment: WalletPayment, machine: [UInt8]) throws(WalletError) -> Fields {
        let order = payment.order
        // An absolute end, so that a request that was held up on the way opens nothing that outlives F.
        guard let start = ChinaTime(order.startedAt),
            let end = ChinaTime(order.startedAt + ProtocolTimes().firstPayBound)
        else { throw .malformed(field: "time_start") }
        var fields: Fields = [
            field("device_info", order.number.register.bytes),
            field("body", DisplayText.first([payment.subject, order.number.bytes], limit: 127)),
        ]
        if let detail = detail(payment.items) { fields.append(field("detail", detail)) }
        fields += [
            field("attach", order.nonce.bytes),
            field("out_trade_no", order.number.bytes),
            field("total_fee", try amount(order.amount, field: "total_fee")),
            field("fee_type", ("CNY" as StaticString).bytes),
            field("spbill_create_ip", machine),
            field("time_start", start.compact),
            field("time_expire", end.compact),
            field("auth_code", payment.code.secret),
        ]
        return fields
    }

    /// The basket, where all of it fits. It is for the shopper's eyes: rather no list than a refused payment.
    private static func detail(_ items: [BasketItem]) -> [UInt8]? {
        guard !items.isEmpty, items.count <= 150 else { return nil }
        var list: [JSONText.Value] = []
        for item in items {
            let name = DisplayText.mended(item.name, limit: 256)
            guard let sku = DisplayText.token(item.sku, limit: 32), !name.isEmpty, item.quantity > 0,
                item.unitPrice.fen >= 0
            else { return nil }
            list.append(
                .object([
                    ("goods_id", .text(sku)), ("goods_name", .text(name)), ("quantity", .number(item.quantity)),
                    ("price", .number(item.unitPrice.fen)),
                ])
            )
        }
        let detail = JSONText.bytes(.object([("goods_detail", .list(list))]))
        return detail.count <= 6_000 ? detail : nil
    }

    private static func refund(_ refund: WalletRefund) throws(WalletError) -> Fields {
        var fields: Fields = [
            field("out_trade_no", refund.order.number.bytes),
            field("out_refund_no", refund.number.bytes),
            field("total_fee", try amount(refund.order.amount, field: "total_fee")),
            field("refund_fee", try amount(refund.amount, field: "refund_fee")),
        ]
        let reason = DisplayText.mended(refund.reason, limit: 80)
        if !reason.isEmpty { fields.append(field("refund_desc", reason)) }
        return fields
    }

    private static func amount(_ amount: Money, field: String) throws(WalletError) -> [UInt8] {
        guard (1...10_000_000_000).contains(amount.fen) else { throw .malformed(field: field) }
        return Decimal.text(amount.fen)
    }
}
