// Part of Tillbridge. See LICENSE.

/// From an order number's 24 bytes to the payment's place in the simulation's lists. Never iterated.
///
/// The standard dictionary hashes byte by byte; a simulated payment looks its number up some twenty times.
struct NumberIndex {
    private struct Cell {
        var first: UInt64
        var second: UInt64
        var place: Int32
    }

    private var cells: [Cell]
    private var count = 0

    init() { cells = [Cell](repeating: Cell(first: 0, second: 0, place: -1), count: 2_048) }

    /// Register, epoch and sequence: bytes 7 ..< 23 of the number. What differs most comes last, and multiplication
    /// carries upwards, so the last byte is the lowest.
    private static func key(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> (UInt64, UInt64) {
        (
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset + 7, as: UInt64.self)),
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset + 15, as: UInt64.self))
        )
    }

    private func cell(_ first: UInt64, _ second: UInt64) -> Int {
        let mask = cells.count - 1
        let hash = (first ^ second &* 0x9E37_79B9_7F4A_7C15) &* 0xBF58_476D_1CE4_E5B9
        var place = Int(hash >> 40) & mask
        while cells[place].place >= 0, cells[place].first != first || cells[place].second != second {
            place = (place + 1) & mask
        }
        return place
    }

    /// The place of the number that begins at `offset` of `bytes`.
    func place(of bytes: [UInt8], at offset: Int = 0) -> Int? {
        guard bytes.count >= offset + 24 else { return nil }
        let (first, second) = bytes.withUnsafeBytes { NumberIndex.key($0, at: offset) }
        let found = cells[cell(first, second)].place
        return found >= 0 ? Int(found) : nil
    }

    mutating func set(_ place: Int, for bytes: [UInt8], at offset: Int = 0) {
        if count * 2 >= cells.count { grow() }
        let (first, second) = bytes.withUnsafeBytes { NumberIndex.key($0, at: offset) }
        let target = cell(first, second)
        if cells[target].place < 0 { count += 1 }
        cells[target] = Cell(first: first, second: second, place: Int32(place))
    }

    private mutating func grow() {
        let old = cells
        cells = [Cell](repeating: Cell(first: 0, second: 0, place: -1), count: old.count * 4)
        for known in old where known.place >= 0 { cells[cell(known.first, known.second)] = known }
    }
}
