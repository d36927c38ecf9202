// Part of Tillbridge. See LICENSE.
import NIOCore
import NIOPosix
import Synchronization

/// A server on loopback that treats its clients as a test says: bytes in, bytes out, or the door in the face.
final class RawServer: Sendable {
    enum Behaviour: Sendable {
        /// Closes before it reads anything.
        case closeAtOnce
        /// Reads until the request's head has come, then closes.
        case closeAfterHead
        /// Reads the whole request, then closes.
        case closeAfterRequest
        /// Reads the whole request and never answers.
        case silent
        /// Reads the whole request and writes these bytes.
        case answer(String)
        /// As `answer`, then closes.
        case answerAndClose(String)
    }

    let port: Int
    private let channel: any Channel
    private let log: Log

    private final class Log: Sendable {
        let requests = Mutex<[String]>([])
        let behaviour: Mutex<Behaviour>

        init(_ behaviour: Behaviour) { self.behaviour = Mutex(behaviour) }
    }

    init(_ behaviour: Behaviour) async throws {
        let log = Log(behaviour)
        self.log = log
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(log))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    var url: String { "http://127.0.0.1:\(port)" }

    /// What came, request by request; unfinished ones too.
    var requests: [String] { log.requests.withLock { $0 } }

    func behave(_ behaviour: Behaviour) { log.behaviour.withLock { $0 = behaviour } }

    func stop() async throws { try await channel.close() }

    static func http(_ body: String, status: String = "200 OK", headers: String = "") -> String {
        "HTTP/1.1 \(status)\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let log: Log
        private var index: Int?
        private var bytes: [UInt8] = []

        init(_ log: Log) { self.log = log }

        func channelActive(context: ChannelHandlerContext) {
            if case .closeAtOnce = log.behaviour.withLock({ $0 }) { context.close(promise: nil) }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            bytes += Array(buffer: unwrapInboundIn(data))
            let text = String(decoding: bytes, as: UTF8.self)
            let place = index
            index = log.requests.withLock { requests in
                guard let place else {
                    requests.append(text)
                    return requests.count - 1
                }
                requests[place] = text
                return place
            }
            guard let head = text.range(of: "\r\n\r\n") else { return }
            let behaviour = log.behaviour.withLock { $0 }
            if case .closeAfterHead = behaviour { return context.close(promise: nil) }
            let length =
                text[..<head.lowerBound].split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
                .flatMap { Int($0.split(separator: ":")[1].trimmingPrefix(while: { $0 == " " })) } ?? 0
            guard text[head.upperBound...].utf8.count >= length else { return }
            bytes = []
            index = nil
            switch behaviour {
            case .closeAtOnce, .closeAfterHead, .closeAfterRequest: context.close(promise: nil)
            case .silent: break
            case .answer(let answer): context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
            case .answerAndClose(let answer):
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
                context.close(promise: nil)
            }
        }
    }
}

extension String {
    fileprivate func range(of text: String) -> Range<String.Index>? { ranges(of: text).first }
}
