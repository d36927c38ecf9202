// Part of Tillbridge. See LICENSE.
import GRDBSQLite
import Synchronization

/// Counts the syncs that SQLite asks of the file system for write-ahead logs of counted stores, by standing between it
/// and its default virtual file system. Registered once per process; files behave as before.
enum SyncCounter {
    private static let syncs = Atomic<Int>(0)
    /// When above zero, the next syncs of a write-ahead log fail with an input/output error.
    private static let failures = Atomic<Int>(0)

    /// A folder whose name has this is counted; the stores of other tests are not.
    static let mark: StaticString = "tillbridge-counted"

    /// Syncs of all counted write-ahead logs since the process began.
    static var count: Int { syncs.load(ordering: .sequentiallyConsistent) }

    static func failNextSync() { failures.store(1, ordering: .sequentiallyConsistent) }

    /// Everything that is opened after the first use of this is counted.
    static let install: Void = {
        guard let original = sqlite3_vfs_find(nil) else { preconditionFailure("SQLite has no file system") }
        Plumbing.original = original
        let counting = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        counting.initialize(to: original.pointee)
        counting.pointee.zName = Plumbing.name
        counting.pointee.xOpen = { _, name, file, flags, outFlags in
            guard let original = Plumbing.original, let open = original.pointee.xOpen else { return SQLITE_ERROR }
            let result = open(original, name, file, flags, outFlags)
            guard result == SQLITE_OK, flags & SQLITE_OPEN_WAL != 0, let name, let file,
                String(cString: name).contains(SyncCounter.mark.description), let methods = file.pointee.pMethods
            else { return result }
            file.pointee.pMethods = Plumbing.counting(methods)
            return result
        }
        precondition(sqlite3_vfs_register(counting, 1) == SQLITE_OK)
    }()

    fileprivate static func noteSync() -> Bool {
        syncs.add(1, ordering: .sequentiallyConsistent)
        return failures.compareExchange(
            expected: 1,
            desired: 0,
            ordering: .sequentiallyConsistent
        ).exchanged
    }

    private enum Plumbing {
        nonisolated(unsafe) static var original: UnsafeMutablePointer<sqlite3_vfs>?
        nonisolated(unsafe) static let name: UnsafePointer<CChar> = {
            let text = UnsafeMutablePointer<CChar>.allocate(capacity: 16)
            for (place, byte) in ("counting" as StaticString).description.utf8.enumerated() {
                text[place] = CChar(byte)
            }
            text[8] = 0
            return UnsafePointer(text)
        }()
        nonisolated(unsafe) static var sync: (@convention(c) (UnsafeMutablePointer<sqlite3_file>?, Int32) -> Int32)?
        nonisolated(unsafe) static var methods: UnsafeMutablePointer<sqlite3_io_methods>?
        private static let made = Mutex(())

        static func counting(_ original: UnsafePointer<sqlite3_io_methods>) -> UnsafePointer<sqlite3_io_methods> {
            made.withLock { _ in
                if let methods { return UnsafePointer(methods) }
                let copy = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
                copy.initialize(to: original.pointee)
                sync = original.pointee.xSync
                copy.pointee.xSync = { file, flags in
                    if SyncCounter.noteSync() { return SQLITE_IOERR | (4 << 8) }
                    return Plumbing.sync?(file, flags) ?? SQLITE_ERROR
                }
                methods = copy
                return UnsafePointer(copy)
            }
        }
    }
}
