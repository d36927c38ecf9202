// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// WeChat Pay V3's wire forms: paths, JSON, limits. Amounts are fen already.
struct WeChatPayV3Codec {
    let appID: [UInt8]
    let merchantID: [UInt8]
    let machine: [UInt8]

    struct Call {
        let method: String
        let target: String
        let body: [UInt8]
    }

    func call(_ operation: WalletOperation) throws(WalletError) -> Call {
        switch operation {
        case .pay(let payment):
            Call(method: "POST", target: "/v3/pay/transactions/codepay", body: try body(payment))
        case .query(let order):
            Call(
                method: "GET",
                target: path(order) + "?mchid=" + String(decoding: merchantID, as: UTF8.self),
                body: []
            )
        case .cancel(let order):
            Call(method: "POST", target: path(order) + "/reverse", body: merchant)
        case .refund(let refund):
            Call(method: "POST", target: "/v3/refund/domestic/refunds", body: try body(refund))
        case .refundQuery(let refund):
            Call(method: "GET", target: "/v3/refund/domestic/refunds/\(refund.number)", body: [])
        // There is no list of an order's refunds: the undo's own is looked at.
        case .returns(let order):
            Call(method: "GET", target: "/v3/refund/domestic/refunds/\(order.number.refundNumber(0))", body: [])
        }
    }

    private func path(_ order: WalletOrder) -> String { "/v3/pay/transactions/out-trade-no/\(order.number)" }

    private var merchant: [UInt8] {
        var body = JSONText()
        body.beginObject()
        body.text("appid", appID)
        body.text("mchid", merchantID)
        body.endObject()
        return body.bytes
    }

    private func body(_ payment: WalletPayment) throws(WalletError) -> [UInt8] {
        let order = payment.order
        var body = JSONText()
        body.beginObject()
        body.text("appid", appID)
        body.text("mchid", merchantID)
        body.text("description", DisplayText.first([payment.subject, order.number.bytes], limit: 127))
        body.text("out_trade_no", order.number.bytes)
        body.text("attach", order.nonce.bytes)
        body.beginObject("payer")
        body.text("auth_code", payment.code.secret)
        body.endObject()
        body.beginObject("amount")
        body.number("total", try amount(order.amount, field: "amount.total"))
        body.text("currency", "CNY")
        body.endObject()
        body.beginObject("scene_info")
        body.text("device_id", order.number.register.bytes)
        body.text("device_ip", machine)
        body.beginObject("store_info")
        body.text("out_id", order.number.register.store)
        body.endObject()
        body.endObject()
        if let goods = goods(payment.items) {
            body.beginObject("detail")
            body.json("goods_detail", goods)
            body.endObject()
        }
        body.endObject()
        return body.bytes
    }

    /// The basket, where all of it fits. It is for the shopper's eyes: rather no list than a refused payment.
    private func goods(_ items: [BasketItem]) -> JSONText? {
        guard (1...150).contains(items.count) else { return nil }
        var list = JSONText()
        list.beginList()
        for item in items {
            let name = DisplayText.mended(item.name, limit: 256)
            guard let sku = DisplayText.token(item.sku, limit: 32), !name.isEmpty, item.quantity > 0,
                item.unitPrice.fen >= 0
            else { return nil }
            list.beginObject()
            list.text("merchant_goods_id", sku)
            list.text("goods_name", name)
            list.number("quantity", item.quantity)
            list.number("unit_price", item.unitPrice.fen)
            list.endObject()
        }
        list.endList()
        return list
    }

    private func body(_ refund: WalletRefund) throws(WalletError) -> [UInt8] {
        var body = JSONText()
        body.beginObject()
        body.text("out_trade_no", refund.order.number.bytes)
        body.text("out_refund_no", refund.number.bytes)
        let reason = DisplayText.mended(refund.reason, limit: 80)
        if !reason.isEmpty { body.text("reason", reason) }
        body.beginObject("amount")
        body.number("refund", try amount(refund.amount, field: "amount.refund"))
        body.number("total", try amount(refund.order.amount, field: "amount.total"))
        body.text("currency", "CNY")
        body.endObject()
        body.endObject()
        return body.bytes
    }

    private func amount(_ amount: Money, field: String) throws(WalletError) -> Int64 {
        guard (1...10_000_000_000).contains(amount.fen) else { throw .malformed(field: field) }
        return amount.fen
    }
}

/// The members of one answer.
struct WeChatPayV3Answer {
    private let members: JSONMembers
    private let amount: JSONMembers?

    init?(_ body: [UInt8]) {
        guard body.count <= WeChatPayV3Answer.sizeLimit, String(validating: body, as: UTF8.self) != nil else {
            return nil
        }
        var start = 0
        while start < body.count, [32, 9, 10, 13].contains(body[start]) { start += 1 }
        guard let members = JSONMembers(in: body, at: start, encoding: .utf8),
            body[members.end...].allSatisfy({ [32, 9, 10, 13].contains($0) })
        else { return nil }
        self.members = members
        amount = members["amount"].flatMap { member in
            member.kind == .object ? JSONMembers(in: body, at: member.range.lowerBound, encoding: .utf8) : nil
        }
    }

    /// More than any answer to one of these calls; a larger one is not read.
    static let sizeLimit = 1 << 18

    func has(_ name: StaticString) -> Bool { members.has(name) }

    func text(_ name: StaticString) -> [UInt8]? { members.value(name).flatMap { $0.isEmpty ? nil : $0 } }

    func says(_ value: StaticString, in name: StaticString) -> Bool { text(name).map { value.matches($0) } ?? false }

    /// False where the member is there and says something else.
    func agrees(_ name: StaticString, _ value: [UInt8]) -> Bool { !has(name) || text(name) == value }

    /// A code of the wallet: ASCII of a sane length, or nothing.
    func code(_ name: StaticString) -> String? {
        text(name).flatMap { DisplayText.token($0, limit: 64) }.map { String(decoding: $0, as: UTF8.self) }
    }

    /// Fen, of the member `amount`.
    func amount(_ name: StaticString) -> Money? {
        amount?.value(name).flatMap { Decimal.parse($0) }.map { Money(fen: $0) }
    }

    private var isInYuan: Bool { amount?.value("currency").map { ("CNY" as StaticString).matches($0) } ?? true }

    /// Money taken. Nil where a member is missing, or where the currency is another.
    var trade: WalletTrade? {
        guard let number = text("out_trade_no").flatMap({ OrderNumber($0) }), let amount = amount("total"), isInYuan,
            let transaction = text("transaction_id").flatMap({ WalletTransactionID($0) })
        else { return nil }
        // The openid stays here: it identifies the shopper and tells the cashier nothing.
        return WalletTrade(
            orderNumber: number,
            amount: amount,
            transaction: transaction,
            nonce: EchoedNonce.read(text("attach")),
            payer: []
        )
    }
}
