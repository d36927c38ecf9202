// Part of Tillbridge. See LICENSE.
import Foundation
import Testing
import TillSandbox

/// One scenario of `scenarios.txt`.
struct KitScenario: Sendable {
    let group: String
    let name: String
    let steps: [KitStep]
}

/// A line of `scenarios.txt`.
struct KitStep: Sendable {
    enum Call: Sendable {
        case pay, query, cancel, returns
        case refund(fen: Int64, number: Int)
        case refundQuery(fen: Int64, number: Int)
    }

    enum Action: Sendable {
        case code(Behaviour)
        case fault(FaultKind, SandboxOperation)
        case shopper(pays: Bool)
        /// Milliseconds.
        case wait(Int64)
        case waitUntilReversal
        case waitUntilAfternoon
        /// `within`: milliseconds for which the call is repeated.
        case call(Call, KitWords, within: Int64)
        case statement(KitWords)
        case holds(KitWords)
    }

    let line: Int
    let text: String
    let action: Action
}

/// What is expected: words of its own, or a text that `manners.txt` has words for.
enum KitWords: Sendable {
    case plain(String)
    case manner(String)
}

/// A line of a kit's file that cannot be read.
struct KitError: Error, CustomStringConvertible {
    let description: String

    init(_ file: String, _ line: Int, _ problem: String) { description = "\(file), line \(line): \(problem)" }
}

extension KitScenario {
    static let all = Result { try read(KitFile.lines("scenarios.txt")) }

    static func read(_ lines: [KitFile.Line]) throws -> [KitScenario] {
        var all: [KitScenario] = []
        var group: String?
        var name: String?
        var steps: [KitStep] = []
        func close() {
            if let group, let name { all.append(KitScenario(group: group, name: name, steps: steps)) }
            steps = []
        }
        for line in lines {
            if let title = line.text.after("group ") {
                close()
                (group, name) = (title, nil)
            } else if let title = line.text.after("scenario ") {
                close()
                name = title
            } else {
                guard group != nil, name != nil else {
                    throw KitError("scenarios.txt", line.number, "a step outside a scenario")
                }
                guard let action = KitStep.Action(line.text) else {
                    throw KitError("scenarios.txt", line.number, "'\(line.text)' is no step")
                }
                steps.append(KitStep(line: line.number, text: line.text, action: action))
            }
        }
        close()
        return all
    }
}

extension KitStep.Action {
    fileprivate init?(_ text: String) {
        let halves = text.components(separatedBy: " -> ")
        let words = halves[0].split(separator: " ").map(String.init)
        if halves.count == 2 {
            self.init(asking: words, halves[1])
            return
        }
        switch words {
        case let words where words.count == 2 && words[0] == "code":
            guard let behaviour = Behaviour(text: words[1]) else { return nil }
            self = .code(behaviour)
        case let words where words.count == 3 && words[0] == "fault":
            guard let fault = FaultKind(rawValue: words[1]), let operation = SandboxOperation(rawValue: words[2]) else {
                return nil
            }
            self = .fault(fault, operation)
        case ["shopper", "pays"]: self = .shopper(pays: true)
        case ["shopper", "declines"]: self = .shopper(pays: false)
        case ["wait", "until", "reversal"]: self = .waitUntilReversal
        case ["wait", "until", "next", "afternoon"]: self = .waitUntilAfternoon
        case let words where words.count == 3 && words[0] == "wait" && words[2] == "s":
            guard let seconds = Int64(words[1]) else { return nil }
            self = .wait(seconds * 1000)
        default:
            guard let sum = text.after("holds ") else { return nil }
            self = .holds(KitWords(sum))
        }
    }

    private init?(asking words: [String], _ answer: String) {
        if words == ["statement"] {
            self = .statement(KitWords(answer))
            return
        }
        guard let call = KitStep.Call(words) else { return nil }
        let parts = answer.components(separatedBy: " within ")
        guard parts.count == 2 else {
            self = .call(call, KitWords(answer), within: 0)
            return
        }
        let span = parts[1].split(separator: " ")
        guard span.count == 2, span[1] == "s", let seconds = Int64(span[0]) else { return nil }
        self = .call(call, KitWords(parts[0]), within: seconds * 1000)
    }
}

extension KitStep.Call {
    fileprivate init?(_ words: [String]) {
        switch words {
        case ["pay"]: self = .pay
        case ["query"]: self = .query
        case ["cancel"]: self = .cancel
        case ["returns"]: self = .returns
        default:
            guard words.count == 4, words[2] == "as", let fen = Int64(words[1]), let number = Int(words[3]) else {
                return nil
            }
            switch words[0] {
            case "refund": self = .refund(fen: fen, number: number)
            case "refund-query": self = .refundQuery(fen: fen, number: number)
            default: return nil
            }
        }
    }
}

extension KitWords {
    fileprivate init(_ text: String) {
        self = text.hasPrefix("{") && text.hasSuffix("}") ? .manner(String(text.dropFirst().dropLast())) : .plain(text)
    }
}

/// The lines of a kit's file, without comments and empty ones.
enum KitFile {
    struct Line: Sendable {
        /// From 1.
        let number: Int
        let text: String
    }

    static func lines(_ name: String) throws -> [Line] {
        let path = try #require(Bundle.module.resourcePath)
        let text = try String(contentsOf: URL(filePath: path + "/" + name), encoding: .utf8)
        return text.components(separatedBy: "\n").enumerated().compactMap { index, line in
            let line = line.trimmingCharacters(in: .whitespaces)
            return line.isEmpty || line.hasPrefix("#") ? nil : Line(number: index + 1, text: line)
        }
    }
}

extension String {
    fileprivate func after(_ prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}
