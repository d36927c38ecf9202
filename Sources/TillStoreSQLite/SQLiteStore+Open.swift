// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import Glibc
package import TillDomain
package import TillStore

extension SQLiteStore {
    /// Files up to this size are checked page by page at each start, in well under a second.
    private static let checkedBytes = 256 << 20

    /// Opens the database of one cloud, or makes it where there is none.
    ///
    /// - Parameters:
    ///   - path: The file. Its folder exists.
    ///   - clock: The time that claims are judged by.
    /// - Throws: ``StoreStartError`` for a file that is damaged, of another version, of another cloud or another
    ///   program, or in use. The file is not changed then.
    package static func open(
        path: String,
        cloud: CloudName,
        clock: @escaping @Sendable () -> Timestamp
    ) throws(StoreStartError) -> SQLiteStore {
        guard let lock = FileLock(path: path + ".lock") else {
            throw StoreStartError(
                "The database \(path) is in use by another process, or its folder cannot be written: "
                    + "stop the other process or choose another --database."
            )
        }
        do {
            if FileManager.default.fileExists(atPath: path) {
                try check(path, cloud: cloud)
            } else {
                try make(path, cloud: cloud)
            }
            let pool = try DatabasePool(path: path, configuration: configuration())
            try setFullSync(pool, path: path)
            return SQLiteStore(pool: pool, lock: lock, clock: clock)
        } catch let error as StoreStartError {
            throw error
        } catch {
            throw StoreStartError("The database \(path) cannot be opened (\(error)): check the file and its folder.")
        }
    }

    private static func configuration() -> Configuration {
        var configuration = Configuration()
        configuration.label = "tillbridge.store"
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(5)
        configuration.maximumReaderCount = max(4, ProcessInfo.processInfo.activeProcessorCount + 2)
        return configuration
    }

    /// The pool sets `synchronous` to NORMAL while it switches to WAL, so FULL is set after opening, and read back: a
    /// commit that is not synced would be a promise that a power failure breaks.
    private static func setFullSync(_ pool: DatabasePool, path: String) throws {
        let (sync, journal) = try pool.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA synchronous = FULL")
            return (
                try Int.fetchOne(database, sql: "PRAGMA synchronous"),
                try String.fetchOne(database, sql: "PRAGMA journal_mode")
            )
        }
        guard sync == 2, journal == "wal" else {
            throw StoreStartError(
                "The database \(path) does not sync its commits (synchronous \(sync ?? -1), journal \(journal ?? "?")): "
                    + "put it on a local file system that supports SQLite's write-ahead log."
            )
        }
    }

    /// Makes the file under another name first, so that a crash never leaves half a database under this one.
    private static func make(_ path: String, cloud: CloudName) throws {
        let draft = path + ".new"
        for end in ["", "-journal"] where FileManager.default.fileExists(atPath: draft + end) {
            try FileManager.default.removeItem(atPath: draft + end)
        }
        let queue = try DatabaseQueue(path: draft)
        try queue.write { database in
            try database.execute(sql: Schema.statements)
            try database.execute(
                sql: "INSERT INTO meta (name, value) VALUES ('cloud', ?)",
                arguments: [cloud.text]
            )
            try database.execute(sql: "PRAGMA application_id = \(Schema.applicationID)")
            try database.execute(sql: "PRAGMA user_version = \(Schema.version)")
        }
        try queue.close()
        guard rename(draft, path) == 0, syncFolder(of: path) else {
            throw StoreStartError(
                "The database \(path) cannot be made in its folder: check the folder's permissions and free space."
            )
        }
    }

    private static func syncFolder(of path: String) -> Bool {
        let folder = Glibc.open(URL(filePath: path).deletingLastPathComponent().path, O_RDONLY | O_DIRECTORY)
        guard folder >= 0 else { return false }
        defer { _ = Glibc.close(folder) }
        return fsync(folder) == 0
    }

    /// Reads an existing file without changing it.
    private static func check(_ path: String, cloud: CloudName) throws(StoreStartError) {
        let damaged = StoreStartError(
            "The database \(path) is damaged or is no SQLite database: restore it from a backup and run "
                + "'tillbridge admin promote', or choose another --database; it was not changed."
        )
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw StoreStartError("The database \(path) cannot be read: check its permissions.")
        }
        let header = try? handle.read(upToCount: 16)
        let size = (try? handle.seekToEnd()) ?? 0
        try? handle.close()
        guard header == Data("SQLite format 3\0".utf8) else { throw damaged }
        do {
            var configuration = Configuration()
            configuration.readonly = true
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.read { database in
                let application = try Int64.fetchOne(database, sql: "PRAGMA application_id")
                let version = try Int64.fetchOne(database, sql: "PRAGMA user_version")
                guard application == Schema.applicationID else {
                    throw StoreStartError(
                        "The database \(path) belongs to another program: choose another --database; it was not changed."
                    )
                }
                guard version == Schema.version else {
                    throw StoreStartError(
                        "The database \(path) has version \(version ?? 0), and this program needs \(Schema.version): "
                            + "use the program that wrote it, or choose another --database; it was not changed."
                    )
                }
                let owner = try String.fetchOne(database, sql: "SELECT value FROM meta WHERE name = 'cloud'")
                guard owner == cloud.text else {
                    throw StoreStartError(
                        "The database \(path) belongs to cloud \(owner ?? "?"), and this is cloud \(cloud.text): "
                            + "give each cloud its own --database; it was not changed."
                    )
                }
                guard size <= checkedBytes else { return }
                guard try String.fetchOne(database, sql: "PRAGMA quick_check(1)") == "ok" else { throw damaged }
            }
            try queue.close()
        } catch let error as StoreStartError {
            throw error
        } catch {
            throw damaged
        }
    }
}
