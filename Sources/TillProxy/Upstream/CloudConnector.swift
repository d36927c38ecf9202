// Part of Tillbridge. See LICENSE.
import NIOCore
import NIOPosix
import NIOSSL

/// Opens connections to one cloud.
struct CloudConnector: Sendable {
    let address: CloudAddress
    /// Nil for plain HTTP on loopback.
    let tls: NIOSSLContext?

    /// Begins a connection; `owner` hears how it went. To be called on `eventLoop`.
    func open(on eventLoop: any EventLoop, within milliseconds: Int64, for owner: any UpstreamOwner) {
        let connection = UpstreamConnection(owner: owner, usesTLS: tls != nil)
        let bound = NIOLoopBound(connection, eventLoop: eventLoop)
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(.milliseconds(milliseconds))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try addHandlers(to: channel, bound.value) }
            }
        connection.limitOpening(on: eventLoop, milliseconds: milliseconds)
        connect(bootstrap).assumeIsolated().whenFailure { _ in connection.openingFailed() }
    }

    private func connect(_ bootstrap: ClientBootstrap) -> EventLoopFuture<any Channel> {
        // An address as number needs no resolver, which would be a thread and a wait.
        if let socket = try? SocketAddress(ipAddress: address.address.host, port: address.address.port) {
            return bootstrap.connect(to: socket)
        }
        return bootstrap.connect(host: address.address.host, port: address.address.port)
    }

    private func addHandlers(to channel: any Channel, _ connection: UpstreamConnection) throws {
        let pipeline = channel.pipeline.syncOperations
        if let tls {
            // The name decides, not the address: the certificate must be this cloud's own.
            try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: address.dnsName))
        }
        try pipeline.addHandler(connection)
    }
}
