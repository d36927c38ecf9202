// Part of Tillbridge. See LICENSE.
import NIOCore
import NIOTLS
import TillDomain
import TillEngine
import TillProtocol

/// A register's connection: reads one request, has it forwarded or answers it, writes the answer, reads the next.
///
/// It is its own timer entry, its own queue ticket and its own exchange, so that a request costs no object.
final class FrontConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Waiting: Equatable {
        case forPlace, forConnection
    }

    private enum State {
        case handshaking
        /// No byte of a request yet.
        case idle
        case receiving
        /// The whole request is here, and this connection has asked too often.
        case throttled
        case waiting(Waiting)
        case forwarded(UpstreamConnection, UpstreamJob, deadline: Int64)
        /// The answer is written, and the register does not take it.
        case stalled
        /// The last answer is on its way; whatever comes is thrown away.
        case ending
        case closed
    }

    private let shard: Shard
    private let usesTLS: Bool
    private let address: SocketAddress?
    private(set) var slot = -1
    private var context: ChannelHandlerContext?
    private var state = State.idle
    private var framer = RequestFramer()
    private var received: ByteBuffer?
    private var exchange: Exchange?
    private var bucket: TokenBucket?
    /// Bytes came after a request and before its answer. They are dropped, and the connection ends with the answer.
    private var hasExcess = false

    init(shard: Shard, usesTLS: Bool, address: SocketAddress?) {
        self.shard = shard
        self.usesTLS = usesTLS
        self.address = address
    }

    // MARK: Channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        slot = shard.add(self)
        bucket = shard.settings.limits.requests.map { TokenBucket(policy: $0, at: shard.eventLoop.milliseconds) }
        if usesTLS {
            state = .handshaking
            shard.setDeadline(slot, shard.eventLoop.milliseconds + shard.settings.times.handshake)
        } else {
            becomeIdle()
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        leave()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshaking = state, let event = event as? TLSUserEvent, case .handshakeCompleted = event {
            becomeIdle()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Resets and broken TLS: the register comes back by itself.
        close()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if case .stalled = state, context.channel.isWritable {
            // What came meanwhile was dropped, so nothing after it can be read either.
            if hasExcess { close() } else { becomeIdle() }
        }
        context.fireChannelWritabilityChanged()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        switch state {
        case .idle, .receiving:
            if received == nil {
                received = bytes
            } else {
                received?.writeBuffer(&bytes)
            }
            readRequest()
        case .throttled, .waiting, .forwarded, .stalled, .handshaking:
            // One request at a time: what follows is neither kept nor understood.
            hasExcess = true
            try? context.channel.syncOptions?.setOption(.autoRead, value: false)
        case .ending, .closed:
            break
        }
    }

    private func readRequest() {
        guard var buffer = received else { return }
        do throws(FramingFault) {
            guard let head = try framer.advance(buffer) else {
                beginReceiving()
                return
            }
            received = nil
            framer.reset()
            guard let request = buffer.readSlice(length: head.length) else { return }
            if buffer.readableBytes > 0 { hasExcess = true }
            exchange = Exchange(head: head, request: request, beganAt: shard.eventLoop.microseconds)
            start()
        } catch {
            shard.counters.count(error)
            shard.counters.count(.framing)
            received = nil
            finish(with: LocalAnswers.refused(error))
        }
    }

    private func beginReceiving() {
        guard case .idle = state else { return }
        state = .receiving
        shard.setDeadline(slot, shard.eventLoop.milliseconds + shard.settings.times.request)
    }

    private func becomeIdle() {
        state = .idle
        let times = shard.settings.times
        let patience = shard.isDraining ? times.drainIdle : times.idle
        shard.setDeadline(slot, shard.eventLoop.milliseconds + patience)
    }

    // MARK: A request

    private func start() {
        if let policy = shard.settings.limits.requests,
            let pause = bucket?.take(policy: policy, at: shard.eventLoop.milliseconds),
            pause > 0
        {
            shard.counters.throttled += 1
            state = .throttled
            shard.setDeadline(slot, shard.eventLoop.milliseconds + pause)
            return
        }
        guard let exchange else { return }
        if exchange.head.call == .heartbeat {
            answerHeartbeat(exchange)
        } else {
            shard.route(self, exchange.head)
        }
    }

    private func answerHeartbeat(_ exchange: Exchange) {
        var body = exchange.request
        body.moveReaderIndex(forwardBy: exchange.head.headLength)
        self.exchange = nil
        let closing = isLastAnswer(exchange.head)
        do throws(MessageError) {
            let answer = try shard.answerHeartbeat(body)
            write(LocalAnswers.heartbeat(answer, closing: closing), closing: closing)
        } catch {
            write(LocalAnswers.malformed(error, closing: closing), closing: closing)
        }
    }

    /// What an upstream needs to send the request, while there is one.
    func requestToSend(number: UInt64) -> (ByteBuffer, UpstreamJob)? {
        guard case .waiting = state, let exchange else { return nil }
        let job = UpstreamJob(
            number: number,
            slot: slot,
            requestClass: exchange.head.requestClass,
            permit: exchange.permit
        )
        return (exchange.request, job)
    }

    var permit: CircuitBreaker.Permit? { exchange?.permit }
    var requestClass: RequestClass? { exchange?.head.requestClass }

    func beginAttempt(at cloud: CloudName, permit: CircuitBreaker.Permit) {
        exchange?.begin(at: cloud, permit: permit)
        state = .waiting(.forConnection)
        shard.clearDeadline(slot)
    }

    func wait(_ waiting: Waiting, until deadline: Int64?) {
        state = .waiting(waiting)
        if let deadline { shard.setDeadline(slot, deadline) } else { shard.clearDeadline(slot) }
    }

    /// From here on nobody can say that the request was not forwarded.
    func forwarded(_ job: UpstreamJob, on connection: UpstreamConnection, until deadline: Int64) {
        exchange?.sentAt = shard.eventLoop.microseconds
        state = .forwarded(connection, job, deadline: deadline)
        shard.setDeadline(slot, deadline)
    }

    /// Whether a failed connection may be tried once more for this request.
    func mayRetryConnect() -> Bool {
        guard var exchange, exchange.connectTries == 0 else { return false }
        exchange.connectTries += 1
        self.exchange = exchange
        return true
    }

    /// A cloud refused to take the request on.
    func turnedAway(by cloud: CloudName, _ reason: NotForwardedReason) {
        exchange?.skip(cloud)
        attemptFailed(reason)
    }

    /// The cloud that was tried cannot take the request, and no byte of it was written there.
    func attemptFailed(_ reason: NotForwardedReason) {
        guard let exchange else { return }
        shard.counters.count(reason, exchange.cloud)
        if exchange.head.target == .any, !exchange.hasTried(exchange.cloud.other) {
            shard.forward(self, exchange.head, to: exchange.cloud.other)
        } else if let fallback = exchange.fallback {
            deliver(fallback.head, fallback.bytes)
        } else if exchange.sentAt > 0 {
            answerMissing()
        } else {
            let closing = isLastAnswer(exchange.head)
            conclude(.notForwarded, status: 503)
            write(LocalAnswers.notForwarded(reason, closing: closing), closing: closing)
        }
    }

    /// The cloud's answer, whole.
    func answered(_ head: AnswerHead, _ bytes: ByteBuffer) {
        guard var exchange else { return }
        if exchange.head.call == .activate, exchange.head.target == .any, NotHome.isSaid(by: head, bytes) {
            shard.isNotHome(exchange.cloud)
            if !exchange.hasTried(exchange.cloud.other) {
                exchange.fallback = (head, bytes)
                self.exchange = exchange
                shard.forward(self, exchange.head, to: exchange.cloud.other)
                return
            }
        }
        deliver(head, bytes)
    }

    /// The request was sent and no whole answer came.
    func answerMissing() {
        guard let exchange else { return }
        let closing = isLastAnswer(exchange.head)
        conclude(.unknown, status: 504)
        write(LocalAnswers.unknown(closing: closing), closing: closing)
    }

    private func deliver(_ head: AnswerHead, _ bytes: ByteBuffer) {
        guard let exchange else { return }
        let closing = isLastAnswer(exchange.head) || head.closes
        conclude(head.status == 200 ? .answered : .refused, status: head.status, answerBytes: bytes.readableBytes)
        write(closing && !head.closes ? LocalAnswers.closing(bytes) : bytes, closing: closing)
    }

    private func isLastAnswer(_ head: RequestHead) -> Bool { head.closes || hasExcess || shard.isDraining }

    /// Counts and logs the exchange; it is over.
    private func conclude(_ outcome: RequestOutcome, status: Int, answerBytes: Int = 0) {
        guard let exchange else { return }
        self.exchange = nil
        shard.conclude(exchange, outcome, status: status, answerBytes: answerBytes, address: address)
    }

    // MARK: Answers and ends

    private func write(_ answer: ByteBuffer, closing: Bool) {
        guard let context else { return }
        if closing {
            if hasExcess { shard.counters.count(.pipelined) }
            finish(with: answer)
            return
        }
        // The state is settled before the write, which may fail at once and close the connection.
        becomeIdle()
        context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
        if case .idle = state, !context.channel.isWritable {
            state = .stalled
            shard.setDeadline(slot, shard.eventLoop.milliseconds + shard.settings.times.stall)
        }
    }

    /// Writes the last answer, says that no more comes, and waits a moment for the register to close: closing at once
    /// could destroy an answer that it has not read yet.
    private func finish(with answer: ByteBuffer) {
        guard let context else { return }
        state = .ending
        shard.setDeadline(slot, shard.eventLoop.milliseconds + shard.settings.times.linger)
        if hasExcess { try? context.channel.syncOptions?.setOption(.autoRead, value: true) }
        context.writeAndFlush(wrapOutboundOut(answer)).assumeIsolated().whenComplete { _ in
            self.context?.close(mode: .output, promise: nil)
        }
    }

    /// Its deadline has passed.
    func deadlinePassed(at now: Int64) {
        switch state {
        case .handshaking:
            shard.counters.count(.slowHandshake)
            close()
        case .idle:
            shard.counters.count(shard.isDraining ? .drain : .idle)
            close()
        case .receiving:
            shard.counters.count(.slowRequest)
            close()
        case .stalled:
            shard.counters.count(.stalledReader)
            close()
        case .throttled:
            start()
        case .waiting:
            guard let exchange else { return }
            shard.upstream(exchange.cloud).withdraw(self, exchange.head.requestClass, permit: exchange.permit)
            attemptFailed(.connectFailed)
        case .forwarded(let connection, let job, _):
            guard let exchange else { return }
            shard.upstream(exchange.cloud).giveUp(connection, job)
            answerMissing()
        case .ending:
            close()
        case .closed:
            break
        }
    }

    /// The process is about to end: what has no request in flight goes soon, what has one says `close` in its answer.
    func drain() {
        if case .idle = state { becomeIdle() }
    }

    func close() {
        guard let context else { return }
        context.close(promise: nil)
    }

    /// The register's side is gone, whoever ended it.
    private func leave() {
        let last = state
        if case .closed = last { return }
        state = .closed
        received = nil
        if let exchange {
            let upstream = shard.upstream(exchange.cloud)
            switch last {
            case .waiting: upstream.withdraw(self, exchange.head.requestClass, permit: exchange.permit)
            case .forwarded(let connection, let job, let deadline):
                upstream.orphan(connection, job, until: deadline)
            case .handshaking, .idle, .receiving, .throttled, .stalled, .ending, .closed: break
            }
            if exchange.head.call != .heartbeat { conclude(.abandoned, status: 0) }
        }
        shard.remove(slot)
    }
}
