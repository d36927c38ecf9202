// Part of Tillbridge. See LICENSE.
import Foundation
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle
import TillDomain
import Testing

@testable import TillProxy

/// A whole proxy on real sockets, as the command starts it.
struct SocketProxy: Sendable {
    let addresses: ProxyAddresses
    private let group: ServiceGroup

    /// Runs `body` against a proxy and ends it afterwards.
    static func run(
        clouds: [CloudAddress],
        keys: ProxySettings.KeyFiles? = nil,
        settings change: (inout ProxySettings) -> Void = { _ in },
        _ body: (SocketProxy) async throws -> Void
    ) async throws {
        var settings = ProxySettings(
            listen: HostPort(host: "127.0.0.1", port: 0),
            admin: HostPort(host: "127.0.0.1", port: 0),
            clouds: clouds,
            keys: keys
        )
        settings.times.healthInterval = 20
        change(&settings)
        let (ready, announce) = AsyncStream.makeStream(of: ProxyAddresses.self)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let service = ProxyService(settings: settings, logger: logger) { announce.yield($0) }
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)],
                logger: logger
            )
        )
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { announce.finish() }
                try await group.run()
            }
            var iterator = ready.makeAsyncIterator()
            if let addresses = await iterator.next() {
                do {
                    try await body(SocketProxy(addresses: addresses, group: group))
                } catch {
                    await group.triggerGracefulShutdown()
                    throw error
                }
                await group.triggerGracefulShutdown()
            }
            try await tasks.waitForAll()
        }
    }

    func shutDown() async { await group.triggerGracefulShutdown() }

    func connect(tls: TLSConfiguration? = nil, serverName: String = "proxy.tillbridge") async throws -> SocketRegister {
        try await SocketRegister.connect(to: addresses.listen, tls: tls, serverName: serverName)
    }

    /// Status and body of an admin page.
    func page(_ path: String, method: String = "GET") async throws -> (status: Int, body: String) {
        let register = try await SocketRegister.connect(to: addresses.admin, tls: nil, serverName: "")
        defer { register.close() }
        let answer = try await register.exchange("\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let parts = answer.components(separatedBy: "\r\n\r\n")
        return (Int(answer.dropFirst(9).prefix(3)) ?? 0, parts.dropFirst().joined(separator: "\r\n\r\n"))
    }

    /// Waits until a cloud can be reached.
    func becomesReady() async throws {
        try await eventually { try await page("/readyz").status == 200 }
    }
}

/// Waits until `condition` holds. Fails after 20 s.
func eventually(
    sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + .seconds(20)
    while try await !condition() {
        guard ContinuousClock.now < end else {
            Issue.record("the condition did not come true within 20 s", sourceLocation: sourceLocation)
            throw CancellationError()
        }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// A client's connection that reads whole answers.
final class SocketRegister: Sendable {
    struct Closed: Error {}

    let channel: any Channel
    private let chunks: NIOLoopBound<Inbox>

    private init(channel: any Channel, inbox: NIOLoopBound<Inbox>) {
        self.channel = channel
        chunks = inbox
    }

    static func connect(
        to address: HostPort,
        tls: TLSConfiguration?,
        serverName: String
    ) async throws -> SocketRegister {
        let context = try tls.map { try NIOSSLContext(configuration: $0) }
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let inbox = try await loop.submit { NIOLoopBound(Inbox(), eventLoop: loop) }.get()
        let channel = try await ClientBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let context {
                        try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: serverName))
                    }
                    try pipeline.addHandler(inbox.value)
                }
            }
            .connect(host: address.host, port: address.port).get()
        return SocketRegister(channel: channel, inbox: inbox)
    }

    func send(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)) }

    /// The next whole answer.
    /// - Throws: ``Closed`` if the connection ends first.
    func answer() async throws -> String {
        try await channel.eventLoop.flatSubmit { self.chunks.value.answer(on: self.channel.eventLoop) }.get()
    }

    func exchange(_ text: String) async throws -> String {
        try await send(text)
        return try await answer()
    }

    func close() { channel.close(promise: nil) }

    fileprivate final class Inbox: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private var received = ByteBuffer()
        private var framer = AnswerFramer(limits: FramingLimits(head: 8_192, body: 1 << 20))
        private var isClosed = false
        private var waiter: EventLoopPromise<String>?

        func answer(on loop: any EventLoop) -> EventLoopFuture<String> {
            let promise = loop.makePromise(of: String.self)
            waiter = promise
            deliver()
            return promise.futureResult
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var bytes = unwrapInboundIn(data)
            received.writeBuffer(&bytes)
            deliver()
        }

        func channelInactive(context: ChannelHandlerContext) {
            isClosed = true
            deliver()
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        private func deliver() {
            guard let waiter else { return }
            if let head = try? framer.advance(received), let answer = received.readString(length: head.length) {
                framer.reset()
                self.waiter = nil
                waiter.succeed(answer)
            } else if isClosed {
                self.waiter = nil
                waiter.fail(Closed())
            }
        }
    }
}
