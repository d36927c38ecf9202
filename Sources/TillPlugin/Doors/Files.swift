// Part of Tillbridge. See LICENSE.
import CPlatform
import TillDomain

/// Files by path. Paths are bytes without a NUL.
enum Files {
    /// What is known of a path without opening it.
    struct Information: Sendable {
        let size: Int64
        /// Permission bits, such as 0o600.
        let mode: UInt32
        let owner: UInt32
        let isFile: Bool
        let isDirectory: Bool
    }

    static func information(_ path: [UInt8]) throws(SystemError) -> Information {
        var info = cp_file_info()
        try SystemError.check(Bytes.withCString(path) { cp_file_info_of($0, &info) })
        return Information(
            size: info.size,
            mode: info.mode,
            owner: info.owner,
            isFile: info.is_file != 0,
            isDirectory: info.is_directory != 0
        )
    }

    /// The whole file; at most `limit` bytes of it.
    static func read(_ path: [UInt8], limit: Int) throws(SystemError) -> [UInt8] {
        let file = try OpenFile(reading: path)
        return try file.read(at: 0, count: limit)
    }

    /// Puts `content` in place of whatever is at `path`, so that after a power cut either the old or the new file is
    /// there, whole: temporary file, sync, rename, sync of the folder.
    static func replace(_ path: [UInt8], with content: [UInt8], mode: UInt32) throws(SystemError) {
        let temporary = path + (".new" as StaticString).bytes
        _ = Bytes.withCString(temporary) { cp_unlink($0) }
        let file = try OpenFile(creating: temporary, mode: mode)
        try file.write(content, at: 0)
        try file.sync()
        try rename(temporary, to: path)
        try syncFolder(folder(of: path))
    }

    static func rename(_ path: [UInt8], to target: [UInt8]) throws(SystemError) {
        try SystemError.check(Bytes.withCString(path) { from in Bytes.withCString(target) { cp_rename(from, $0) } })
    }

    static func remove(_ path: [UInt8]) throws(SystemError) {
        try SystemError.check(Bytes.withCString(path) { cp_unlink($0) })
    }

    /// Makes the folder where it does not exist yet.
    static func makeFolder(_ path: [UInt8], mode: UInt32) throws(SystemError) {
        do throws(SystemError) {
            try SystemError.check(Bytes.withCString(path) { cp_mkdir($0, mode) })
        } catch {
            if !error.isExisting { throw error }
        }
    }

    static func syncFolder(_ path: [UInt8]) throws(SystemError) {
        try SystemError.check(Bytes.withCString(path) { cp_fsync_directory($0) })
    }

    /// The names in a folder, in no particular order.
    static func names(in folder: [UInt8]) throws(SystemError) -> [[UInt8]] {
        var names: [[UInt8]] = []
        let result = Bytes.withCString(folder) { path in
            withUnsafeMutablePointer(to: &names) { pointer in
                cp_list(path, pointer) { context, name, size in
                    guard let context, let name else { return }
                    context.assumingMemoryBound(to: [[UInt8]].self).pointee.append(
                        [UInt8](UnsafeBufferPointer(start: name, count: size))
                    )
                }
            }
        }
        try SystemError.check(result)
        return names
    }

    static func joined(_ folder: [UInt8], _ name: [UInt8]) -> [UInt8] {
        folder.last == 47 ? folder + name : folder + [47] + name
    }

    static func folder(of path: [UInt8]) -> [UInt8] {
        guard let slash = path.lastIndex(of: 47) else { return [46] }
        return slash == 0 ? [47] : [UInt8](path[..<slash])
    }
}

/// An open file; closed when the last reference goes.
final class OpenFile {
    private let descriptor: Int32

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    convenience init(reading path: [UInt8]) throws(SystemError) {
        self.init(try SystemError.check(Bytes.withCString(path) { cp_open_read($0) }))
    }

    convenience init(updating path: [UInt8]) throws(SystemError) {
        self.init(try SystemError.check(Bytes.withCString(path) { cp_open_update($0) }))
    }

    /// Fails where the file exists.
    convenience init(creating path: [UInt8], mode: UInt32) throws(SystemError) {
        self.init(try SystemError.check(Bytes.withCString(path) { cp_create($0, mode) }))
    }

    deinit { _ = cp_close(descriptor) }

    func size() throws(SystemError) -> Int64 { try SystemError.check(cp_file_size(descriptor)) }

    /// Fewer than `count` bytes only at the end of the file.
    func read(at offset: Int64, count: Int) throws(SystemError) -> [UInt8] {
        let available = Swift.max(0, try size() - offset)
        let wanted = Int(Swift.min(Int64(count), available))
        var failure: Int64 = 0
        let bytes = Bytes.filled(capacity: wanted) { buffer, capacity in
            let got = cp_pread(descriptor, buffer, capacity, offset)
            failure = Swift.min(0, got)
            return Int(got)
        }
        try SystemError.check(failure)
        return bytes
    }

    func write(_ bytes: [UInt8], at offset: Int64) throws(SystemError) {
        try SystemError.check(cp_pwrite(descriptor, bytes, bytes.count, offset))
    }

    func fillWithZeros(from start: Int64, to end: Int64) throws(SystemError) {
        let zeros = [UInt8](repeating: 0, count: 16 * 1024)
        var offset = start
        while offset < end {
            let count = Int(Swift.min(Int64(zeros.count), end - offset))
            try SystemError.check(cp_pwrite(descriptor, zeros, count, offset))
            offset += Int64(count)
        }
    }

    /// Returns when the content is on the disk.
    func sync() throws(SystemError) { try SystemError.check(cp_fdatasync(descriptor)) }

    /// Lets the disk begin with what ``sync()`` will wait for. An error shows there.
    func startWriting() { cp_start_writing(descriptor) }

    /// Takes the file for this process until it is closed; ``SystemError/isAgain`` where another process has it.
    func lock() throws(SystemError) { try SystemError.check(cp_lock(descriptor)) }
}
