// Part of Tillbridge. See LICENSE.
import Foundation
import Mustache

/// All texts of the console in one language: one flat JSON object per language, `key: text`.
struct Words: Sendable {
    let language: Language
    let texts: [String: String]
    /// The same by the parts of the keys, for templates: `{{t.people.title}}`.
    let tree: WordTree

    init(language: Language, json: [UInt8]) throws {
        self.language = language
        texts = try JSONDecoder().decode([String: String].self, from: Data(json))
        var tree = WordTree()
        for (key, text) in texts { tree.insert(text, at: key.split(separator: ".").map(String.init)[...]) }
        self.tree = tree
    }

    static func of(_ language: Language) -> Words {
        switch language {
        case .english: english
        case .chinese: chinese
        }
    }

    private static let english = built(.english, PackageResources.en_json)
    private static let chinese = built(.chinese, PackageResources.zh_json)

    private static func built(_ language: Language, _ json: [UInt8]) -> Words {
        do { return try Words(language: language, json: json) } catch {
            // The files are part of the program, and a test reads them.
            preconditionFailure("Strings/\(language.rawValue).json cannot be read: \(error)")
        }
    }

    /// The text of a phrase. A key that is missing is shown itself.
    func text(_ phrase: Phrase) -> String {
        var text = texts[phrase.key] ?? phrase.key
        for (position, argument) in phrase.arguments.enumerated() {
            text = text.replacingOccurrences(of: "{\(position)}", with: argument)
        }
        return text
    }
}

/// Texts by the parts of their keys.
struct WordTree: MustacheParent, Sendable {
    private var leaves: [String: String] = [:]
    private var branches: [String: WordTree] = [:]

    fileprivate mutating func insert(_ text: String, at path: ArraySlice<String>) {
        guard let first = path.first else { return }
        if path.count == 1 {
            leaves[first] = text
        } else {
            branches[first, default: WordTree()].insert(text, at: path.dropFirst())
        }
    }

    func child(named name: String) -> Any? { leaves[name] ?? branches[name] }
}
