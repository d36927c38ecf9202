// Part of Tillbridge. See LICENSE.

/// Runs jobs that outlive the request that asked for them: a wallet call must end in the store although the register
/// has hung up. Jobs are children of whoever calls ``run()``.
final class JobQueue: Sendable {
    typealias Job = @Sendable () async -> Void

    private let stream: AsyncStream<(Job, EventLoopsExecutor)>
    private let continuation: AsyncStream<(Job, EventLoopsExecutor)>.Continuation

    init() { (stream, continuation) = AsyncStream<(Job, EventLoopsExecutor)>.makeStream() }

    /// The job stays with the event loop that it is submitted from.
    func submit(_ job: @escaping Job) { continuation.yield((job, .here)) }

    /// No job is taken any more; ``run()`` returns when those that run have ended.
    func finish() { continuation.finish() }

    func run() async {
        await withDiscardingTaskGroup { group in
            for await (job, executor) in stream { group.addTask(executorPreference: executor) { await job() } }
        }
    }
}
