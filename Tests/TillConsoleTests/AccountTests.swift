// Part of Tillbridge. See LICENSE.
import GRDB
import Testing
import TillCloud
import TillDomain

@testable import TillConsole

@Suite("payment accounts") struct AccountTests {
    private static let fields = [
        ("file", TestCloud.accounts), ("kind", "sandbox"), ("stores", "*"), ("version", ""), ("use", "used"),
    ]

    @Test("credentials pass through to the cloud, and are in no page, no table and no audit entry")
    func credentials() async throws {
        let cloud = try await TestCloud()
        let console = try await TestConsole(send: cloud.send, clock: cloud.clock)
        let anna = try await console.session(of: console.addUser("anna", roles: [("admin", 1)]))
        #expect(try await anna.get("/accounts").body.contains("no payment account yet"))
        #expect(try await anna.post("/accounts/new", Self.fields).location == "/accounts?said=accountAdded")
        #expect(cloud.account(.weChatPay, at: "QF00001") == "wechatpay-sandbox")
        let page = try await anna.get("/accounts")
        #expect(page.body.contains("apiKey") && page.body.contains("…7002") && page.body.contains("Working"))
        #expect(page.body.contains("0 of 64 calls in use"))
        // A file that is refused is not shown again either; what else was typed stays.
        var wrong = Self.fields
        wrong[2].1 = "NOSTORE"
        wrong[3].1 = "v9"
        let refused = try await anna.post("/accounts/new", wrong)
        #expect(
            refused.status == 422 && refused.body.contains("value=\"NOSTORE\"") && refused.body.contains("NOSTORE:")
        )
        for body in [page.body, refused.body] {
            for canary in TestCloud.canaries { #expect(!body.contains(canary)) }
            #expect(!body.contains("1900007002"))
        }
        try await console.expectNowhere(TestCloud.canaries)
        let audit = try await console.console.pool.read {
            try String.fetchAll($0, sql: "SELECT action || ' ' || subject FROM audit")
        }
        #expect(audit == ["account.added account:wechatpay-sandbox qqwallet-sandbox"])
        await cloud.close()
    }

    @Test("accounts are changed moments after password and second factor were given, and by nobody else")
    func freshProof() async throws {
        let cloud = try await TestCloud()
        let console = try await TestConsole(send: cloud.send, clock: cloud.clock)
        let anna = try await console.session(of: console.addUser("anna", roles: [("admin", 1)]))
        console.pass(milliseconds: 5 * 60_000)
        #expect(try await anna.get("/accounts/new").location?.hasPrefix("/me/proof?next=") == true)
        #expect(try await anna.post("/accounts/new", Self.fields).location?.hasPrefix("/me/proof?next=") == true)
        #expect(try await anna.get("/accounts").status == 200)
        #expect(!cloud.requests.contains { if case .addAccounts = $0 { true } else { false } })
        let olga = try await console.session(of: console.addUser("olga", roles: [("auditor", 1)]))
        #expect(try await olga.get("/accounts").status == 200)
        #expect(try await olga.post("/accounts/new", Self.fields).status == 403)
        #expect(try await olga.post("/accounts/wechatpay-sandbox/test").status == 403)
        // What concerns the whole chain is not one region's business.
        let region = try await console.addNode(.region, "NORTH")
        let rosa = try await console.session(of: console.addUser("rosa", roles: [("admin", region.id)]))
        #expect(try await rosa.post("/accounts/new", Self.fields).status == 403)
        #expect(!cloud.requests.contains { if case .addAccounts = $0 { true } else { false } })
        await cloud.close()
    }

    @Test("keys are changed under the same name, and an account is tried") func rotateAndTry() async throws {
        let cloud = try await TestCloud()
        let console = try await TestConsole(send: cloud.send, clock: cloud.clock)
        let anna = try await console.session(of: console.addUser("anna", roles: [("admin", 1)]))
        _ = try await anna.post("/accounts/new", Self.fields)
        let version = cloud.routing?.version
        let form = try await anna.get("/accounts/new?rotate=wechatpay-sandbox")
        #expect(form.body.contains("wechatpay-sandbox"))
        var fields = Self.fields
        fields[0].1 = fields[0].1.replacing(TestCloud.canaries[0], with: "CanaryKeyOfWeChatPay000000000009")
        fields[4].1 = "unused"
        let answer = try await anna.post("/accounts/new", fields + [("rotated", "wechatpay-sandbox")])
        #expect(answer.location == "/accounts?said=accountRotated")
        #expect(cloud.routing?.version == version)
        let trial = try await anna.post("/accounts/wechatpay-sandbox/test")
        #expect(trial.status == 200 && trial.body.contains("Not reachable") && trial.body.contains(" ms"))
        #expect(try await anna.post("/accounts/nobody/test").status == 409)
        await cloud.close()
    }

    @Test("success of the last 24 hours counts each payment for the account that took it") func rates() async throws {
        let cloud = try await TestCloud()
        let console = try await TestConsole(send: cloud.send, clock: cloud.clock)
        let anna = try await console.session(of: console.addUser("anna", roles: [("admin", 1)]))
        _ = try await anna.post("/accounts/new", Self.fields)
        let now = console.now
        for sequence in 1...4 {
            try await console.take(
                SamplePayment(
                    sequence: UInt64(sequence),
                    display: sequence == 4 ? "failed" : "succeeded",
                    wallet: "wechatpay",
                    startedAt: now - 1_000
                )
            )
        }
        try await console.take(
            SamplePayment(sequence: 5, display: "failed", wallet: "wechatpay", startedAt: now - 25 * 3_600_000)
        )
        try await console.take(
            SamplePayment(
                register: "QF0001AZZ",
                sequence: 6,
                display: "failed",
                wallet: "wechatpay",
                startedAt: now - 1_000
            )
        )
        let page = try await anna.get("/accounts")
        #expect(page.body.contains("75.0 %") && page.body.contains("4 payments counted"))
        await cloud.close()
    }

    @Test("silent clouds are told, and what the log said is shown") func silent() async throws {
        let console = try await TestConsole()
        let anna = try await console.session(of: console.addUser("anna", roles: [("admin", 1)]))
        try await console.console.pool.write {
            try $0.execute(sql: "INSERT INTO account VALUES ('alipay-live', 'alipay', 'v', 0, 'https://a.example', 1)")
        }
        let page = try await anna.get("/accounts")
        #expect(page.status == 200 && page.body.contains("alipay-live") && page.body.contains("No cloud answers"))
        #expect(try await anna.get("/sign-flags").body.contains("No cloud answers"))
    }
}
