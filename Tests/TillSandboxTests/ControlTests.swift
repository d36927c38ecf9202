// Part of Tillbridge. See LICENSE.
import Foundation
import Logging
import ServiceLifecycle
import Testing
import TillSandbox

@Suite struct ControlTests {
    @Test("bad input is answered with a problem that names the field")
    func problems() async throws {
        let rows: [(String, String, String, String)] = [
            ("POST", "codes", "", "body"), ("POST", "codes", "[]", "body"), ("POST", "codes", "{}", "wallet"),
            ("POST", "codes", #"{"wallet":"cash"}"#, "wallet"), ("POST", "codes", #"{"wallet":7}"#, "wallet"),
            ("POST", "codes", #"{"wallet":"alipay","behavior":"pays"}"#, "behavior"),
            ("POST", "codes", #"{"wallet":"alipay","behaviour":"sings"}"#, "behaviour"),
            ("POST", "codes", #"{"wallet":"alipay","balance":-1}"#, "balance"),
            ("POST", "codes", #"{"wallet":"alipay","balance":1.5}"#, "balance"),
            ("POST", "codes", #"{"wallet":"alipay","shopper":"a/b"}"#, "shopper"),
            ("PUT", "faults", "{}", "body"), ("PUT", "faults", "[7]", "[0]"), ("PUT", "faults", "[{}]", "[0].fault"),
            ("PUT", "faults", #"[{"fault":"delay"},{"fault":"flood"}]"#, "[1].fault"),
            ("PUT", "faults", #"[{"fault":"delay","probability":2}]"#, "[0].probability"),
            ("PUT", "faults", #"[{"fault":"delay","count":-1}]"#, "[0].count"),
            ("POST", "faults", "[]", "body"),
            ("POST", "faults", #"{"fault":"reset","code":"28"}"#, "code"),
            ("PUT", "faults", #"[{"fault":"late-execution","operation":"query"}]"#, "[0].operation"),
            ("PUT", "policies", #"{"Q8":"yes"}"#, "Q8"), ("PUT", "policies", #"{"Q1":"maybe"}"#, "Q1"),
            ("POST", "clock", "{}", "advance"), ("POST", "clock", #"{"advance":-1}"#, "advance"),
            ("GET", "trades?limit=0", "", "limit"), ("GET", "trades?offset=x", "", "offset"),
        ]
        try await RunningSandbox.with { sandbox in
            for (method, path, body, field) in rows {
                let reply = try await sandbox.send(method, "/sandbox/v1/" + path, body: Array(body.utf8))
                #expect(reply.status == 400, "\(path) \(body)")
                #expect(reply.contentType == "application/problem+json")
                #expect(reply.json?.object?["field"]?.text == field, "\(path) \(body): \(reply.text)")
            }
            #expect(try await sandbox.control("GET", "faults") == .list([]))
        }
    }

    @Test("a page of another site cannot reach the control interface")
    func guarded() async throws {
        try await RunningSandbox.with { sandbox in
            for headers in [
                [("Host", "sandbox.example")], [("Origin", "https://example.com")], [("Origin", "null")],
                [("Host", "127.0.0.1.example.com")],
            ] {
                for path in ["/sandbox/v1/ledger", "/phone"] {
                    let reply = try await sandbox.send("GET", path, headers: headers)
                    #expect(reply.status == 403)
                }
            }
            for headers in [[("Host", "localhost:1")], [("Host", "[::1]:1")], [("Origin", "http://localhost:9")]] {
                #expect(try await sandbox.send("GET", "/sandbox/v1/ledger", headers: headers).status == 200)
            }
            #expect(try await sandbox.send("GET", "/healthz").status == 200)
        }
    }

    @Test("confirm and reject decide a waiting payment once")
    func decisions() async throws {
        try await RunningSandbox.with { sandbox in
            func decide(_ code: String, _ word: String) async throws -> Int {
                try await sandbox.send("POST", "/sandbox/v1/codes/\(code)/\(word)").status
            }
            let code = try await sandbox.code(.alipay, "password")
            #expect(try await decide("280000000000000000", "confirm") == 404)
            #expect(try await decide(code, "confirm") == 409)
            _ = try await sandbox.alipayPay("N1", code: code)
            #expect(try await sandbox.net("N1") == 0)
            #expect(try await decide(code, "confirm") == 200)
            #expect(try await decide(code, "reject") == 409)
            #expect(try await sandbox.net("N1") == 1290)
            let never = try await sandbox.code(.wechatpay, "never")
            _ = try await sandbox.weChatPay("N00002", code: never)
            #expect(try await decide(never, "confirm") == 409)
        }
    }

    @Test("the log of calls tells how long the wallet had a call, and no code")
    func calls() async throws {
        try await RunningSandbox.with { sandbox in
            let code = try await sandbox.code(.alipay)
            _ = try await sandbox.alipayPay("N1", code: code)
            _ = try await sandbox.alipay("alipay.trade.query", #"{"out_trade_no":"N1"}"#)
            // The last entry is made after its answer has left.
            var calls: [JSONValue] = []
            while calls.count < 2 {
                guard case .list(let list) = try await sandbox.control("GET", "calls?merchantOrderNumber=N1") else {
                    break
                }
                calls = list
            }
            #expect(calls.map { $0.object?["operation"]?.text } == ["pay", "query"])
            #expect(calls.allSatisfy { ($0.object?["microseconds"]?.integer ?? 0) > 0 })
            let file = try String(contentsOfFile: sandbox.folder + "/wallet-log.jsonl", encoding: .utf8)
            #expect(file.split(separator: "\n").count == 2)
            #expect(!file.contains(code))
        }
    }

    @Test("fifty identical payments at once are one payment", arguments: SandboxWallet.allCases)
    func concurrent(_ wallet: SandboxWallet) async throws {
        try await RunningSandbox.with { sandbox in
            let code = try await sandbox.code(wallet)
            let time = RunningSandbox.orderTime
            @Sendable func send() async throws -> RunningSandbox.Reply {
                // UnionPay knows a payment by its time too.
                guard wallet == .unionpay else { return try await sandbox.pay(wallet, "N0000001", code: code) }
                return try await sandbox.unionConsume("N0000001", code: code, time: time)
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<50 {
                    group.addTask { _ = try await send() }
                }
                try await group.waitForAll()
            }
            #expect(try await sandbox.decidedNet("N0000001") == 1290)
            let ledger = try await sandbox.control("GET", "ledger").object
            #expect(ledger?["merchant"]?.integer == 1290)
            #expect(ledger?["sum"]?.integer == 0)
        }
    }

    @Test("a restart keeps trades, keys, faults and policies")
    func restart() async throws {
        let folder = try TemporaryFolder()
        let data = folder.path + "/data"
        try await RunningSandbox.with(data: data) { sandbox in
            _ = try await sandbox.alipayPay("N1", code: try await sandbox.code(.alipay))
            try await sandbox.control("PUT", "policies", #"{"Q1":"refused"}"#)
            try await sandbox.fault(.alipay, "delay", seconds: 1)
            try sandbox.keys.alipay.appID.write(toFile: folder.path + "/app", atomically: true, encoding: .utf8)
        }
        try await RunningSandbox.with(data: data) { sandbox in
            #expect(try await sandbox.net("N1") == 1290)
            #expect(try await sandbox.control("GET", "policies").object?["Q1"]?.text == "refused")
            guard case .list(let faults) = try await sandbox.control("GET", "faults") else { return }
            #expect(faults.count == 1)
            let app = try String(contentsOfFile: folder.path + "/app", encoding: .utf8)
            #expect(sandbox.keys.alipay.appID == app)
        }
    }

    @Test("a port in use is one sentence that names it")
    func portInUse() async throws {
        try await RunningSandbox.with { sandbox in
            let port = try #require(sandbox.addresses.sandbox.split(separator: ":").last.flatMap { Int($0) })
            var settings = SandboxConfiguration()
            settings.port = port
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let service = try SandboxService(settings, logger: logger) { _ in Issue.record("it listens") }
            await #expect {
                try await service.run()
            } throws: { ($0 as? SandboxError)?.description.contains("Port \(port) is in use") == true }
        }
    }

    @Test("settings that cannot be are refused by name")
    func settings() {
        var rows: [(SandboxConfiguration, String)] = []
        for (change, name) in [
            ({ $0.port = 70_000 }, "--port"), ({ $0.tlsPort = -1 }, "--tls-port"),
            ({ $0.tlsPort = 7300 }, "--tls-port"),
            ({ $0.speed = 0 }, "--speed"), ({ $0.speed = .nan }, "--speed"),
        ] as [((inout SandboxConfiguration) -> Void, String)] {
            var settings = SandboxConfiguration()
            change(&settings)
            rows.append((settings, name))
        }
        for (settings, name) in rows {
            #expect {
                try settings.validate()
            } throws: { ($0 as? SandboxError)?.description.contains(name) == true }
        }
    }
}
