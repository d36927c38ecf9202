// Part of Tillbridge. See LICENSE.
import NIOCore
import TillDomain
import TillEngine

/// Everything of one event loop: its register connections, its pools, its counters. Nothing in here is shared, so
/// nothing is locked; what must be the same everywhere arrives as a copy (``HealthView``).
final class Shard {
    let eventLoop: any EventLoop
    let settings: ProxySettings
    var counters = Counters()
    private(set) var isDraining = false
    private var isStopped = false
    private(set) var view = HealthView()
    private(set) var openConnections = 0
    private var upstreams: [Upstream] = []
    /// Register connections by slot; deadlines lie beside them in one block, because all are looked at at each tick.
    private var fronts: [FrontConnection?] = []
    private var deadlines: ContiguousArray<Int64> = []
    private var freeSlots: [Int] = []
    private let accessLog: AccessLog.Page?
    private let reportConnectFailure: (CloudName) -> Void
    private var ticker: RepeatedTask?
    private var ticks = 0
    private var whenEmpty: EventLoopPromise<Void>?
    /// The cloud that answered an activation last.
    private var configurationHome = CloudName.a
    /// Registers whose heartbeats were answered since the last report.
    private var present: Set<RegisterID> = []
    private var presenceLines: [PresenceLine] = []

    /// How often deadlines are looked at, in milliseconds.
    static let tick: Int64 = 50
    /// How often clouds hear which registers are there, in ticks: every 15 seconds.
    static let presenceTicks = 300

    init(
        eventLoop: any EventLoop,
        settings: ProxySettings,
        connectors: [CloudConnector],
        shards: Int,
        accessLog: AccessLog.Page?,
        reportConnectFailure: @escaping (CloudName) -> Void
    ) {
        self.eventLoop = eventLoop
        self.settings = settings
        self.accessLog = accessLog
        self.reportConnectFailure = reportConnectFailure
        upstreams = CloudName.allCases.map { name in
            // A cloud that was not configured is one that is never up.
            let connector = connectors.first { $0.address.name == name } ?? .nowhere(name)
            presenceLines.append(
                PresenceLine(eventLoop: eventLoop, connector: connector, timeout: settings.times.connect)
            )
            return Upstream(name: name, shard: self, connector: connector, settings: settings, shards: shards)
        }
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        ticker = eventLoop.scheduleRepeatedTask(
            initialDelay: .milliseconds(Self.tick),
            delay: .milliseconds(Self.tick)
        ) { _ in bound.value.passTime() }
    }

    func upstream(_ name: CloudName) -> Upstream { upstreams[name.index] }

    // MARK: Register connections

    func add(_ front: FrontConnection) -> Int {
        openConnections += 1
        counters.accepted += 1
        if let slot = freeSlots.popLast() {
            fronts[slot] = front
            return slot
        }
        fronts.append(front)
        deadlines.append(.max)
        return fronts.count - 1
    }

    func remove(_ slot: Int) {
        openConnections -= 1
        fronts[slot] = nil
        deadlines[slot] = .max
        freeSlots.append(slot)
        if openConnections == 0 {
            whenEmpty?.succeed()
            whenEmpty = nil
        }
    }

    func front(_ slot: Int) -> FrontConnection? { fronts[slot] }

    func setDeadline(_ slot: Int, _ deadline: Int64) { deadlines[slot] = deadline }
    func clearDeadline(_ slot: Int) { deadlines[slot] = .max }

    private func passTime() {
        let now = eventLoop.milliseconds
        for upstream in upstreams { upstream.expire(at: now) }
        for slot in deadlines.indices where deadlines[slot] <= now {
            deadlines[slot] = .max
            fronts[slot]?.deadlinePassed(at: now)
        }
        accessLog?.flush()
        ticks += 1
        if ticks % 20 == 0 { for upstream in upstreams { upstream.closeOld(at: now) } }
        if ticks % Self.presenceTicks == 0 { reportPresence() }
    }

    /// Bounded, because whoever reaches the proxy can claim to be any register.
    func heard(_ register: RegisterID) {
        if present.count < settings.limits.connections { present.insert(register) }
    }

    private func reportPresence() {
        let registers = Array(present)
        present.removeAll(keepingCapacity: true)
        for (line, upstream) in zip(presenceLines, upstreams) where upstream.isUp { line.report(registers) }
    }

    // MARK: Requests

    func route(_ front: FrontConnection, _ head: RequestHead) {
        switch head.target {
        case .cloud(let name): forward(front, head, to: name)
        case .any, nil: forward(front, head, to: anyCloud(for: head))
        }
    }

    func forward(_ front: FrontConnection, _ head: RequestHead, to name: CloudName) {
        if let reason = upstream(name).take(front, head.requestClass) { front.turnedAway(by: name, reason) }
    }

    /// Which cloud to try first for a request that any cloud may have.
    private func anyCloud(for head: RequestHead) -> CloudName {
        if head.call == .activate { return configurationHome }
        let a = upstream(.a)
        let b = upstream(.b)
        if a.isUp != b.isUp { return a.isUp ? .a : .b }
        return a.gate.inFlight <= b.gate.inFlight ? .a : .b
    }

    func isNotHome(_ name: CloudName) { configurationHome = name.other }

    func connectFailed(_ name: CloudName) { reportConnectFailure(name) }

    func conclude(
        _ exchange: Exchange,
        _ outcome: RequestOutcome,
        status: Int,
        answerBytes: Int,
        address: SocketAddress?
    ) {
        let now = eventLoop.microseconds
        counters.count(exchange.head.requestClass, exchange.cloud, outcome)
        counters.observe(exchange.head.requestClass, microseconds: now - exchange.beganAt)
        accessLog?.write(exchange, outcome, status: status, answerBytes: answerBytes, address: address, now: now)
    }

    // MARK: What comes from elsewhere

    func apply(_ view: HealthView) {
        self.view = view
        for upstream in upstreams { upstream.isUp = view[upstream.name].isUp && !isStopped }
    }

    /// No new connections come; the ones here end with their next answer, or when the time for that is over.
    func beginDrain() {
        isDraining = true
        for front in fronts { front?.drain() }
        eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(settings.times.drain)) { self.stop() }
    }

    /// Done when no register connection is left.
    func whenDrained() -> EventLoopFuture<Void> {
        if openConnections == 0 { return eventLoop.makeSucceededVoidFuture() }
        let promise = eventLoop.makePromise(of: Void.self)
        whenEmpty = promise
        return promise.futureResult
    }

    /// Ends everything now.
    func stop() {
        isStopped = true
        ticker?.cancel()
        for line in presenceLines { line.stop() }
        for front in fronts { front?.close() }
        for upstream in upstreams {
            upstream.isUp = false
            upstream.closeIdle()
        }
        accessLog?.flush()
        whenEmpty?.succeed()
        whenEmpty = nil
    }
}
