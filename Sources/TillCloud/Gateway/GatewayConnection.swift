// Part of Tillbridge. See LICENSE.
import NIOCore
import NIOHTTP1
import TillLoops
import TillProtocol

/// What is answered to a request that is not read to its end.
enum Refusal {
    static let tooLarge = Problem(.tooLarge, detail: "The body is too large.")
    static let tooSlow = Problem(
        .malformed,
        detail: Array("The request did not arrive in time.".utf8),
        status: 408
    )
}

/// The end of one connection to a ``GatewayServer``: reads a request within its limits, hands it on, writes the answer.
///
/// It does so as a plain handler, and a request is one task on its connection's own thread: on a machine that has just
/// slept, every layer that a payment passes costs several times of what it costs in a loop.
final class GatewayConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private struct Arrival {
        let head: HTTPRequestHead
        let path: String
        let limit: Int
        var body: [UInt8] = []
    }

    private enum Phase {
        case idle
        case reading(Arrival)
        /// A whole request is being answered.
        case answering
        /// The connection ends; nothing more is read.
        case closing
    }

    private let handler: any GatewayHandler
    private let idleTime: TimeAmount
    private var phase = Phase.idle
    private var lastRead = NIODeadline.now()
    private var alarm: Scheduled<Void>?

    /// - Parameter idleTime: For a connection on which nothing is read and nothing waits for its answer.
    init(handler: any GatewayHandler, idleTime: TimeAmount) {
        self.handler = handler
        self.idleTime = idleTime
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { watch(context, until: .now() + idleTime) }
    }

    func channelActive(context: ChannelHandlerContext) {
        if alarm == nil { watch(context, until: .now() + idleTime) }
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        phase = .closing
        alarm?.cancel()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        phase = .closing
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        lastRead = .now()
        switch (unwrapInboundIn(data), phase) {
        case (.head(let head), .idle): begin(head, context)
        case (.body(let piece), .reading(var arrival)):
            // Not two references to one array while it grows.
            phase = .idle
            guard arrival.body.count + piece.readableBytes <= arrival.limit else {
                return refuse(Refusal.tooLarge, context)
            }
            arrival.body += piece.readableBytesView
            phase = .reading(arrival)
        case (.end, .reading(let arrival)): answer(arrival, context)
        default: break
        }
    }

    // MARK: Reading

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let path = String(head.uri.prefix { $0 != "?" })
        guard let limit = handler.bodyLimit(method: head.method.rawValue, path: path) else {
            return refuse(Problem(.notFound, detail: "See /openapi.json."), context)
        }
        if let problem = GatewayConnection.framing(head, limit: limit) { return refuse(problem, context) }
        phase = .reading(Arrival(head: head, path: path, limit: limit))
    }

    /// `Content-Length` only: no chunks, no trailers, no `Expect`.
    private static func framing(_ head: HTTPRequestHead, limit: Int) -> Problem? {
        if head.headers.contains(name: "Transfer-Encoding") || head.headers.contains(name: "Expect") {
            return Problem(.malformed, detail: "Send Content-Length, no transfer coding, no Expect.")
        }
        guard head.method == .POST else { return nil }
        guard let length = head.headers.first(name: "Content-Length").flatMap({ Int($0) }) else {
            return Problem(.malformed, detail: Array("Content-Length is missing.".utf8), status: 411)
        }
        return length > limit ? Refusal.tooLarge : nil
    }

    // MARK: Answering

    private func answer(_ arrival: Arrival, _ context: ChannelHandlerContext) {
        phase = .answering
        var headers = TillProtocol.HTTPHeaders()
        for (name, value) in arrival.head.headers { headers.add(name.utf8, value.utf8) }
        let request = GatewayRequest(
            method: arrival.head.method.rawValue,
            path: arrival.path,
            headers: headers,
            body: arrival.body
        )
        let closes = !arrival.head.isKeepAlive
        let (handler, loop) = (handler, context.eventLoop)
        let end = NIOLoopBound((self, context), eventLoop: loop)
        Task(executorPreference: EventLoopsExecutor.here) {
            let answer = await handler.answer(request)
            @Sendable func write() { end.value.0.finish(answer, closes: closes, end.value.1) }
            if loop.inEventLoop { write() } else { loop.execute(write) }
        }
    }

    private func finish(_ answer: GatewayAnswer, closes: Bool, _ context: ChannelHandlerContext) {
        guard case .answering = phase else { return }
        phase = closes ? .closing : .idle
        answer.write(to: context, closes: closes)
        if !closes { watch(context, until: .now() + idleTime) }
    }

    /// What was refused unread still stands on the connection: it ends here, whatever the client would like.
    private func refuse(_ problem: Problem, _ context: ChannelHandlerContext) {
        phase = .closing
        GatewayAnswer(problem).write(to: context, closes: true)
    }

    // MARK: Idling

    private func watch(_ context: ChannelHandlerContext, until moment: NIODeadline) {
        alarm?.cancel()
        alarm = context.eventLoop.assumeIsolated().scheduleTask(deadline: moment) { self.look(context) }
    }

    private func look(_ context: ChannelHandlerContext) {
        // Who waits for an answer may wait; the end of that answer sets the alarm again.
        if case .answering = phase { return }
        let end = lastRead + idleTime
        guard end <= .now() else { return watch(context, until: end) }
        phase = .closing
        context.close(promise: nil)
    }
}

extension GatewayAnswer {
    /// Head, body and end, in one flush.
    ///
    /// - Parameter closes: Whether the connection ends behind them.
    func write(to context: ChannelHandlerContext, closes: Bool) {
        let (head, body) = parts(closes: closes)
        context.write(NIOAny(HTTPServerResponsePart.head(head)), promise: nil)
        context.write(NIOAny(HTTPServerResponsePart.body(.byteBuffer(body))), promise: nil)
        let written = context.writeAndFlush(NIOAny(HTTPServerResponsePart.end(nil)))
        if closes { written.assumeIsolated().whenComplete { _ in context.close(promise: nil) } }
    }

    private func parts(closes: Bool) -> (head: HTTPResponseHead, body: ByteBuffer) {
        var fields = NIOHTTP1.HTTPHeaders()
        fields.reserveCapacity(headers.count + 3)
        fields.add(name: "Content-Type", value: contentType)
        for header in headers { fields.add(name: header.name, value: header.value) }
        fields.add(name: "Content-Length", value: String(body.count))
        if closes { fields.add(name: "Connection", value: "close") }
        let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: fields)
        return (head, ByteBuffer(bytes: body))
    }
}
