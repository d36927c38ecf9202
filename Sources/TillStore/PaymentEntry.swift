// Part of Tillbridge. See LICENSE.
import TillDomain
package import TillEngine

/// The log entries of one change of a payment: what it became, who caused it, why and when.
package enum PaymentEntry {
    /// - Parameter calls: The calls to the wallet that brought the change.
    package static func payment(
        _ payment: CloudPayment,
        _ commit: CloudCommit,
        calls: [WalletCallNote] = []
    ) -> String {
        let record = payment.record
        return EntryText.object { text in
            text.text("intent", payment.intent.line)
            text.word("home", payment.home)
            text.word("from", commit.from)
            text.word("state", record.state)
            text.integer("version", record.version)
            text.word("cause", commit.cause)
            actor(commit.actor, into: &text)
            text.word("display", payment.display)
            text.flag("unsent", record.unsent)
            text.flag("waiting", record.waiting)
            text.flag("conflict", record.conflictSeen)
            if let wallet = record.wallet { text.text("wallet", wallet.bytes) }
            if let trade = record.trade {
                text.text("walletTransaction", trade.transaction.bytes)
                if !trade.payer.isEmpty { text.text("payer", trade.payer) }
            }
            text.word("declineCandidate", record.declineCandidate)
            text.word("declineReason", record.declineReason)
            text.word("refusalReason", record.refusalReason)
            text.word("revokeReason", record.revokeReason)
            text.word("phase", record.phase == .idle ? nil : record.phase)
            text.word("cancelResult", record.cancelResult)
            text.flag("refundSent", record.refundSent)
            text.flag("refundAccepted", record.refundAccepted)
            text.word("undoKind", record.undoKind)
            text.word("stuckReason", record.stuckReason)
            text.word("confirmedBy", record.confirmedBy)
            text.flag("queued", record.queued)
            text.time("sentAt", record.sentAt)
            text.time("createdAt", record.createdAt)
            if record.refunded > .zero { text.integer("refunded", record.refunded.fen) }
            text.objects("calls", calls) { text, call in call.write(to: &text) }
        }
    }

    package static func refund(_ refund: CloudRefund, of payment: CloudPayment, _ commit: CloudCommit) -> String {
        EntryText.object { text in
            text.text("n", payment.intent.orderNumber.bytes)
            text.text("reference", refund.request.reference)
            text.integer("amount", refund.amount.fen)
            text.text("reason", refund.request.reason)
            text.text("operator", refund.request.operatorName)
            text.word("state", refund.state)
            text.word("failure", refund.failure.map { StuckReason($0) })
            text.word("cause", commit.cause)
            actor(commit.actor, into: &text)
            text.time("createdAt", refund.createdAt)
        }
    }

    private static func actor(_ actor: CloudActor, into text: inout EntryText) {
        switch actor {
        case .register: text.string("actor", "register")
        case .wallet: text.string("actor", "wallet")
        case .cloud: text.string("actor", "cloud")
        case .caller(let name):
            text.string("actor", "caller")
            text.text("person", name)
        case .persons(let persons):
            text.string("actor", "persons")
            text.text("person", persons.first)
            if !persons.second.isEmpty { text.text("secondPerson", persons.second) }
            if !persons.evidence.isEmpty { text.text("evidence", persons.evidence) }
        }
    }
}
