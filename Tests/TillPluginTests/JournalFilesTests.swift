// Part of Tillbridge. See LICENSE.
import Foundation
import TillDomain
import TillEngine
import Testing

@testable import TillPlugin

@Suite struct JournalFilesTests {
    private func entry(_ number: Int, kind: JournalKind = .acked, time: Int64 = 0) -> JournalEntry {
        JournalEntry(
            kind: kind,
            time: Timestamp(milliseconds: time),
            fields: [[UInt8]("record \(number)".utf8)]
        )
    }

    private func open(_ folder: TemporaryFolder) throws -> (JournalFiles, [JournalRecord], JournalFiles.Finding) {
        let journal = try JournalFiles.open(folder: folder.bytes)
        var records: [JournalRecord] = []
        let finding = try journal.replay { record in
            records.append(record)
            return true
        }
        return (journal, records, finding)
    }

    /// Writes `count` records and closes the journal.
    private func filled(_ folder: TemporaryFolder, _ count: Int) throws {
        let (journal, _, _) = try open(folder)
        for number in 1...count { try journal.append(entry(number)) }
        try journal.sync()
    }

    @Test("what was synced is read back in order, by the next process")
    func readBack() throws {
        let folder = try TemporaryFolder()
        try filled(folder, 20)
        let (journal, records, finding) = try open(folder)
        #expect(records.map(\.entry) == (1...20).map { entry($0) })
        #expect(records.map(\.index) == (1...20).map { UInt64($0) })
        #expect(finding.damage == nil && finding.cut == 0)
        #expect(journal.head.index == 20)
        #expect(folder.names == ["journal.000001"])
        let size = try FileManager.default.attributesOfItem(atPath: folder.file("journal.000001").path)
        #expect(size[.size] as? Int == 1 << 20)
        #expect(size[.posixPermissions] as? Int == 0o600)
    }

    @Test("a second process on the same folder is refused, for the life of the first")
    func secondInstance() throws {
        let folder = try TemporaryFolder()
        do {
            let (journal, _, _) = try open(folder)
            #expect(throws: StartError.self) { try JournalFiles.open(folder: folder.bytes) }
            try journal.prepareNext()
            try journal.roll(entry(1, kind: .checkpoint))
            #expect(throws: StartError.self) { try JournalFiles.open(folder: folder.bytes) }
            try withExtendedLifetime(journal) { try journal.sync() }
        }
        #expect(throws: Never.self) { try JournalFiles.open(folder: folder.bytes) }
    }

    @Test("a last record that was cut short anywhere is dropped, and writing goes on behind the good ones")
    func tornTail() throws {
        let whole = try TemporaryFolder()
        try filled(whole, 3)
        let bytes = [UInt8](try Data(contentsOf: whole.file("journal.000001")))
        let end = try #require(bytes.lastIndex { $0 != 0 }) + 1
        let start = (0..<end).last { JournalCodec.record(in: bytes, at: $0) != nil } ?? 0
        for kept in stride(from: start + 1, to: end, by: 13) {
            let folder = try TemporaryFolder()
            try folder.write(
                "journal.000001",
                Data(bytes[..<kept] + [UInt8](repeating: 0, count: bytes.count - kept))
            )
            let (journal, records, finding) = try open(folder)
            #expect(records.count == 2)
            #expect(finding.damage == nil)
            // The torn bytes themselves may happen to be zeros: then nothing is left to cut.
            #expect(finding.cut <= kept - start)
            try journal.append(entry(99))
            try journal.sync()
            let again = JournalCodec.read(
                [UInt8](try Data(contentsOf: folder.file("journal.000001"))),
                after: nil,
                visit: { _ in }
            )
            #expect(again.end == .clean)
            #expect(again.writer.index == 3)
        }
    }

    @Test("a flipped bit in front of a good record is damage: told, nothing overwritten, good records still heard")
    func bitFlips() throws {
        let whole = try TemporaryFolder()
        try filled(whole, 5)
        let bytes = [UInt8](try Data(contentsOf: whole.file("journal.000001")))
        let starts = (0..<600).filter { JournalCodec.record(in: bytes, at: $0) != nil }
        for offset in stride(from: starts[1], to: starts[2], by: 19) {
            let folder = try TemporaryFolder()
            var bad = bytes
            bad[offset] ^= 16
            try folder.write("journal.000001", Data(bad))
            let (journal, records, finding) = try open(folder)
            #expect(finding.condition == .damaged)
            #expect(records.map(\.index) == [1, 3, 4, 5])
            #expect(!journal.hasRoom)
            #expect(throws: SystemError.self) { try journal.append(entry(6)) }
            #expect([UInt8](try Data(contentsOf: folder.file("journal.000001"))) == bad)
            // Life goes on in a new segment, whose index is above everything that was seen.
            try journal.prepareNext()
            try journal.roll(entry(6, kind: .checkpoint))
            #expect(journal.head.index == 6)
            #expect(journal.hasRoom)
        }
    }

    @Test("damage in the last record alone is a torn tail; stray bytes behind the end are too")
    func strayBytes() throws {
        let folder = try TemporaryFolder()
        try filled(folder, 2)
        var bytes = [UInt8](try Data(contentsOf: folder.file("journal.000001")))
        bytes[5_000] = 7
        try folder.write("journal.000001", Data(bytes))
        let (_, records, finding) = try open(folder)
        #expect(records.count == 2)
        #expect(finding.damage == nil)
        #expect(finding.cut > 0)
    }

    @Test("the journal goes on over many segments, and the chain runs through them")
    func segments() throws {
        let folder = try TemporaryFolder()
        do {
            let (journal, _, _) = try open(folder)
            for number in 1...9 {
                if number % 3 == 0 {
                    try journal.prepareNext()
                    try journal.roll(entry(number, kind: .checkpoint))
                } else {
                    try journal.append(entry(number))
                }
            }
            try journal.sync()
        }
        #expect(folder.names == (1...4).map { "journal.00000\($0)" })
        let (_, records, finding) = try open(folder)
        #expect(records.count == 9)
        #expect(finding.damage == nil)

        // A segment that is missing in the middle, or from another journal, is damage.
        try FileManager.default.removeItem(at: folder.file("journal.000002"))
        let (_, _, gap) = try open(folder)
        #expect(gap.condition == .damaged)
    }

    @Test("a full segment takes nothing more, and says so before a payment begins")
    func full() throws {
        let folder = try TemporaryFolder()
        let (journal, _, _) = try open(folder)
        let large = JournalEntry(
            kind: .acked,
            flags: 0,
            time: .unknown,
            payload: [UInt8](repeating: 65, count: 1_000)
        )
        while journal.hasRoom { try journal.append(large) }
        // Room for the worst case of the payment that has begun is left.
        for _ in 0..<JournalWriter.recordsPerPayment - 1 { try journal.append(large) }
        #expect(throws: SystemError.noSpace) { for _ in 0..<3 { try journal.append(large) } }
    }

    @Test("old segments go when nothing needs them, never before seven days and never the newest")
    func deletion() throws {
        let folder = try TemporaryFolder()
        let (journal, _, _) = try open(folder)
        let day: Int64 = 86_400_000
        let start: Int64 = 1_800_000_000_000
        try journal.append(entry(1, time: start))
        try journal.prepareNext()
        try journal.roll(entry(2, kind: .checkpoint, time: start + day))
        try journal.append(entry(3, time: start + day))
        try journal.prepareNext()
        try journal.roll(entry(4, kind: .checkpoint, time: start + 2 * day))
        try journal.deleteOld(neededFrom: 99, now: .unknown)
        try journal.deleteOld(neededFrom: 1, now: Timestamp(milliseconds: start + 100 * day))
        try journal.deleteOld(neededFrom: 99, now: Timestamp(milliseconds: start + 7 * day))
        #expect(folder.names.count == 3)
        try journal.deleteOld(neededFrom: 2, now: Timestamp(milliseconds: start + 100 * day))
        #expect(folder.names == ["journal.000002", "journal.000003"])
        try journal.deleteOld(neededFrom: 99, now: Timestamp(milliseconds: start + 100 * day))
        #expect(folder.names == ["journal.000003"])
    }

    @Test("a segment that was being made when the power went does no harm")
    func unfinished() throws {
        let folder = try TemporaryFolder()
        try filled(folder, 2)
        try folder.write("journal.000002.new", Data(repeating: 0, count: 77))
        let (journal, records, _) = try open(folder)
        #expect(records.count == 2)
        try journal.prepareNext()
        try journal.roll(entry(3, kind: .checkpoint))
        #expect(folder.names == ["journal.000001", "journal.000002"])
    }

    @Test("a folder that is not there, or a file that is none, ends the start with a sentence")
    func missing() throws {
        let folder = try TemporaryFolder()
        #expect(throws: StartError.self) { try JournalFiles.open(folder: folder.bytes + [UInt8]("/no".utf8)) }
        try FileManager.default.createDirectory(
            at: folder.file("journal.000001"),
            withIntermediateDirectories: false
        )
        #expect(throws: StartError.self) { try JournalFiles.open(folder: folder.bytes) }
    }
}
