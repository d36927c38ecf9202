// Part of Tillbridge. See LICENSE.
import Foundation
import Testing

@testable import TillConsole

@Suite("words") struct WordsTests {
    private static let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Sources/TillConsole")

    /// All files of a kind under a folder of the console, as one text.
    private static func text(ending: String) throws -> String {
        let files = FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil)
        var text = ""
        while let file = files?.nextObject() as? URL {
            if file.pathExtension == ending { text += try String(contentsOf: file, encoding: .utf8) + "\n" }
        }
        return text
    }

    /// Keys used one by one, and families of which every member is used.
    private static func used() throws -> (keys: Set<String>, families: Set<String>) {
        let templates = try text(ending: "mustache")
        let swift = try text(ending: "swift")
        var keys = Set(templates.matches(of: /\{\{[#^]?t\.([A-Za-z0-9.\-]+)\}\}/).map { String($0.1) })
        keys.formUnion(swift.matches(of: /Phrase\(\s*"([A-Za-z0-9.\-]+)"/).map { String($0.1) })
        let families = Set(swift.matches(of: /Phrase\(\s*family: "([A-Za-z0-9.\-]+)"/).map { String($0.1) })
        return (keys, families)
    }

    @Test("both languages have the same keys, and no text is empty") func sameKeys() {
        let (english, chinese) = (Words.of(.english).texts, Words.of(.chinese).texts)
        #expect(Set(english.keys).symmetricDifference(chinese.keys) == [])
        #expect((english.merging(chinese) { $1 }).filter { $0.value.isEmpty }.isEmpty)
        for (key, text) in english {
            let places = Set(text.matches(of: /\{\d\}/).map { String($0.0) })
            let theirs = Set((chinese[key] ?? "").matches(of: /\{\d\}/).map { String($0.0) })
            #expect(places == theirs, "\(key) fills in other places in the other language")
        }
    }

    @Test("every key that is used is there, and every key that is there is used") func noneMissingNoneLeft() throws {
        let (keys, families) = try Self.used()
        let known = Set(Words.of(.english).texts.keys)
        #expect(keys.subtracting(known) == [], "missing keys")
        let left = known.subtracting(keys).filter { key in !families.contains { key.hasPrefix($0 + ".") } }
        #expect(left == [], "unused keys")
        #expect(families.filter { family in !known.contains { $0.hasPrefix(family + ".") } } == [], "empty families")
    }

    @Test("families have a word for each of their members") func families() {
        let known = Set(Words.of(.english).texts.keys)
        for permission in Permission.allCases { #expect(known.contains(permission.phrase.key)) }
        for kind in Node.Kind.allCases { #expect(known.contains(kind.phrase.key)) }
        for state in Node.State.allCases { #expect(known.contains(state.phrase.key)) }
    }

    @Test("what people type as money is read to the fen, and nothing else is") func fen() {
        let good: [(String, Int64)] = [
            ("12", 1200), ("12.5", 1250), ("0.01", 1), ("¥1,234.50", 123_450), (" 7。05 ", 705), ("88元", 8800),
        ]
        for (text, fen) in good { #expect(Formats.fen(text) == fen, "\(text)") }
        for text in ["", ".", "1.", ".5", "1.234", "-1", "1e3", "٣", "1.2.3", "9999999999999"] {
            #expect(Formats.fen(text) == nil, "\(text)")
        }
        #expect(Formats(language: .english, zone: .gmt).money(123_450) == "¥1,234.50")
        #expect(Formats(language: .english, zone: .gmt).money(5) == "¥0.05")
    }
}
