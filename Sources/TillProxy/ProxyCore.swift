// Part of Tillbridge. See LICENSE.
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import TillDomain

/// The event loops of a proxy, wired together: one shard per loop, one health monitor on the first.
struct ProxyCore: Sendable {
    private let settings: ProxySettings
    private let frontTLS: NIOSSLContext?
    private let ledger: ConnectionLedger
    private let accessLog: AccessLog?
    private let shards: [NIOLoopBound<Shard>]
    private let monitor: NIOLoopBoundBox<HealthMonitor?>

    static func make(
        settings: ProxySettings,
        tls: TLSContexts?,
        group: MultiThreadedEventLoopGroup,
        accessLog: AccessLog?,
        logger: Logger
    ) async throws -> ProxyCore {
        let connectors: [CloudConnector] = settings.clouds.map { .sockets(to: $0, tls: $0.usesTLS ? tls?.cloud : nil) }
        let loops = Array(group.makeIterator())
        guard let first = loops.first else { preconditionFailure("an event loop group without loops") }
        let monitor = NIOLoopBoundBox.makeEmptyBox(valueType: HealthMonitor.self, eventLoop: first)
        var shards: [NIOLoopBound<Shard>] = []
        for loop in loops {
            let shard = try await loop.submit {
                let shard = Shard(
                    eventLoop: loop,
                    settings: settings,
                    connectors: connectors,
                    shards: loops.count,
                    accessLog: accessLog.map(AccessLog.Page.init)
                ) { name in
                    first.execute { monitor.value?.connectFailed(name) }
                }
                return NIOLoopBound(shard, eventLoop: loop)
            }.get()
            shards.append(shard)
        }
        try await first.submit { [shards] in
            monitor.value = HealthMonitor(
                eventLoop: first,
                connectors: connectors,
                times: settings.times,
                logger: logger
            ) { view in
                for shard in shards { shard.eventLoop.execute { shard.value.apply(view) } }
            }
        }.get()
        return ProxyCore(
            settings: settings,
            frontTLS: tls?.front,
            ledger: ConnectionLedger(limits: settings.limits),
            accessLog: accessLog,
            shards: shards,
            monitor: monitor
        )
    }

    func start() async {
        try? await monitor.eventLoop.submit { monitor.value?.start() }.get()
    }

    /// Waits until all register connections have ended, or the time for that is over.
    func drain() async {
        for shard in shards { shard.eventLoop.execute { shard.value.beginDrain() } }
        for shard in shards {
            try? await shard.eventLoop.flatSubmit { shard.value.whenDrained() }.get()
        }
    }

    func stop() async {
        try? await monitor.eventLoop.submit {
            monitor.value?.stop()
            monitor.value = nil
        }.get()
        for shard in shards { try? await shard.eventLoop.submit { shard.value.stop() }.get() }
    }

    // MARK: Registers

    func frontBootstrap(on group: MultiThreadedEventLoopGroup) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(
                .writeBufferWaterMark,
                value: ChannelOptions.Types.WriteBufferWaterMark(low: 8_192, high: 32_768)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try admit(channel) }
            }
    }

    private func admit(_ channel: any Channel) throws {
        let address = channel.remoteAddress
        guard let shard = shards.first(where: { $0.eventLoop === channel.eventLoop }) else {
            preconditionFailure("a connection on a foreign event loop")
        }
        // Before TLS: a connection that has no place must not cost a handshake.
        guard ledger.enter(address) else { throw ConnectionRefused() }
        channel.closeFuture.whenComplete { _ in ledger.leave(address) }
        let pipeline = channel.pipeline.syncOperations
        if let frontTLS { try pipeline.addHandler(NIOSSLServerHandler(context: frontTLS)) }
        try pipeline.addHandler(FrontConnection(shard: shard.value, usesTLS: frontTLS != nil, address: address))
    }

    // MARK: Operators

    func adminBootstrap(on group: MultiThreadedEventLoopGroup) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(AdminHandler { page, loop in answer(page, loop) })
                }
            }
    }

    private func answer(_ page: AdminPage, _ loop: any EventLoop) -> EventLoopFuture<AdminAnswer> {
        switch page {
        case .health:
            // Answered by every event loop, so a loop that hangs shows.
            return EventLoopFuture.andAllSucceed(shards.map { $0.eventLoop.submit {} }, on: loop)
                .map { AdminAnswer(status: .ok, body: "ok\n") }
        case .readiness:
            return shards[0].eventLoop.submit { [shard = shards[0]] in
                let view = shard.value.view
                if shard.value.isDraining { return AdminAnswer(status: .serviceUnavailable, body: "draining\n") }
                guard view.a.isUp || view.b.isUp else {
                    return AdminAnswer(status: .serviceUnavailable, body: "no cloud is reachable\n")
                }
                return AdminAnswer(status: .ok, body: "ready\n")
            }
        case .metrics:
            let samples = shards.map { shard in shard.eventLoop.submit { (shard.value.sample(), shard.value.view) } }
            return EventLoopFuture.whenAllSucceed(samples, on: loop).map { parts in
                var sum = ShardSample()
                for (sample, _) in parts { sum += sample }
                let text = PrometheusText(
                    sum,
                    parts[0].1,
                    refusedConnections: ledger.refused,
                    droppedLogPages: accessLog?.dropped ?? 0
                ).text
                return AdminAnswer(status: .ok, contentType: "text/plain; version=0.0.4; charset=utf-8", body: text)
            }
        }
    }

    /// There is no place for one more connection.
    private struct ConnectionRefused: Error {}
}
