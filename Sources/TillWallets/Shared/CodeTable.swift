// Part of Tillbridge. See LICENSE.
import TillEngine

/// What a documented code means, and whom it should wake.
struct CodeMeaning<Outcome: Equatable & Sendable>: Equatable, Sendable {
    let outcome: Outcome
    let alarm: WalletAlarm?
}

/// The documented codes of one call. A code that is not in it is unknown, whatever it looks like.
struct CodeTable<Outcome: Equatable & Sendable>: Sendable {
    struct Row: Sendable {
        let outcome: Outcome
        let alarm: WalletAlarm?
        let codes: [String]

        init(_ outcome: Outcome, alarm: WalletAlarm? = nil, _ codes: String...) {
            self.init(outcome, alarm: alarm, group: codes)
        }

        /// A group of codes that mean the same in several calls.
        init(_ outcome: Outcome, alarm: WalletAlarm? = nil, group codes: [String]) {
            self.outcome = outcome
            self.alarm = alarm
            self.codes = codes
        }
    }

    /// By code.
    private(set) var exact: [String: CodeMeaning<Outcome>] = [:]
    /// Documents name a few families by their beginning, with a star.
    private(set) var families: [(prefix: String, meaning: CodeMeaning<Outcome>)] = []

    init(_ rows: Row...) {
        for row in rows {
            let meaning = CodeMeaning(outcome: row.outcome, alarm: row.alarm)
            for code in row.codes {
                if code.hasSuffix("*") {
                    families.append((String(code.dropLast()), meaning))
                } else {
                    let earlier = exact.updateValue(meaning, forKey: code)
                    precondition(earlier == nil, "a code has one meaning")
                }
            }
        }
    }

    subscript(_ code: String) -> CodeMeaning<Outcome>? {
        exact[code] ?? families.first { code.hasPrefix($0.prefix) && code != $0.prefix }?.meaning
    }
}
