// Part of Tillbridge. See LICENSE.
import TillDomain

/// The journal's records as bytes: little-endian, padded with zeros to eight bytes.
///
/// | offset | size | field |
/// |---|---|---|
/// | 0 | 4 | length of the whole record; 0 = end |
/// | 4 | 4 | CRC-32C of bytes 8 ..< length |
/// | 8 | 8 | index, from 1, without gaps |
/// | 16 | 8 | cloud time in milliseconds, 0 if not known yet |
/// | 24 | 1 | kind |
/// | 25 | 1 | flags |
/// | 26 | 2 | payload length, at most 1024 |
/// | 28 | 4 | zero |
/// | 32 | 16 | first 16 bytes of SHA-256(previous record's these 16 ‖ bytes 8 ..< 32 ‖ payload) |
/// | 48 | | payload |
package struct JournalWriter: Equatable, Sendable {
    package static let headerSize = 48
    /// The largest record: header, payload, padding.
    package static let recordLimit = headerSize + JournalEntry.payloadLimit
    /// Records that one payment writes at the worst; room for them is reserved before INTENT.
    package static let recordsPerPayment = 12
    package static let reserve = recordLimit * recordsPerPayment

    /// Index of the newest record; 0 in a new journal.
    package private(set) var index: UInt64
    /// Hash of the newest record: 16 bytes.
    package private(set) var hash: [UInt8]

    package init(index: UInt64 = 0, hash: [UInt8] = [UInt8](repeating: 0, count: 16)) {
        self.index = index
        self.hash = hash
    }

    /// The bytes of the next record; the writer moves on.
    package mutating func encode(_ entry: JournalEntry) -> [UInt8] {
        let length = (JournalWriter.headerSize + entry.payload.count + 7) / 8 * 8
        var record = [UInt8](repeating: 0, count: length)
        record.setLittleEndian(UInt64(length), at: 0, count: 4)
        let header = header(entry)
        for word in header.indices { record.setLittleEndian(header[word], at: 8 + 8 * word, count: 8) }
        for (position, byte) in entry.payload.enumerated() { record[JournalWriter.headerSize + position] = byte }
        pass(entry)
        for (position, byte) in hash.enumerated() { record[32 + position] = byte }
        record.setLittleEndian(UInt64(CRC32C.checksum(record[8...])), at: 4, count: 4)
        return record
    }

    /// Moves on past the next record without its bytes: index and hash are what ``encode(_:)`` leaves.
    package mutating func pass(_ entry: JournalEntry) {
        var header = header(entry)
        for word in header.indices { header[word] = header[word].littleEndian }
        var next = SHA256()
        next.update(hash.span.bytes)
        next.update(header.span.bytes)
        next.update(entry.payload.span.bytes)
        index += 1
        let digest = next.digest()
        var place = hash.mutableSpan
        for position in place.indices { place[position] = digest[position] }
    }

    /// Bytes 8 ..< 32 of the next record, as three numbers.
    private func header(_ entry: JournalEntry) -> InlineArray<3, UInt64> {
        let kind = UInt64(entry.kind.rawValue) | UInt64(entry.flags) << 8 | UInt64(entry.payload.count) << 16
        return [index + 1, UInt64(bitPattern: entry.time.milliseconds), kind]
    }
}

/// One record read back.
package struct JournalRecord: Equatable, Sendable {
    package let index: UInt64
    package let entry: JournalEntry
    package let hash: [UInt8]
    /// Offset of the byte after it.
    package let end: Int

    package init(index: UInt64, entry: JournalEntry, hash: [UInt8], end: Int) {
        self.index = index
        self.entry = entry
        self.hash = hash
        self.end = end
    }
}

/// How the records of a segment end.
package enum JournalEnd: Equatable, Sendable {
    /// At the first zero length, or at the end of the file.
    case clean
    /// The last write was cut short; it begins at `offset` and nothing follows it. Safe to cut: it was never synced.
    case torn(offset: Int)
    /// A bad record before a good one, or a broken chain: a person must look.
    case damaged(offset: Int)
}

package enum JournalCodec {
    /// Reads a segment from `offset` 0 and hands each good record to `visit`.
    ///
    /// - Parameter previous: Index and hash of the record before this segment; nil for the oldest segment, whose
    ///   first record is taken as the anchor.
    /// - Returns: How it ended, and the writer that appends after the last good record.
    package static func read(
        _ bytes: [UInt8],
        after previous: JournalWriter?,
        visit: (JournalRecord) -> Void
    ) -> (end: JournalEnd, writer: JournalWriter, offset: Int) {
        var writer = previous
        var offset = 0
        while offset < bytes.count, bytes[offset...].prefix(4).contains(where: { $0 != 0 }) {
            guard let record = record(in: bytes, at: offset) else {
                let end: JournalEnd =
                    hasRecord(in: bytes, after: offset) ? .damaged(offset: offset) : .torn(offset: offset)
                return (end, writer ?? JournalWriter(), offset)
            }
            if let writer {
                let payloadCount = record.entry.payload.count
                let slice = bytes[offset..<record.end]
                guard record.index == writer.index + 1,
                    chain(previous: writer.hash, record: slice, payloadCount: payloadCount) == record.hash
                else { return (.damaged(offset: offset), writer, offset) }
            }
            visit(record)
            writer = JournalWriter(index: record.index, hash: record.hash)
            offset = record.end
        }
        // Behind the end everything is zero; anything else is a record whose length was lost.
        if let stray = bytes[offset...].firstIndex(where: { $0 != 0 }) {
            let end: JournalEnd =
                hasRecord(in: bytes, after: offset) ? .damaged(offset: stray) : .torn(offset: offset)
            return (end, writer ?? JournalWriter(), offset)
        }
        return (.clean, writer ?? JournalWriter(), offset)
    }

    static func chain(previous: [UInt8], record: ArraySlice<UInt8>, payloadCount: Int) -> [UInt8] {
        let start = record.startIndex
        var hash = SHA256()
        hash.update(previous)
        hash.update(record[start + 8..<start + 32])
        let payload = start + JournalWriter.headerSize
        hash.update(record[payload..<payload + payloadCount])
        return [UInt8](hash.finalize().prefix(16))
    }

    /// The record at `offset` if its length, padding, kind and checksum are right.
    package static func record(in bytes: [UInt8], at offset: Int) -> JournalRecord? {
        guard offset + JournalWriter.headerSize <= bytes.count else { return nil }
        let length = Int(bytes.littleEndian(at: offset, count: 4))
        guard length >= JournalWriter.headerSize, length <= JournalWriter.recordLimit, length % 8 == 0,
            offset + length <= bytes.count
        else { return nil }
        let payloadCount = Int(bytes.littleEndian(at: offset + 26, count: 2))
        guard (JournalWriter.headerSize + payloadCount + 7) / 8 * 8 == length,
            UInt64(CRC32C.checksum(bytes[offset + 8..<offset + length]))
                == bytes.littleEndian(at: offset + 4, count: 4),
            let kind = JournalKind(rawValue: bytes[offset + 24])
        else { return nil }
        let payload = offset + JournalWriter.headerSize
        let entry = JournalEntry(
            kind: kind,
            flags: bytes[offset + 25],
            time: Timestamp(milliseconds: Int64(bitPattern: bytes.littleEndian(at: offset + 16, count: 8))),
            payload: [UInt8](bytes[payload..<payload + payloadCount])
        )
        return JournalRecord(
            index: bytes.littleEndian(at: offset + 8, count: 8),
            entry: entry,
            hash: [UInt8](bytes[offset + 32..<offset + 48]),
            end: offset + length
        )
    }

    /// Whether any good record lies behind a bad one. Records start at multiples of eight.
    private static func hasRecord(in bytes: [UInt8], after offset: Int) -> Bool {
        var candidate = offset + 8
        while candidate + JournalWriter.headerSize <= bytes.count {
            if record(in: bytes, at: candidate) != nil { return true }
            candidate += 8
        }
        return false
    }
}

extension Array where Element == UInt8 {
    func littleEndian(at offset: Int, count: Int) -> UInt64 {
        var value: UInt64 = 0
        for position in (0..<count).reversed() { value = value << 8 | UInt64(self[offset + position]) }
        return value
    }

    mutating func setLittleEndian(_ value: UInt64, at offset: Int, count: Int) {
        for position in 0..<count { self[offset + position] = UInt8(truncatingIfNeeded: value >> UInt64(8 * position)) }
    }
}
