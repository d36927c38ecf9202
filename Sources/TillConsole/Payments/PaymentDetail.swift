// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB

/// All that is known of one payment.
struct PaymentDetail: Sendable {
    struct Step: Sendable {
        let cloud: String
        /// Of its entry in the cloud's log.
        let sequence: Int64
        let time: Int64
        let kind: String
        let body: String
    }

    let row: PaymentRow
    let place: Node?
    let steps: [Step]
    let refunds: [RefundRow]
    /// Other payments of the same ticket.
    let others: [PaymentRow]
    let notes: [PaymentNote]
    let basket: Basket?

    /// Nil for a number that is not known.
    init?(number: String, _ database: Database) throws {
        guard let row = try PaymentRow.of(number: number, database) else { return nil }
        self.row = row
        place = try Node.of(code: row.store, database)
        steps = try Row.fetchAll(
            database,
            sql: "SELECT * FROM step WHERE number = ? ORDER BY time, cloud, sequence",
            arguments: [number]
        ).map {
            Step(cloud: $0["cloud"], sequence: $0["sequence"], time: $0["time"], kind: $0["kind"], body: $0["body"])
        }
        refunds = try Row.fetchAll(
            database,
            sql: "SELECT * FROM refund WHERE number = ? ORDER BY created_at",
            arguments: [number]
        ).map { RefundRow($0) }
        others = try Row.fetchAll(
            database,
            sql: """
                SELECT \(PaymentRow.columns) FROM payment WHERE ticket = ? AND store = ? AND number <> ?
                ORDER BY created_at
                """,
            arguments: [row.ticket, row.store, number]
        ).map { PaymentRow($0) }
        notes = try PaymentNote.of(number: number, database)
        basket = try Basket(number: number, database)
    }

    /// States of the cloud's machine in which another question to the wallet may tell more.
    private static let askable: Set<String> = ["sending", "unknown", "revoking", "stuck", "paid"]

    func model(_ call: Call) -> [String: Any] {
        var model = row.model(call)
        // The paying cloud tells what the payment is; the other one only what it was asked.
        let own = steps.filter { $0.cloud == row.cloud }
        let elsewhere = steps.filter { $0.cloud != row.cloud }
        model["steps"] = timeline(own, call)
        model["elsewhere"] = timeline(elsewhere, call)
        model["isElsewhere"] = !elsewhere.isEmpty
        model.merge(BasketView.model(basket, paid: row.amount, call)) { $1 }
        model["hasRefunds"] = !refunds.isEmpty
        model["refunds"] = refunds.map { $0.model(call) }
        model["others"] = others.map { $0.model(call) }
        model["hasOthers"] = !others.isEmpty
        model["notes"] = notes.map { $0.model(call) }
        model["hasNotes"] = !notes.isEmpty
        if PaymentDetail.askable.contains(row.rawState), call.visitor?.may(.actOnPayments) == true {
            model["askPath"] = "/payments/\(row.number)/ask"
        }
        if let from = row.revocableFrom, from <= call.now, call.visitor?.may(.revokePayments) == true {
            model["revokePath"] = "/payments/\(row.number)/revoke"
        }
        if !Resolution.decisions(rawState: row.rawState).isEmpty, call.visitor?.may(.resolvePayments) == true {
            model["resolvePath"] = "/payments/\(row.number)/resolve"
        }
        if PaymentStates.problems.contains(row.state) {
            model["advice"] = call.text(Phrase(family: "advice", row.state))
        }
        return model
    }

    private func timeline(_ steps: [Step], _ call: Call) -> [[String: Any]] {
        let formats = call.formats
        var before = row.createdAt
        return steps.map { step -> [String: Any] in
            let gap = step.time - before
            before = step.time
            return [
                "time": formats.time(step.time) + "." + String(format: "%03d", Int(step.time % 1_000)),
                "gap": gap > 0 ? "+" + formats.duration(gap) : "",
                "cloud": step.cloud,
            ].merging(StepView(step, call).model) { $1 }
        }
    }
}

/// One refund of a payment.
struct RefundRow: Sendable {
    let reference: String
    /// Fen.
    let amount: Int64
    let reason: String
    let person: String
    let state: String
    let createdAt: Int64

    init(_ row: Row) {
        reference = row["reference"]
        amount = row["amount"]
        reason = row["reason"]
        person = row["person"]
        state = row["state"]
        createdAt = row["created_at"]
    }

    func model(_ call: Call) -> [String: Any] {
        [
            "reference": reference,
            "amount": call.formats.money(amount),
            // A register writes its own words.
            "reason": call.words.texts[Phrase(family: "refundReason", reason).key] ?? reason,
            "person": person,
            "state": call.words.texts[Phrase(family: "refundState", state).key] ?? state,
            "created": call.formats.moment(createdAt),
        ]
    }
}
