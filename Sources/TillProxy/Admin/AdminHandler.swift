// Part of Tillbridge. See LICENSE.
import NIOCore
import NIOHTTP1

/// What operators ask on the loopback port.
enum AdminPage: Sendable {
    case metrics, health, readiness

    init?(path: String) {
        switch path {
        case "/metrics": self = .metrics
        case "/healthz": self = .health
        case "/readyz": self = .readiness
        default: return nil
        }
    }
}

struct AdminAnswer: Sendable {
    var status: HTTPResponseStatus
    var contentType = "text/plain; charset=utf-8"
    var body: String
}

/// A small plain HTTP server for `/metrics`, `/healthz` and `/readyz`.
final class AdminHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answer: @Sendable (AdminPage, any EventLoop) -> EventLoopFuture<AdminAnswer>
    private var request: HTTPRequestHead?

    init(answer: @escaping @Sendable (AdminPage, any EventLoop) -> EventLoopFuture<AdminAnswer>) {
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): request = head
        case .body: break
        case .end:
            guard let request else { return }
            self.request = nil
            respond(to: request, context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func respond(to request: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard request.method == .GET else {
            write(AdminAnswer(status: .methodNotAllowed, body: "Only GET is accepted.\n"), request, context)
            return
        }
        guard let page = AdminPage(path: request.uri) else {
            write(
                AdminAnswer(status: .notFound, body: "There are /metrics, /healthz and /readyz.\n"),
                request,
                context
            )
            return
        }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        answer(page, context.eventLoop).hop(to: context.eventLoop).assumeIsolated().whenComplete { result in
            switch result {
            case .success(let answer): self.write(answer, request, bound.value)
            case .failure: bound.value.close(promise: nil)
            }
        }
    }

    private func write(_ answer: AdminAnswer, _ request: HTTPRequestHead, _ context: ChannelHandlerContext) {
        var headers = HTTPHeaders()
        headers.add(name: "Content-Type", value: answer.contentType)
        headers.add(name: "Content-Length", value: String(answer.body.utf8.count))
        headers.add(name: "Cache-Control", value: "no-store")
        if !request.isKeepAlive { headers.add(name: "Connection", value: "close") }
        let head = HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: answer.body)))), promise: nil)
        let done = context.writeAndFlush(wrapOutboundOut(.end(nil)))
        if !request.isKeepAlive {
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            done.assumeIsolated().whenComplete { _ in bound.value.close(promise: nil) }
        }
    }
}
