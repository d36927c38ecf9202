// Part of Tillbridge. See LICENSE.
import NIOCore
import NIOPosix
import NIOSSL
import TillDomain

/// Opens connections to one cloud.
struct CloudConnector: Sendable {
    /// Begins to connect, within so many milliseconds. To be called on the event loop; failures at any time are told
    /// to the connection.
    typealias Connect = @Sendable (NIOLoopBound<UpstreamConnection>, Int64) -> Void

    let address: CloudAddress
    let usesTLS: Bool
    private let connect: Connect

    init(address: CloudAddress, usesTLS: Bool, connect: @escaping Connect) {
        self.address = address
        self.usesTLS = usesTLS
        self.connect = connect
    }

    /// - Parameter tls: nil for plain HTTP on loopback.
    static func sockets(to address: CloudAddress, tls: NIOSSLContext?) -> CloudConnector {
        CloudConnector(address: address, usesTLS: tls != nil) { connection, milliseconds in
            let bootstrap = ClientBootstrap(group: connection.eventLoop)
                .connectTimeout(.milliseconds(milliseconds))
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelOption(.socketOption(.so_keepalive), value: 1)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        if let tls {
                            // The name decides, not the address: the certificate must be this cloud's own.
                            try pipeline.addHandler(
                                NIOSSLClientHandler(context: tls, serverHostname: address.dnsName)
                            )
                        }
                        try pipeline.addHandler(connection.value)
                    }
                }
            open(bootstrap, address.address).whenFailure { _ in connection.value.openingFailed() }
        }
    }

    /// For a cloud that there is not.
    static func nowhere(_ name: CloudName) -> CloudConnector {
        let address = CloudAddress(name: name, address: HostPort(host: "127.0.0.1", port: 0), usesTLS: false)
        return CloudConnector(address: address, usesTLS: false) { connection, _ in connection.value.openingFailed() }
    }

    /// Begins a connection; `owner` hears how it went. To be called on `eventLoop`.
    func open(on eventLoop: any EventLoop, within milliseconds: Int64, for owner: any UpstreamOwner) {
        let connection = UpstreamConnection(owner: owner, usesTLS: usesTLS)
        connection.limitOpening(on: eventLoop, milliseconds: milliseconds)
        connect(NIOLoopBound(connection, eventLoop: eventLoop), milliseconds)
    }

    private static func open(_ bootstrap: ClientBootstrap, _ address: HostPort) -> EventLoopFuture<any Channel> {
        // An address as number needs no resolver, which would be a thread and a wait.
        if let socket = try? SocketAddress(ipAddress: address.host, port: address.port) {
            return bootstrap.connect(to: socket)
        }
        return bootstrap.connect(host: address.host, port: address.port)
    }
}
