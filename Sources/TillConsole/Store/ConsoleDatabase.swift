// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import TillCloud

/// Opens the console's own database.
enum ConsoleDatabase {
    /// Opens the file, or makes it where there is none.
    /// - Throws: ``StartError`` for a file that is damaged, of another program or of another version.
    static func open(_ path: String) throws(StartError) -> DatabasePool {
        do {
            let pool = try DatabasePool(path: path, configuration: configuration())
            try prepare(pool, path)
            return pool
        } catch let error as StartError {
            throw error
        } catch {
            throw StartError("The database \(path) cannot be opened (\(error)): check the file and its folder.")
        }
    }

    private static func configuration() -> Configuration {
        var configuration = Configuration()
        configuration.label = "tillbridge.console"
        configuration.busyMode = .timeout(5)
        return configuration
    }

    private static func prepare(_ pool: DatabasePool, _ path: String) throws {
        // The pool sets NORMAL while it switches to WAL. What people did here must survive a power failure.
        try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        try pool.write { database in
            let application = try Int64.fetchOne(database, sql: "PRAGMA application_id") ?? 0
            let version = try Int64.fetchOne(database, sql: "PRAGMA user_version") ?? 0
            if application == 0, version == 0,
                try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_schema") == 0
            {
                try database.execute(sql: Schema.statements)
                try database.execute(sql: "PRAGMA application_id = \(Schema.applicationID)")
                try database.execute(sql: "PRAGMA user_version = \(Schema.version)")
                return
            }
            guard application == Schema.applicationID else {
                throw StartError("The database \(path) belongs to another program: choose another --data.")
            }
            guard version == Schema.version else {
                throw StartError(
                    "The database \(path) has version \(version), and this program needs \(Schema.version): "
                        + "use the program that wrote it, or choose another --data; it was not changed."
                )
            }
        }
    }
}
