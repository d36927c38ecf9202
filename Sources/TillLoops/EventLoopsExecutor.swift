// Part of Tillbridge. See LICENSE.
package import NIOCore
import NIOPosix

/// Runs tasks on the threads of the event loops. What a connection wakes goes on on that connection's thread, so that
/// a payment changes threads for its commits and for little else: on a quiet machine the waking of another thread
/// takes longer than most of what would be done there.
///
/// A task may keep its thread for about a millisecond, as an RSA signature does, and must never block for longer.
package final class EventLoopsExecutor: TaskExecutor {
    /// Goes on on the thread that it is called from, and from any other on one of the loops.
    package static let shared = EventLoopsExecutor(of: nil)

    private static let pinned = Dictionary(
        uniqueKeysWithValues: MultiThreadedEventLoopGroup.singleton.makeIterator().map { loop in
            (ObjectIdentifier(loop), EventLoopsExecutor(of: loop))
        }
    )

    /// Comes back to one loop, from the commit's thread too; nil: see ``shared``.
    private let home: (any EventLoop)?

    private init(of loop: (any EventLoop)?) { home = loop }

    /// The executor that comes back to the loop of this thread.
    package static var here: EventLoopsExecutor {
        MultiThreadedEventLoopGroup.currentEventLoop.flatMap { pinned[ObjectIdentifier($0)] } ?? shared
    }

    /// The loop of this thread, or else any.
    package static var loop: any EventLoop {
        MultiThreadedEventLoopGroup.currentEventLoop ?? MultiThreadedEventLoopGroup.singleton.next()
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        (home ?? EventLoopsExecutor.loop).execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
