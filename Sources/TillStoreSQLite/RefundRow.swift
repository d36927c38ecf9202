// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import TillDomain
import TillEngine
import TillStore

/// A refund's columns, in both directions.
enum RefundRow {
    static let upsert = """
        INSERT INTO refund (store, number, counter, reference, amount, reason, operator, state, failure, attempts,
            created_at, changed_at, due_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (store, number, counter) DO UPDATE SET state = excluded.state, failure = excluded.failure,
            attempts = excluded.attempts, changed_at = excluded.changed_at, due_at = excluded.due_at
        """

    static func arguments(_ refund: CloudRefund, of number: OrderNumber) -> StatementArguments {
        let values: [(any DatabaseValueConvertible)?] = [
            refund.counter, Data(refund.request.reference), refund.amount.fen, Data(refund.request.reason),
            Data(refund.request.operatorName), refund.state.text, refund.failure.map { StuckReason($0).text },
            refund.attempts, refund.createdAt.milliseconds, refund.changedAt.milliseconds, refund.dueAt?.milliseconds,
        ]
        return StatementArguments(PaymentRow.key(number) + values)
    }

    static func refund(_ row: Row) throws -> CloudRefund {
        let reader = RowReader(row: row)
        let request = CloudRefundRequest(
            reference: try reader.bytes("reference"),
            amount: Money(fen: try reader.integer("amount")),
            reason: try reader.bytes("reason"),
            operatorName: try reader.bytes("operator")
        )
        var refund = CloudRefund(
            counter: Int(try reader.integer("counter")),
            request: request,
            createdAt: try reader.time("created_at")
        )
        refund.state = try reader.word("state")
        let failure: StuckReason? = try reader.optionalWord("failure")
        refund.failure = failure.map { RefundFailure($0) }
        refund.attempts = Int(try reader.integer("attempts"))
        refund.changedAt = try reader.time("changed_at")
        refund.dueAt = reader.optionalTime("due_at")
        return refund
    }
}

extension RefundFailure {
    fileprivate init(_ reason: StuckReason) {
        self =
            switch reason {
            case .merchantBalance: .merchantBalance
            case .tradeFrozen: .tradeFrozen
            case .limit: .limit
            case .refundFailed, .tradeDiffers, .conflict: .other
            }
    }
}
