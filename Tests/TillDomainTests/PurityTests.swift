// Part of Tillbridge. See LICENSE.
import Foundation
import Testing

/// The pure targets run in the services, in the simulator and inside the plug-in, where there is no Foundation: the
/// same input must give the same output, everywhere and every time.
@Suite struct PurityTests {
    @Test(
        "the pure targets know no time, chance, concurrency, unordered collection or fraction",
        arguments: [
            ("TillDomain", []), ("TillProtocol", ["TillDomain"]), ("TillEngine", ["TillDomain", "TillProtocol"]),
            ("TillCashier", ["TillDomain", "TillEngine"]),
        ] as [(String, [String])]
    )
    func pure(target: String, imports: [String]) throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let folder = root.appendingPathComponent("Sources/\(target)")
        let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        let sources = files.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }
        #expect(!sources.isEmpty)
        for file in sources {
            let faults = PurityScan(imports: imports).faults(in: [UInt8](try Data(contentsOf: file)))
            #expect(faults == [], "\(target)/\(file.lastPathComponent)")
        }
    }

    @Test(
        "the scan finds what it forbids",
        arguments: [
            "import Foundation", "package import Crypto", "let now = ContinuousClock.now", "let x: Double = 1",
            "for key in Set(keys) {}", "var table: [String: Int] = [:]", "let t = [\"a\": 1]", "let t: [A : B]",
            "Task { }", "func f() async {}", "actor Link {}", "let n = Int.random(in: 0..<3)", "func f() throws {}",
            "print(1)", "let d = Date() // fine", "let d = \"\" + Date()", "let any: Any = 1", "a.shuffled()",
            "a.map(\\.b)",
        ]
    )
    func finds(line: String) {
        #expect(PurityScan(imports: ["TillDomain"]).faults(in: utf8("// Part of Tillbridge.\n\(line)\n")).count == 1)
    }

    @Test(
        "the scan lets ordinary code pass",
        arguments: [
            "import TillDomain", "package import TillDomain", "// A Task of the Clock", "let x = \"Date, Task\"",
            "func f() throws(SomeError) {}", "let a: [UInt8] = []", "f(a: [b], c: [d])", "let setting = 1",
            "let x = \"a \\\" Date\"", "table[index]", "table[at: index]", "f(random: context.random % 2)",
            "let actor = actor",
            "/// - Throws: Date", "let imported = 1",
        ]
    )
    func passes(line: String) {
        #expect(PurityScan(imports: ["TillDomain"]).faults(in: utf8(line)) == [])
    }
}

/// A scan of source text by words, good enough for code that is formatted.
struct PurityScan {
    let imports: [String]

    /// Names that bring in time, chance, concurrency, unordered collections, fractions, files or console output, or
    /// that Embedded Swift lacks.
    private static let names: Set<String> = [
        "Date", "Clock", "ContinuousClock", "SuspendingClock", "Duration", "DispatchTime", "clock_gettime",
        "SystemRandomNumberGenerator", "RandomNumberGenerator", "randomElement", "shuffled", "shuffle", "UUID",
        "Hasher",
        "hashValue", "Task", "TaskGroup", "async", "await", "Mutex", "Atomic", "Set", "Dictionary", "Double", "Float",
        "Float16", "Float80", "CGFloat", "print", "debugPrint", "dump", "FileHandle", "FileManager", "ProcessInfo",
        "Thread", "weak", "unowned", "Mirror", "Codable", "Encodable", "Decodable", "Regex", "AnyObject", "Any",
    ]

    func faults(in source: [UInt8]) -> [String] {
        var found: [String] = []
        for (index, line) in source.split(separator: 10, omittingEmptySubsequences: false).enumerated() {
            let code = PurityScan.code([UInt8](line))
            for fault in faults(inLine: code) { found.append("\(index + 1): \(fault)") }
        }
        return found
    }

    private func faults(inLine code: [UInt8]) -> [String] {
        let words = PurityScan.words(code)
        if let place = words.firstIndex(where: { $0.text == "import" }), place + 1 < words.count, place <= 1 {
            return imports.contains(words[place + 1].text) ? [] : ["import \(words[place + 1].text)"]
        }
        var found: [String] = []
        for word in words {
            let before = word.start > 0 ? code[word.start - 1] : 32
            let after = word.end < code.count ? code[word.end] : 32
            switch word.text {
            case "random" where before == UInt8(ascii: ".") && after == UInt8(ascii: "("): found.append("random")
            case "actor" where word.end + 1 < code.count && (65...90).contains(code[word.end + 1]):
                found.append("actor")
            case "throws" where after != UInt8(ascii: "("): found.append("untyped throws")
            case let name where PurityScan.names.contains(name): found.append(name)
            default: break
            }
        }
        for index in code.indices.dropLast() where code[index] == UInt8(ascii: "\\") && code[index + 1] == 46 {
            found.append("key path")
        }
        if PurityScan.hasDictionary(code) { found.append("dictionary") }
        return found
    }

    /// The line without its comment and without the contents of its string literals.
    private static func code(_ line: [UInt8]) -> [UInt8] {
        var code: [UInt8] = []
        var insideString = false
        var position = 0
        while position < line.count {
            let byte = line[position]
            if insideString, byte == UInt8(ascii: "\\") {
                position += 2
                continue
            }
            if byte == UInt8(ascii: "\"") { insideString.toggle() }
            if !insideString, byte == UInt8(ascii: "/"), code.last == UInt8(ascii: "/") { break }
            if !insideString || byte == UInt8(ascii: "\"") { code.append(byte) }
            position += 1
        }
        return code
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, 95: true
        default: false
        }
    }

    private static func words(_ code: [UInt8]) -> [(text: String, start: Int, end: Int)] {
        var words: [(text: String, start: Int, end: Int)] = []
        var start: Int?
        for position in 0...code.count {
            if position < code.count, isWordByte(code[position]) {
                start = start ?? position
            } else if let begin = start {
                words.append((String(decoding: code[begin..<position], as: UTF8.self), begin, position))
                start = nil
            }
        }
        return words
    }

    /// `[Key: Value]`, `[:]` or `["key": value]`; a subscript with a label is none of them.
    private static func hasDictionary(_ code: [UInt8]) -> Bool {
        for open in code.indices where code[open] == UInt8(ascii: "[") {
            if open > 0, isWordByte(code[open - 1]) || code[open - 1] == 41 || code[open - 1] == 93 { continue }
            var position = open + 1
            while position < code.count, isWordByte(code[position]) || code[position] == 46 || code[position] == 34 {
                position += 1
            }
            while position < code.count, code[position] == 32 { position += 1 }
            if position < code.count, code[position] == UInt8(ascii: ":") { return true }
        }
        return false
    }
}
