// Part of Tillbridge. See LICENSE.
import NIOCore
import NIOHTTP1
import NIOTLS
import TillWallets

/// One request to a wallet on its way through a connection.
struct WalletExchange: Sendable {
    struct Reply: Sendable {
        let response: InboundResponse
        let headers: HTTPHeaders
    }

    let head: HTTPRequestHead
    let body: ByteBuffer
    /// The largest body that is read of an answer, in bytes.
    let answerLimit: Int
    /// The last check, directly before the first byte is written.
    let mayWrite: @Sendable () -> Bool
    let promise: EventLoopPromise<Reply>
}

/// The end of one connection to a wallet: one request at a time, written in one piece, and never used again after the
/// slightest doubt about where an answer ends.
final class WalletLine: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = WalletExchange
    typealias OutboundOut = HTTPClientRequestPart

    private enum Phase {
        /// TCP, then TLS where it is used.
        case opening(EventLoopPromise<Void>)
        case idle
        case waiting(WalletExchange)
        case reading(WalletExchange, HTTPResponseHead, ByteBuffer)
        case closed
    }

    private let usesTLS: Bool
    private let giveBack: @Sendable (any Channel) -> Void
    private var phase: Phase

    /// - Parameters:
    ///   - ready: Succeeds when the connection can take a request.
    ///   - giveBack: Called when it can take the next one.
    init(usesTLS: Bool, ready: EventLoopPromise<Void>, giveBack: @escaping @Sendable (any Channel) -> Void) {
        self.usesTLS = usesTLS
        self.giveBack = giveBack
        phase = .opening(ready)
    }

    func channelActive(context: ChannelHandlerContext) {
        if !usesTLS { becomeReady() }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if usesTLS, let event = event as? TLSUserEvent, case .handshakeCompleted = event { becomeReady() }
        context.fireUserInboundEventTriggered(event)
    }

    private func becomeReady() {
        guard case .opening(let ready) = phase else { return }
        phase = .idle
        ready.succeed()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let exchange = unwrapOutboundIn(data)
        guard case .idle = phase else {
            exchange.promise.fail(WalletSilence.noAnswer)
            promise?.succeed()
            return
        }
        guard exchange.mayWrite() else {
            exchange.promise.fail(WalletSilence.heldBack)
            promise?.succeed()
            giveBack(context.channel)
            return
        }
        phase = .waiting(exchange)
        context.write(wrapOutboundOut(.head(exchange.head)), promise: nil)
        if exchange.body.readableBytes > 0 {
            context.write(wrapOutboundOut(.body(.byteBuffer(exchange.body))), promise: nil)
        }
        context.write(wrapOutboundOut(.end(nil)), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data), phase) {
        case (.head(let head), .waiting(let exchange)): phase = .reading(exchange, head, ByteBuffer())
        case (.body(var piece), .reading(let exchange, let head, var body)):
            guard body.readableBytes + piece.readableBytes <= exchange.answerLimit else { return lose(context) }
            // Not two references to one buffer while it grows.
            phase = .closed
            body.writeBuffer(&piece)
            phase = .reading(exchange, head, body)
        case (.end, .reading(let exchange, let head, let body)): finish(exchange, head, body, context)
        // Nobody asked: whatever this is, it must not become the answer to the next request.
        default: lose(context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        lose(context)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { lose(context) }

    private func finish(
        _ exchange: WalletExchange,
        _ head: HTTPResponseHead,
        _ body: ByteBuffer,
        _ context: ChannelHandlerContext
    ) {
        if head.isKeepAlive {
            phase = .idle
            giveBack(context.channel)
        } else {
            phase = .closed
            context.close(promise: nil)
        }
        let response = InboundResponse(
            status: Int(head.status.code),
            headers: InboundResponse.headerNames.compactMap { name in
                // Twice is as good as not at all: nobody could say which one was signed.
                let values = head.headers[name]
                return values.count == 1 ? OutboundRequest.Header(name: name, value: values[0]) : nil
            },
            body: Array(buffer: body)
        )
        exchange.promise.succeed(WalletExchange.Reply(response: response, headers: head.headers))
    }

    private func lose(_ context: ChannelHandlerContext) {
        let lost = phase
        phase = .closed
        switch lost {
        case .opening(let ready): ready.fail(WalletSilence.neverLeft)
        case .waiting(let exchange), .reading(let exchange, _, _): exchange.promise.fail(WalletSilence.noAnswer)
        case .idle: break
        case .closed: return
        }
        context.close(promise: nil)
    }
}
