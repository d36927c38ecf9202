// Part of Tillbridge. See LICENSE.
import NIOCore
import TillDomain
import TillEngine

/// One cloud as one event loop sees it: admission, breaker and a pool of connections, shared with no other loop.
final class Upstream: UpstreamOwner {
    let name: CloudName
    private unowned let shard: Shard
    private let connector: CloudConnector
    private let times: ProxySettings.Times
    private let maximumOpening: Int
    private(set) var gate: AdmissionGate
    private(set) var breaker = CircuitBreaker()
    /// The most recently used is last, so that a surplus grows old and is closed.
    private var idle: [UpstreamConnection] = []
    /// Admitted requests (slots) that have no connection yet, in order.
    private var waiters: [Int] = []
    private(set) var opening = 0
    private(set) var busy = 0
    private var nextJob: UInt64 = 0
    var isUp = false { didSet { if isUp != oldValue { reachabilityChanged() } } }

    init(name: CloudName, shard: Shard, connector: CloudConnector, settings: ProxySettings, shards: Int) {
        self.name = name
        self.shard = shard
        self.connector = connector
        times = settings.times
        maximumOpening = settings.limits.connecting
        gate = AdmissionGate(policy: AdmissionGate.Policy(limit: settings.limits.concurrency.divided(by: shards)))
    }

    var idleCount: Int { idle.count }

    // MARK: Requests

    /// Takes a request on: it goes now, waits for a place, or is refused with a reason.
    func take(_ front: FrontConnection, _ requestClass: RequestClass) -> NotForwardedReason? {
        guard isUp else { return .cloudDown }
        let now = shard.eventLoop.milliseconds
        guard let permit = breaker.admit(requestClass, at: now) else { return .breakerOpen }
        front.beginAttempt(at: name, permit: permit)
        switch gate.arrive(front.slot, requestClass, at: now) {
        case .go:
            assign(front)
        case .queued:
            front.wait(.forPlace, until: nil)
        case .shed:
            breaker.finish(permit, .unsent, at: now)
            return .busy
        }
        return nil
    }

    /// The register of a waiting request has left, or the request's time is over before anything was written.
    func withdraw(_ front: FrontConnection, _ requestClass: RequestClass, permit: CircuitBreaker.Permit) {
        let now = shard.eventLoop.milliseconds
        if gate.abandon(front.slot, requestClass) {
            breaker.finish(permit, .unsent, at: now)
            return
        }
        guard let index = waiters.firstIndex(of: front.slot) else { return }
        waiters.remove(at: index)
        finish(requestClass, permit, .other, .unsent)
        pump()
    }

    /// Refuses what waited too long for a place.
    func expire(at now: Int64) {
        while let slot = gate.expire(at: now) { refuse(slot, .busy) }
    }

    private func assign(_ front: FrontConnection) {
        while let connection = idle.popLast() {
            if write(front, to: connection) { return }
            // It died while it was idle. Nothing was written, so another one may be tried.
            shard.counters.staleReplaced += 1
        }
        waiters.append(front.slot)
        front.wait(.forConnection, until: shard.eventLoop.milliseconds + times.connect)
        openIfNeeded()
    }

    private func write(_ front: FrontConnection, to connection: UpstreamConnection) -> Bool {
        guard connection.isReusable, let (bytes, job) = front.requestToSend(number: nextJob) else { return false }
        nextJob += 1
        busy += 1
        front.forwarded(job, on: connection, until: shard.eventLoop.milliseconds + times.answer)
        // `isReusable` was asked just before, on the same event loop: this cannot be refused.
        let isSent = connection.send(bytes, for: job)
        precondition(isSent, "a reusable connection refused a request")
        return true
    }

    private func refuse(_ slot: Int, _ reason: NotForwardedReason) {
        guard let front = shard.front(slot) else { return }
        if let permit = front.permit { breaker.finish(permit, .unsent, at: shard.eventLoop.milliseconds) }
        front.attemptFailed(reason)
    }

    private func finish(
        _ requestClass: RequestClass,
        _ permit: CircuitBreaker.Permit,
        _ ending: AdmissionGate.Ending,
        _ outcome: CircuitBreaker.Outcome
    ) {
        let now = shard.eventLoop.milliseconds
        gate.finish(requestClass, ending, at: now)
        breaker.finish(permit, outcome, at: now)
    }

    /// Lets waiting requests go while there are places.
    private func pump() {
        while let slot = gate.next() {
            guard let front = shard.front(slot) else { preconditionFailure("a request waits without its register") }
            assign(front)
        }
    }

    // MARK: Connections

    private func openIfNeeded() {
        while opening < min(waiters.count, maximumOpening) { open() }
    }

    private func open() {
        opening += 1
        connector.open(on: shard.eventLoop, within: times.connect, for: self)
    }

    func connectionReady(_ connection: UpstreamConnection) {
        opening -= 1
        offer(connection)
    }

    func connectionFailed(_ connection: UpstreamConnection) {
        opening -= 1
        shard.connectFailed(name)
        guard let slot = waiters.first, let front = shard.front(slot) else { return }
        // The first one waiting pays for the failure; one more try is all that anybody gets.
        guard isUp, front.mayRetryConnect() else {
            waiters.removeFirst()
            if let permit = front.permit, let requestClass = front.requestClass {
                finish(requestClass, permit, .other, .unsent)
            }
            front.attemptFailed(.connectFailed)
            pump()
            openIfNeeded()
            return
        }
        openIfNeeded()
    }

    func connection(
        _ connection: UpstreamConnection,
        answered job: UpstreamJob,
        with head: AnswerHead,
        _ bytes: ByteBuffer
    ) {
        busy -= 1
        finish(job.requestClass, job.permit, head.status == 503 ? .overloaded : .answered, .answered)
        if connection.isReusable { offer(connection) }
        if let slot = job.slot { shard.front(slot)?.answered(head, bytes) }
        pump()
    }

    func connectionLost(_ connection: UpstreamConnection, during job: UpstreamJob?) {
        guard let job else {
            if let index = idle.firstIndex(where: { $0 === connection }) { idle.remove(at: index) }
            return
        }
        busy -= 1
        finish(job.requestClass, job.permit, .other, .unanswered)
        if let slot = job.slot { shard.front(slot)?.answerMissing() }
        pump()
    }

    /// The answer did not come in time: the connection is of no use any more.
    func giveUp(_ connection: UpstreamConnection, _ job: UpstreamJob) {
        guard connection.isBusy(with: job.number) else { return }
        connection.abandon()
        busy -= 1
        finish(job.requestClass, job.permit, .overloaded, .unanswered)
        pump()
    }

    /// The register has left while its request is at the cloud: the request may finish, within its time.
    func orphan(_ connection: UpstreamConnection, _ job: UpstreamJob, until deadline: Int64) {
        connection.orphan()
        let wait = TimeAmount.milliseconds(max(0, deadline - shard.eventLoop.milliseconds))
        shard.eventLoop.assumeIsolated().scheduleTask(in: wait) { [weak connection] in
            if let connection { self.giveUp(connection, job) }
        }
    }

    private func offer(_ connection: UpstreamConnection) {
        while !waiters.isEmpty {
            guard let front = shard.front(waiters.removeFirst()) else { continue }
            if write(front, to: connection) { return }
            waiters.insert(front.slot, at: 0)
            return
        }
        idle.append(connection)
    }

    private func reachabilityChanged() {
        if isUp {
            // The first payment should not pay for a handshake.
            if idle.isEmpty, opening == 0 { open() }
            return
        }
        while let slot = gate.dismiss() { refuse(slot, .cloudDown) }
        closeIdle()
    }

    /// Closes connections that were not used for long; one is kept ready, and replaced before the cloud closes it.
    func closeOld(at now: Int64) {
        let limit = now - times.cloudIdle
        guard let oldest = idle.first, oldest.idleSince < limit else { return }
        var kept: [UpstreamConnection] = []
        for connection in idle {
            if connection.idleSince < limit { connection.abandon() } else { kept.append(connection) }
        }
        idle = kept
        if idle.isEmpty, opening == 0, isUp { open() }
    }

    func closeIdle() {
        for connection in idle { connection.abandon() }
        idle.removeAll()
    }
}

extension AdaptiveLimit.Policy {
    /// The part of one of `count` event loops.
    func divided(by count: Int) -> AdaptiveLimit.Policy {
        AdaptiveLimit.Policy(
            initial: max(2, initial / count),
            minimum: max(2, minimum / count),
            maximum: max(2, maximum / count),
            cutSpan: cutSpan
        )
    }
}
