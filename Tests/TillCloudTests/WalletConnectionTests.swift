// Part of Tillbridge. See LICENSE.
import Glibc
import Synchronization
import Testing
import TillDomain
import TillWallets

@testable import TillCloud

@Suite struct WalletConnectionTests {
    private func connection() throws -> WalletConnection {
        try WalletConnection(WalletTransport(connectTimeout: .seconds(2)), account: "test")
    }

    private func request(
        _ url: String,
        timeout: Duration = .milliseconds(300),
        mayWrite: @escaping @Sendable () -> Bool = { true }
    ) -> WalletConnection.Request {
        WalletConnection.Request(
            url: url + "/pay?x=1",
            headers: [.init(name: "Content-Type", value: "text/plain")],
            body: Array("the one pay call".utf8),
            timeout: timeout,
            mayWrite: mayWrite
        )
    }

    private func silence(
        _ connection: WalletConnection,
        _ request: WalletConnection.Request
    ) async -> WalletSilence? {
        do throws(WalletSilence) {
            _ = try await connection.send(request)
            return nil
        } catch { return error }
    }

    @Test("an answer comes back with status, headers and body")
    func answer() async throws {
        let server = try await RawServer(
            .answer(RawServer.http("fine", headers: "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"))
        )
        let connection = try connection()
        let answer = try await connection.send(request(server.url, timeout: .seconds(5)))
        #expect(answer.response == InboundResponse(status: 200, body: Array("fine".utf8)))
        #expect(answer.date == Timestamp(milliseconds: 784_111_777_000))
        #expect(server.requests.first?.hasPrefix("POST /pay?x=1 HTTP/1.1\r\n") == true)
        #expect(server.requests.first?.hasSuffix("\r\n\r\nthe one pay call") == true)
        await connection.shutdown()
        try await server.stop()
    }

    @Test("only a connection that never came about is proof that nothing left")
    func refused() async throws {
        let nobody = try DeafPort()
        defer { withExtendedLifetime(nobody) {} }
        let connection = try connection()
        #expect(await silence(connection, request(nobody.url, timeout: .seconds(5))) == .neverLeft)
        await connection.shutdown()
    }

    @Test("whatever happens after a connection came about proves nothing", arguments: [0, 1, 2, 3, 4])
    func noAnswer(index: Int) async throws {
        let behaviour: RawServer.Behaviour =
            switch index {
            case 0: .closeAtOnce
            case 1: .closeAfterHead
            case 2: .closeAfterRequest
            case 3: .silent
            default: .answerAndClose("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            }
        let server = try await RawServer(behaviour)
        let connection = try connection()
        // Long enough for a busy machine to connect; the silent one is waited for.
        let call = request(server.url, timeout: index == 3 ? .seconds(2) : .seconds(10))
        #expect(await silence(connection, call) == .noAnswer)
        await connection.shutdown()
        try await server.stop()
    }

    @Test("a pooled connection that the wallet has closed proves nothing, and nothing is sent twice")
    func pooled() async throws {
        let server = try await RawServer(.answer(RawServer.http("one")))
        let connection = try connection()
        _ = try await connection.send(request(server.url, timeout: .seconds(5)))
        server.behave(.closeAfterRequest)
        #expect(await silence(connection, request(server.url, timeout: .seconds(5))) == .noAnswer)
        #expect(server.requests.count == 2)
        await connection.shutdown()
        try await server.stop()
    }

    @Test("the last check runs once a connection exists, and can still hold the content back")
    func heldBack() async throws {
        let server = try await RawServer(.answer(RawServer.http("fine")))
        let connection = try connection()
        let checks = Mutex(0)
        let held = request(server.url, timeout: .seconds(5)) {
            checks.withLock { $0 += 1 }
            return false
        }
        #expect(await silence(connection, held) == .heldBack)
        #expect(checks.withLock { $0 } == 1)
        #expect(server.requests.allSatisfy { !$0.contains("the one pay call") })
        // The next call is not harmed.
        #expect(await silence(connection, request(server.url, timeout: .seconds(5))) == nil)
        await connection.shutdown()
        try await server.stop()
    }

    @Test("the last check does not run when there is no connection")
    func unchecked() async throws {
        let nobody = try DeafPort()
        defer { withExtendedLifetime(nobody) {} }
        let connection = try connection()
        let checks = Mutex(0)
        let request = request(nobody.url) {
            checks.withLock { $0 += 1 }
            return true
        }
        #expect(await silence(connection, request) == .neverLeft)
        #expect(checks.withLock { $0 } == 0)
        await connection.shutdown()
    }
}

/// A port that is bound and where nobody listens; no other test gets it meanwhile.
private final class DeafPort {
    let url: String
    private let descriptor: Int32

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
        try #require(isBound)
    }

    deinit { close(descriptor) }
}
