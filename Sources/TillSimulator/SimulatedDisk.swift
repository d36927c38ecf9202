// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// A plug-in's journal on a disk that keeps what was synced, and of the rest what chance leaves.
///
/// Records are kept as entries. Bytes are made only when a start has to read a disk that something happened to, and
/// then by the journal's own codec: encoding every record and reading it back would be most of a simulated payment.
struct SimulatedDisk {
    /// Records of one segment: production's segment is 1 MiB. Small segments make the roll an everyday event.
    static let segmentRecords = 28

    /// What is in the file, synced or not.
    private(set) var records: [JournalEntry] = []
    /// How many of them are durable.
    private(set) var synced = 0
    /// The index of the first record.
    private(set) var firstIndex: UInt64 = 1
    private var inSegment = 0
    /// Rises whenever records that may have been read once are not there any more.
    private(set) var losses = 0
    /// A bad record lies before good ones: every start finds it, until its segment is deleted.
    var isDamaged = false
    /// Until then no new segment can be begun.
    var fullUntil: Int64 = 0
    /// An image of an earlier moment.
    private(set) var image: (records: [JournalEntry], firstIndex: UInt64, inSegment: Int, takenAt: Int64)?

    var lastIndex: UInt64 { firstIndex + UInt64(records.count) - 1 }
    var hasRoom: Bool { inSegment + JournalWriter.recordsPerPayment <= SimulatedDisk.segmentRecords }
    var isSynced: Bool { synced == records.count }
    var unsynced: ArraySlice<JournalEntry> { records[synced...] }

    mutating func append(_ entry: JournalEntry) {
        records.append(entry)
        inSegment += 1
    }

    mutating func sync() { synced = records.count }

    mutating func beginSegment() { inSegment = 0 }

    /// Deletes records before `index`, whole segments in production.
    mutating func delete(before index: UInt64) {
        guard index > firstIndex else { return }
        let count = min(Int(index - firstIndex), synced)
        records.removeFirst(count)
        synced -= count
        firstIndex += UInt64(count)
        losses += 1
    }

    mutating func takeImage(now: Int64) { image = (Array(records[..<synced]), firstIndex, inSegment, now) }

    /// The whole disk goes back to the image.
    /// - Returns: False where there is none.
    mutating func rollBack() -> Bool {
        guard let image else { return false }
        records = image.records
        firstIndex = image.firstIndex
        inSegment = image.inSegment
        synced = records.count
        losses += 1
        return true
    }

    /// The process or the machine died: of the records that were not synced the first `kept` are there.
    mutating func lose(keeping kept: Int) {
        records.removeLast(records.count - synced - min(kept, records.count - synced))
        synced = records.count
    }

    mutating func removeDamaged(at place: Int) {
        records.remove(at: place)
        synced = records.count
        // Indices behind the damage stay what they were; only their count is one less. The anchor moves instead.
        firstIndex += 1
        losses += 1
        isDamaged = true
    }

    /// The bytes that the file holds.
    func bytes() -> [UInt8] {
        var writer = JournalWriter(index: firstIndex - 1)
        var bytes: [UInt8] = []
        for entry in records { bytes += writer.encode(entry) }
        return bytes
    }
}
