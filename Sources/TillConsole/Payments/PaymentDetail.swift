// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB

/// All that is known of one payment.
struct PaymentDetail: Sendable {
    struct Step: Sendable {
        let cloud: String
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

    /// Nil for a number that is not known.
    init?(number: String, _ database: Database) throws {
        let row = try Row.fetchOne(
            database,
            sql: "SELECT \(PaymentRow.columns) FROM payment WHERE number = ?",
            arguments: [number]
        )
        guard let row else { return nil }
        self.row = PaymentRow(row)
        place = try Node.of(code: self.row.store, database)
        steps = try Row.fetchAll(
            database,
            sql: "SELECT * FROM step WHERE number = ? ORDER BY time, cloud, sequence",
            arguments: [number]
        ).map { Step(cloud: $0["cloud"], time: $0["time"], kind: $0["kind"], body: $0["body"]) }
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
            arguments: [self.row.ticket, self.row.store, number]
        ).map { PaymentRow($0) }
    }

    func model(_ call: Call) -> [String: Any] {
        var model = row.model(call)
        let formats = call.formats
        var before = row.createdAt
        model["steps"] = steps.map { step -> [String: Any] in
            let gap = step.time - before
            before = step.time
            return [
                "time": formats.time(step.time) + "." + String(format: "%03d", Int(step.time % 1_000)),
                "gap": gap > 0 ? "+" + formats.duration(gap) : "",
                "cloud": step.cloud,
                "text": StepText(step, call).text,
                "body": step.body,
            ]
        }
        model["hasReason"] = !(model["reason"] as? String ?? "").isEmpty
        model["refunds"] = refunds.map { $0.model(call) }
        model["hasRefunds"] = !refunds.isEmpty
        model["others"] = others.map { $0.model(call) }
        model["hasOthers"] = !others.isEmpty
        if RefundDesk.refundableStates.contains(row.state), call.visitor?.may(.requestRefunds) == true {
            model["refundPath"] = "/payments/\(row.number)/refund"
        }
        if PaymentFilter.Tab.problems.states?.contains(row.state) == true {
            model["advice"] = call.text(Phrase(family: "advice", row.state))
        }
        return model
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
            "reason": reason,
            "person": person,
            "state": call.words.texts[Phrase(family: "refundState", state).key] ?? state,
            "created": call.formats.moment(createdAt),
        ]
    }
}

/// A step of the log in a sentence.
struct StepText {
    let text: String

    init(_ step: PaymentDetail.Step, _ call: Call) {
        let data = Data(step.body.utf8)
        if step.kind == "payment", let facts = try? JSONDecoder().decode(PaymentFacts.self, from: data) {
            let cause = facts.cause ?? ""
            let what = call.words.texts[Phrase(family: "cause", cause).key] ?? cause
            let became = call.text(Phrase(family: "state", facts.display))
            let who = [facts.person, facts.secondPerson].compactMap(\.self).joined(separator: ", ")
            text = "\(what) → \(became)" + (who.isEmpty ? "" : " (\(who))")
        } else if let facts = try? JSONDecoder().decode(RefundFacts.self, from: data) {
            let state = call.words.texts[Phrase(family: "refundState", facts.state).key] ?? facts.state
            text = call.text(Phrase("payment.refundStep", call.formats.money(facts.amount), facts.operator, state))
        } else {
            text = step.kind
        }
    }
}
