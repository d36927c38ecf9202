// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// WeChat Pay V2's wire forms: fields, limits and dates are converted here and nowhere else. Amounts are fen already.
enum WeChatPayCodec {
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
    static func fields(_ operation: WalletOperation, machine: [UInt8]) throws(WalletError) -> MessageFields {
        switch operation {
        case .pay(let payment): try pay(payment, machine: machine)
        case .query(let order), .cancel(let order), .returns(let order): ["out_trade_no": order.number.bytes]
        case .refund(let refund): try self.refund(refund)
        case .refundQuery(let refund): ["out_refund_no": refund.number.bytes]
        }
    }

    private static func pay(_ payment: WalletPayment, machine: [UInt8]) throws(WalletError) -> MessageFields {
        let order = payment.order
        // An absolute end, so that a request that was held up on the way opens nothing that outlives F.
        guard let start = ChinaTime(order.startedAt),
            let end = ChinaTime(order.startedAt + ProtocolTimes().firstPayBound)
        else { throw .malformed(field: "time_start") }
        var fields: MessageFields = [
            "device_info": order.number.register.bytes,
            "body": DisplayText.first([payment.subject, order.number.bytes], limit: 127),
        ]
        if let detail = detail(payment.items) { fields.append("detail", detail) }
        fields += [
            "attach": order.nonce.bytes,
            "out_trade_no": order.number.bytes,
            "total_fee": try amount(order.amount, field: "total_fee"),
            "fee_type": ("CNY" as StaticString).bytes,
            "spbill_create_ip": machine,
            "time_start": start.compact,
            "time_expire": end.compact,
            "auth_code": payment.code.secret,
        ]
        return fields
    }

    /// The basket, where all of it fits. It is for the shopper's eyes: rather no list than a refused payment.
    private static func detail(_ items: [BasketItem]) -> [UInt8]? {
        guard !items.isEmpty, items.count <= 150 else { return nil }
        var list = JSONText()
        list.beginList()
        for item in items {
            let name = DisplayText.mended(item.name, limit: 256)
            guard let sku = DisplayText.token(item.sku, limit: 32), !name.isEmpty, item.quantity > 0,
                item.unitPrice.fen >= 0
            else { return nil }
            list.beginObject()
            list.text("goods_id", sku)
            list.text("goods_name", name)
            list.number("quantity", item.quantity)
            list.number("price", item.unitPrice.fen)
            list.endObject()
        }
        list.endList()
        var detail = JSONText()
        detail.beginObject()
        detail.json("goods_detail", list)
        detail.endObject()
        return detail.bytes.count <= 6_000 ? detail.bytes : nil
    }

    private static func refund(_ refund: WalletRefund) throws(WalletError) -> MessageFields {
        var fields: MessageFields = [
            "out_trade_no": refund.order.number.bytes,
            "out_refund_no": refund.number.bytes,
            "total_fee": try amount(refund.order.amount, field: "total_fee"),
            "refund_fee": try amount(refund.amount, field: "refund_fee"),
        ]
        let reason = DisplayText.mended(refund.reason, limit: 80)
        if !reason.isEmpty { fields.append("refund_desc", reason) }
        return fields
    }

    private static func amount(_ amount: Money, field: String) throws(WalletError) -> [UInt8] {
        guard (1...10_000_000_000).contains(amount.fen) else { throw .malformed(field: field) }
        return Decimal.text(amount.fen)
    }
}
