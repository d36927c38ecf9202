// Part of Tillbridge. See LICENSE.
import NIOCore
import NIOPosix

/// Writes bytes as they are and reads until the server closes, or for a moment.
enum RawClient {
    static func exchange(port: Int, _ text: String) async throws -> String {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: text))
            return try await withThrowingTaskGroup(of: String?.self) { group in
                group.addTask {
                    var answer = ""
                    // A server that refuses may reset the connection.
                    do { for try await part in inbound { answer += String(buffer: part) } } catch {}
                    return answer
                }
                group.addTask {
                    try await Task.sleep(for: .seconds(10))
                    return nil
                }
                defer { group.cancelAll() }
                return try await group.next().flatMap { $0 } ?? "nothing"
            }
        }
    }
}
