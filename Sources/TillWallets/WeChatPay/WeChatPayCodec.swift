// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// WeChat Pay V2's wire forms: fields, limits and dates are converted here and nowhere else. Amounts are fen already.
enum WeChatPayCodec {
    typealias Fields = [(name: [UInt8], value: [UInt8])]

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

    static func field(_ name: StaticString, _ value: [UInt8]) -> (name: [UInt8], value: [UInt8]) { (name.bytes, value) }

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

/// The fields of one answer.
struct WeChatPayAnswer {
    let document: FlatXML

    func says(_ value: StaticString, in name: StaticString) -> Bool {
        document[name].map { value.matches($0) } ?? false
    }

    func has(_ name: StaticString) -> Bool { document[name] != nil }

    /// A code of the wallet: ASCII of a sane length, or nothing.
    func code(_ name: StaticString) -> String? {
        document[name].flatMap { DisplayText.token($0, limit: 64) }.map { String(decoding: $0, as: UTF8.self) }
    }

    func amount(_ name: StaticString) -> Money? {
        document[name].flatMap { Decimal.parse($0) }.map { Money(fen: $0) }
    }

    /// False where a field is there and says something else.
    func agrees(_ name: StaticString, _ value: [UInt8]) -> Bool { document[name] == nil || document[name] == value }

    /// Money taken. Nil where a field is missing, or where the currency is another.
    var trade: WalletTrade? {
        guard let number = document["out_trade_no"].flatMap({ OrderNumber($0) }), let amount = amount("total_fee"),
            let transaction = document["transaction_id"].flatMap({ WalletTransactionID($0) }),
            agrees("fee_type", ("CNY" as StaticString).bytes)
        else { return nil }
        // The openid stays here: it identifies the shopper and tells the cashier nothing.
        return WalletTrade(
            orderNumber: number,
            amount: amount,
            transaction: transaction,
            nonce: EchoedNonce.read(document["attach"]),
            payer: []
        )
    }

    /// What the refunds of the order add up to: fen that are back, and fen that are on their way. Nil where a field
    /// is missing. Refunds that failed do not count, and those of an unknown status do not either.
    var returned: (done: Int64, running: Int64)? {
        var (done, running): (Int64, Int64) = (0, 0)
        for place in 0..<50 where document["out_refund_no", place] != nil {
            guard let amount = document["refund_fee", place].flatMap({ Decimal.parse($0) }), amount > 0,
                let status = document["refund_status", place]
            else { return nil }
            if ("SUCCESS" as StaticString).matches(status) {
                done = done.addingReportingOverflow(amount).partialValue
            } else if ("PROCESSING" as StaticString).matches(status) {
                running = running.addingReportingOverflow(amount).partialValue
            }
        }
        return (done, running)
    }

    /// What the answer says of one refund. Nil where it does not have it, or has it with another amount.
    func refundState(_ refund: WalletRefund) -> String? {
        for place in 0..<50 where document["out_refund_no", place] == refund.number.bytes {
            let amount = document["refund_fee", place].flatMap { Decimal.parse($0) }
            guard amount == refund.amount.fen else { return nil }
            return document["refund_status", place].flatMap { DisplayText.token($0, limit: 64) }
                .map { String(decoding: $0, as: UTF8.self) }
        }
        return nil
    }
}
