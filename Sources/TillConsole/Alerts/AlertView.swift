// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB

/// Alerts and rules as pages show them.
enum AlertView {
    static func model(_ alert: Alert, _ call: Call) -> [String: Any] {
        let formats = call.formats
        let (style, icon, state) =
            if alert.clearedAt != nil {
                ("grey-line", "check", Phrase("alerts.over"))
            } else if alert.acknowledgedAt != nil {
                ("amber-line", "clock", Phrase("alerts.acknowledged"))
            } else {
                ("red", "alert", Phrase("alerts.isOpen"))
            }
        let took = (alert.clearedAt ?? call.now) - alert.raisedAt
        return [
            "id": alert.id,
            "kind": call.text(Phrase(family: "alertKind", alert.kind.rawValue)),
            "text": alert.text(call.words, formats),
            "chip": ["style": style, "icon": icon, "name": call.text(state)],
            "place": alert.placeName,
            "placeCode": alert.placeCode,
            "raised": formats.moment(alert.raisedAt),
            "lasts": formats.duration(took),
            "cleared": alert.clearedAt.map { formats.moment($0) } ?? "",
            "link": link(alert),
            "seenBy": alert.acknowledgedBy.map {
                call.text(Phrase("alerts.seenBy", $0, alert.acknowledgedAt.map { formats.moment($0) } ?? ""))
            } ?? "",
            "note": alert.note ?? "",
        ]
    }

    /// Where to look; empty where there is no page for it.
    private static func link(_ alert: Alert) -> String {
        let wallet = alert.wallet.isEmpty ? "" : "&wallet=\(Form.encoded(alert.wallet))"
        let place = "place=\(Form.encoded(alert.placeCode))"
        return switch alert.kind {
        case .undoFailed, .refundFailed: "/payments/\(Form.encoded(alert.subject))"
        case .unknownAge: "/payments?period=all&state=unknown&\(place)\(wallet)"
        case .successRate: "/payments?tab=unpaid&\(place)\(wallet)"
        case .noSales: "/payments?\(place)\(wallet)"
        case .cloudSilent: ""
        }
    }

    static func model(_ rule: AlertRule, _ call: Call) -> [String: Any] {
        let (style, icon) = rule.isOn ? ("green", "check") : ("grey-solid", "cross")
        return [
            "kind": call.text(Phrase(family: "alertKind", rule.kind.rawValue)),
            "bounds": bounds(rule, call),
            "place": rule.placeName,
            "wallet": rule.wallet.isEmpty
                ? call.text(Phrase("payments.any")) : PaymentRow.walletName(rule.wallet, call.words),
            "chip": [
                "style": style, "icon": icon,
                "name": call.text(rule.isOn ? Phrase("alerts.on") : Phrase("alerts.off")),
            ],
        ]
    }

    private static func bounds(_ rule: AlertRule, _ call: Call) -> String {
        func number(_ number: AlertRule.Number) -> String { call.formats.count(rule.number(number)) }
        let phrase =
            switch rule.kind {
            case .successRate:
                Phrase("alertBounds.successRate", number(.percent), number(.minutes), number(.payments))
            case .unknownAge: Phrase("alertBounds.unknownAge", number(.minutes))
            case .noSales: Phrase("alertBounds.noSales", number(.minutes), rule.hours?.text ?? "–")
            case .cloudSilent: Phrase("alertBounds.cloudSilent", number(.seconds))
            case .undoFailed, .refundFailed: Phrase("alertBounds.each")
            }
        return call.text(phrase)
    }

    /// The badge of every page: how many alerts nobody has taken note of yet. Nil for who sees no alerts.
    static func badge(_ viewer: Viewer, in pool: DatabasePool) async throws -> Int? {
        guard viewer.may(.viewAlerts) else { return nil }
        return try await pool.read { try Alert.count(in: viewer.scope(of: .viewAlerts), $0) }
    }
}

/// What the form about a rule holds: read from what was typed, or from what is stored.
struct AlertRuleForm: Equatable, Sendable {
    let kind: AlertRule.Kind
    let place: String
    let wallet: String
    let numbers: [AlertRule.Number: String]
    let opens: String
    let closes: String
    let isOn: Bool

    /// As a new one begins.
    init(_ kind: AlertRule.Kind) {
        self.kind = kind
        (place, wallet, opens, closes, isOn) = ("", "", "09:00", "22:00", true)
        numbers = kind.numbers.reduce(into: [:]) { $0[$1] = "\($1.standard(kind))" }
    }

    init(_ rule: AlertRule) {
        kind = rule.kind
        place = rule.placeCode
        wallet = rule.wallet
        numbers = rule.kind.numbers.reduce(into: [:]) { $0[$1] = "\(rule.number($1))" }
        opens = rule.hours.map { AlertRule.Hours.text($0.opens) } ?? ""
        closes = rule.hours.map { AlertRule.Hours.text($0.closes) } ?? ""
        isOn = rule.isOn
    }

    init(_ form: Form, kind: AlertRule.Kind, isOn: Bool) {
        self.kind = kind
        self.isOn = isOn
        place = kind.isOfTheTop ? Organisation.topCode : form["place"]
        wallet = form["wallet"]
        numbers = kind.numbers.reduce(into: [:]) { $0[$1] = form[$1.rawValue] }
        (opens, closes) = (form["opens"], form["closes"])
    }

    private static func wallets(_ call: Call) async throws -> [String] {
        try await call.console.pool.read {
            try String.fetchAll($0, sql: "SELECT DISTINCT wallet FROM account ORDER BY wallet")
        }
    }

    /// Nil with what is wrong in `problems`.
    func wanted(_ problems: inout Problems, _ call: Call) async throws -> AlertDesk.Wanted? {
        let node = try await PlaceChoice.chosen(place, for: .manageAlerts, call)
        if node == nil { problems.add("place", Phrase("problem.place")) }
        var values: [AlertRule.Number: Int] = [:]
        for number in kind.numbers {
            let range = number.range(kind)
            if let value = Int(numbers[number] ?? ""), range.contains(value) {
                values[number] = value
            } else {
                problems.add(
                    number.rawValue,
                    Phrase("problem.range", "\(range.lowerBound)", "\(range.upperBound)")
                )
            }
        }
        var hours: AlertRule.Hours?
        if kind.hasHours {
            let (first, last) = (AlertRule.Hours.minute(opens), AlertRule.Hours.minute(closes))
            if first == nil { problems.add("opens", Phrase("alerts.hour")) }
            if last == nil { problems.add("closes", Phrase("alerts.hour")) }
            if let first, let last {
                if first < last {
                    hours = AlertRule.Hours(opens: first, closes: last)
                } else {
                    problems.add("closes", Phrase("alerts.hoursOrder"))
                }
            }
        }
        if !wallet.isEmpty, try await !AlertRuleForm.wallets(call).contains(wallet) {
            problems.add("wallet", Phrase("problem.missing"))
        }
        guard let node, problems.isEmpty else { return nil }
        return AlertDesk.Wanted(
            kind: kind,
            place: node,
            wallet: kind.isOfTheTop ? "" : wallet,
            numbers: values,
            hours: hours,
            isOn: isOn
        )
    }

    func model(_ problems: Problems, _ call: Call, withState: Bool) async throws -> [String: Any] {
        let scope = try call.viewer.scope(of: .manageAlerts)
        let places = try await call.console.pool.read { try Node.all(in: scope, $0) }
        var fields: [Field] = []
        if !kind.isOfTheTop {
            let wallets = try await AlertRuleForm.wallets(call)
            fields += [
                PlaceChoice.field(places, chosen: place, call),
                Field(
                    name: "wallet",
                    label: Phrase("payments.wallet"),
                    kind: .choice,
                    value: wallet,
                    options: [(value: "", label: call.text(Phrase("payments.any")))]
                        + wallets.map { ($0, PaymentRow.walletName($0, call.words)) }
                ),
            ]
        }
        fields += kind.numbers.map {
            Field(
                name: $0.rawValue,
                label: Phrase(family: "alertNumber", $0.rawValue),
                kind: .number,
                value: numbers[$0] ?? "",
                isRequired: true
            )
        }
        if kind.hasHours {
            let zone = call.console.settings.zone.identifier
            fields += [
                Field(
                    name: "opens",
                    label: Phrase("alerts.opens"),
                    value: opens,
                    hint: Phrase("alerts.hoursHint", zone),
                    isRequired: true
                ), Field(name: "closes", label: Phrase("alerts.closes"), value: closes, isRequired: true),
            ]
        }
        if withState {
            fields.append(Field(name: "on", label: Phrase("alerts.isOn"), kind: .checkbox, value: isOn ? "on" : ""))
        }
        return [
            "kind": kind.rawValue,
            "name": call.text(Phrase(family: "alertKind", kind.rawValue)),
            "help": call.text(Phrase(family: "alertHelp", kind.rawValue)),
            "fields": call.fields(fields, problems),
        ]
    }

    /// For a page whose row was changed in between.
    func differences(from stored: AlertRuleForm, _ call: Call) -> [[String: Any]] {
        func onText(_ isOn: Bool) -> String { call.text(isOn ? Phrase("alerts.on") : Phrase("alerts.off")) }
        var rows: [(label: Phrase, theirs: String, yours: String)] = [
            (Phrase("system.place"), stored.place, place), (Phrase("payments.wallet"), stored.wallet, wallet),
            (Phrase("alerts.opens"), stored.opens, opens), (Phrase("alerts.closes"), stored.closes, closes),
            (Phrase("system.state"), onText(stored.isOn), onText(isOn)),
        ]
        rows += kind.numbers.map {
            (Phrase(family: "alertNumber", $0.rawValue), stored.numbers[$0] ?? "", numbers[$0] ?? "")
        }
        return rows.filter { $0.theirs != $0.yours }.map {
            ["label": call.text($0.label), "theirs": $0.theirs, "yours": $0.yours]
        }
    }
}
