// Part of Tillbridge. See LICENSE.

/// What the refund's dialog asks for: all that is left, lines of the basket, or an amount.
struct RefundForm: Sendable {
    enum Way: String, CaseIterable, Sendable {
        case whole, lines, amount
    }

    let way: Way
    /// Fen; nil where something is wrong.
    private(set) var amount: Int64?
    private(set) var picks: [Basket.Pick] = []
    private(set) var problems = Problems()

    /// Whether lines alone say what goes back: where they add up to what was paid. A discount on the whole basket, or a
    /// charge that is no line, makes a line's price another one than what was paid for it, and nobody can tell which.
    static func linesGiveAmount(_ basket: Basket, paid: Int64) -> Bool { basket.total == paid }

    /// - Parameter basket: Nil where the payment has none; then there are no lines to choose.
    init(_ form: Form, basket: Basket?, paid: Int64) {
        let way = Way(rawValue: form["way"]) ?? .amount
        self.way = way == .lines && basket == nil ? .amount : way
        switch self.way {
        case .whole:
            // What the page has shown: if something else has become of the payment since, it is not what was meant.
            amount = Int64(form["left"]).flatMap { $0 > 0 ? $0 : nil }
            if amount == nil { problems.add("way", Phrase("refund.nothingLeft")) }
            picks = basket?.rest ?? []
        case .lines:
            guard let basket else { return }
            readLines(form, basket)
            if picks.isEmpty, problems.isEmpty { problems.add("lines", Phrase("refund.noLines")) }
            if RefundForm.linesGiveAmount(basket, paid: paid) {
                amount = basket.price(of: picks)
                if amount ?? 0 <= 0, problems.isEmpty { problems.add("lines", Phrase("refund.freeLines")) }
            } else {
                readAmount(form)
            }
        case .amount: readAmount(form)
        }
    }

    /// The words beside the reason.
    static func note(_ form: Form, isWanted: Bool, _ problems: inout Problems) -> String {
        let note = form["note"]
        if note.count > 200 { problems.add("note", Phrase("problem.long", "200")) }
        if isWanted, note.isEmpty { problems.add("note", Phrase("problem.missing")) }
        return note
    }

    /// The name of a line's field.
    static func field(_ place: Int) -> String { "line-\(place)" }

    private mutating func readLines(_ form: Form, _ basket: Basket) {
        for line in basket.lines {
            let name = RefundForm.field(line.place)
            let text = form[name]
            guard !text.isEmpty, text != "0" else { continue }
            // What was given back meanwhile is said for all lines together, by whoever stores the refund.
            guard text.utf8.count <= 7, text.utf8.allSatisfy({ (48...57).contains($0) }), let quantity = Int64(text),
                quantity <= line.item.quantity
            else {
                problems.add(name, Phrase("problem.range", "0", "\(max(line.left, 1))"))
                continue
            }
            if quantity > 0 { picks.append(Basket.Pick(place: line.place, quantity: quantity)) }
        }
    }

    private mutating func readAmount(_ form: Form) {
        amount = Formats.fen(form["amount"])
        if amount ?? 0 <= 0 { problems.add("amount", Phrase("problem.amount")) }
    }

    /// The field that a refusal of the whole wish stands at.
    var mainField: String {
        switch way {
        case .whole: "way"
        case .lines: "lines"
        case .amount: "amount"
        }
    }
}

/// The part of the dialog that says what goes back.
enum RefundFormView {
    static func model(_ call: Call, _ basket: Basket?, _ refundable: Refundable, _ problems: Problems) -> [String: Any]
    {
        let formats = call.formats
        let chosen = RefundForm.Way(rawValue: call.form["way"]) ?? (call.form.has("amount") ? .amount : .whole)
        let offered: [RefundForm.Way] = basket == nil ? [.whole, .amount] : [.whole, .lines, .amount]
        let way = offered.contains(chosen) ? chosen : .whole
        let givesAmount = basket.map { RefundForm.linesGiveAmount($0, paid: refundable.paid) } ?? true
        return [
            "ways": offered.map { one -> [String: Any] in
                [
                    "way": one.rawValue, "isChosen": one == way,
                    "label": call.text(Phrase(family: "refundWay", one.rawValue)),
                    "extra": one == .whole ? formats.money(refundable.left) : "",
                ]
            },
            "wayProblem": problem("way", call, problems),
            "leftFen": refundable.left,
            "hasBasket": basket != nil,
            "linesNeedAmount": !givesAmount,
            "linesProblem": problem("lines", call, problems),
            "difference": basket.flatMap { BasketView.difference($0, paid: refundable.paid, call) } ?? "",
            "lines": (basket?.lines ?? []).map { line -> [String: Any] in
                let name = RefundForm.field(line.place)
                return BasketView.line(line, call).merging([
                    "field": name,
                    "price": line.item.unitPrice,
                    "ofLeft": call.text(Phrase("refund.ofLeft", formats.count(Int(line.left)))),
                    "returnedText": line.returned > 0
                        ? call.text(Phrase("refund.returnedUnits", formats.count(Int(line.returned)))) : "",
                    "most": line.left,
                    "isSingle": line.left == 1,
                    "value": call.form[name],
                    "isChosen": line.left == 1 && call.form[name] == "1",
                    "lineProblem": problem(name, call, problems),
                ]) { $1 }
            },
        ]
    }

    /// Why money goes back, by one of these words, and a note.
    static func reasonFields(_ reasons: [String], _ call: Call, _ problems: Problems) -> [[String: Any]] {
        call.fields(
            [
                Field(
                    name: "reason",
                    label: Phrase("refund.reason"),
                    kind: .choice,
                    value: call.form["reason"],
                    options: [(value: "", label: "")]
                        + reasons.map { (value: $0, label: call.text(Phrase(family: "refundReason", $0))) }
                ),
                Field(
                    name: "note",
                    label: Phrase("refund.note"),
                    value: call.form["note"],
                    hint: Phrase("refund.noteHint")
                ),
            ],
            problems
        )
    }

    private static func problem(_ field: String, _ call: Call, _ problems: Problems) -> String {
        problems[field].map { call.text($0) } ?? ""
    }
}
