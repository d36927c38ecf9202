// Part of Tillbridge. See LICENSE.
import GRDB
import TillDomain
package import TillStore

/// One cloud's storage in one SQLite file: WAL, every commit synced, concurrent writes committed together.
package final class SQLiteStore: CloudStore {
    let pool: DatabasePool
    let line: CommitLine
    let sequences = HighestSequences()
    /// The database's time: that of this machine.
    let clock: @Sendable () -> Timestamp
    private let lock: FileLock

    init(pool: DatabasePool, lock: FileLock, clock: @escaping @Sendable () -> Timestamp) {
        self.pool = pool
        self.lock = lock
        self.clock = clock
        line = CommitLine(pool: pool)
    }

    package func checkWrites() async throws(StoreError) { try await write { _ in } }

    package func close() async {
        await line.close()
        try? pool.close()
        lock.release()
    }

    func read<Value: Sendable>(
        _ work: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        do {
            return try await pool.read(work)
        } catch {
            throw StoreError(error)
        }
    }

    /// A lookup by key, on the calling thread: it takes microseconds, less than a change of threads. Readers never wait
    /// for the writer, and there is one for each thread that may ask.
    func lookUp<Value>(_ work: (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            return try pool.read(work)
        } catch {
            throw StoreError(error)
        }
    }

    func write<Value: Sendable>(
        _ work: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        try await line.write(work)
    }
}
