// Part of Tillbridge. See LICENSE.
import Synchronization

/// Puts the changes of concurrent calls into one durable transaction. Changes are stored in the order in which they
/// were made; a caller waits until everything made before is stored, so no answer tells what a crash could undo.
package final class GroupCommit: Sendable {
    package typealias Ticket = UInt64

    private struct Queue {
        var pending: [Change] = []
        var last: Ticket = 0
        var durable: Ticket = 0
        var waiters: [(ticket: Ticket, continuation: CheckedContinuation<Void, any Error>)] = []
        var failure: (any Error)?
    }

    private let store: SandboxStore
    private let queue = Mutex(Queue())
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    package init(store: SandboxStore) {
        self.store = store
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Queues changes. Called under the lock that ordered them; never waits.
    package func enqueue(_ changes: [Change]) -> Ticket {
        let (ticket, isNew) = queue.withLock { queue in
            if !changes.isEmpty {
                queue.pending += changes
                queue.last += 1
            }
            return (queue.last, !changes.isEmpty)
        }
        if isNew { signal.yield() }
        return ticket
    }

    /// Returns once everything up to `ticket` is durable.
    package func wait(for ticket: Ticket) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let outcome: Result<Void, any Error>? = queue.withLock { queue in
                if ticket <= queue.durable { return .success(()) }
                if let failure = queue.failure { return .failure(failure) }
                queue.waiters.append((ticket, continuation))
                return nil
            }
            if let outcome { continuation.resume(with: outcome) }
        }
    }

    /// Writes until ``finish()``; then writes what is left and returns. A write that fails ends it.
    package func run() async throws {
        for await _ in signals {
            while true {
                let (changes, ticket) = queue.withLock { queue in
                    defer { queue.pending = [] }
                    return (queue.pending, queue.last)
                }
                if changes.isEmpty { break }
                do {
                    try await store.write(changes)
                } catch {
                    fail(error)
                    throw error
                }
                release(upTo: ticket)
            }
        }
    }

    /// No further changes will come.
    package func finish() { signal.finish() }

    private func release(upTo ticket: Ticket) {
        let released = queue.withLock { queue in
            queue.durable = ticket
            let released = queue.waiters.filter { $0.ticket <= ticket }
            queue.waiters.removeAll { $0.ticket <= ticket }
            return released
        }
        for waiter in released { waiter.continuation.resume() }
    }

    private func fail(_ error: any Error) {
        let released = queue.withLock { queue in
            queue.failure = error
            defer { queue.waiters = [] }
            return queue.waiters
        }
        for waiter in released { waiter.continuation.resume(throwing: error) }
    }
}
