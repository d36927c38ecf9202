// Part of Tillbridge. See LICENSE.
import TillDomain

/// One file of the journal: `journal.000001`, `journal.000002`, ….
struct Segment {
    /// Zero-filled to this size when it is made, so that later syncs move content alone.
    static let size = 1 << 20
    private static let prefix: StaticString = "journal."
    private static let digits = 6

    let number: Int64
    let path: [UInt8]
    /// Index of its newest record; 0 while it has none.
    var lastIndex: UInt64 = 0
    /// Cloud time of its newest record that knows one.
    var lastTime = Timestamp.unknown

    init(number: Int64, folder: [UInt8]) {
        self.number = number
        path = Files.joined(folder, Segment.name(number))
    }

    static func name(_ number: Int64) -> [UInt8] {
        let text = Decimal.text(number)
        return prefix.bytes + [UInt8](repeating: 48, count: max(0, digits - text.count)) + text
    }

    /// The number in a file's name; nil for any other file.
    static func number(ofName name: [UInt8]) -> Int64? {
        let start = prefix.utf8CodeUnitCount
        guard name.count == start + digits, prefix.matches(name[..<start]) else { return nil }
        return Decimal.parse(name[start...].drop { $0 == 48 })
    }

    /// Whether a name is of a segment that was being made when the process ended.
    static func isUnfinished(_ name: [UInt8]) -> Bool {
        name.count > 4 && (".new" as StaticString).matches(name[(name.count - 4)...])
            && number(ofName: [UInt8](name[..<(name.count - 4)])) != nil
    }

    /// All segments of a folder, oldest first.
    static func all(in folder: [UInt8]) throws(SystemError) -> [Segment] {
        var numbers: [Int64] = []
        for name in try Files.names(in: folder) {
            guard let number = number(ofName: name) else { continue }
            // In order from the start: the library's sort is larger than all of this file.
            numbers.insert(number, at: numbers.firstIndex { $0 > number } ?? numbers.count)
        }
        return numbers.map { Segment(number: $0, folder: folder) }
    }

    private var temporaryPath: [UInt8] { path + (".new" as StaticString).bytes }

    /// Makes the segment's file, zero-filled, on the disk and locked, still under another name: neither a power cut
    /// nor a second process finds it half made.
    func prepare() throws(SystemError) -> OpenFile {
        do throws(SystemError) { try Files.remove(temporaryPath) } catch { if !error.isMissing { throw error } }
        let file = try OpenFile(creating: temporaryPath, mode: 0o600)
        try file.lock()
        try file.fillWithZeros(from: 0, to: Int64(Segment.size))
        try file.sync()
        return file
    }

    /// Gives a prepared segment its name.
    func publish() throws(SystemError) {
        try Files.rename(temporaryPath, to: path)
        try Files.syncFolder(Files.folder(of: path))
    }
}
