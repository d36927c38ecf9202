// Part of Tillbridge. See LICENSE.
import Foundation

/// A step of a cloud's log as people read it: a sentence, and what stands behind it.
struct StepView {
    let text: String
    private(set) var facts: [(label: Phrase, value: String)] = []
    private(set) var calls: [WalletCallFacts] = []
    private let call: Call

    init(_ step: PaymentDetail.Step, _ call: Call) {
        self.call = call
        let data = Data(step.body.utf8)
        if step.kind == "payment", let facts = try? JSONDecoder().decode(PaymentFacts.self, from: data) {
            let cause = facts.cause ?? ""
            let what = call.words.texts[Phrase(family: "cause", cause).key] ?? cause
            let became = call.text(Phrase(family: "state", facts.display))
            let who = [facts.person, facts.secondPerson].compactMap(\.self).joined(separator: ", ")
            text = "\(what) → \(became)" + (who.isEmpty ? "" : " (\(who))")
            add(Phrase("step.state"), [facts.from, facts.state].compactMap(\.self).joined(separator: " → "))
            addActor(facts.actor)
            add(Phrase("step.person"), who)
            add(Phrase("step.evidence"), facts.evidence)
            add(Phrase("payment.reason"), facts.reason.map { PaymentRow.reason($0, call.words) })
            add(Phrase("payments.walletNumber"), facts.walletTransaction)
            calls = facts.calls ?? []
        } else if let facts = try? JSONDecoder().decode(RefundFacts.self, from: data) {
            let state = call.words.texts[Phrase(family: "refundState", facts.state).key] ?? facts.state
            text = call.text(Phrase("payment.refundStep", call.formats.money(facts.amount), facts.operator, state))
            add(Phrase("step.state"), facts.state)
            addActor(facts.actor)
            add(Phrase("step.reference"), facts.reference)
            add(Phrase("payment.reason"), facts.failure)
        } else {
            text = step.kind
        }
        add(Phrase("step.entry"), "\(step.cloud) · \(step.sequence)")
    }

    private mutating func add(_ label: Phrase, _ value: String?) {
        if let value, !value.isEmpty { facts.append((label, value)) }
    }

    private mutating func addActor(_ actor: String?) {
        add(Phrase("step.by"), actor.map { call.words.texts[Phrase(family: "actor", $0).key] ?? $0 })
    }

    var model: [String: Any] {
        [
            "text": text,
            "facts": facts.map { ["label": call.text($0.label), "value": $0.value] as [String: Any] },
            "calls": calls.map { $0.model(call) },
            "hasCalls": !calls.isEmpty,
        ]
    }
}

/// One call to a wallet, as the cloud's log tells it.
struct WalletCallFacts: Codable, Sendable {
    let call: String
    let account: String
    let host: String
    let target: String
    let milliseconds: Int64
    let status: Int?
    let trouble: String?
    let asked: [String]?
    let answered: [String]?

    func model(_ call: Call) -> [String: Any] {
        var request: [(String, String)] = [
            (call.text(Phrase("step.host")), host), (call.text(Phrase("step.target")), target),
            (call.text(Phrase("step.account")), account),
        ]
        request += WalletCallFacts.pairs(asked)
        var answer: [(String, String)] = [(call.text(Phrase("step.took")), call.formats.duration(milliseconds))]
        if let status { answer.append((call.text(Phrase("step.status")), "\(status)")) }
        answer += WalletCallFacts.pairs(answered)
        return [
            "title": call.words.texts[Phrase(family: "walletCall", self.call).key] ?? self.call,
            "trouble": trouble.map { call.words.texts[Phrase(family: "callTrouble", $0).key] ?? $0 } ?? "",
            "asked": WalletCallFacts.rows(request),
            "answered": WalletCallFacts.rows(answer),
        ]
    }

    /// `name=value`; a value may hold another equals sign.
    private static func pairs(_ texts: [String]?) -> [(String, String)] {
        (texts ?? []).map { text in
            guard let sign = text.firstIndex(of: "=") else { return (text, "") }
            return (String(text[..<sign]), String(text[text.index(after: sign)...]))
        }
    }

    private static func rows(_ rows: [(String, String)]) -> [[String: Any]] {
        rows.map { ["name": $0.0, "value": $0.1] }
    }
}
