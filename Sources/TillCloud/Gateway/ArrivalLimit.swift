// Part of Tillbridge. See LICENSE.
import NIOCore
import NIOHTTP1

/// Ends a connection whose request has begun and does not arrive to its end in time, with one answer that says so.
///
/// A timer of the connection's own event loop costs next to nothing, where a task beside each request would cost two
/// changes of threads.
final class ArrivalLimit: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let limit: TimeAmount
    private let refusal: GatewayAnswer
    private var alarm: Scheduled<Void>?
    private var isOver = false

    init(limit: TimeAmount, refusal: GatewayAnswer) {
        self.limit = limit
        self.refusal = refusal
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        switch unwrapInboundIn(data) {
        case .head:
            alarm = context.eventLoop.assumeIsolated().scheduleTask(in: limit) { self.refuse(context) }
        case .body: break
        case .end:
            alarm?.cancel()
            alarm = nil
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard isOver else { return context.write(data, promise: promise) }
        promise?.fail(ChannelError.ioOnClosedChannel)
    }

    func channelInactive(context: ChannelHandlerContext) {
        alarm?.cancel()
        context.fireChannelInactive()
    }

    private func refuse(_ context: ChannelHandlerContext) {
        isOver = true
        refusal.write(to: context, closes: true)
    }
}
