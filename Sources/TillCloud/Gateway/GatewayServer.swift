// Part of Tillbridge. See LICENSE.
import HummingbirdCore
import HummingbirdTLS
package import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import ServiceLifecycle
import TillProtocol

/// What answers the requests of a ``GatewayServer``.
package protocol GatewayHandler: Sendable {
    /// The largest body that this path takes, in bytes. Nil: the path does not exist.
    func bodyLimit(method: String, path: String) -> Int?
    func answer(_ request: GatewayRequest) async -> GatewayAnswer
}

/// The HTTP/1.1 face of a cloud: sizes, times, framing. It knows nothing of payments.
package struct GatewayServer: Sendable {
    package struct Limits: Sendable {
        var headerBytes = 8 * 1024
        /// From the end of a request's head to the end of its body.
        var arrival = TimeAmount.seconds(5)
        /// For a connection on which nothing is read.
        var idleSeconds: Int64 = 75
        var connections = 4096
    }

    /// Mutual TLS 1.3 with the private authority.
    package struct Transport: Sendable {
        let authorityFile: String
        let certificateFile: String
        let keyFile: String

        package init(authorityFile: String, certificateFile: String, keyFile: String) {
            self.authorityFile = authorityFile
            self.certificateFile = certificateFile
            self.keyFile = keyFile
        }
    }

    private let handler: any GatewayHandler
    private let host: String
    private let port: Int
    private let tls: TLSConfiguration?
    private let limits: Limits
    private let logger: Logger
    private let started: @Sendable (Int) async -> Void

    /// - Parameters:
    ///   - port: 0 for any free one.
    ///   - transport: Nil for plain HTTP, which is for loopback only.
    ///   - started: Called once with the port that is listened on.
    package init(
        handler: any GatewayHandler,
        host: String,
        port: Int,
        transport: Transport?,
        limits: Limits = Limits(),
        logger: Logger,
        started: @escaping @Sendable (Int) async -> Void
    ) throws(StartError) {
        self.handler = handler
        self.host = host
        self.port = port
        self.limits = limits
        self.logger = logger
        self.started = started
        tls = try transport.map { (transport) throws(StartError) in try GatewayServer.configuration(transport) }
    }

    private static func configuration(_ transport: Transport) throws(StartError) -> TLSConfiguration {
        let chain = try PrivateFile.readPublic(transport.certificateFile)
        let key = try PrivateFile.read(transport.keyFile)
        let authority = try PrivateFile.readPublic(transport.authorityFile)
        do {
            var tls = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMBytes(chain).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem))
            )
            tls.minimumTLSVersion = .tlsv13
            tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(authority))
            // A client has no host name to compare; that its certificate comes from the private authority is what counts.
            tls.certificateVerification = .noHostnameVerification
            tls.applicationProtocols = ["http/1.1"]
            // Every body has a length, so nobody has to wait for the other side's goodbye.
            tls.shutdownTimeout = .milliseconds(200)
            return tls
        } catch {
            throw StartError(
                "The certificate \(transport.certificateFile), its key \(transport.keyFile) or \(transport.authorityFile) "
                    + "cannot be used: restore all three from the key folder."
            )
        }
    }

    package func run() async throws {
        let line = GatewayLine(handler: handler, limits: limits)
        let channel: any ServerChildChannel = try tls.map { try TLSChannel(line, tlsConfiguration: $0) } ?? line
        let started = started
        // What goes wrong at the start is said in one sentence; the layers beneath would add theirs.
        var quiet = logger
        quiet.logLevel = .critical
        let server = channel.server(
            configuration: ServerConfiguration(
                address: .hostname(host, port: port),
                reuseAddress: true,
                availableConnectionsDelegate: .maximum(limits.connections, logger: logger)
            ),
            onServerRunning: { channel in await started(channel.localAddress?.port ?? 0) },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
            logger: quiet
        )
        try await server.run()
    }
}

/// The handlers of one connection.
private struct GatewayLine: ServerChildChannel {
    struct Value: ServerChildChannelValue {
        let channel: any Channel
    }

    let handler: any GatewayHandler
    let limits: GatewayServer.Limits

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            var decoding = NIOHTTPDecoderLimitConfiguration()
            decoding.maxHeaderFieldSize = limits.headerBytes
            decoding.maxHeaderListSize = limits.headerBytes
            decoding.maxHeaderFieldCount = 64
            let pipeline = channel.pipeline.syncOperations
            try pipeline.configureHTTPServerPipeline(
                withPipeliningAssistance: true,
                withErrorHandling: true,
                withOutboundHeaderValidation: false,
                withEncoderConfiguration: .init(),
                withDecoderLimitConfiguration: decoding
            )
            try pipeline.addHandler(ArrivalLimit(limit: limits.arrival, refusal: GatewayAnswer(Refusal.tooSlow)))
            try pipeline.addHandler(GatewayConnection(handler: handler, idleTime: .seconds(limits.idleSeconds)))
            return Value(channel: channel)
        }
    }

    /// A server that is cancelled waits for its connections, and their clients keep them: they are closed then.
    func handle(value: Value, logger: Logger) async {
        await withTaskCancellationHandler {
            try? await value.channel.closeFuture.get()
        } onCancel: {
            value.channel.close(promise: nil)
        }
    }
}

extension GatewayServer: Service {}
