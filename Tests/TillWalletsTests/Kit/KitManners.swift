// Part of Tillbridge. See LICENSE.
import Foundation

/// What `manners.txt` says of one protocol: the words that its wallet has for what the scenarios name in braces.
struct KitManners: Sendable {
    let name: String
    let words: [String: String]

    /// By the name of the protocol.
    static let all = Result { try read(KitFile.lines("manners.txt")) }

    /// `name = words` under `[wallet version]`, where a section takes over what stands before the first one and what it
    /// does not change.
    static func read(_ lines: [KitFile.Line]) throws -> [String: KitManners] {
        var common: [String: String] = [:]
        var all: [String: [String: String]] = [:]
        var section: String?
        for line in lines {
            if line.text.hasPrefix("["), line.text.hasSuffix("]") {
                let name = String(line.text.dropFirst().dropLast())
                guard all.updateValue(common, forKey: name) == nil else {
                    throw KitError("manners.txt", line.number, "\(name) has a section already")
                }
                section = name
                continue
            }
            let sides = line.text.components(separatedBy: " = ")
            guard sides.count == 2 else { throw KitError("manners.txt", line.number, "not 'name = words'") }
            guard let section else {
                common[sides[0]] = sides[1]
                continue
            }
            guard common[sides[0]] != nil else {
                throw KitError("manners.txt", line.number, "'\(sides[0])' is not among the common ones")
            }
            all[section]?[sides[0]] = sides[1]
        }
        return Dictionary(uniqueKeysWithValues: all.map { ($0.key, KitManners(name: $0.key, words: $0.value)) })
    }

    /// Nil where the table has no such name.
    func text(_ words: KitWords) -> String? {
        switch words {
        case .plain(let text): text
        case .manner(let name): self.words[name]
        }
    }
}
