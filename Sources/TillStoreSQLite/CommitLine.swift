// Part of Tillbridge. See LICENSE.
import Dispatch
import GRDB
import Synchronization
import TillStore

/// Group commit: writes that wait while a commit is being synced share the next one, and its one sync.
///
/// A job that fails takes only itself back: it runs in its own savepoint, or alone in its transaction. One thread writes;
/// a caller's cancellation never reaches it, since the job's batch mates must not pay for it.
final class CommitLine: Sendable {
    /// Bounds the time that a transaction keeps its first job waiting.
    private static let mostJobs = 256

    /// What a job came to, told once the commit's own result is known.
    private typealias Finish = @Sendable (StoreError?) -> Void

    private struct Job {
        let run: @Sendable (Database, _ isAlone: Bool) -> (finish: Finish, failed: Bool)
        let fail: @Sendable (StoreError) -> Void
    }

    private struct State {
        var waiting: [Job] = []
        var isWriting = false
        /// Why nothing is taken any more.
        var refusal: StoreError?
        var closing: [CheckedContinuation<Void, Never>] = []
    }

    private let pool: DatabasePool
    private let thread = DispatchQueue(label: "tillbridge.store.commit")
    private let state = Mutex(State())

    init(pool: DatabasePool) { self.pool = pool }

    /// Runs `work` inside a transaction and returns when that is durable.
    func write<Value: Sendable>(
        _ work: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        let result: Result<Value, StoreError> = await withCheckedContinuation { continuation in
            let job = Job(
                run: { database, isAlone in
                    let value = Result {
                        try isAlone ? work(database) : CommitLine.inSavepoint(database, work)
                    }.mapError { StoreError($0) }
                    let finish: Finish = { failure in
                        continuation.resume(returning: failure.map { .failure($0) } ?? value)
                    }
                    if case .failure = value { return (finish, true) }
                    return (finish, false)
                },
                fail: { continuation.resume(returning: .failure($0)) }
            )
            let refusal = state.withLock { state -> StoreError? in
                if let refusal = state.refusal { return refusal }
                state.waiting.append(job)
                if !state.isWriting {
                    state.isWriting = true
                    thread.async { self.drain() }
                }
                return nil
            }
            if let refusal { job.fail(refusal) }
        }
        return try result.get()
    }

    /// Lets the last jobs finish; later ones are refused.
    func close() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state -> Bool in
                if state.refusal == nil { state.refusal = .unavailable("it is closed") }
                if state.isWriting { state.closing.append(continuation) }
                return !state.isWriting
            }
            if isIdle { continuation.resume() }
        }
    }

    private func drain() {
        while true {
            let batch = state.withLock { state -> [Job] in
                let batch = Array(state.waiting.prefix(CommitLine.mostJobs))
                state.waiting.removeFirst(batch.count)
                if batch.isEmpty { state.isWriting = false }
                return batch
            }
            guard !batch.isEmpty else { break }
            commit(batch)
        }
        let closing = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            guard !state.isWriting else { return [] }
            let closing = state.closing
            state.closing = []
            return closing
        }
        for continuation in closing { continuation.resume() }
    }

    private func commit(_ batch: [Job]) {
        var finishes: [Finish] = []
        var isCommitting = false
        do {
            try pool.writeWithoutTransaction { database in
                try database.inTransaction(.immediate) {
                    for job in batch {
                        let (finish, failed) = job.run(database, batch.count == 1)
                        finishes.append(finish)
                        if failed, batch.count == 1 { return .rollback }
                    }
                    isCommitting = true
                    return .commit
                }
            }
            for finish in finishes { finish(nil) }
        } catch {
            guard isCommitting else {
                // Nothing was begun, so nothing is stored.
                for job in batch { job.fail(StoreError(error)) }
                return
            }
            // Nobody can say what a crash would find now. What a failed sync left in the file system's cache may never
            // reach the disk although it reads well, so nothing more is stored until a restart has read it back.
            state.withLock { $0.refusal = .spent("a commit failed (\(error))") }
            for finish in finishes { finish(.unclear("\(error)")) }
        }
    }

    private static func inSavepoint<Value>(_ database: Database, _ work: (Database) throws -> Value) throws -> Value {
        var value: Value?
        try database.inSavepoint {
            value = try work(database)
            return .commit
        }
        guard let value else { throw StoreError.unavailable("a savepoint ended without a value") }
        return value
    }
}

extension StoreError {
    init(_ error: any Error) {
        switch error {
        case let error as StoreError: self = error
        case let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT || error.resultCode == .SQLITE_NOTADB:
            self = .damaged(error.message ?? "SQLite error \(error.resultCode.rawValue)")
        default: self = .unavailable("\(error)")
        }
    }
}
