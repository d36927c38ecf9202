// Part of Tillbridge. See LICENSE.
import Synchronization
import TillDomain

/// An alarm clock for many keys, each with at most one next moment. What is due is also in the store, so a lost alarm
/// costs a sweep's delay, never the work.
final class WorkClock<Key: Hashable & Sendable>: Sendable {
    private struct State {
        var moments: [Key: Timestamp] = [:]
        /// Entries that no longer match `moments` are skipped when they come up.
        var heap = TimeHeap<Key>()
        var closed = false
    }

    /// The longest sleep: a clock that is set while we sleep must not keep work waiting.
    private static var longestSleep: Int64 { 1000 }

    private let clock: any CloudClock
    private let state = Mutex(State())
    private let bell = ChangeBoard<Int, Bool>()

    init(clock: any CloudClock) { self.clock = clock }

    /// Rings for `key` at `moment`; an earlier wish for the key is replaced.
    func schedule(_ key: Key, at moment: Timestamp) {
        let isFirst = state.withLock { state in
            state.moments[key] = moment
            let isFirst = state.heap.first.map { moment < $0.at } ?? true
            state.heap.push(moment, key)
            return isFirst
        }
        if isFirst { bell.post(true, for: 0) }
    }

    func cancel(_ key: Key) { state.withLock { $0.moments[key] = nil } }

    var count: Int { state.withLock { $0.moments.count } }

    /// Waits for the next key whose moment has come. Nil once the task is cancelled or the clock closed.
    func next() async -> Key? {
        while !Task.isCancelled {
            let ticket = bell.ticket(for: 0)
            let now = clock.now()
            switch step(at: now) {
            case .due(let key):
                bell.drop(ticket)
                return key
            case .closed:
                bell.drop(ticket)
                return nil
            case .sleep(let span):
                _ = await bell.wait(ticket, for: .milliseconds(min(span, WorkClock.longestSleep)))
            }
        }
        return nil
    }

    /// Ends ``next()``.
    func close() {
        state.withLock { $0.closed = true }
        bell.post(true, for: 0)
    }

    private enum Step {
        case due(Key), sleep(Int64), closed
    }

    private func step(at now: Timestamp) -> Step {
        state.withLock { state in
            if state.closed { return .closed }
            while let first = state.heap.first {
                guard state.moments[first.key] == first.at else {
                    state.heap.removeFirst()
                    continue
                }
                guard first.at <= now else { return .sleep(first.at - now) }
                state.heap.removeFirst()
                state.moments[first.key] = nil
                return .due(first.key)
            }
            return .sleep(WorkClock.longestSleep)
        }
    }
}

/// A binary heap by time.
private struct TimeHeap<Key> {
    private var entries: [(at: Timestamp, key: Key)] = []

    var first: (at: Timestamp, key: Key)? { entries.first }

    mutating func push(_ at: Timestamp, _ key: Key) {
        entries.append((at, key))
        var child = entries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard entries[child].at < entries[parent].at else { return }
            entries.swapAt(child, parent)
            child = parent
        }
    }

    mutating func removeFirst() {
        entries.swapAt(0, entries.count - 1)
        entries.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < entries.count && entries[child].at < entries[least].at { least = child }
            guard least != parent else { return }
            entries.swapAt(parent, least)
            parent = least
        }
    }
}
