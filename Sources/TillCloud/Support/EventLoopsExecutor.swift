// Part of Tillbridge. See LICENSE.
import NIOCore
import NIOPosix

/// Runs tasks on the threads of the event loops. What a connection wakes goes on on that connection's thread, so that
/// a payment changes threads for its commits and for little else: on a quiet machine the waking of another thread
/// takes longer than most of what would be done there.
///
/// A task may keep its thread for about a millisecond, as an RSA signature does, and must never block for longer.
final class EventLoopsExecutor: TaskExecutor {
    static let shared = EventLoopsExecutor()

    /// The loop of this thread, or else any.
    static var loop: any EventLoop {
        MultiThreadedEventLoopGroup.currentEventLoop ?? MultiThreadedEventLoopGroup.singleton.next()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        EventLoopsExecutor.loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
