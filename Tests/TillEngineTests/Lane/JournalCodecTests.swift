// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillEngine

@Suite struct JournalCodecTests {
    private static let entries: [JournalEntry] = (0..<12).map { position in
        JournalEntry(
            kind: position == 0 ? .checkpoint : .acked,
            flags: UInt8(position % 3),
            time: Timestamp(milliseconds: Int64(position) * 1_000_003),
            fields: [[UInt8](repeating: UInt8(65 + position), count: position * 11), [49]]
        )
    }

    private func segment(_ entries: [JournalEntry] = entries, size: Int = 8192) -> [UInt8] {
        var writer = JournalWriter()
        var bytes: [UInt8] = []
        for entry in entries { bytes += writer.encode(entry) }
        return bytes + [UInt8](repeating: 0, count: size - bytes.count)
    }

    private func read(_ bytes: [UInt8], after: JournalWriter? = JournalWriter()) -> ([JournalEntry], JournalEnd) {
        var entries: [JournalEntry] = []
        let (end, _, _) = JournalCodec.read(bytes, after: after) { entries.append($0.entry) }
        return (entries, end)
    }

    @Test("what was written is read back, and the writer goes on where it stopped")
    func roundTrip() {
        let bytes = segment()
        let (entries, end) = read(bytes)
        #expect(entries == JournalCodecTests.entries && end == .clean)
        let (_, writer, offset) = JournalCodec.read(bytes, after: nil) { _ in }
        #expect(writer.index == 12)
        #expect(bytes[offset...].allSatisfy { $0 == 0 })
    }

    @Test("a last record cut at any byte is a torn tail; the records before it stay")
    func tornTail() {
        let whole = segment()
        let (_, _, end) = JournalCodec.read(whole, after: nil) { _ in }
        let (_, _, start) = JournalCodec.read(segment(Array(JournalCodecTests.entries.dropLast())), after: nil) { _ in }
        for cut in start + 1..<end {
            var bytes = whole
            for position in cut..<end { bytes[position] = 0 }
            // Padding that was zero anyway leaves the record whole.
            if bytes == whole { continue }
            let (entries, condition) = read(bytes)
            #expect(entries.count == 11, "cut at \(cut)")
            #expect(condition == .torn(offset: start), "cut at \(cut)")
        }
    }

    @Test("no flipped bit anywhere goes unnoticed")
    func bitFlips() {
        let whole = segment()
        let (_, _, end) = JournalCodec.read(whole, after: nil) { _ in }
        let (_, _, last) = JournalCodec.read(segment(Array(JournalCodecTests.entries.dropLast())), after: nil) { _ in }
        for position in 0..<end {
            var bytes = whole
            bytes[position] ^= 1 << UInt8(position % 8)
            let (entries, condition) = read(bytes)
            #expect(condition != .clean && entries.count < 12, "flip at \(position)")
            if position < last, case .torn = condition { Issue.record("damage at \(position) taken for a torn tail") }
        }
    }

    @Test("a segment that does not continue the one before it is damage")
    func chain() {
        var writer = JournalWriter()
        let first = writer.encode(JournalCodecTests.entries[0])
        let after = writer
        let second = writer.encode(JournalCodecTests.entries[1]) + [UInt8](repeating: 0, count: 64)
        #expect(read(first + second).1 == .clean)
        #expect(read(second, after: after).1 == .clean)
        #expect(read(second, after: JournalWriter(index: 1)).1 == .damaged(offset: 0))
        #expect(read(second, after: nil).1 == .clean)
    }

    @Test("random bytes never trap the reader")
    func noise() {
        var random = LaneRandom(seed: 5)
        for _ in 0..<300 {
            let bytes = (0..<512).map { _ in
                UInt8(truncatingIfNeeded: random.next()) & (random.next() % 4 == 0 ? 0 : 255)
            }
            _ = read(bytes, after: nil)
        }
    }
}
