// Part of Tillbridge. See LICENSE.
import GRDB
import Testing
import TillCloud
import TillDomain

@testable import TillConsole

@Suite("Sign-Flag rules") struct SignFlagTests {
    private struct Chain {
        let cloud: TestCloud
        let console: TestConsole
        let anna: Browser
        let store = "QF00001"

        init() async throws {
            cloud = try await TestCloud()
            console = try await TestConsole(send: cloud.send, clock: cloud.clock)
            anna = try await console.session(of: console.addUser("anna", roles: [("admin", 1)]))
            try await cloud.perform(.addStore(name: "Nanjing Road", code: store))
            _ = try await console.addNode(.store, store)
            try await cloud.perform(.addAccounts(file: TestCloud.accounts, stores: "*", live: false))
        }

        var base: String { "\(cloud.routing?.version ?? 0)" }

        func rule(_ prefix: String, base: String? = nil) async throws -> Answer {
            try await anna.post(
                "/sign-flags/rules/new",
                [
                    ("base", base ?? self.base), ("prefix", prefix), ("length", "18"), ("wallet", "newwallet"),
                    ("stores", "*"), ("from", ""), ("until", ""), ("action", "on"),
                ]
            )
        }
    }

    @Test("rules are added, turned off and ended, stores take and leave wallets, and the history has the words")
    func edit() async throws {
        let chain = try await Chain()
        #expect(try await chain.rule("77").location == "/sign-flags?said=signFlagsPublished")
        let count = chain.cloud.routing?.document.rules.count ?? 0
        let change = "/sign-flags/rules/\(count)"
        #expect(try await chain.anna.get(change).body.contains("77"))
        let off = try await chain.anna.post(change, [("base", chain.base), ("action", "off"), ("from", "")])
        #expect(off.status == 303)
        let end = try await chain.anna.post(
            change,
            [("base", chain.base), ("action", "end"), ("from", "2026-12-01 06:00")]
        )
        #expect(end.status == 303)
        #expect(chain.cloud.routing?.document.rules.last?.until == 1_796_076_000_000)
        func stores(_ action: String) async throws -> Answer {
            try await chain.anna.post(
                "/sign-flags/stores",
                [
                    ("base", chain.base), ("action", action), ("wallet", "wechatpay"), ("account", ""),
                    ("stores", chain.store), ("from", ""), ("until", ""),
                ]
            )
        }
        #expect(try await stores("leave").status == 303)
        #expect(chain.cloud.account(.weChatPay, at: chain.store) == nil)
        #expect(try await stores("take").status == 303)
        #expect(chain.cloud.account(.weChatPay, at: chain.store) == "wechatpay-sandbox")
        let page = try await chain.anna.get("/sign-flags")
        #expect(page.body.contains("turned rule \(count) off") && page.body.contains("2026-12-01 06:00:00"))
        let audit = try await chain.console.console.pool.read {
            try String.fetchAll($0, sql: "SELECT after FROM audit WHERE action = 'signflags.changed' ORDER BY sequence")
        }
        #expect(audit.count == 5 && audit[0].hasPrefix("added 77 of 18 for newwallet"))
        await chain.cloud.close()
    }

    @Test("the cloud's refusals stand at the field, and what was typed stays") func refused() async throws {
        let chain = try await Chain()
        let overlap = try await chain.rule("13")
        #expect(overlap.status == 422 && overlap.body.contains("problem-prefix") && overlap.body.contains("overlap"))
        #expect(overlap.body.contains("value=\"newwallet\""))
        let rules = chain.cloud.routing?.document.rules.count
        let gap = try await chain.anna.post(
            "/sign-flags/rules/1",
            [("base", chain.base), ("action", "end"), ("from", "")]
        )
        if gap.status == 422 {
            #expect(gap.body.contains("problem-allowGap"))
            let meant = try await chain.anna.post(
                "/sign-flags/rules/1",
                [("base", chain.base), ("action", "end"), ("from", ""), ("allowGap", "on")]
            )
            #expect(meant.status == 303)
        }
        #expect((chain.cloud.routing?.document.rules.count ?? 0) + 1 == rules)
        let wrong = try await chain.anna.post(
            "/sign-flags/rules/new",
            [
                ("base", chain.base), ("prefix", "1-2-3"), ("length", "x"), ("wallet", "Not A Wallet"), ("stores", ""),
                ("from", "2026-02-30 06:00"), ("until", "soon"),
            ]
        )
        for field in ["prefix", "length", "wallet", "stores", "from", "until"] {
            #expect(wrong.body.contains("problem-\(field)"), "\(field)")
        }
        let past = try await chain.anna.post(
            "/sign-flags/stores",
            [
                ("base", chain.base), ("action", "take"), ("wallet", "wechatpay"), ("account", ""), ("stores", "*"),
                ("from", "2020-01-01 06:00"), ("until", ""),
            ]
        )
        #expect(past.status == 422 && past.body.contains("problem-from"))
        await chain.cloud.close()
    }

    @Test("a page from before somebody else's version overwrites nothing and shows theirs beside it")
    func stale() async throws {
        let chain = try await Chain()
        let old = chain.base
        #expect(try await chain.rule("77").status == 303)
        let version = chain.cloud.routing?.version
        let answer = try await chain.rule("88", base: old)
        #expect(answer.status == 422)
        #expect(answer.body.contains("added 77 of 18") && answer.body.contains("added 88 of 18"))
        #expect(answer.body.contains("name=\"base\" value=\"\(chain.base)\""))
        #expect(answer.body.contains("value=\"88\""))
        let rule = try await chain.anna.post("/sign-flags/rules/1", [("base", old), ("action", "off"), ("from", "")])
        #expect(rule.status == 422 && !rule.body.contains("name=\"base\""))
        #expect(chain.cloud.routing?.version == version)
        await chain.cloud.close()
    }

    @Test("a code is tried and is in no page and no table") func tester() async throws {
        let chain = try await Chain()
        let code = "134567890123456789"
        let answer = try await chain.anna.post("/sign-flags/test", [("code", code), ("store", chain.store)])
        #expect(
            answer.status == 200 && answer.body.contains("wechatpay-sandbox") && answer.body.contains("18 characters")
        )
        #expect(!answer.body.contains(code) && !answer.body.contains("6789"))
        let wrong = try await chain.anna.post(
            "/sign-flags/test",
            [("code", ""), ("store", "NOSTORE"), ("moment", "later")]
        )
        for field in ["code", "store", "moment"] { #expect(wrong.body.contains("problem-\(field)")) }
        let unknown = try await chain.anna.post("/sign-flags/test", [("code", "999999999999999999"), ("store", "")])
        #expect(unknown.body.contains("Unknown code"))
        try await chain.console.expectNowhere([code])
        await chain.cloud.close()
    }

    @Test("whoever has one region decides about its stores, and not about rules") func scope() async throws {
        let chain = try await Chain()
        let region = try await chain.console.addNode(.region, "NORTH")
        try await chain.cloud.perform(.addStore(name: "North", code: "QF00002"))
        _ = try await chain.console.addNode(.store, "QF00002", below: region.id)
        let rosa = try await chain.console.session(of: chain.console.addUser("rosa", roles: [("admin", region.id)]))
        func take(_ stores: String) async throws -> Int {
            try await rosa.post(
                "/sign-flags/stores",
                [
                    ("base", chain.base), ("action", "leave"), ("wallet", "wechatpay"), ("stores", stores),
                    ("from", ""),
                    ("until", ""),
                ]
            ).status
        }
        #expect(try await take("*") == 403)
        #expect(try await take("QF0") == 403)
        #expect(try await take("QF00002,\(chain.store)") == 403)
        #expect(try await take("QF00002") == 303)
        let rule = try await rosa.post("/sign-flags/rules/1", [("base", chain.base), ("action", "off"), ("from", "")])
        #expect(rule.status == 403)
        #expect(try await rosa.post("/sign-flags/test", [("code", "1"), ("store", chain.store)]).status == 422)
        // Stores of others are counted, and not named.
        _ = try await chain.anna.post(
            "/sign-flags/stores",
            [
                ("base", chain.base), ("action", "leave"), ("wallet", "wechatpay"), ("stores", chain.store),
                ("from", ""),
                ("until", ""),
            ]
        )
        let page = try await rosa.get("/sign-flags")
        #expect(page.body.contains("and 1 more") && !page.body.contains(chain.store))
        await chain.cloud.close()
    }
}
