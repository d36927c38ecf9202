// Part of Tillbridge. See LICENSE.

/// Runs jobs that outlive the request that asked for them: a wallet call must end in the store although the register
/// has hung up. Jobs are children of whoever calls ``run()``.
final class JobQueue: Sendable {
    typealias Job = @Sendable () async -> Void

    private let stream: AsyncStream<Job>
    private let continuation: AsyncStream<Job>.Continuation

    init() { (stream, continuation) = AsyncStream<Job>.makeStream() }

    func submit(_ job: @escaping Job) { continuation.yield(job) }

    /// No job is taken any more; ``run()`` returns when those that run have ended.
    func finish() { continuation.finish() }

    func run() async {
        await withDiscardingTaskGroup { group in
            for await job in stream { group.addTask { await job() } }
        }
    }
}
