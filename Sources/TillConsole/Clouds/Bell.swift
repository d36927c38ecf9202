// Part of Tillbridge. See LICENSE.
import Synchronization

/// Tells all who wait that there is news.
final class Bell: Sendable {
    private let listeners = Mutex<[Int: AsyncStream<Void>.Continuation]>([:])
    private let numbers = Atomic(0)

    func ring() { listeners.withLock { for listener in $0.values { listener.yield() } } }

    /// News from now on. What comes while nobody looks is one.
    func news() -> AsyncStream<Void> {
        let number = numbers.add(1, ordering: .relaxed).newValue
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        continuation.onTermination = { [weak self] _ in
            self?.listeners.withLock { $0[number] = nil }
        }
        listeners.withLock { $0[number] = continuation }
        return stream
    }
}
