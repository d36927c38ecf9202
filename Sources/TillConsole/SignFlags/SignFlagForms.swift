// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import Hummingbird
import TillCloud
import TillDomain

/// The three forms that change the Sign-Flag table, and what they make of what was typed.
enum SignFlagForm: String {
    /// A new rule.
    case rule
    /// A rule ends, or is turned on or off.
    case change
    /// Stores take a wallet, or leave it.
    case stores

    var title: Phrase { Phrase(family: "signFlagForm", rawValue) }

    func fields(_ call: Call, rule: Int?, accounts: [String]) -> [Field] {
        func value(_ name: String, _ standard: String = "") -> String {
            call.form.has(name) ? call.form[name] : standard
        }
        func moment(_ name: String, _ label: Phrase, _ hint: Phrase) -> Field {
            Field(name: name, label: label, value: value(name), hint: hint)
        }
        let zone = call.console.settings.zone.identifier
        let from = moment("from", Phrase("signFlags.from"), Phrase("signFlags.fromHint", zone))
        let until = moment("until", Phrase("signFlags.until"), Phrase("signFlags.untilHint", zone))
        let stores = Field(
            name: "stores",
            label: Phrase("signFlags.stores"),
            value: value("stores", "*"),
            hint: Phrase("signFlags.storesHint"),
            isRequired: true
        )
        switch self {
        case .rule:
            return [
                Field(
                    name: "prefix",
                    label: Phrase("signFlags.prefix"),
                    value: value("prefix"),
                    hint: Phrase("signFlags.prefixHint"),
                    isRequired: true
                ),
                Field(
                    name: "length",
                    label: Phrase("signFlags.length"),
                    value: value("length"),
                    hint: Phrase("signFlags.lengthHint"),
                    isRequired: true
                ),
                Field(
                    name: "wallet",
                    label: Phrase("signFlags.wallet"),
                    value: value("wallet"),
                    hint: Phrase("signFlags.walletHint"),
                    isRequired: true
                ),
                stores, from, until,
                Field(
                    name: "action",
                    label: Phrase("signFlags.switch"),
                    kind: .choice,
                    value: value("action", "on"),
                    options: ["on", "off"].map { ($0, call.text(Phrase(family: "signFlagSwitch", $0))) }
                ),
            ]
        case .change:
            return [
                Field(
                    name: "action",
                    label: Phrase("signFlags.action"),
                    kind: .choice,
                    value: value("action", "end"),
                    options: ["end", "on", "off"].map { ($0, call.text(Phrase(family: "signFlagAction", $0))) }
                ),
                from,
                Field(
                    name: "allowGap",
                    label: Phrase("signFlags.allowGap"),
                    kind: .checkbox,
                    value: value("allowGap"),
                    hint: Phrase("signFlags.allowGapHint")
                ),
            ]
        case .stores:
            return [
                Field(
                    name: "action",
                    label: Phrase("signFlags.action"),
                    kind: .choice,
                    value: value("action", "take"),
                    options: ["take", "leave"].map { ($0, call.text(Phrase(family: "signFlagAction", $0))) }
                ),
                Field(
                    name: "wallet",
                    label: Phrase("signFlags.wallet"),
                    value: value("wallet"),
                    hint: Phrase("signFlags.walletHint"),
                    isRequired: true
                ),
                Field(
                    name: "account",
                    label: Phrase("signFlags.account"),
                    kind: .choice,
                    value: value("account"),
                    hint: Phrase("signFlags.accountHint"),
                    options: [("", "")] + accounts.map { ($0, $0) }
                ),
                stores, from, until,
            ]
        }
    }

    /// - Returns: Nil if there are problems.
    func edit(_ call: Call, rule: Int?, _ problems: inout Problems) -> SignFlagEdit? {
        let from = call.moment("from", &problems)
        let until = call.moment("until", &problems)
        let stores = call.form["stores"].uppercased().filter { $0 != " " }
        switch self {
        case .rule:
            let prefixes = SignFlagForm.range(call.form["prefix"])
            let lengths = SignFlagForm.range(call.form["length"]).compactMap { Int($0) }
            if prefixes.count != 2 { problems.add("prefix", Phrase("signFlags.prefixWrong")) }
            if lengths.count != 2 { problems.add("length", Phrase("signFlags.lengthWrong")) }
            let wallet = SignFlagForm.wallet(call, &problems)
            if stores.isEmpty { problems.add("stores", Phrase("problem.missing")) }
            guard problems.isEmpty, let wallet else { return nil }
            let rule = SignFlagRule(
                low: Array(prefixes[0].utf8),
                high: Array(prefixes[1].utf8),
                minLength: lengths[0],
                maxLength: lengths[1],
                wallet: wallet,
                enabled: call.form["action"] != "off",
                from: from.map { Timestamp(milliseconds: $0) } ?? .unknown,
                until: until.map { Timestamp(milliseconds: $0) }
            )
            return .add(.init(rule, stores: stores == "*" ? nil : stores))
        case .change:
            guard problems.isEmpty, let rule else { return nil }
            switch call.form["action"] {
            case "on": return .turn(rule: rule, on: true, from: from)
            case "off": return .turn(rule: rule, on: false, from: from)
            case "end": return .end(rule: rule, at: from)
            default:
                problems.add("action", Phrase("problem.missing"))
                return nil
            }
        case .stores:
            let wallet = SignFlagForm.wallet(call, &problems)
            if stores.isEmpty { problems.add("stores", Phrase("problem.missing")) }
            guard problems.isEmpty, let wallet else { return nil }
            let account = call.form["account"]
            return call.form["action"] == "leave"
                ? .leave(wallet: "\(wallet)", stores: stores, from: from, until: until)
                : .take(
                    wallet: "\(wallet)",
                    account: account.isEmpty ? nil : account,
                    stores: stores,
                    from: from,
                    until: until
                )
        }
    }

    private static func wallet(_ call: Call, _ problems: inout Problems) -> Wallet? {
        let text = call.form["wallet"]
        guard let wallet = Wallet(text.utf8) else {
            problems.add("wallet", text.isEmpty ? Phrase("problem.missing") : Phrase("signFlags.walletWrong"))
            return nil
        }
        return wallet
    }

    /// `10-15` as its two ends, `62` as twice the same.
    private static func range(_ text: String) -> [String] {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        guard (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty && $0.utf8.count <= 8 }) else { return [] }
        return parts.count == 1 ? parts + parts : parts
    }

    /// The field that a cloud's refusal is about.
    func field(of sentence: String) -> String {
        let places: [(String, String)] = [
            ("--from", "from"), ("--at", "from"), ("--until", "until"), ("--stores", "stores"), ("--wallet", "wallet"),
            ("--account", "account"),
        ]
        if let place = places.first(where: { sentence.hasPrefix($0.0) }) {
            return self == .change ? "from" : place.1
        }
        if sentence.contains("--allow-gap") { return self == .change ? "allowGap" : "stores" }
        return self == .rule ? "prefix" : "action"
    }
}
