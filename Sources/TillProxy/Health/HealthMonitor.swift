// Part of Tillbridge. See LICENSE.
import Logging
import NIOCore
import TillDomain
import TillEngine

/// Checks both clouds all the time and tells every event loop what it found. Lives on one event loop.
final class HealthMonitor {
    private let eventLoop: any EventLoop
    private let interval: Int64
    private let logger: Logger
    private let publish: (HealthView) -> Void
    private var probes: [(name: CloudName, probe: HealthProbe)] = []
    private var healths = [CloudHealth(), CloudHealth()]
    private var balancer: Balancer
    private var view = HealthView()
    private var round: RepeatedTask?

    init(
        eventLoop: any EventLoop,
        connectors: [CloudConnector],
        times: ProxySettings.Times,
        logger: Logger,
        publish: @escaping (HealthView) -> Void
    ) {
        self.eventLoop = eventLoop
        self.logger = logger
        self.publish = publish
        interval = times.healthInterval
        var policy = Balancer.Policy()
        for connector in connectors {
            switch connector.address.name {
            case .a: policy.weightA = connector.address.weight
            case .b: policy.weightB = connector.address.weight
            }
        }
        balancer = Balancer(policy: policy)
        view.line = balancer.line
        for connector in connectors {
            let name = connector.address.name
            let probe = HealthProbe(eventLoop: eventLoop, connector: connector, timeout: times.healthTimeout) {
                [unowned self] in
                checked(name, $0)
            }
            probes.append((name, probe))
        }
    }

    func start() {
        round = eventLoop.assumeIsolated().nonisolated().scheduleRepeatedTask(
            initialDelay: .zero,
            delay: .milliseconds(interval)
        ) { [bound = NIOLoopBound(self, eventLoop: eventLoop)] _ in bound.value.beginRound() }
    }

    func stop() {
        round?.cancel()
        for (_, probe) in probes { probe.stop() }
    }

    /// A connection for a request could not be made.
    func connectFailed(_ name: CloudName) { update(name, .connectFailed) }

    private func beginRound() {
        for (_, probe) in probes { probe.begin() }
        // Once per round, whatever the checks say, so that the balancer's steps keep their pace.
        balancer.observe(a: standing(.a), b: standing(.b))
        if view.line != balancer.line {
            view.line = balancer.line
            publish(view)
        }
    }

    private func standing(_ name: CloudName) -> Balancer.Standing {
        let cloud = view[name]
        return Balancer.Standing(takesPayments: cloud.takesPayments, load: cloud.report?.load ?? 0)
    }

    private func checked(_ name: CloudName, _ result: (report: CloudReport, readAt: Int64)?) {
        guard let result else {
            view[name].failedChecks += 1
            update(name, .checkFailed)
            return
        }
        view[name].goodChecks += 1
        view[name].report = result.report
        // A cloud that takes no payments may do so because it distrusts its clock.
        let other = view[name.other]
        if result.report.takesPayments || !other.takesPayments {
            view.time = result.report.time
            view.readAt = result.readAt
        }
        update(name, .checkSucceeded)
    }

    private func update(_ name: CloudName, _ event: CloudHealth.Event) {
        let wasUp = healths[name.index].isUp
        healths[name.index].handle(event)
        let isUp = healths[name.index].isUp
        view[name].isUp = isUp
        if isUp != wasUp {
            logger.notice("cloud is \(isUp ? "up" : "down")", metadata: ["cloud": "\(name.letter)"])
        }
        publish(view)
    }
}
