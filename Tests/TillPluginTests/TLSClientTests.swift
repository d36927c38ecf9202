// Part of Tillbridge. See LICENSE.
import CPlatform
import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Testing

@testable import TillPlugin

@Suite struct TLSClientTests {
    @Test(
        "speaks to a server of the pinned CA under the fixed name, in records of any size",
        arguments: [1, 900, 60_000]
    )
    func echo(size: Int) throws {
        let authority = try TestAuthority()
        let server = try EchoServer(authority.server(dnsName: "proxy.tillbridge"))
        defer { server.stop() }
        let trust = try #require(TLSTrust.pinned(ca: authority.pem, name: "proxy.tillbridge"))
        let link = try BlockingLink(to: server.port, trust)
        #expect(link.handshake() == .done)
        let message = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        #expect(link.exchange(message) == message)
        link.client.finish()
        #expect(link.untilClosed() == .closed)
    }

    @Test("a certificate's dates are not looked at: the register's clock is not trusted", arguments: [-400.0, 400.0])
    func dates(days: Double) throws {
        let authority = try TestAuthority()
        let server = try EchoServer(
            authority.server(dnsName: "proxy.tillbridge", validAt: Date(timeIntervalSinceNow: days * 86_400))
        )
        defer { server.stop() }
        let trust = try #require(TLSTrust.pinned(ca: authority.pem, name: "proxy.tillbridge"))
        #expect(try BlockingLink(to: server.port, trust).handshake() == .done)
    }

    @Test("another CA, another name: untrusted; the activation's unchecked mode takes both")
    func untrusted() throws {
        let authority = try TestAuthority()
        let stranger = try TestAuthority()
        let server = try EchoServer(authority.server(dnsName: "proxy.tillbridge"))
        defer { server.stop() }
        let other = try EchoServer(authority.server(dnsName: "proxy.elsewhere"))
        defer { other.stop() }
        let wrongCA = try #require(TLSTrust.pinned(ca: stranger.pem, name: "proxy.tillbridge"))
        #expect(try BlockingLink(to: server.port, wrongCA).handshake() == .untrusted)
        let trust = try #require(TLSTrust.pinned(ca: authority.pem, name: "proxy.tillbridge"))
        #expect(try BlockingLink(to: other.port, trust).handshake() == .untrusted)
        let unchecked = try #require(TLSTrust.unchecked(name: "proxy.tillbridge"))
        let link = try BlockingLink(to: other.port, unchecked)
        #expect(link.handshake() == .done)
        #expect(link.exchange([1, 2, 3]) == [1, 2, 3])
    }

    @Test("a reconnection takes up the last session; a server that forgot it gets a full handshake")
    func resumption() throws {
        let authority = try TestAuthority()
        let server = try EchoServer(authority.server(dnsName: "proxy.tillbridge"))
        let trust = try #require(TLSTrust.pinned(ca: authority.pem, name: "proxy.tillbridge"))
        do {
            let first = try BlockingLink(to: server.port, trust)
            #expect(first.handshake() == .done)
            #expect(!first.client.resumed)
            let second = try BlockingLink(to: server.port, trust)
            #expect(second.handshake() == .done)
            #expect(second.client.resumed)
            #expect(second.exchange([7]) == [7])
        }
        server.stop()
        let successor = try EchoServer(authority.server(dnsName: "proxy.tillbridge"))
        defer { successor.stop() }
        let third = try BlockingLink(to: successor.port, trust)
        #expect(third.handshake() == .done)
        #expect(!third.client.resumed)
    }

    @Test("a server that speaks no TLS 1.2, or no TLS, fails the handshake")
    func notTLS() throws {
        let authority = try TestAuthority()
        let newer = try EchoServer(authority.server(dnsName: "proxy.tillbridge", versions: .tlsv13))
        defer { newer.stop() }
        let plain = try EchoServer(nil)
        defer { plain.stop() }
        let trust = try #require(TLSTrust.pinned(ca: authority.pem, name: "proxy.tillbridge"))
        #expect(try BlockingLink(to: newer.port, trust).handshake() == .failed)
        #expect(try BlockingLink(to: plain.port, trust).handshake() == .failed)
    }

    @Test("text without a certificate is no trust")
    func noCertificate() {
        #expect(TLSTrust.pinned(ca: [], name: "proxy.tillbridge") == nil)
        #expect(TLSTrust.pinned(ca: [UInt8]("nothing".utf8), name: "proxy.tillbridge") == nil)
    }
}

/// Sends back whatever comes; TLS where settings are given.
private final class EchoServer {
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let channel: any Channel
    let port: UInt16

    init(_ settings: TLSConfiguration?) throws {
        let context = try settings.map { try NIOSSLContext(configuration: $0) }
        channel = try ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                    }
                    try channel.pipeline.syncOperations.addHandler(Echo())
                }
            }
            .bind(host: "127.0.0.1", port: 0).wait()
        port = UInt16(channel.localAddress?.port ?? 0)
    }

    func stop() {
        try? channel.close().wait()
        try? group.syncShutdownGracefully()
    }

    private final class Echo: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            context.writeAndFlush(data, promise: nil)
        }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}

/// A TLS client on a socket that the test waits for.
private final class BlockingLink {
    let client: TLSClient
    private let socket: Int32

    init(to port: UInt16, _ trust: TLSTrust) throws {
        var address = cp_address()
        let text = [UInt8]("127.0.0.1:\(port)".utf8)
        try SystemError.check(cp_parse_address(text, text.count, &address))
        socket = try SystemError.check(cp_connect(&address))
        client = try #require(TLSClient(trust))
    }

    deinit { _ = cp_close(socket) }

    func handshake() -> TLSClient.Progress {
        while true {
            let progress = client.handshake()
            flush()
            if progress != .waiting { return progress }
            guard receive() else { return .failed }
        }
    }

    func exchange(_ message: [UInt8]) -> [UInt8] {
        var answer: [UInt8] = []
        for start in stride(from: 0, to: message.count, by: 20_000) {
            let part = [UInt8](message[start..<min(start + 20_000, message.count)])
            #expect(client.write(part))
            flush()
            var got = 0
            while got < part.count {
                switch client.read(limit: 4_096) {
                case .bytes(let bytes):
                    answer += bytes
                    got += bytes.count
                case .waiting: guard receive() else { return answer }
                case .closed, .failed: return answer
                }
            }
        }
        return answer
    }

    func untilClosed() -> TLSClient.Reading {
        flush()
        while true {
            let reading = client.read(limit: 4_096)
            guard reading == .waiting else { return reading }
            guard receive() else { return .closed }
        }
    }

    private func flush() {
        while client.flush({ bytes, size in Swift.max(0, Int(cp_write(socket, bytes, size))) }) {
            wait(UInt16(CP_WRITE))
        }
    }

    private func receive() -> Bool {
        wait(UInt16(CP_READ))
        let bytes = Bytes.filled(capacity: 8_192) { Int(cp_read(socket, $0, $1)) }
        return !bytes.isEmpty && client.feed(bytes, count: bytes.count)
    }

    private func wait(_ wanted: UInt16) {
        var entry = cp_poll_entry(fd: socket, wanted: wanted, happened: 0)
        #expect(cp_poll(&entry, 1, 10_000) == 1)
    }
}
