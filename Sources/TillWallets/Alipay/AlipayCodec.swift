// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// Alipay's wire forms: yuan, dates, field names and encodings are converted here and nowhere else.
enum AlipayCodec {
    static func method(_ operation: WalletOperation) -> StaticString {
        switch operation {
        case .pay: "alipay.trade.pay"
        // A trade that went back in full is closed: its state says it.
        case .query, .returns: "alipay.trade.query"
        case .cancel: "alipay.trade.cancel"
        case .refund: "alipay.trade.refund"
        case .refundQuery: "alipay.trade.fastpay.refund.query"
        }
    }

    /// The name of the answer's node: the method with underscores, and `_response`.
    static func node(_ method: StaticString) -> [UInt8] {
        method.bytes.map { $0 == 46 ? 95 : $0 } + ("_response" as StaticString).bytes
    }

    // MARK: biz_content

    static func content(_ operation: WalletOperation) throws(WalletError) -> [UInt8] {
        var content = JSONText()
        content.beginObject()
        switch operation {
        case .pay(let payment): try write(payment, to: &content)
        case .query(let order), .cancel(let order), .returns(let order):
            content.text("out_trade_no", order.number.bytes)
        case .refund(let refund): try write(refund, to: &content)
        case .refundQuery(let refund):
            content.text("out_trade_no", refund.order.number.bytes)
            content.text("out_request_no", refund.number.bytes)
        }
        content.endObject()
        return content.bytes
    }

    private static func write(_ payment: WalletPayment, to content: inout JSONText) throws(WalletError) {
        let number = payment.order.number
        content.text("out_trade_no", number.bytes)
        content.text("scene", scene(payment.code))
        content.text("auth_code", payment.code.secret)
        // The documents forbid / = & in a subject, which must not be empty.
        content.text("subject", DisplayText.first([payment.subject, number.bytes], limit: 256, forbidden: "/=&"))
        content.text("total_amount", try amount(payment.order.amount, field: "total_amount"))
        if let goods = goods(payment.items) { content.json("goods_detail", goods) }
        if let operatorID = DisplayText.token(payment.operatorName, limit: 28) {
            content.text("operator_id", operatorID)
        }
        content.text("store_id", number.register.store)
        content.text("terminal_id", number.register.bytes)
        // The least that the documents advise: an attempt that everybody lost closes by itself.
        content.text("timeout_express", "5m")
        content.text("passback_params", payment.order.nonce.bytes)
    }

    /// The code of a shopper who pays by face begins with `fp`.
    private static func scene(_ code: PaymentCode) -> StaticString {
        code.secret.starts(with: [102, 112]) ? "security_code" : "bar_code"
    }

    /// The basket, where all of it has a form that Alipay takes. It is for the shopper's eyes: rather no list than a
    /// refused payment.
    private static func goods(_ items: [BasketItem]) -> JSONText? {
        guard (1...150).contains(items.count) else { return nil }
        var list = JSONText()
        list.beginList()
        for item in items {
            let name = DisplayText.mended(item.name, limit: 256)
            guard let sku = DisplayText.token(item.sku, limit: 32), !name.isEmpty, (1...99_999).contains(item.quantity),
                (0...99_999_999).contains(item.unitPrice.fen)
            else { return nil }
            list.beginObject()
            list.text("goods_id", sku)
            list.text("goods_name", name)
            list.number("quantity", item.quantity)
            list.text("price", Yuan.text(item.unitPrice))
            list.endObject()
        }
        list.endList()
        return list
    }

    private static func write(_ refund: WalletRefund, to content: inout JSONText) throws(WalletError) {
        content.text("out_trade_no", refund.order.number.bytes)
        content.text("refund_amount", try amount(refund.amount, field: "refund_amount"))
        content.text("out_request_no", refund.number.bytes)
        let reason = DisplayText.mended(refund.reason, limit: 256)
        if !reason.isEmpty { content.text("refund_reason", reason) }
    }

    private static func amount(_ amount: Money, field: String) throws(WalletError) -> [UInt8] {
        guard (1...10_000_000_000).contains(amount.fen) else { throw .malformed(field: field) }
        return Yuan.text(amount)
    }
}

/// The envelope of an answer: one node under the method's name, and its signature.
struct AlipayEnvelope {
    /// The node's characters, braces included, in the bytes that arrived.
    let node: [UInt8]
    /// True for `error_response`, which the gateway writes when it does not know which method was meant.
    let isError: Bool
    let signature: [UInt8]?
    /// In certificate mode, the serial text of the certificate that the signature belongs to.
    let certificate: [UInt8]?
    let encoding: JSONMembers.Encoding

    /// Nil for whatever is not one JSON object that has the node, once.
    init?(_ body: [UInt8], node name: [UInt8]) {
        // GBK in an answer to a UTF-8 request happens when Alipay is in trouble.
        encoding = String(validating: body, as: UTF8.self) == nil ? .gbk : .utf8
        var start = 0
        while start < body.count, [32, 9, 10, 13].contains(body[start]) { start += 1 }
        guard let envelope = JSONMembers(in: body, at: start, encoding: encoding),
            body[envelope.end...].allSatisfy({ [32, 9, 10, 13].contains($0) })
        else { return nil }
        let named = envelope.members.first { body[$0.name].elementsEqual(name) }
        guard let found = named ?? envelope["error_response"], found.kind == .object,
            !AlipayEnvelope.occurs(body[found.name], behind: found.range.upperBound, in: body)
        else { return nil }
        isError = named == nil
        node = [UInt8](body[found.range])
        signature = envelope.value("sign")
        certificate = envelope.value("alipay_cert_sn")
    }

    /// Alipay's own library refuses a body that names the node again behind the signed part.
    private static func occurs(_ name: ArraySlice<UInt8>, behind start: Int, in body: [UInt8]) -> Bool {
        let quoted = [34] + name + [34]
        return (start..<body.count).contains { body[$0] == 34 && body[$0...].starts(with: quoted) }
    }
}

/// The fields of one answer.
struct AlipayAnswer {
    let members: JSONMembers
    /// ASCII of a sane length; anything else is no code.
    let code: String
    let subCode: String?

    init?(_ node: [UInt8], encoding: JSONMembers.Encoding) {
        guard let members = JSONMembers(in: node, encoding: encoding),
            let code = AlipayAnswer.token("code", in: members)
        else { return nil }
        self.members = members
        self.code = code
        subCode = AlipayAnswer.token("sub_code", in: members)
    }

    private static func token(_ name: StaticString, in members: JSONMembers) -> String? {
        members.value(name).flatMap { DisplayText.token($0, limit: 64) }.map { String(decoding: $0, as: UTF8.self) }
    }

    func text(_ name: StaticString) -> [UInt8]? {
        members.value(name).flatMap { $0.isEmpty ? nil : $0 }
    }

    func amount(_ name: StaticString) -> Money? { text(name).flatMap { Yuan.parse($0) } }

    func says(_ value: StaticString, in name: StaticString) -> Bool {
        text(name).map { value.matches($0) } ?? false
    }

    /// False where the answer names another order than the one that was asked for.
    func isAbout(_ order: WalletOrder, required: Bool) -> Bool {
        text("out_trade_no").map { $0 == order.number.bytes } ?? !required
    }

    /// Money taken. Nil where a field is missing, or where the currency is another.
    var trade: WalletTrade? {
        guard let number = text("out_trade_no").flatMap({ OrderNumber($0) }), let amount = amount("total_amount"),
            let transaction = text("trade_no").flatMap({ WalletTransactionID($0) }), isInYuan
        else { return nil }
        return WalletTrade(
            orderNumber: number,
            amount: amount,
            transaction: transaction,
            nonce: EchoedNonce.read(text("passback_params")),
            payer: payer
        )
    }

    private var isInYuan: Bool {
        let names: [StaticString] = ["trans_currency", "pay_currency", "settle_currency"]
        return names.allSatisfy { text($0) == nil || says("CNY", in: $0) }
    }

    /// Masked by Alipay. It is shown only where its encoding is certain.
    private var payer: [UInt8] {
        guard let payer = text("buyer_logon_id"), payer.count <= 100, String(validating: payer, as: UTF8.self) != nil
        else { return [] }
        return payer
    }
}
