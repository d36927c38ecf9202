// Part of Tillbridge. See LICENSE.
import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import TillDomain

@testable import TillProxy

/// A cloud on a real socket: answers health checks, and requests as the test says.
final class SocketCloud: Sendable {
    /// What becomes of a request; nil keeps it until ``release(_:)``.
    typealias Reply = @Sendable (String) -> String?

    private struct State {
        var arrived: [String] = []
        var held: [any Channel] = []
    }

    private let state = Mutex(State())
    private let listener: any Channel
    private let group: MultiThreadedEventLoopGroup

    private init(listener: any Channel, group: MultiThreadedEventLoopGroup) {
        self.listener = listener
        self.group = group
    }

    /// - Parameter tls: nil listens in plain HTTP.
    static func start(tls: TLSConfiguration? = nil, reply: @escaping Reply) async throws -> SocketCloud {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let context = try tls.map { try NIOSSLContext(configuration: $0) }
        let holder = Holder()
        let listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                    }
                    try channel.pipeline.syncOperations.addHandler(CloudHandler(reply: reply, holder: holder))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let cloud = SocketCloud(listener: listener, group: group)
        holder.cloud.withLock { $0 = cloud }
        return cloud
    }

    /// A server's side of mutual TLS 1.3 with the certificate of `dnsName`.
    static func mutualTLS(
        _ authority: TestAuthority,
        as dnsName: String,
        minimum: TLSVersion = .tlsv13,
        maximum: TLSVersion? = nil
    ) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfigurationWithMTLS(
            certificateChain: try NIOSSLCertificate.fromPEMFile(authority.file(dnsName + ".pem"))
                .map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: authority.file(dnsName + ".key"), format: .pem)),
            trustRoots: .file(authority.file("ca.pem"))
        )
        configuration.minimumTLSVersion = minimum
        configuration.maximumTLSVersion = maximum
        return configuration
    }

    func address(_ name: CloudName, tls: Bool = false) -> CloudAddress {
        CloudAddress(
            name: name,
            address: HostPort(host: "127.0.0.1", port: listener.localAddress?.port ?? 0),
            usesTLS: tls
        )
    }

    var arrived: [String] { state.withLock { $0.arrived } }

    /// Answers the oldest request that is kept.
    func release(_ answer: String) {
        let channel = state.withLock { $0.held.isEmpty ? nil : $0.held.removeFirst() }
        channel?.writeAndFlush(ByteBuffer(string: answer), promise: nil)
    }

    func stop() async {
        try? await listener.close().get()
        try? await group.shutdownGracefully()
    }

    fileprivate func arrived(_ text: String, on channel: any Channel, isHeld: Bool) {
        state.withLock {
            $0.arrived.append(text)
            if isHeld { $0.held.append(channel) }
        }
    }

    fileprivate final class Holder: Sendable {
        let cloud = Mutex<SocketCloud?>(nil)
    }

    private final class CloudHandler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let reply: Reply
        private let holder: Holder
        private var received = ""

        init(reply: @escaping Reply, holder: Holder) {
            self.reply = reply
            self.holder = holder
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received += String(buffer: unwrapInboundIn(data))
            guard let end = received.range(of: "\r\n\r\n") else { return }
            let length = received.split(separator: "\r\n").first { $0.hasPrefix("Content-Length: ") }
                .flatMap { Int($0.dropFirst(16)) }
            let text = received
            guard text[end.upperBound...].utf8.count >= length ?? 0 else { return }
            received = ""
            if text.hasPrefix("GET /healthz ") {
                write(
                    "{\"time\":1795343400000,\"takesPayments\":true,\"load\":0,\"routing\":1,\"configuration\":1,"
                        + "\"dark\":[]}",
                    context
                )
                return
            }
            let answer = reply(text)
            let cloud = holder.cloud.withLock { $0 }
            cloud?.arrived(text, on: context.channel, isHeld: answer == nil)
            if let answer { write(answer, context) }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        private func write(_ body: String, _ context: ChannelHandlerContext) {
            context.channel.writeAndFlush(ByteBuffer(string: VirtualCloud.text(body)), promise: nil)
        }
    }
}
