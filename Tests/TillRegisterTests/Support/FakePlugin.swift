// Part of Tillbridge. See LICENSE.
import AsyncHTTPClient
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import TillRegister

/// A plug-in that answers what a test wrote into its script, on a free loopback port.
actor FakePlugin {
    struct Reply: Sendable {
        var status = 200
        var body: String
    }

    /// By `METHOD path`; the last one stays.
    private var script: [String: [Reply]] = [:]
    private(set) var calls: [String] = []

    func answer(_ call: String, _ bodies: String..., status: Int = 200) {
        script[call] = bodies.map { Reply(status: status, body: $0) }
    }

    func answer(_ call: String, replies: [Reply]) { script[call] = replies }

    func reply(to call: String) -> Reply {
        calls.append(call)
        guard var replies = script[call], let first = replies.first else {
            return Reply(status: 404, body: #"{"title":"Unknown sale","status":404}"#)
        }
        if replies.count > 1 {
            replies.removeFirst()
            script[call] = replies
        }
        return first
    }

    /// Serves while `body` runs; it gets a client for this plug-in.
    func serving(_ body: @Sendable @escaping (PluginClient) async throws -> Void) async throws {
        let router = Router()
        let token = "secret-token"
        for method in [HTTPRequest.Method.get, .post] {
            router.on("/**", method: method) { request, _ in
                guard request.headers[.authorization] == "Bearer \(token)" else {
                    return Response(status: .unauthorized)
                }
                _ = try await request.body.collect(upTo: 1 << 16)
                let reply = await self.reply(to: "\(request.method.rawValue) \(request.uri.path)")
                return Response(
                    status: .init(code: reply.status),
                    headers: [.contentType: "application/json"],
                    body: ResponseBody(byteBuffer: ByteBuffer(string: reply.body))
                )
            }
        }
        var logger = Logger(label: "fake plug-in")
        logger.logLevel = .critical
        try await serve(router, logger: logger) { port in
            let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: TillRegisterService.httpSettings)
            do {
                try await body(PluginClient(address: "http://127.0.0.1:\(port)", token: token, http: http))
                try await http.shutdown()
            } catch {
                try await http.shutdown()
                throw error
            }
        }
    }
}

/// Serves a router on a free port while `body` runs.
func serve(
    _ router: Router<BasicRequestContext>,
    logger: Logger,
    _ body: @Sendable @escaping (Int) async throws -> Void
) async throws {
    let (ports, announced) = AsyncStream.makeStream(of: Int.self)
    let application = Application(
        router: router,
        configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
        onServerRunning: { announced.yield($0.localAddress?.port ?? 0) },
        logger: logger
    )
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await application.run() }
        for await port in ports {
            try await body(port)
            break
        }
        group.cancelAll()
        while let result = await group.nextResult() {
            if case .failure(let error) = result, !(error is CancellationError) { throw error }
        }
    }
}
