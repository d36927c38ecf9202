// Part of Tillbridge. See LICENSE.
import GRDB

/// How long problems have lasted, and of which kinds they are: what stands above the list of problems.
struct ProblemBoard: Sendable {
    /// The longest first, as the list has them.
    enum Age: String, CaseIterable, Sendable {
        /// More than an hour.
        case old
        /// From ten minutes to an hour.
        case middle
        case fresh

        init(milliseconds: Int64) {
            self = milliseconds > 3_600_000 ? .old : milliseconds >= 600_000 ? .middle : .fresh
        }
    }

    let byAge: [Age: Int]
    /// By the words of the states.
    let byKind: [String: Int]

    init(_ filter: PaymentFilter, in scope: Scope, at now: Int64, _ database: Database) throws {
        let condition = filter.condition(in: scope)
        var (byAge, byKind): ([Age: Int], [String: Int]) = ([:], [:])
        // Problems are few among the payments, and have an index of their own.
        let rows = try Row.fetchCursor(
            database,
            sql: "SELECT state, problem_since FROM payment WHERE \(condition.sql)",
            arguments: condition.arguments
        )
        while let row = try rows.next() {
            let (state, since): (String, Int64) = (row[0], row[1])
            byAge[Age(milliseconds: now - since), default: 0] += 1
            byKind[state, default: 0] += 1
        }
        (self.byAge, self.byKind) = (byAge, byKind)
    }

    /// The counts, what to do about each kind, and the rows below the headings of their ages.
    /// - Parameter rows: The oldest first.
    func model(_ rows: [PaymentRow], _ call: Call) -> [String: Any] {
        let groups = Dictionary(grouping: rows) { Age(milliseconds: call.now - ($0.problemSince ?? call.now)) }
        return [
            "ages": Age.allCases.map { age in
                [
                    "name": call.text(Phrase(family: "problemAge", age.rawValue)),
                    "count": call.formats.count(byAge[age] ?? 0),
                    "style": byAge[age] == nil ? "" : age.rawValue,
                ]
            },
            "kinds": PaymentRow.states.filter { byKind[$0] != nil }.map { state -> [String: Any] in
                [
                    "chip": PaymentRow.chip(state, call.words),
                    "count": call.formats.count(byKind[state] ?? 0),
                    "advice": call.text(Phrase(family: "advice", state)),
                ]
            },
            "groups": Age.allCases.compactMap { age -> [String: Any]? in
                guard let rows = groups[age] else { return nil }
                return [
                    "name": call.text(Phrase(family: "problemAge", age.rawValue)),
                    "count": call.text(Phrase("problems.count", call.formats.count(byAge[age] ?? 0))),
                    "rows": rows.map { $0.boardModel(call) },
                ]
            },
        ]
    }
}

extension PaymentRow {
    /// As a row of the board: its age stands by itself.
    fileprivate func boardModel(_ call: Call) -> [String: Any] {
        var model = model(call)
        model["chip"] = PaymentRow.chip(state, call.words)
        model["problemAge"] = call.age(since: problemSince ?? changedAt)
        return model
    }
}

extension Call {
    /// How long ago a moment is, in words: `40 s`, `12 min`, `2 h 5 min`, `3 days`.
    func age(since moment: Int64) -> String {
        let seconds = Int(max(0, now - moment) / 1_000)
        return switch seconds {
        case ..<60: text(Phrase("age.seconds", "\(seconds)"))
        case ..<3_600: text(Phrase("age.minutes", "\(seconds / 60)"))
        case ..<172_800: text(Phrase("age.hours", "\(seconds / 3_600)", "\(seconds / 60 % 60)"))
        default: text(Phrase("age.days", formats.count(seconds / 86_400)))
        }
    }
}
