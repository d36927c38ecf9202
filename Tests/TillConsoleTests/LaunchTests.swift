// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import Testing
import TillCloud
import TillDomain

@testable import TillConsole

/// Launches from the form to the cloud's routing, in virtual time.
@Suite("launches") struct LaunchTests {
    /// Two regions with stores, a cloud with two accounts that no store uses, and people.
    private struct Chain {
        static let minute: Int64 = 60_000

        let cloud: TestCloud
        let console: TestConsole
        let north: Node
        let south: Node
        let admin: Browser
        let stores: [String]

        init() async throws {
            cloud = try await TestCloud()
            console = try await TestConsole(send: cloud.send, clock: cloud.clock)
            north = try await console.addNode(.region, "NORTH")
            south = try await console.addNode(.region, "SOUTH")
            var stores: [String] = []
            for number in 1...6 {
                let code = "QF0000\(number)"
                try await cloud.perform(.addStore(name: "Store \(number)", code: code))
                _ = try await console.addNode(.store, code, below: number < 6 ? north.id : south.id)
                stores.append(code)
            }
            self.stores = stores
            try await cloud.perform(.addAccounts(file: TestCloud.accounts, stores: "*", live: false, unused: true))
            try await cloud.perform(
                .setRouting(document: #"{"version":0,"signLength":2,"rules":[],"accounts":[]}"#, allowGap: true)
            )
            for wallet in ["wechatpay", "qqwallet"] {
                try await console.console.pool.write {
                    try $0.execute(
                        sql: "INSERT INTO account VALUES (?, ?, 'v', 1, 'http://127.0.0.1:1', 1)",
                        arguments: ["\(wallet)-sandbox", wallet]
                    )
                }
            }
            admin = try await console.session(of: console.addUser("anna", roles: [("admin", 1)]))
        }

        func create(_ stores: [String], by browser: Browser? = nil, once: String? = nil) async throws -> Answer {
            try await (browser ?? admin).post(
                "/launches/new",
                [("name", "December")] + stores.map { ("store", $0) } + (once.map { [("once", $0)] } ?? [])
            )
        }

        /// A launch of stores by WeChat Pay, started.
        func start(_ stores: [String], _ fields: [(String, String)] = []) async throws {
            #expect(try await create(stores).status == 303)
            #expect(
                try await admin.post(
                    "/launches/1/wallets",
                    [("version", "1"), ("wallet-wechatpay", "wechatpay-sandbox")]
                )
                .status == 303
            )
            let answer = try await admin.post("/launches/1/go", [("version", "2"), ("untested", "on")] + fields)
            #expect(answer.status == 303, "\(answer.body)")
        }

        func round() async throws { try await LaunchRunner(console: console.console).round() }

        func record() async throws -> LaunchRecord {
            try #require(try await console.console.pool.read { try LaunchRecord(id: 1, $0) })
        }

        func live() async throws -> [String] { try await record().codes(.live) }

        func taking() -> [String] { stores.filter { cloud.account(.weChatPay, at: $0) == "wechatpay-sandbox" } }

        func state(of store: String) async throws -> Node.State? {
            try await console.console.pool.read { try Node.of(code: store, $0)?.state }
        }

        func audited() async throws -> [String] {
            try await console.console.pool.read { database in
                #expect(try AuditLog.verify(database).broken == nil)
                return try String.fetchAll(database, sql: "SELECT action FROM audit ORDER BY sequence")
            }
        }
    }

    @Test("stores go live in waves, each when it is due, and the chain's routing says so") func waves() async throws {
        let chain = try await Chain()
        try await chain.start(Array(chain.stores[0..<5]), [("waveSize", "2"), ("waveMinutes", "10")])
        #expect(try await chain.state(of: chain.stores[0]) == .testing)
        #expect(chain.taking().isEmpty)
        for wave in [2, 4, 5] {
            try await chain.round()
            #expect(try await chain.live() == Array(chain.stores[0..<wave]))
            #expect(chain.taking() == Array(chain.stores[0..<wave]))
            try await chain.round()
            chain.console.pass(milliseconds: 10 * Chain.minute - 1)
            try await chain.round()
            #expect(try await chain.live().count == wave)
            chain.console.pass(milliseconds: 1)
        }
        #expect(try await chain.record().launch.state == .running)
        try await chain.round()
        #expect(try await chain.record().launch.state == .finished)
        #expect(try await chain.state(of: chain.stores[4]) == .live)
        // One row for the launch, and not one for each wave.
        #expect(chain.cloud.routing?.document.accounts.count == 1)
        #expect(
            try await chain.audited() == [
                "launch.created", "launch.wallets", "launch.started", "launch.wave", "launch.live", "launch.wave",
                "launch.live", "launch.wave", "launch.live", "launch.finished",
            ]
        )
        await chain.cloud.close()
    }

    @Test("a time is waited for, and all stores go live at it together") func later() async throws {
        let chain = try await Chain()
        try await chain.start(chain.stores, [("startsAt", "2025-11-29 15:30")])
        try await chain.round()
        #expect(try await chain.live().isEmpty)
        chain.console.pass(milliseconds: 1_764_401_400_000 - chain.console.now - 1)
        try await chain.round()
        #expect(try await chain.live().isEmpty)
        chain.console.pass(milliseconds: 1)
        try await chain.round()
        #expect(try await chain.live().count == 6)
        await chain.cloud.close()
    }

    @Test("a wave is stored before it is done: whatever the clouds did before a crash, it is done once")
    func crash() async throws {
        let chain = try await Chain()
        try await chain.start(Array(chain.stores[0..<4]), [("waveSize", "2"), ("waveMinutes", "10")])
        let before = chain.cloud.routing?.version ?? 0
        chain.cloud.set(.deaf)
        await #expect(throws: CloudLines.Silence.self) { try await chain.round() }
        #expect(try await chain.record().codes(.going) == Array(chain.stores[0..<2]))
        #expect(chain.taking().isEmpty)
        // Done, and the word of it lost.
        chain.cloud.set(.mute)
        await #expect(throws: CloudLines.Silence.self) { try await chain.round() }
        chain.cloud.set(nil)
        try await chain.round()
        #expect(try await chain.live() == Array(chain.stores[0..<2]))
        #expect(chain.taking() == Array(chain.stores[0..<2]))
        // As if the console had died before it noted that.
        try await chain.console.console.pool.write {
            try $0.execute(sql: "UPDATE launch_store SET state = 'going', live_since = NULL WHERE state = 'live'")
        }
        try await chain.round()
        #expect(try await chain.live() == Array(chain.stores[0..<2]))
        #expect(chain.cloud.routing?.version == before + 1)
        await chain.cloud.close()
    }

    @Test("paused while a wave is on its way: what the clouds have not done is not done afterwards")
    func pausedOnTheWay() async throws {
        let chain = try await Chain()
        try await chain.start(Array(chain.stores[0..<2]))
        chain.cloud.set(.deaf)
        await #expect(throws: CloudLines.Silence.self) { try await chain.round() }
        let version = try await chain.record().launch.version
        #expect(
            try await chain.admin.post("/launches/1/state", [("act", "pause"), ("version", "\(version)")]).status == 303
        )
        chain.cloud.set(nil)
        try await chain.round()
        #expect(try await chain.record().codes(.waiting).count == 2)
        #expect(chain.taking().isEmpty)
        let next = try await chain.record().launch.version
        #expect(
            try await chain.admin.post("/launches/1/state", [("act", "resume"), ("version", "\(next)")]).status == 303
        )
        chain.console.pass(milliseconds: Chain.minute)
        try await chain.round()
        #expect(chain.taking().count == 2)
        await chain.cloud.close()
    }

    @Test("the stop rule pauses the waves; going on counts from then, and what is live stays live")
    func stopRule() async throws {
        let chain = try await Chain()
        try await chain.start(
            Array(chain.stores[0..<4]),
            [("waveSize", "2"), ("waveMinutes", "10"), ("leastRate", "90"), ("leastPayments", "4")]
        )
        try await chain.round()
        func pay(_ sequence: UInt64, _ display: String, register: String = "A01", reason: String = "") async throws {
            try await chain.console.take(
                SamplePayment(
                    register: chain.stores[0] + register.suffix(2),
                    sequence: sequence,
                    display: display,
                    wallet: "wechatpay",
                    startedAt: chain.console.now,
                    reason: reason
                )
            )
        }
        for sequence in 1...3 { try await pay(UInt64(sequence), "succeeded") }
        // Test payments and what a cashier broke off are no failures.
        try await pay(1, "failed", register: "ZZ", reason: "risk")
        try await pay(4, "revoked", reason: "cashier")
        chain.console.pass(milliseconds: 10 * Chain.minute)
        try await chain.round()
        #expect(try await chain.live().count == 4)
        try await pay(5, "failed", reason: "risk")
        try await chain.round()
        let paused = try await chain.record().launch
        #expect(paused.state == .paused && paused.pauseKind == .rate && paused.pauseText == "75.0 %")
        let page = try await chain.admin.get("/launches/1")
        #expect(page.body.contains("75.0 %") && page.body.contains("below 90 %"))
        #expect(chain.taking().count == 4)
        chain.console.pass(milliseconds: 1_000)
        _ = try await chain.admin.post("/launches/1/state", [("act", "resume"), ("version", "\(paused.version)")])
        try await chain.round()
        #expect(try await chain.record().launch.state == .running)
        await chain.cloud.close()
    }

    @Test("a cloud that refuses a wave pauses the launch, in its own words") func refusedByCloud() async throws {
        let chain = try await Chain()
        _ = try await chain.console.addNode(.store, "QF00009", below: chain.north.id)
        try await chain.start(["QF00009"])
        try await chain.round()
        let launch = try await chain.record().launch
        #expect(launch.state == .paused && launch.pauseKind == .cloud)
        #expect(launch.pauseText.contains("QF00009"))
        try await chain.round()
        #expect(try await chain.record().codes(.waiting) == ["QF00009"])
        await chain.cloud.close()
    }

    @Test("one store is paused and taken up again, and a later wave does not take it up") func oneStore() async throws {
        let chain = try await Chain()
        try await chain.start(Array(chain.stores[0..<4]), [("waveSize", "2"), ("waveMinutes", "10")])
        try await chain.round()
        let path = "/launches/1/stores/\(chain.stores[0])/state"
        #expect(try await chain.admin.post(path, [("act", "pause")]).status == 303)
        #expect(chain.taking() == [chain.stores[1]])
        #expect(try await chain.state(of: chain.stores[0]) == .paused)
        #expect(try await chain.admin.post(path, [("act", "pause")]).status == 409)
        chain.console.pass(milliseconds: 10 * Chain.minute)
        try await chain.round()
        #expect(chain.taking() == Array(chain.stores[1..<4]))
        #expect(try await chain.admin.post(path, [("act", "resume")]).status == 303)
        #expect(chain.taking() == Array(chain.stores[0..<4]))
        await chain.cloud.close()
    }

    @Test("whoever has one region launches its stores only, and sees no launch of another") func scope() async throws {
        let chain = try await Chain()
        let user = try await chain.console.addUser("rosa", roles: [("admin", chain.north.id)])
        let rosa = try await chain.console.session(of: user)
        #expect(try await chain.create([chain.stores[5]], by: rosa).status == 403)
        #expect(try await chain.create([chain.stores[0], chain.stores[5]], by: rosa).status == 403)
        let south = try await rosa.post("/launches/new", [("name", "x"), ("place", "\(chain.south.id)")])
        #expect(south.status == 403)
        #expect(!(try await rosa.get("/launches/new").body.contains(chain.stores[5])))
        // A launch with stores of both regions: she sees her own part, and decides nothing.
        #expect(try await chain.create([chain.stores[0], chain.stores[5]]).status == 303)
        let page = try await rosa.get("/launches/1")
        #expect(page.status == 200 && page.body.contains(chain.stores[0]))
        #expect(!page.body.contains(chain.stores[5]))
        for (path, fields) in [
            ("/launches/1/wallets", [("version", "1"), ("wallet-wechatpay", "wechatpay-sandbox")]),
            ("/launches/1/state", [("act", "stop"), ("version", "1")]),
        ] {
            #expect(try await rosa.post(path, fields).status == 403)
        }
        #expect(try await rosa.get("/launches/1/go").status == 403)
        // One of the other region alone does not exist for her.
        _ = try await chain.admin.post("/launches/1/state", [("act", "stop"), ("version", "1")])
        #expect(try await chain.create([chain.stores[5]]).status == 303)
        #expect(try await rosa.get("/launches/2").status == 404)
        #expect(try await rosa.post("/launches/2/state", [("act", "stop"), ("version", "1")]).status == 404)
        #expect(!(try await rosa.get("/launches").body.contains("/launches/2")))
        // Her own.
        #expect(try await rosa.post("/launches/new", [("name", "x"), ("place", "\(chain.north.id)")]).status == 303)
        let watcher = try await chain.console.session(of: chain.console.addUser("otto", roles: [("operator", 1)]))
        #expect(try await watcher.get("/launches/3").status == 200)
        #expect(try await watcher.get("/launches/new").status == 403)
        await chain.cloud.close()
    }

    @Test("forms keep what was typed and say at the field what is wrong; copies and stale pages do nothing")
    func forms() async throws {
        let chain = try await Chain()
        let empty = try await chain.admin.post("/launches/new", [("name", "")])
        #expect(empty.status == 422 && empty.body.contains("problem-name"))
        #expect(empty.body.contains("at least one store"))
        async let first = chain.create([chain.stores[0]], once: "one")
        async let copy = chain.create([chain.stores[0]], once: "one")
        #expect(
            try await [first, copy].map(\.location)
                == Array(repeating: "/launches/1/wallets?said=launchCreated", count: 2)
        )
        let busy = try await chain.create([chain.stores[0]])
        #expect(busy.status == 422 && busy.body.contains("another launch"))
        let none = try await chain.admin.post("/launches/1/wallets", [("version", "1"), ("wallet-wechatpay", "")])
        #expect(none.status == 422)
        _ = try await chain.admin.post(
            "/launches/1/wallets",
            [("version", "1"), ("wallet-wechatpay", "wechatpay-sandbox")]
        )
        // Another person's page is from before that: theirs stands beside hers.
        let stale = try await chain.admin.post(
            "/launches/1/wallets",
            [("version", "1"), ("wallet-qqwallet", "qqwallet-sandbox")]
        )
        #expect(stale.status == 422 && stale.body.contains("wechatpay: wechatpay-sandbox"))
        #expect(stale.body.contains("value=\"qqwallet-sandbox\" selected"))
        #expect(try await chain.record().wallets.map(\.wallet) == ["wechatpay"])
        let wrong = try await chain.admin.post(
            "/launches/1/go",
            [
                ("version", "2"), ("startsAt", "2020-01-01 00:00"), ("waveSize", "0"), ("waveMinutes", "x"),
                ("leastRate", "101"), ("leastPayments", ""),
            ]
        )
        #expect(wrong.status == 422)
        for field in ["startsAt", "waveSize", "waveMinutes", "leastRate", "leastPayments", "untested"] {
            #expect(wrong.body.contains("problem-\(field)"), "\(field)")
        }
        #expect(wrong.body.contains("value=\"101\"") && wrong.body.contains("value=\"2020-01-01 00:00\""))
        let old = try await chain.admin.post("/launches/1/go", [("version", "1"), ("untested", "on")])
        #expect(old.status == 409)
        #expect(try await chain.record().launch.state == .preparing)
        #expect(try await chain.admin.post("/launches/1/state", [("act", "stop"), ("version", "2")]).status == 303)
        #expect(try await chain.state(of: chain.stores[0]) == .draft)
        #expect(try await chain.admin.post("/launches/1/state", [("act", "resume"), ("version", "3")]).status == 409)
        await chain.cloud.close()
    }

    @Test("a test payment fills the checklist; its code is in no page, no table and no audit entry")
    func testPayment() async throws {
        let chain = try await Chain()
        let code = "134567890123456789"
        _ = try await chain.create([chain.stores[0]])
        _ = try await chain.admin.post(
            "/launches/1/wallets",
            [("version", "1"), ("wallet-wechatpay", "wechatpay-sandbox")]
        )
        let path = "/launches/1/stores/\(chain.stores[0])/test"
        #expect(try await chain.admin.get(path).status == 200)
        let number = "\(SamplePayment(register: chain.stores[0] + "ZZ").number)"
        chain.cloud.set(testReply: #"{"n":"\#(number)","result":"declined","reason":"risk","undo":"closed"}"#)
        let declined = try await chain.admin.post(path, [("wallet", "wechatpay"), ("code", code)])
        #expect(declined.location == "/launches/1?said=launchTestFailed")
        #expect(try await chain.admin.get("/launches/1").body.contains("Refused for risk"))
        chain.cloud.set(testReply: #"{"n":"\#(number)","result":"paid","undo":"revoking"}"#)
        #expect(try await chain.admin.post(path, [("wallet", "wechatpay"), ("code", code)]).status == 303)
        #expect(try await chain.record().isTested(chain.stores[0]) == false)
        // The undo ends later; the payment's own row tells.
        try await chain.console.take(
            SamplePayment(register: chain.stores[0] + "ZZ", display: "revoked", wallet: "wechatpay", reason: "cashier")
        )
        #expect(try await chain.record().isTested(chain.stores[0]))
        #expect(!(try await chain.admin.get("/launches/1/go").body.contains("name=\"untested\"")))
        chain.cloud.set(.deaf)
        let silent = try await chain.admin.post(path, [("wallet", "wechatpay"), ("code", code)])
        #expect(silent.status == 422 && silent.body.contains("undone by itself"))
        chain.cloud.set(nil)
        let bad = try await chain.admin.post(path, [("wallet", "alipay"), ("code", "")])
        #expect(bad.status == 422 && bad.body.contains("problem-wallet") && bad.body.contains("problem-code"))
        for page in ["/launches/1", "/launches", path] {
            #expect(!(try await chain.admin.get(page).body.contains(code)))
        }
        #expect(!silent.body.contains(code))
        try await chain.console.expectNowhere([code])
        // A code reaches one cloud, once for each try.
        let sent = chain.cloud.requests.filter { if case .testPayment = $0 { true } else { false } }
        #expect(sent.count == 2)
        await chain.cloud.close()
    }
}

extension TestConsole {
    /// Looks through every table, and every file of the folder.
    func expectNowhere(_ secrets: [String]) async throws {
        let dump = try await console.pool.read { database in
            let tables = try String.fetchAll(database, sql: "SELECT name FROM sqlite_schema WHERE type = 'table'")
            return try tables.map { table in
                try Row.fetchAll(database, sql: "SELECT * FROM \(table)").map { "\($0)" }.joined()
            }.joined()
        }
        for secret in secrets { #expect(!dump.contains(secret)) }
        for file in ["console.sqlite", "console.sqlite-wal"] {
            guard let content = FileManager.default.contents(atPath: folder + "/" + file) else { continue }
            for secret in secrets { #expect(content.range(of: Data(secret.utf8)) == nil, "\(file)") }
        }
    }
}
