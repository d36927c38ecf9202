// Part of Tillbridge. See LICENSE.
import Synchronization

/// Gathers the ports of the servers as they begin to listen.
final class ListeningPorts: Sendable {
    private let expected: Int
    private let stream: AsyncStream<(isTLS: Bool, port: Int)>
    private let continuation: AsyncStream<(isTLS: Bool, port: Int)>.Continuation

    init(expected: Int) {
        self.expected = expected
        (stream, continuation) = AsyncStream.makeStream()
    }

    func add(_ port: Int, isTLS: Bool) { continuation.yield((isTLS, port)) }

    func close() { continuation.finish() }

    /// The ports by whether they speak TLS; nil if the servers ended before all listened.
    func all() async -> [Bool: Int]? {
        var ports: [Bool: Int] = [:]
        for await (isTLS, port) in stream {
            ports[isTLS] = port
            if ports.count == expected { return ports }
        }
        return nil
    }
}
