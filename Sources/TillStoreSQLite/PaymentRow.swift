// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import TillDomain
import TillEngine
import TillStore

/// A payment's columns, in both directions.
enum PaymentRow {
    /// The key, then what never changes.
    private static let fixedColumns = [
        "store", "number", "register", "intent", "sale_reference", "amount", "home", "created_at",
    ]
    /// An index is written anew for every column of it that a commit names, so that none is named without need.
    private static let changingColumns = [
        "state", "version", "unsent",
        "unsent_since", "sent_at", "wallet", "wallet_transaction", "payer", "decline_candidate", "decline_reason",
        "refusal_reason", "waiting", "conflict_seen", "confirmed_by", "phase", "attempts", "cancel_result",
        "refund_sent", "refund_accepted", "revoke_reason", "undo_kind", "stuck_reason", "refunds_adopted", "changed_at",
        "state_since", "last_look", "due_at", "person_at", "queued", "next_work",
    ]

    static let insert = """
        INSERT INTO payment (\((fixedColumns + changingColumns).joined(separator: ", ")))
        VALUES (\((fixedColumns + changingColumns).map { _ in "?" }.joined(separator: ", ")))
        ON CONFLICT DO NOTHING
        """

    /// Compare-and-set on the version. The intent is compared too: it never changes.
    static let update = """
        UPDATE payment SET \(changingColumns.map { "\($0) = ?" }.joined(separator: ", ")),
            lease_owner = NULL, lease_until = NULL
        WHERE store = ? AND number = ? AND version = ? AND intent = ? AND home = ?
        """

    static func insertArguments(_ payment: CloudPayment) -> StatementArguments {
        StatementArguments(key(payment.intent.orderNumber) + fixed(payment) + changing(payment))
    }

    static func updateArguments(_ payment: CloudPayment) -> StatementArguments {
        let condition: [(any DatabaseValueConvertible)?] = [
            payment.record.version - 1, text(payment.intent.line), payment.home.text,
        ]
        return StatementArguments(changing(payment) + key(payment.intent.orderNumber) + condition)
    }

    static func key(_ number: OrderNumber) -> [(any DatabaseValueConvertible)?] {
        [text(number.register.store), number.text]
    }

    private static func fixed(_ payment: CloudPayment) -> [(any DatabaseValueConvertible)?] {
        let intent = payment.intent
        return [
            intent.orderNumber.register.text, text(intent.line), intent.saleReference.text, intent.amount.fen,
            payment.home.text, payment.record.createdAt.milliseconds,
        ]
    }

    private static func changing(_ payment: CloudPayment) -> [(any DatabaseValueConvertible)?] {
        let record = payment.record
        return [
            record.state.text, record.version, record.unsent, record.unsentSince.milliseconds,
            record.sentAt?.milliseconds, record.wallet?.text, record.trade?.transaction.text,
            record.trade.map { Data($0.payer) }, record.declineCandidate?.text, record.declineReason?.text,
            record.refusalReason?.text, record.waiting, record.conflictSeen, record.confirmedBy?.text,
            record.phase.text, record.attempts, record.cancelResult?.text, record.refundSent, record.refundAccepted,
            record.revokeReason?.text, record.undoKind?.text, record.stuckReason?.text, record.refundsAdopted,
            record.changedAt.milliseconds, record.stateSince.milliseconds,
            record.lastLook.milliseconds, record.dueAt?.milliseconds, record.personAt?.milliseconds, record.queued,
            record.nextWork?.milliseconds,
        ]
    }

    /// - Throws: ``StoreError/damaged(_:)`` for a row that no payment could have written.
    static func payment(_ row: Row, refunds: [CloudRefund]) throws -> CloudPayment {
        let reader = RowReader(row: row)
        guard let intent = Intent(line: try reader.string("intent").utf8) else { throw reader.damage("intent") }
        var record = CloudRecord()
        record.state = try reader.word("state")
        record.version = try reader.integer("version")
        record.unsent = try reader.flag("unsent")
        record.unsentSince = try reader.time("unsent_since")
        record.sentAt = reader.optionalTime("sent_at")
        record.wallet = try reader.optionalIdentifier("wallet")
        if let transaction: String = row["wallet_transaction"] {
            guard let transaction = WalletTransactionID(transaction.utf8) else {
                throw reader.damage("wallet_transaction")
            }
            record.trade = CloudTrade(transaction: transaction, payer: [UInt8](row["payer"] as Data? ?? Data()))
        }
        record.declineCandidate = try reader.optionalWord("decline_candidate")
        record.declineReason = try reader.optionalWord("decline_reason")
        record.refusalReason = try reader.optionalWord("refusal_reason")
        record.waiting = try reader.flag("waiting")
        record.conflictSeen = try reader.flag("conflict_seen")
        record.confirmedBy = try reader.optionalWord("confirmed_by")
        record.phase = try reader.word("phase")
        record.attempts = Int(try reader.integer("attempts"))
        record.cancelResult = try reader.optionalWord("cancel_result")
        record.refundSent = try reader.flag("refund_sent")
        record.refundAccepted = try reader.flag("refund_accepted")
        record.revokeReason = try reader.optionalWord("revoke_reason")
        record.undoKind = try reader.optionalWord("undo_kind")
        record.stuckReason = try reader.optionalWord("stuck_reason")
        record.refunds = refunds
        record.refundsAdopted = try reader.flag("refunds_adopted")
        record.createdAt = try reader.time("created_at")
        record.changedAt = try reader.time("changed_at")
        record.stateSince = try reader.time("state_since")
        record.lastLook = try reader.time("last_look")
        record.dueAt = reader.optionalTime("due_at")
        record.personAt = reader.optionalTime("person_at")
        record.queued = try reader.flag("queued")
        return CloudPayment(intent: intent, home: try reader.word("home"), record: record)
    }

    static func text(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
}
