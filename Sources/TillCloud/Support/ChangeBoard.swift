// Part of Tillbridge. See LICENSE.
import Synchronization

/// Where long polls wait for a change of one key. A wake-up carries no data: the waiter reads the store again.
///
/// A ticket is taken *before* the store is read, so that a change between reading and waiting is not missed.
final class ChangeBoard<Key: Hashable & Sendable>: Sendable {
    struct Ticket: Sendable {
        fileprivate let key: Key
        fileprivate let id: UInt64
    }

    private enum Seat {
        /// A ticket was taken; `changed` tells whether a change came before the wait began.
        case taken(changed: Bool)
        case waiting(CheckedContinuation<Bool, Never>)
    }

    private struct State {
        var nextID: UInt64 = 0
        var seats: [Key: [UInt64: Seat]] = [:]

        mutating func remove(_ ticket: Ticket) {
            seats[ticket.key]?[ticket.id] = nil
            if seats[ticket.key]?.isEmpty == true { seats[ticket.key] = nil }
        }
    }

    private let state = Mutex(State())

    func ticket(for key: Key) -> Ticket {
        state.withLock { state in
            state.nextID += 1
            state.seats[key, default: [:]][state.nextID] = .taken(changed: false)
            return Ticket(key: key, id: state.nextID)
        }
    }

    /// Gives a ticket back that nobody will wait on.
    func drop(_ ticket: Ticket) { resume(ticket) }

    /// Waits for a change since the ticket was taken. False when time ran out or the task was cancelled.
    func wait(_ ticket: Ticket, for limit: Duration) async -> Bool {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                try? await Task.sleep(for: limit)
                self.resume(ticket)
            }
            let changed = await sleepUntilWoken(ticket)
            group.cancelAll()
            return changed
        }
    }

    private func sleepUntilWoken(_ ticket: Ticket) async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state -> Bool? in
                    switch state.seats[ticket.key]?[ticket.id] {
                    case .taken(changed: false):
                        state.seats[ticket.key]?[ticket.id] = .waiting(continuation)
                        return nil
                    case .taken(changed: true):
                        state.remove(ticket)
                        return true
                    case .waiting, nil:
                        return false
                    }
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            resume(ticket)
        }
    }

    /// Wakes everyone who waits for `key`.
    func changed(_ key: Key) {
        let continuations = state.withLock { state -> [CheckedContinuation<Bool, Never>] in
            guard let seats = state.seats[key] else { return [] }
            var woken: [CheckedContinuation<Bool, Never>] = []
            var kept: [UInt64: Seat] = [:]
            for (id, seat) in seats {
                switch seat {
                case .taken: kept[id] = .taken(changed: true)
                case .waiting(let continuation): woken.append(continuation)
                }
            }
            state.seats[key] = kept.isEmpty ? nil : kept
            return woken
        }
        for continuation in continuations { continuation.resume(returning: true) }
    }

    var waiting: Int { state.withLock { $0.seats.count } }

    private func resume(_ ticket: Ticket) {
        let seat = state.withLock { state in
            let seat = state.seats[ticket.key]?[ticket.id]
            state.remove(ticket)
            return seat
        }
        if case .waiting(let continuation) = seat { continuation.resume(returning: false) }
    }
}
