// Part of Tillbridge. See LICENSE.
import Synchronization

/// How many calls one account may have outstanding. A fifth is kept for everything but new payments, so that a crowd
/// of payments never keeps an undo waiting.
final class WalletBudget: Sendable {
    private enum Seat {
        case reserved, granted
        case waiting(CheckedContinuation<Bool, Never>)
    }

    private struct Waiter {
        let id: UInt64
        let pay: Bool
        var seat: Seat
    }

    private struct State {
        var busy = 0
        var waiters: [Waiter] = []
        var nextID: UInt64 = 0
    }

    let limit: Int
    private let state = Mutex(State())

    init(limit: Int) { self.limit = max(2, limit) }

    private func room(_ state: State, pay: Bool) -> Bool { state.busy < (pay ? limit - max(1, limit / 5) : limit) }

    /// How many calls are out.
    var busy: Int { state.withLock { $0.busy } }

    /// How many callers wait.
    var queued: Int { state.withLock { $0.waiters.count } }

    /// Waits for room.
    /// - Returns: False if there was none in time, or the task was cancelled. Otherwise ``leave()`` must follow.
    func enter(pay: Bool, within limit: Duration) async -> Bool {
        let id: UInt64? = state.withLock { state -> UInt64? in
            if room(state, pay: pay) {
                state.busy += 1
                return nil
            }
            state.nextID += 1
            state.waiters.append(Waiter(id: state.nextID, pay: pay, seat: .reserved))
            return state.nextID
        }
        guard let id else { return true }
        return await withTaskGroup(of: Void.self) { group in
            group.addTask {
                try? await Task.sleep(for: limit)
                self.giveUp(id)
            }
            let entered = await sleepUntilGranted(id)
            group.cancelAll()
            return entered
        }
    }

    private func sleepUntilGranted(_ id: UInt64) async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let entered: Bool? = state.withLock { state -> Bool? in
                    guard let index = state.waiters.firstIndex(where: { $0.id == id }) else { return false }
                    guard case .granted = state.waiters[index].seat else {
                        state.waiters[index].seat = .waiting(continuation)
                        return nil
                    }
                    state.waiters.remove(at: index)
                    return true
                }
                if let entered { continuation.resume(returning: entered) }
            }
        } onCancel: {
            giveUp(id)
        }
    }

    func leave() {
        let next: CheckedContinuation<Bool, Never>? = state.withLock { state in
            state.busy -= 1
            return grantOne(&state)
        }
        next?.resume(returning: true)
    }

    /// Whatever gives money back goes first.
    private func grantOne(_ state: inout State) -> CheckedContinuation<Bool, Never>? {
        func candidate(_ pay: Bool) -> Int? {
            guard room(state, pay: pay) else { return nil }
            return state.waiters.firstIndex { waiter in
                if case .granted = waiter.seat { return false }
                return waiter.pay == pay
            }
        }
        guard let index = candidate(false) ?? candidate(true) else { return nil }
        state.busy += 1
        guard case .waiting(let continuation) = state.waiters[index].seat else {
            state.waiters[index].seat = .granted
            return nil
        }
        state.waiters.remove(at: index)
        return continuation
    }

    private func giveUp(_ id: UInt64) {
        let continuation: CheckedContinuation<Bool, Never>? = state.withLock { state in
            // A seat that was granted meanwhile stays: its owner is about to take it.
            guard let index = state.waiters.firstIndex(where: { $0.id == id }) else { return nil }
            if case .granted = state.waiters[index].seat { return nil }
            guard case .waiting(let continuation) = state.waiters.remove(at: index).seat else { return nil }
            return continuation
        }
        continuation?.resume(returning: false)
    }
}
