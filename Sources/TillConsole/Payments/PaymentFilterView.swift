// Part of Tillbridge. See LICENSE.
import Foundation

/// The filter as people see it: tabs, fields, and a chip for each condition that can be taken away.
enum PaymentFilterView {
    static func tabs(_ filter: PaymentFilter, _ call: Call) -> [[String: Any]] {
        PaymentFilter.Tab.allCases.map { tab in
            // Problems are looked for in all days, whichever days are shown now.
            let days: Set<String> = tab == .problems ? ["period", "from", "until"] : []
            return [
                "name": call.text(Phrase(family: "tab", tab.rawValue)),
                "path": "/payments?"
                    + call.query.query(without: days.union(["tab", "after", "said"]), adding: [("tab", tab.rawValue)]),
                "isCurrent": tab == filter.tab,
            ]
        }
    }

    static func fields(_ filter: PaymentFilter, _ places: [Node], _ wallets: [String], _ call: Call) -> [[String: Any]]
    {
        let any = (value: "", label: call.text(Phrase("payments.any")))
        return call.fields(
            [
                Field(
                    name: "period",
                    label: Phrase("payments.period"),
                    kind: .choice,
                    value: filter.period.rawValue,
                    options: PaymentFilter.Period.allCases.map {
                        ($0.rawValue, call.text(Phrase(family: "period", $0.rawValue)))
                    }
                ),
                Field(
                    name: "from",
                    label: Phrase("payments.from"),
                    value: call.query["from"],
                    hint: Phrase("payments.dayHint", call.console.settings.zone.identifier)
                ),
                Field(name: "until", label: Phrase("payments.until"), value: call.query["until"]),
                Field(
                    name: "place",
                    label: Phrase("payments.place"),
                    kind: .choice,
                    value: filter.place,
                    options: [any]
                        + places.map { node in
                            let depth = node.path.count(where: { $0 == "/" }) - 2
                            return (
                                node.code,
                                String(repeating: "\u{2003}", count: max(0, depth)) + "\(node.name) (\(node.code))"
                            )
                        }
                ),
                Field(name: "register", label: Phrase("payments.register"), value: filter.register),
                Field(
                    name: "wallet",
                    label: Phrase("payments.wallet"),
                    kind: .choice,
                    value: filter.wallet,
                    options: [any] + wallets.map { ($0, PaymentRow.walletName($0, call.words)) }
                ),
                Field(
                    name: "state",
                    label: Phrase("payments.state"),
                    kind: .choice,
                    value: filter.state,
                    options: [any] + PaymentRow.states.map { ($0, call.text(Phrase(family: "state", $0))) }
                ),
                Field(
                    name: "reason",
                    label: Phrase("payments.reason"),
                    kind: .choice,
                    value: filter.reason,
                    options: [any] + PaymentRow.reasons(call.words)
                ),
                Field(name: "least", label: Phrase("payments.least"), kind: .number, value: call.query["least"]),
                Field(name: "most", label: Phrase("payments.most"), kind: .number, value: call.query["most"]),
            ],
            filter.problems
        )
    }

    /// One for each condition beside the tab.
    /// - Parameter query: Where the filter was read from: its days stand in it as they were typed.
    static func chips(_ filter: PaymentFilter, _ query: Form, _ call: Call) -> [[String: Any]] {
        var chips: [(names: Set<String>, text: String)] = []
        if filter.period != .all {
            let text =
                filter.period == .custom
                ? "\(query["from"]) – \(query["until"])"
                : call.text(Phrase(family: "period", filter.period.rawValue))
            chips.append((["period", "from", "until"], text))
        }
        if !filter.text.isEmpty { chips.append((["q"], "“\(filter.text)”")) }
        if !filter.place.isEmpty { chips.append((["place"], filter.place)) }
        if !filter.register.isEmpty { chips.append((["register"], filter.register)) }
        if !filter.wallet.isEmpty { chips.append((["wallet"], PaymentRow.walletName(filter.wallet, call.words))) }
        if !filter.state.isEmpty { chips.append((["state"], call.text(Phrase(family: "state", filter.state)))) }
        if !filter.reason.isEmpty { chips.append((["reason"], PaymentRow.reason(filter.reason, call.words))) }
        if let least = filter.least { chips.append((["least"], "≥ " + call.formats.money(least))) }
        if let most = filter.most { chips.append((["most"], "≤ " + call.formats.money(most))) }
        return chips.map { chip in
            let extra = chip.names.contains("period") ? [("period", "all")] : []
            let query = query.query(without: chip.names.union(["after", "said"]), adding: extra)
            return ["text": chip.text, "path": "/payments" + (query.isEmpty ? "" : "?\(query)")]
        }
    }
}
