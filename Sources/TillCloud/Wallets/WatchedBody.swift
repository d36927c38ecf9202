// Part of Tillbridge. See LICENSE.
import Synchronization

/// The body of one wallet request, which notices the moment at which it is handed over for writing.
///
/// The HTTP client asks for a body's bytes on the connection's event loop, directly after it has written the request's
/// head and directly before it writes the body. That makes it the last place where a payment can still be held back,
/// and the one place that knows whether a byte can have left: as long as it was not asked, nothing was written.
struct WatchedBody: Collection, Sendable {
    final class Watch: Sendable {
        enum State { case untouched, handedOver, heldBack }

        private let state = Mutex(State.untouched)
        private let mayWrite: @Sendable () -> Bool

        init(mayWrite: @escaping @Sendable () -> Bool) { self.mayWrite = mayWrite }

        var current: State { state.withLock { $0 } }

        fileprivate func handOver() -> Bool {
            state.withLock { state in
                if state == .untouched { state = mayWrite() ? .handedOver : .heldBack }
                return state == .handedOver
            }
        }
    }

    private let bytes: [UInt8]
    private let watch: Watch

    init(_ bytes: [UInt8], watch: Watch) {
        self.bytes = bytes
        self.watch = watch
    }

    var startIndex: Int { 0 }
    var endIndex: Int { bytes.count }
    func index(after index: Int) -> Int { index + 1 }
    subscript(position: Int) -> UInt8 { bytes[position] }

    /// What the client copies the body with. Held back, the body is empty; the client then fails the request for its
    /// wrong length and closes the connection, and the wallet is left with a head that announces a body.
    func withContiguousStorageIfAvailable<Result>(
        _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
    ) rethrows -> Result? {
        try watch.handOver()
            ? bytes.withContiguousStorageIfAvailable(body) : body(UnsafeBufferPointer(start: nil, count: 0))
    }
}
