// Part of Tillbridge. See LICENSE.
import Foundation
import Testing
import TillRegister

@Suite("The paper log") struct PaperLogTests {
    @Test("a line that a crash cut short is skipped and closed, never removed")
    func tornLine() async throws {
        try await withTemporaryFolder { folder in
            do {
                let (log, _) = try PaperLog.open(folder: folder)
                try await log.append(PaperEntry(time: 1, kind: .asked, call: .pay, saleRef: "S1", amount: 5))
            }
            let path = folder + "/paper.jsonl"
            let file = try #require(FileHandle(forWritingAtPath: path))
            try file.seekToEnd()
            try file.write(contentsOf: Data(#"{"time":2,"ki"#.utf8))
            try file.close()
            do {
                let (log, entries) = try PaperLog.open(folder: folder)
                #expect(entries.count == 1)
                try await log.append(PaperEntry(time: 3, kind: .cash, saleRef: "S2", amount: 7))
            }
            let (_, entries) = try PaperLog.open(folder: folder)
            #expect(entries.map(\.time) == [1, 3])
            #expect(try paper(in: folder).contains(#"{"time":2,"ki"#))
        }
    }

    @Test("it is readable by its owner alone")
    func permissions() async throws {
        try await withTemporaryFolder { folder in
            let (log, _) = try PaperLog.open(folder: folder)
            let attributes = try FileManager.default.attributesOfItem(atPath: log.path)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
    }

    @Test("two tills cannot share a folder")
    func lock() async throws {
        try await withTemporaryFolder { folder in
            let held = try PaperLog.open(folder: folder)
            #expect(throws: TillStartError.self) { _ = try PaperLog.open(folder: folder) }
            _ = held
        }
    }

    @Test("a file that is no paper log stays as it is")
    func foreignFile() async throws {
        try await withTemporaryFolder { folder in
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let path = folder + "/paper.jsonl"
            try Data("a shopping list\nmilk\n".utf8).write(to: URL(fileURLWithPath: path))
            #expect(throws: TillStartError.self) { _ = try PaperLog.open(folder: folder) }
            #expect(try paper(in: folder) == "a shopping list\nmilk\n")
        }
    }
}
