// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// The journal on the disk: segments of 1 MiB, the newest of which is locked for the life of the process.
///
/// Use: ``open(folder:)``, ``replay(_:)`` with every record, then ``append(_:)`` and ``sync()``. What was appended
/// is durable when `sync` has returned; an error of either means that nobody knows what the disk holds, and the
/// process must end and read back.
final class JournalFiles {
    let folder: [UInt8]
    private var segments: [Segment]
    private var file: OpenFile
    private var writer = JournalWriter()
    /// Where the next record begins in the newest segment.
    private var offset = 0
    private var isDirty = false
    /// The newest segment cannot be written any further, because it is damaged.
    private(set) var isSpoiled = false
    private var prepared: (Segment, OpenFile)?

    private init(folder: [UInt8], segments: [Segment], file: OpenFile) {
        self.folder = folder
        self.segments = segments
        self.file = file
    }

    /// Opens or makes the journal and takes its lock.
    static func open(folder: [UInt8]) throws(StartError) -> JournalFiles {
        do throws(SystemError) {
            var tries = 0
            while true {
                var segments = try Segment.all(in: folder)
                guard var newest = segments.last else {
                    let first = Segment(number: 1, folder: folder)
                    let file = try first.prepare()
                    try first.publish()
                    return JournalFiles(folder: folder, segments: [first], file: file)
                }
                let file = try OpenFile(updating: newest.path)
                do throws(SystemError) {
                    try file.lock()
                } catch {
                    guard error.isAgain else { throw error }
                    throw LockedElsewhere.error
                }
                // Another process may have gone on to a newer segment between the listing and the lock.
                segments = try Segment.all(in: folder)
                if let last = segments.last, last.number == newest.number {
                    newest = last
                    return JournalFiles(folder: folder, segments: segments, file: file)
                }
                tries += 1
                if tries > 3 { throw LockedElsewhere.error }
            }
        } catch {
            if error == LockedElsewhere.error {
                throw StartError("Another plug-in works in \(folder); stop it before starting this one.")
            }
            throw StartError("The journal in \(folder) cannot be opened (\(error)); check the folder and its owner.")
        }
    }

    /// A marker that no call of the system returns.
    private enum LockedElsewhere { static let error = SystemError(code: -1) }

    // MARK: - Reading

    struct Finding: Equatable, Sendable {
        /// Damage, in words for a person; nil where every record is good.
        var damage: Text?
        /// Bytes of an unfinished last record that were cut.
        var cut = 0
        var records = 0

        var condition: JournalCondition { damage == nil ? .sound : .damaged }
    }

    /// Hands every good record to `visit`, oldest first, and cuts a last record that was not written to its end.
    ///
    /// - Parameter visit: Returns false for a record whose content makes no sense, which is damage.
    func replay(_ visit: (JournalRecord) -> Bool) throws(StartError) -> Finding {
        var finding = Finding()
        var previous: JournalWriter?
        for position in segments.indices {
            let isNewest = position == segments.count - 1
            let bytes: [UInt8]
            do throws(SystemError) {
                bytes =
                    isNewest
                    ? try file.read(at: 0, count: Segment.size + 1)
                    : try Files.read(segments[position].path, limit: Segment.size + 1)
            } catch {
                throw StartError("\(segments[position].path) cannot be read (\(error)); check the disk.")
            }
            let end = read(bytes, at: position, &previous, &finding, visit)
            guard isNewest else {
                // Only the newest segment can have been written to when the power went.
                if case .torn(let offset) = end { spoil(&finding, position, offset) }
                continue
            }
            offset = end.offset(in: bytes)
            do throws(SystemError) {
                if case .torn = end { finding.cut = try cut(bytes) }
                if bytes.count < Segment.size, finding.damage == nil {
                    try file.fillWithZeros(from: Int64(bytes.count), to: Int64(Segment.size))
                    try file.sync()
                }
            } catch {
                throw StartError("\(segments[position].path) cannot be written (\(error)); check the disk.")
            }
        }
        if let previous { writer = previous }
        isSpoiled = finding.damage != nil
        return finding
    }

    /// What the end of one segment's records is, for the segment as a whole.
    private enum SegmentEnd {
        case clean(offset: Int)
        case torn(offset: Int)
        case damaged

        func offset(in bytes: [UInt8]) -> Int {
            switch self {
            case .clean(let offset), .torn(let offset): offset
            case .damaged: bytes.count
            }
        }
    }

    private func read(
        _ bytes: [UInt8],
        at position: Int,
        _ previous: inout JournalWriter?,
        _ finding: inout Finding,
        _ visit: (JournalRecord) -> Bool
    ) -> SegmentEnd {
        if bytes.count > Segment.size {
            spoil(&finding, position, Segment.size)
            return .damaged
        }
        var good = 0
        var refused = false
        var segment = segments[position]
        let (end, writer, offset) = JournalCodec.read(bytes, after: previous) { record in
            good += 1
            segment.lastIndex = record.index
            if record.entry.time != .unknown { segment.lastTime = record.entry.time }
            if !visit(record) { refused = true }
        }
        segments[position] = segment
        finding.records += good
        if good > 0 { previous = writer }
        if refused { spoil(&finding, position, offset) }
        switch end {
        case .clean: return .clean(offset: offset)
        case .torn(let offset): return .torn(offset: offset)
        case .damaged(let offset):
            spoil(&finding, position, offset)
            readBeyond(bytes, from: offset, at: position, &previous, &finding, visit)
            return .damaged
        }
    }

    /// Behind damage: every record that is good by itself still says something true, and a lane that is red anyway
    /// had better know it. Costs a search, but only where a person must look.
    private func readBeyond(
        _ bytes: [UInt8],
        from damage: Int,
        at position: Int,
        _ previous: inout JournalWriter?,
        _ finding: inout Finding,
        _ visit: (JournalRecord) -> Bool
    ) {
        var start = (damage + 7) / 8 * 8
        while start + JournalWriter.headerSize <= bytes.count {
            guard let record = JournalCodec.record(in: bytes, at: start) else {
                start += 8
                continue
            }
            if record.index > previous?.index ?? 0 {
                finding.records += 1
                segments[position].lastIndex = record.index
                if record.entry.time != .unknown { segments[position].lastTime = record.entry.time }
                _ = visit(record)
                previous = JournalWriter(index: record.index, hash: record.hash)
            }
            start = record.end
        }
    }

    private func spoil(_ finding: inout Finding, _ position: Int, _ offset: Int) {
        // The first damage is named; a person looks at the file from there.
        guard finding.damage == nil else { return }
        finding.damage = "\(segments[position].path) is damaged at byte \(offset)"
    }

    private func cut(_ bytes: [UInt8]) throws(SystemError) -> Int {
        let last = (bytes.lastIndex { $0 != 0 } ?? offset) + 1
        guard last > offset else { return 0 }
        try file.fillWithZeros(from: Int64(offset), to: Int64(last))
        try file.sync()
        return last - offset
    }

    // MARK: - Writing

    /// Index and hash of the newest record.
    var head: JournalWriter { writer }

    /// Whether the worst case of one payment fits into the newest segment.
    var hasRoom: Bool { !isSpoiled && Segment.size - offset >= JournalWriter.reserve }

    func append(_ entry: JournalEntry) throws(SystemError) {
        var next = writer
        let record = next.encode(entry)
        guard !isSpoiled, offset + record.count <= Segment.size else { throw SystemError.noSpace }
        try file.write(record, at: Int64(offset))
        writer = next
        offset += record.count
        isDirty = true
        note(entry)
    }

    private func note(_ entry: JournalEntry) {
        segments[segments.count - 1].lastIndex = writer.index
        if entry.time != .unknown { segments[segments.count - 1].lastTime = entry.time }
    }

    /// Returns when everything appended is durable.
    func sync() throws(SystemError) {
        guard isDirty else { return }
        try file.sync()
        isDirty = false
    }

    /// Lets the disk begin with what ``sync()`` will wait for, while the processor has other work.
    func startWriting() { if isDirty { file.startWriting() } }

    /// Makes the next segment ready beside the present one. Where this fails nothing has changed.
    func prepareNext() throws(SystemError) {
        guard prepared == nil else { return }
        let next = Segment(number: (segments.last?.number ?? 0) + 1, folder: folder)
        prepared = (next, try next.prepare())
    }

    /// Goes on to the segment that ``prepareNext()`` made, with `checkpoint` as its first record.
    func roll(_ checkpoint: JournalEntry) throws(SystemError) {
        guard let (next, nextFile) = prepared else { preconditionFailure("prepareNext comes first") }
        try sync()
        prepared = nil
        let old = file
        file = nextFile
        segments.append(next)
        offset = 0
        isSpoiled = false
        try append(checkpoint)
        try sync()
        try next.publish()
        // Until here the old segment's lock keeps others out; from here the new one's does.
        withExtendedLifetime(old) {}
    }

    /// Deletes segments that no open payment needs and that are older than seven days by the clouds' clock.
    func deleteOld(neededFrom index: UInt64, now: Timestamp) throws(SystemError) {
        var deleted = false
        while segments.count > 1, let oldest = segments.first, oldest.lastIndex < index,
            oldest.lastTime != .unknown, now != .unknown, now - oldest.lastTime > JournalFiles.keepMilliseconds
        {
            try Files.remove(oldest.path)
            segments.removeFirst()
            deleted = true
        }
        if deleted { try Files.syncFolder(folder) }
    }

    static let keepMilliseconds: Int64 = 7 * 86_400_000
}
