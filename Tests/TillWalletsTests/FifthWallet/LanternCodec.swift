// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

@testable import TillWallets

/// Lantern's wire forms: fields and limits are converted here and nowhere else. Amounts are fen already.
struct LanternCodec: Sendable {
    private typealias Members = [(name: StaticString, value: JSONText.Value)]

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
        var members = try head(LanternCodec.call(operation), at: now, message: message)
        members.append(("order", .text(operation.order.number.bytes)))
        switch operation {
        case .pay(let payment): members += try pay(payment)
        case .query, .cancel, .returns: break
        case .refund(let refund), .refundQuery(let refund):
            members += [("refund", .text(refund.number.bytes)), ("amount", try amount(refund.amount))]
        }
        return JSONText.bytes(.object(members))
    }

    func bill(_ day: StatementDay, at now: Timestamp, message: MessageID) throws(WalletError) -> [UInt8] {
        JSONText.bytes(.object(try head("bill", at: now, message: message) + [("day", .text(day.dashed))]))
    }

    private func head(_ call: StaticString, at now: Timestamp, message: MessageID) throws(WalletError) -> Members {
        guard let time = ChinaTime(now) else { throw .malformed(field: "time") }
        return [
            ("call", .text(call.bytes)), ("merchant", .text(merchant)), ("message", .text(message.bytes)),
            ("time", .text(time.compact)),
        ]
    }

    private func pay(_ payment: WalletPayment) throws(WalletError) -> Members {
        let order = payment.order
        return [
            ("code", .text(payment.code.secret)), ("amount", try amount(order.amount)),
            ("title", .text(DisplayText.first([payment.subject, order.number.bytes], limit: 60))),
            ("note", .text(order.nonce.bytes)),
        ]
    }

    private func amount(_ amount: Money) throws(WalletError) -> JSONText.Value {
        guard (1...10_000_000_000).contains(amount.fen) else { throw .malformed(field: "amount") }
        return .number(amount.fen)
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
