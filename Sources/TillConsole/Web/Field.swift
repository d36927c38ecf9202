// Part of Tillbridge. See LICENSE.

/// One field of a form, as the template `field` shows it: what was typed stays, and what is wrong stands beside it.
struct Field {
    enum Kind: String {
        case text, password, number, textarea, checkbox, choice, hidden
    }

    let name: String
    let label: Phrase
    var kind = Kind.text
    var value = ""
    var hint: Phrase?
    var isRequired = false
    /// For `choice`: values and what people read.
    var options: [(value: String, label: String)] = []
    var autocomplete = "off"

    func model(_ words: Words, _ problems: Problems) -> [String: Any] {
        [
            "name": name,
            "label": words.text(label),
            "value": value,
            "is_\(kind.rawValue)": true,
            "isInput": [.text, .password, .number].contains(kind),
            "type": kind == .number ? "text" : kind.rawValue,
            "isRequired": isRequired,
            "isChecked": value == "on",
            "autocomplete": autocomplete,
            "hint": hint.map { words.text($0) } ?? "",
            "problem": problems[name].map { words.text($0) } ?? "",
            "options": options.map { option -> [String: Any] in
                ["value": option.value, "label": option.label, "isChosen": option.value == value]
            },
        ]
    }
}

/// What is wrong with a form, by the names of its fields.
struct Problems: Sendable {
    private var byField: [String: Phrase] = [:]

    var isEmpty: Bool { byField.isEmpty }

    subscript(field: String) -> Phrase? { byField[field] }

    /// The first word about a field stays.
    mutating func add(_ field: String, _ problem: Phrase?) {
        if let problem, byField[field] == nil { byField[field] = problem }
    }

    /// A name for people: 1 to 100 characters that can be seen.
    mutating func checkName(_ field: String, _ value: String) {
        let isPlain = value.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }
        if value.isEmpty {
            add(field, Phrase("problem.missing"))
        } else if value.count > 100 || value.utf8.count > 200 || !isPlain {
            add(field, Phrase("problem.name"))
        }
    }
}

extension Call {
    func fields(_ fields: [Field], _ problems: Problems = Problems()) -> [[String: Any]] {
        fields.map { $0.model(words, problems) }
    }
}
