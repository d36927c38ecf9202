// Part of Tillbridge. See LICENSE.
import GRDB
import TillCloud

/// A refund that somebody asked for here, or the undo of a payment whose register is silent: both give money back, under
/// the same limits and approvals. A refund's number is the reference under which the cloud knows it, so that sending it
/// twice is one refund; an undo has its payment's number, and is one however often it is ordered.
struct RefundRequest: Equatable, Sendable {
    enum Kind: String, Sendable {
        case refund, revoke
    }

    enum State: String, CaseIterable, Sendable {
        /// For a second person.
        case waiting
        /// On its way to the cloud, as often as it takes.
        case approved
        /// The cloud has taken it; how it goes on stands in its refund.
        case sent
        /// The cloud or the second person said no.
        case refused
    }

    /// Why money goes back.
    enum Reason: String, CaseIterable, Sendable {
        case wrongAmount = "wrong-amount"
        case duplicate
        case goodsReturned = "goods-returned"
        case systemRevoke = "system-revoke"
        case other
    }

    /// Why a payment is undone.
    enum RevokeReason: String, CaseIterable, Sendable {
        case registerDown = "register-down"
        case shopperLeft = "shopper-left"
        case duplicate
        case other
    }

    let id: Int64
    let number: String
    let store: String
    let kind: Kind
    /// Fen. Of an undo the whole payment, whether the wallet holds it or not.
    let amount: Int64
    let reason: String
    let note: String
    let state: State
    let requester: Int64
    let requesterName: String
    let deciderName: String?
    /// What the cloud said.
    let answer: String?
    /// Which lines of the basket it is for, in words; empty for a refund by amount.
    let lines: String
    /// Milliseconds since 1970.
    let createdAt: Int64
    let decidedAt: Int64?

    /// With the lines in words.
    static let columns = """
        refund_request.*, (SELECT group_concat(quantity || ' × ' || name, ' · ') FROM (
            SELECT quantity, name FROM refund_line WHERE request = refund_request.id ORDER BY line)) AS lines
        """

    var reference: String { "console-\(id)" }

    /// The reason with the words beside it.
    static func why(_ reason: String, _ note: String) -> String { note.isEmpty ? reason : "\(reason): \(note)" }

    /// What the clouds are told.
    var command: AdminRequest {
        switch kind {
        case .refund:
            .refund(number: number, amount: amount, reference: reference, reason: reason, person: requesterName)
        case .revoke:
            .resolve(
                AdminRequest.Resolution(
                    number: number,
                    decision: .revoke,
                    first: requesterName,
                    second: deciderName ?? "",
                    evidence: RefundRequest.why(reason, note)
                )
            )
        }
    }

    init(_ row: Row) {
        id = row["id"]
        number = row["number"]
        store = row["store"]
        kind = Kind(rawValue: row["kind"]) ?? .refund
        amount = row["amount"]
        reason = row["reason"]
        note = row["note"]
        state = State(rawValue: row["state"]) ?? .waiting
        requester = row["requester"]
        requesterName = row["requester_name"]
        deciderName = row["decider_name"]
        answer = row["answer"]
        lines = row["lines"] ?? ""
        createdAt = row["created_at"]
        decidedAt = row["decided_at"]
    }
}

/// What may still be given back of a payment.
struct Refundable: Equatable, Sendable {
    /// Fen, each.
    let paid: Int64
    let done: Int64
    /// Asked for here, or accepted by the wallet, and not finished.
    let pending: Int64

    var left: Int64 { paid - done - pending }

    init(number: String, _ database: Database) throws {
        let payment = try Row.fetchOne(
            database,
            sql: "SELECT amount, refunded FROM payment WHERE number = ?",
            arguments: [number]
        )
        paid = payment?["amount"] ?? 0
        done = payment?["refunded"] ?? 0
        // A refund that the cloud knows counts as the cloud tells; one that it does not know yet counts as asked for.
        let open = try Int64.fetchOne(
            database,
            sql: "SELECT coalesce(sum(amount), 0) FROM refund WHERE number = ? AND state NOT IN ('done', 'failed')",
            arguments: [number]
        )
        let asked = try Int64.fetchOne(
            database,
            sql: """
                SELECT coalesce(sum(amount), 0) FROM refund_request
                WHERE number = ? AND kind = 'refund' AND state <> 'refused' AND NOT EXISTS (
                    SELECT 1 FROM refund WHERE refund.number = refund_request.number
                        AND refund.reference = 'console-' || refund_request.id)
                """,
            arguments: [number]
        )
        pending = (open ?? 0) + (asked ?? 0)
    }
}
