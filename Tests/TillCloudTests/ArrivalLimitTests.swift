// Part of Tillbridge. See LICENSE.
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import TillCloud

@Suite struct ArrivalLimitTests {
    private static let head = HTTPServerRequestPart.head(
        HTTPRequestHead(version: .http1_1, method: .POST, uri: "/v1/pay")
    )

    private func channel() throws -> EmbeddedChannel {
        let refusal = GatewayAnswer(status: 408, contentType: "text/plain", body: Array("slow".utf8))
        let channel = EmbeddedChannel(handler: ArrivalLimit(limit: .seconds(5), refusal: refusal))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return channel
    }

    @Test("a body that stops arriving gets 408 and loses its connection, and nothing is answered after that")
    func slow() throws {
        let channel = try channel()
        try channel.writeInbound(Self.head)
        try channel.writeInbound(HTTPServerRequestPart.body(ByteBuffer(string: "{")))
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(4_999))
        #expect(try channel.readOutbound(as: HTTPServerResponsePart.self) == nil)
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        guard case .head(let head)? = try channel.readOutbound(as: HTTPServerResponsePart.self) else {
            Issue.record("no answer")
            return
        }
        #expect(head.status.code == 408 && head.headers["Content-Length"] == ["4"])
        #expect(
            try channel.readOutbound(as: HTTPServerResponsePart.self) == .body(.byteBuffer(ByteBuffer(string: "slow")))
        )
        #expect(try channel.readOutbound(as: HTTPServerResponsePart.self) == .end(nil))
        #expect(!channel.isActive)
        #expect(throws: (any Error).self) {
            try channel.writeOutbound(HTTPServerResponsePart.head(HTTPResponseHead(version: .http1_1, status: .ok)))
        }
    }

    @Test("requests that arrive in time pass unchanged, however long their answers take")
    func inTime() throws {
        let channel = try channel()
        for _ in 0..<3 {
            for part in [Self.head, .body(ByteBuffer(string: "{}")), .end(nil)] {
                try channel.writeInbound(part)
                channel.embeddedEventLoop.advanceTime(by: .seconds(2))
                #expect(try channel.readInbound(as: HTTPServerRequestPart.self) == part)
            }
            channel.embeddedEventLoop.advanceTime(by: .seconds(60))
            #expect(channel.isActive)
            #expect(try channel.readOutbound(as: HTTPServerResponsePart.self) == nil)
        }
        #expect(try channel.finish().isClean)
    }
}
