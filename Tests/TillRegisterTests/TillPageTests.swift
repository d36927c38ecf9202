// Part of Tillbridge. See LICENSE.
import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Testing
import TillRegister

@Suite("The till's page and its interface") struct TillPageTests {
    /// A till of its own on a free port, selling through `plugin`.
    private func withTill(
        _ plugin: FakePlugin,
        _ body: @Sendable @escaping (String, HTTPClient) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let token = folder + "/register.token"
            try Data("secret-token\n".utf8).write(to: URL(fileURLWithPath: token))
            try await plugin.serving { client in
                let settings = try TillSettings(
                    plugin: client.address,
                    tokenFile: token,
                    listen: "127.0.0.1:0",
                    data: folder
                )
                let (ports, announced) = AsyncStream.makeStream(of: Int.self)
                var logger = Logger(label: "till")
                logger.logLevel = .critical
                let till = TillRegisterService(settings: settings, logger: logger) { announced.yield($0) }
                let group = ServiceGroup(services: [till], logger: logger)
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    tasks.addTask { try await group.run() }
                    for await port in ports {
                        let http = HTTPClient(eventLoopGroupProvider: .singleton)
                        do {
                            try await body("http://127.0.0.1:\(port)", http)
                        } catch {
                            Issue.record("\(error)")
                        }
                        try await http.shutdown()
                        break
                    }
                    await group.triggerGracefulShutdown()
                    try await tasks.waitForAll()
                }
            }
        }
    }

    private func send(
        _ http: HTTPClient,
        _ method: String,
        _ url: String,
        body: String? = nil,
        headers: [(String, String)] = []
    ) async throws -> (status: UInt, body: String, headers: [String: String]) {
        var request = HTTPClientRequest(url: url)
        request.method = .init(rawValue: method)
        for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
        if let body { request.body = .bytes(ByteBuffer(string: body)) }
        let response = try await http.execute(request, timeout: .seconds(20))
        let content = try await response.body.collect(upTo: 1 << 20)
        var fields: [String: String] = [:]
        for (name, value) in response.headers { fields[name.lowercased()] = value }
        return (response.status.code, String(buffer: content), fields)
    }

    private let json = [("Content-Type", "application/json")]

    @Test("the page comes whole from the executable and may load nothing from elsewhere")
    func page() async throws {
        try await withTill(FakePlugin()) { till, http in
            for path in ["/", "/till.css", "/till.js", "/words.js", "/favicon.svg"] {
                let file = try await send(http, "GET", till + path)
                #expect(file.status == 200)
                #expect(file.body.count > 100)
                #expect(file.headers["content-security-policy"]?.hasPrefix("default-src 'self'") == true)
            }
        }
    }

    @Test("a sale through the page's interface is paid and acknowledged")
    func sale() async throws {
        let plugin = FakePlugin()
        await plugin.answer("POST /v1/payments", paidAnswer("S1"))
        await plugin.answer("POST /v1/payments/S1/acknowledge", paidAnswer("S1"))
        await plugin.answer("GET /v1/status", #"{"lane":"free","available":true,"wallets":["alipay"]}"#)
        try await withTill(plugin) { till, http in
            let order =
                #"{"saleRef":"S1","amount":1280,"currency":"CNY","paymentCode":"280123456789012345","items":[]}"#
            let paid = try await send(http, "POST", till + "/till/v1/payments", body: order, headers: json)
            #expect(paid.status == 200)
            #expect(paid.body.contains(#""outcome":"paid""#))
            let status = try await send(http, "GET", till + "/till/v1/status")
            #expect(status.body.contains(#""reachable":true"#))
            #expect(status.body.contains("TQF000K703343G7H2000016R"))
        }
    }

    @Test("the plug-in's own refusal reaches the page with its field")
    func refusal() async throws {
        let plugin = FakePlugin()
        await plugin.answer(
            "POST /v1/payments",
            #"{"type":"/problems/malformed","title":"Malformed","status":400,"field":"amount"}"#,
            status: 400
        )
        try await withTill(plugin) { till, http in
            let order = #"{"saleRef":"S1","amount":0,"paymentCode":"280123456789012345"}"#
            let refused = try await send(http, "POST", till + "/till/v1/payments", body: order, headers: json)
            #expect(refused.status == 400)
            #expect(refused.body.contains(#""field":"amount""#))
        }
    }

    @Test("a plug-in that turns the till away is not taken for a silent one")
    func turnedAway() async throws {
        let plugin = FakePlugin()
        await plugin.answer(
            "GET /v1/status",
            #"{"type":"/problems/unauthorized","title":"Unauthorized","status":401}"#,
            status: 401
        )
        try await withTill(plugin) { till, http in
            let status = try await send(http, "GET", till + "/till/v1/status")
            #expect(status.body.contains(#""reachable":false"#))
            #expect(status.body.contains("unauthorized"))
        }
    }

    @Test("a foreign host name and a form post are turned away")
    func strangers() async throws {
        let plugin = FakePlugin()
        try await withTill(plugin) { till, http in
            let rebound = try await send(http, "GET", till + "/", headers: [("Host", "shop.example")])
            #expect(rebound.status == 403)
            let form = try await send(
                http,
                "POST",
                till + "/till/v1/payments",
                body: "{}",
                headers: [("Content-Type", "text/plain")]
            )
            #expect(form.status == 415)
        }
        #expect(await plugin.calls.allSatisfy { $0 == "GET /v1/status" })
    }

    @Test("a till without its plug-in says so and takes cash")
    func withoutPlugin() async throws {
        let plugin = FakePlugin()
        await plugin.answer("GET /v1/status", "", status: 503)
        try await withTill(plugin) { till, http in
            let status = try await send(http, "GET", till + "/till/v1/status")
            #expect(status.body.contains(#""reachable":false"#))
            let cash = try await send(
                http,
                "POST",
                till + "/till/v1/cash",
                body: #"{"saleRef":"S1","amount":450}"#,
                headers: json
            )
            #expect(cash.status == 200)
            let wrong = try await send(
                http,
                "POST",
                till + "/till/v1/cash",
                body: #"{"saleRef":"S2","amount":0}"#,
                headers: json
            )
            #expect(wrong.status == 400)
        }
    }
}
