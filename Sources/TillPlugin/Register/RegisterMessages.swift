// Part of Tillbridge. See LICENSE.
import TillCashier
import TillDomain
import TillEngine
import TillProtocol

/// Answers of the lane as JSON, with a sentence for the cashier in English and Chinese.
enum RegisterMessages {
    static func encode(_ answer: SaleAnswer) -> [UInt8] { JSONWriter.object { write(answer, to: &$0) } }

    static func write(_ answer: SaleAnswer, to json: inout JSONWriter) {
        json.name("outcome", answer.outcome)
        json.identifier("saleRef", answer.saleReference)
        if let blockedBy = answer.blockedBy { json.identifier("blockedBy", blockedBy) }
        if let number = answer.orderNumber { json.identifier("orderNumber", number) }
        if let wallet = answer.wallet { json.identifier("wallet", wallet) }
        if let transaction = answer.transaction { json.identifier("walletTransaction", transaction) }
        if !answer.payer.isEmpty { json.string("payer", answer.payer) }
        json.money("amount", answer.amount)
        json.string("currency", "CNY")
        json.name("lane", answer.lane)
        if let reason = answer.reason { json.string("reason", reason.wireName) }
        if let waitingFor = answer.waitingFor { json.name("waitingFor", waitingFor) }
        if let seconds = answer.decidesInSeconds { json.integer("decidesInSeconds", seconds) }
        if let seconds = answer.retryAfterSeconds { json.integer("retryAfterSeconds", seconds) }
        // Of a payment that was not taken: whether it is certain that the shopper's money is not held.
        if answer.outcome == .cancelled { json.bool("final", answer.isFinal) }
        write(CashierMessage(answer), to: &json)
    }

    private static func write(_ message: CashierMessage, to json: inout JSONWriter) {
        json.object("message") { json in
            json.string("en", message.english)
            json.string("zh", message.chinese)
        }
    }

    static func encode(_ refund: RefundStatus) -> [UInt8] {
        JSONWriter.object { json in
            json.identifier("refundRef", refund.reference)
            json.identifier("orderNumber", refund.orderNumber)
            json.money("amount", refund.amount)
            json.name("state", refund.state)
            if let number = refund.refundNumber { json.identifier("refundNumber", number) }
            if let refunded = refund.refunded { json.money("refunded", refunded) }
            if !refund.reason.isEmpty { json.string("reason", refund.reason) }
            write(CashierMessage(refund.state), to: &json)
        }
    }

    static func encode(_ status: TillEngine.LaneStatus, identity: Identity) -> [UInt8] {
        JSONWriter.object { json in
            json.identifier("register", identity.register)
            json.name("lane", status.light)
            json.bool("available", status.available)
            if let reason = status.unavailableReason { json.string("reason", reason.wireName) }
            json.array("wallets") { json in
                for wallet in status.wallets { json.string(wallet.bytes) }
            }
            json.string("version", PluginCommand.version)
            json.integer("journalIndex", Int64(status.journalIndex))
            if let seconds = status.secondsSinceContact { json.integer("secondsSinceContact", seconds) }
            json.integer("openAttempts", Int64(status.openAttempts))
            json.integer("undoneInBackground", Int64(status.dutyOrReleased))
            if identity.times.thousandths != 1000 {
                json.integer("timeFactorThousandths", identity.times.thousandths)
            }
            if let blocking = status.blockingSale { json.object("payment") { write(blocking, to: &$0) } }
            write(CashierMessage(status), to: &json)
        }
    }
}
