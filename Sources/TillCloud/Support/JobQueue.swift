// Part of Tillbridge. See LICENSE.
import Synchronization
import TillLoops

/// Runs jobs that outlive the request that asked for them: a wallet call must end in the store although the register
/// has hung up. They begin once ``run()`` has, and it returns when all have ended.
///
/// A job is a task of its own and no child of ``run()``'s: it begins on the thread that submits it, where a child would
/// have to be asked for on another thread first, and a payment waits for that.
final class JobQueue: Sendable {
    typealias Job = @Sendable () async -> Void

    private struct State {
        /// Submitted before ``run()``.
        var early: [Job] = []
        var isRunning = false
        var isFinished = false
        /// The process ends and waits for no job: what is open is taken up by the next start.
        var isCancelled = false
        var busy = 0
        var end: CheckedContinuation<Void, Never>?

        mutating func takeEnd() -> CheckedContinuation<Void, Never>? {
            guard isCancelled || isFinished && busy == 0 else { return nil }
            defer { end = nil }
            return end
        }
    }

    private let state = Mutex(State())

    /// The job stays with the event loop that it is submitted from.
    func submit(_ job: @escaping Job) {
        let starts = state.withLock { state -> Bool in
            guard !state.isFinished else { return false }
            if state.isRunning {
                state.busy += 1
            } else {
                state.early.append(job)
            }
            return state.isRunning
        }
        if starts { start(job) }
    }

    /// No job is taken any more; ``run()`` returns when those that run have ended.
    func finish() {
        let end = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.isFinished = true
            return state.takeEnd()
        }
        end?.resume()
    }

    func run() async {
        let early = state.withLock { state -> [Job] in
            state.isRunning = true
            state.busy += state.early.count
            defer { state.early = [] }
            return state.early
        }
        for job in early { start(job) }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let end = state.withLock { state -> CheckedContinuation<Void, Never>? in
                    state.end = continuation
                    return state.takeEnd()
                }
                end?.resume()
            }
        } onCancel: {
            let end = state.withLock { state -> CheckedContinuation<Void, Never>? in
                (state.isFinished, state.isCancelled) = (true, true)
                return state.takeEnd()
            }
            end?.resume()
        }
    }

    private func start(_ job: @escaping Job) {
        Task(executorPreference: EventLoopsExecutor.here) {
            await job()
            let end = self.state.withLock { state -> CheckedContinuation<Void, Never>? in
                state.busy -= 1
                return state.takeEnd()
            }
            end?.resume()
        }
    }
}
