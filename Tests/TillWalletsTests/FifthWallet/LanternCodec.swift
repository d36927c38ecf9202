// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

@testable import TillWallets

/// Lantern's wire forms: fields and limits are converted here and nowhere else. Amounts are fen already.
struct LanternCodec: Sendable {
    let merchant: [UInt8]

    static func call(_ operation: WalletOperation) -> StaticString {
        switch operation {
        case .pay: "pay"
        case .query, .returns: "query"
        case .cancel: "cancel"
        case .refund: "refund"
        case .refundQuery: "refund-query"
        }
    }

    func content(
        _ operation: WalletOperation,
        at now: Timestamp,
        message: MessageID
    ) throws(WalletError) -> [UInt8] {
        var content = try head(LanternCodec.call(operation), at: now, message: message)
        content.text("order", operation.order.number.bytes)
        switch operation {
        case .pay(let payment): try write(payment, to: &content)
        case .query, .cancel, .returns: break
        case .refund(let refund), .refundQuery(let refund):
            content.text("refund", refund.number.bytes)
            content.number("amount", try amount(refund.amount))
        }
        content.endObject()
        return content.bytes
    }

    func bill(_ day: StatementDay, at now: Timestamp, message: MessageID) throws(WalletError) -> [UInt8] {
        var content = try head("bill", at: now, message: message)
        content.text("day", day.dashed)
        content.endObject()
        return content.bytes
    }

    /// The beginning of every content, whose object is not ended yet.
    private func head(_ call: StaticString, at now: Timestamp, message: MessageID) throws(WalletError) -> JSONText {
        guard let time = ChinaTime(now) else { throw .malformed(field: "time") }
        var content = JSONText()
        content.beginObject()
        content.text("call", call)
        content.text("merchant", merchant)
        content.text("message", message.bytes)
        content.text("time", time.compact)
        return content
    }

    private func write(_ payment: WalletPayment, to content: inout JSONText) throws(WalletError) {
        let order = payment.order
        content.text("code", payment.code.secret)
        content.number("amount", try amount(order.amount))
        content.text("title", DisplayText.first([payment.subject, order.number.bytes], limit: 60))
        content.text("note", order.nonce.bytes)
    }

    private func amount(_ amount: Money) throws(WalletError) -> Int64 {
        guard (1...10_000_000_000).contains(amount.fen) else { throw .malformed(field: "amount") }
        return amount.fen
    }
}

/// The fields of one answer, after its signature was checked.
struct LanternAnswer {
    let content: JSONMembers

    func says(_ value: [UInt8], in name: StaticString) -> Bool { content.value(name) == value }

    func code(_ name: StaticString) -> String? {
        content.value(name).flatMap { DisplayText.token($0, limit: 64) }.map { String(decoding: $0, as: UTF8.self) }
    }

    func amount(_ name: StaticString) -> Money? {
        content.value(name).flatMap { Decimal.parse($0) }.map { Money(fen: $0) }
    }

    func isAbout(_ refund: WalletRefund) -> Bool {
        says(refund.number.bytes, in: "refund") && amount("amount") == refund.amount
    }

    /// Money taken. Nil where a field is missing.
    var trade: WalletTrade? {
        guard let number = content.value("order").flatMap({ OrderNumber($0) }), let amount = amount("amount"),
            let transaction = content.value("number").flatMap({ WalletTransactionID($0) })
        else { return nil }
        return WalletTrade(
            orderNumber: number,
            amount: amount,
            transaction: transaction,
            nonce: EchoedNonce.read(content.value("note")),
            payer: DisplayText.mended(content.value("payer") ?? [], limit: 128)
        )
    }
}
