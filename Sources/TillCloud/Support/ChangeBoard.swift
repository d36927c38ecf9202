// Part of Tillbridge. See LICENSE.
import NIOCore
import Synchronization
import TillLoops

/// Where long polls wait for news of one key.
///
/// A ticket is taken *before* the store is read, so that news between reading and waiting is not missed. It may be
/// waited on again and again, nothing between two waits is missed either, until it is dropped or time runs out.
final class ChangeBoard<Key: Hashable & Sendable, News: Sendable>: Sendable {
    struct Ticket: Sendable {
        fileprivate let key: Key
        fileprivate let id: UInt64
    }

    private enum Seat {
        /// A ticket was taken; the news that came before the wait began.
        case taken(News?)
        case waiting(CheckedContinuation<News?, Never>)
    }

    private struct State {
        var isClosed = false
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
            state.seats[key, default: [:]][state.nextID] = .taken(nil)
            return Ticket(key: key, id: state.nextID)
        }
    }

    /// Gives a ticket back that nobody will wait on.
    func drop(_ ticket: Ticket) { resume(ticket) }

    /// Waits for news since the ticket was taken, or since the last news it brought. Nil when time ran out or the task
    /// was cancelled; the ticket is void then.
    func wait(_ ticket: Ticket, for limit: Duration) async -> News? {
        if let news = takeNews(ticket) { return news }
        let alarm = EventLoopsExecutor.loop.scheduleTask(in: TimeAmount(limit)) { self.resume(ticket) }
        defer { alarm.cancel() }
        return await sleepUntilWoken(ticket)
    }

    private func takeNews(_ ticket: Ticket) -> News? {
        state.withLock { state in
            guard case .taken(let news?) = state.seats[ticket.key]?[ticket.id] else { return nil }
            state.seats[ticket.key]?[ticket.id] = .taken(nil)
            return news
        }
    }

    private func sleepUntilWoken(_ ticket: Ticket) async -> News? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: News?? = state.withLock { state -> News?? in
                    switch state.seats[ticket.key]?[ticket.id] {
                    case .taken(nil) where state.isClosed:
                        state.remove(ticket)
                        return .some(nil)
                    case .taken(nil):
                        state.seats[ticket.key]?[ticket.id] = .waiting(continuation)
                        return nil
                    case .taken(let news?):
                        state.seats[ticket.key]?[ticket.id] = .taken(nil)
                        return .some(news)
                    case .waiting, nil:
                        return .some(nil)
                    }
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            resume(ticket)
        }
    }

    /// Wakes everyone who waits for `key`.
    func post(_ news: News, for key: Key) {
        let continuations = state.withLock { state -> [CheckedContinuation<News?, Never>] in
            guard let seats = state.seats[key] else { return [] }
            var woken: [CheckedContinuation<News?, Never>] = []
            state.seats[key] = seats.mapValues { seat in
                guard case .waiting(let continuation) = seat else { return .taken(news) }
                woken.append(continuation)
                return .taken(nil)
            }
            return woken
        }
        for continuation in continuations { continuation.resume(returning: news) }
    }

    /// Wakes those who wait for `key` at this moment, and is news to nobody else.
    func hint(_ news: News, for key: Key) {
        let continuations = state.withLock { state -> [CheckedContinuation<News?, Never>] in
            var woken: [CheckedContinuation<News?, Never>] = []
            for (id, seat) in state.seats[key] ?? [:] {
                guard case .waiting(let continuation) = seat else { continue }
                woken.append(continuation)
                state.seats[key]?[id] = .taken(nil)
            }
            return woken
        }
        for continuation in continuations { continuation.resume(returning: news) }
    }

    /// Nobody waits any more: those who do go on without news, and so will all who come later.
    func close() {
        let continuations = state.withLock { state in
            state.isClosed = true
            var woken: [CheckedContinuation<News?, Never>] = []
            for (key, seats) in state.seats {
                for (id, seat) in seats {
                    guard case .waiting(let continuation) = seat else { continue }
                    woken.append(continuation)
                    state.remove(Ticket(key: key, id: id))
                }
            }
            return woken
        }
        for continuation in continuations { continuation.resume(returning: nil) }
    }

    /// How many keys are waited for.
    var waiting: Int { state.withLock { $0.seats.count } }

    private func resume(_ ticket: Ticket) {
        let seat = state.withLock { state in
            let seat = state.seats[ticket.key]?[ticket.id]
            state.remove(ticket)
            return seat
        }
        if case .waiting(let continuation) = seat { continuation.resume(returning: nil) }
    }
}
