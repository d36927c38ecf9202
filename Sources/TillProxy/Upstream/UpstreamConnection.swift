// Part of Tillbridge. See LICENSE.
import NIOCore
import NIOTLS
import TillEngine

/// Who uses a connection to a cloud. All calls come on the connection's event loop.
protocol UpstreamOwner: AnyObject {
    func connectionReady(_ connection: UpstreamConnection)
    /// It ended before it was ready.
    func connectionFailed(_ connection: UpstreamConnection)
    /// A whole answer came. The connection may take the next request if it is still ``UpstreamConnection/isReusable``.
    func connection(
        _ connection: UpstreamConnection,
        answered job: UpstreamJob,
        with head: AnswerHead,
        _ bytes: ByteBuffer
    )
    /// It ended after it was ready; `job` is the request whose answer is missing.
    func connectionLost(_ connection: UpstreamConnection, during job: UpstreamJob?)
}

/// The request that a connection carries.
struct UpstreamJob: Equatable, Sendable {
    /// Unique on its event loop.
    var number: UInt64
    /// The register's connection, or nil once the register has left.
    var slot: Int?
    var requestClass: RequestClass
    var permit: CircuitBreaker.Permit
}

/// One connection to a cloud: one request at a time, answers framed strictly, and never used again after the
/// slightest doubt about where an answer ends.
final class UpstreamConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase {
        /// TCP, then TLS where it is used.
        case opening
        case idle
        case busy(UpstreamJob)
        case closed
    }

    private let usesTLS: Bool
    private var owner: (any UpstreamOwner)?
    private var context: ChannelHandlerContext?
    private var phase = Phase.opening
    private var framer = AnswerFramer()
    private var received: ByteBuffer?
    private var openingTimer: Scheduled<Void>?
    /// When it was last used, in monotonic milliseconds.
    private(set) var idleSince: Int64 = 0

    init(owner: any UpstreamOwner, usesTLS: Bool) {
        self.owner = owner
        self.usesTLS = usesTLS
    }

    var isReusable: Bool {
        guard case .idle = phase, let context else { return false }
        return context.channel.isActive
    }

    /// Hands the request's bytes to the socket. False, and nothing was written, if the connection has died meanwhile.
    func send(_ bytes: ByteBuffer, for job: UpstreamJob) -> Bool {
        guard isReusable, let context else { return false }
        // Before the write: it may fail at once and come back to us as a lost connection.
        phase = .busy(job)
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        return true
    }

    /// The register has left; the answer, when it comes, is for nobody.
    func orphan() {
        guard case .busy(var job) = phase else { return }
        job.slot = nil
        phase = .busy(job)
    }

    func isBusy(with number: UInt64) -> Bool {
        guard case .busy(let job) = phase else { return false }
        return job.number == number
    }

    /// Ends the connection without telling the owner.
    func abandon() {
        phase = .closed
        end()
    }

    /// Ends the connection if it is not ready within `time` milliseconds. Called once, on the event loop.
    func limitOpening(on eventLoop: any EventLoop, milliseconds time: Int64) {
        openingTimer = eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(time)) { self.openingFailed() }
    }

    func openingFailed() {
        guard case .opening = phase else { return }
        let owner = owner
        phase = .closed
        end()
        owner?.connectionFailed(self)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        if !usesTLS { becomeReady() }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if usesTLS, let event = event as? TLSUserEvent, case .handshakeCompleted = event { becomeReady() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        guard case .busy(let job) = phase else {
            // Nobody asked: whatever this is, it must not become the answer to the next request.
            lose()
            return
        }
        if received == nil {
            received = bytes
        } else {
            received?.writeBuffer(&bytes)
        }
        guard var buffer = received else { return }
        do throws(FramingFault) {
            guard let head = try framer.advance(buffer) else { return }
            received = nil
            framer.reset()
            guard let answer = buffer.readSlice(length: head.length) else { return }
            finish(job, head, answer, hasMore: buffer.readableBytes > 0)
        } catch {
            lose()
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        lose()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        lose()
    }

    private func becomeReady() {
        guard case .opening = phase else { return }
        openingTimer?.cancel()
        openingTimer = nil
        phase = .idle
        idleSince = context?.eventLoop.milliseconds ?? 0
        owner?.connectionReady(self)
    }

    private func finish(_ job: UpstreamJob, _ head: AnswerHead, _ answer: ByteBuffer, hasMore: Bool) {
        let owner = owner
        if head.closes || hasMore {
            phase = .closed
            end()
        } else {
            phase = .idle
            idleSince = context?.eventLoop.milliseconds ?? 0
        }
        owner?.connection(self, answered: job, with: head, answer)
    }

    private func lose() {
        let owner = owner
        switch phase {
        case .closed: return
        case .opening: openingFailed()
        case .idle:
            phase = .closed
            end()
            owner?.connectionLost(self, during: nil)
        case .busy(let job):
            phase = .closed
            end()
            owner?.connectionLost(self, during: job)
        }
    }

    private func end() {
        openingTimer?.cancel()
        openingTimer = nil
        received = nil
        owner = nil
        context?.close(promise: nil)
    }
}
