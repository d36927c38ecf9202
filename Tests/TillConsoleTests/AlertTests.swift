// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import Synchronization
import Testing
import TillStore

@testable import TillConsole

/// Alerts from the first payment that is wrong to the last that is right, in virtual time.
@Suite("alerts") struct AlertTests {
    /// Two regions with a live store each, an administrator, and no rule but those that a test makes.
    private struct Chain {
        static let minute: Int64 = 60_000

        let console: TestConsole
        let admin: Browser
        let north: Node
        let watch: AlertWatch

        init(keepsStandardRules: Bool = false) async throws {
            console = try await TestConsole()
            north = try await console.addNode(.region, "NORTH")
            _ = try await console.addNode(.store, "QF0001A", below: north.id)
            let south = try await console.addNode(.region, "SOUTH")
            _ = try await console.addNode(.store, "QF0002B", below: south.id)
            try await console.console.pool.write { database in
                try database.execute(sql: "UPDATE node SET state = 'live' WHERE kind = 'store'")
                if !keepsStandardRules { try database.execute(sql: "DELETE FROM alert_rule") }
            }
            admin = try await console.session(of: console.addUser("anna", roles: [("admin", 1)]))
            watch = AlertWatch(console: console.console)
        }

        func rule(_ kind: AlertRule.Kind, _ fields: [(String, String)] = [], place: String = "GROUP") async throws {
            let answer = try await admin.post(
                "/system/alerts/rules/new",
                [("kind", kind.rawValue), ("place", place)] + fields
            )
            #expect(answer.status == 303, "\(answer.body)")
        }

        func pay(_ sequence: Int, _ display: String, store: String = "QF0001A", reason: String = "") async throws {
            try await console.take(
                SamplePayment(
                    register: store + "01",
                    sequence: UInt64(sequence),
                    display: display,
                    startedAt: console.now - 5,
                    reason: reason
                )
            )
        }

        func open(in scope: Scope = Scope(paths: ["/1/"])) async throws -> [Alert] {
            try await console.console.pool.read { try Alert.open(in: scope, $0) }
        }

        func past() async throws -> [Alert] {
            try await console.console.pool.read {
                try Alert.past(in: Scope(paths: ["/1/"]), before: nil, limit: 100, $0)
            }
        }
    }

    @Test("a console begins with two rules: an undo that failed, a cloud that is not heard") func standard()
        async throws
    {
        let chain = try await Chain(keepsStandardRules: true)
        let rules = try await chain.console.console.pool.read { try AlertRule.all($0) }
        #expect(rules.map(\.kind) == [.undoFailed, .cloudSilent])
        try await chain.pay(1, "revoke_failed")
        try await chain.watch.round()
        let alerts = try await chain.open()
        #expect(alerts.map(\.kind) == [.undoFailed])
        #expect(alerts.first?.subject == "\(SamplePayment(startedAt: 0).number)")
    }

    @Test("a success rate below the bound raises once, holds between the bounds, and clears two points above")
    func successRate() async throws {
        let chain = try await Chain()
        try await chain.rule(.successRate, [("percent", "80"), ("minutes", "15"), ("payments", "10")])
        for sequence in 1...7 { try await chain.pay(sequence, "succeeded") }
        for sequence in 8...9 { try await chain.pay(sequence, "failed", reason: "risk") }
        // What the cashier broke off, what is open and the test payments count for neither side.
        try await chain.pay(90, "revoked", reason: "cashier")
        try await chain.pay(91, "paying")
        try await chain.console.take(
            SamplePayment(register: "QF0001AZZ", sequence: 92, display: "failed", startedAt: chain.console.now)
        )
        try await chain.watch.round()
        #expect(try await chain.open().isEmpty, "nine payments are too few")
        try await chain.pay(10, "succeeded")
        try await chain.watch.round()
        #expect(try await chain.open().isEmpty, "exactly the bound is enough")
        try await chain.pay(11, "failed", reason: "risk")
        try await chain.watch.round()
        try await chain.watch.round()
        #expect(try await chain.open().map(\.value) == [727])
        // 81 % lies between the bounds: it stays.
        for sequence in 12...16 { try await chain.pay(sequence, "succeeded") }
        try await chain.watch.round()
        #expect(try await chain.open().count == 1)
        try await chain.pay(17, "succeeded")
        try await chain.watch.round()
        #expect(try await chain.open().isEmpty)
        #expect(try await chain.past().count == 1)
    }

    @Test("a success rate that nothing speaks of any more is over with its window") func window() async throws {
        let chain = try await Chain()
        try await chain.rule(.successRate, [("percent", "80"), ("minutes", "15"), ("payments", "2")])
        try await chain.pay(1, "failed", reason: "risk")
        try await chain.pay(2, "failed", reason: "risk")
        try await chain.watch.round()
        #expect(try await chain.open().count == 1)
        chain.console.pass(milliseconds: 15 * Chain.minute - 1)
        try await chain.watch.round()
        #expect(try await chain.open().count == 1)
        chain.console.pass(milliseconds: 1)
        try await chain.watch.round()
        #expect(try await chain.open().isEmpty)
    }

    @Test("a payment that is unknown for longer than the bound raises, and at the bound it does not") func unknown()
        async throws
    {
        let chain = try await Chain()
        try await chain.rule(.unknownAge, [("minutes", "5")])
        try await chain.pay(1, "unknown")
        chain.console.pass(milliseconds: 5 * Chain.minute)
        try await chain.watch.round()
        #expect(try await chain.open().isEmpty)
        chain.console.pass(milliseconds: 1)
        try await chain.watch.round()
        #expect(try await chain.open().map(\.value) == [1])
        try await chain.pay(1, "succeeded")
        try await chain.watch.round()
        #expect(try await chain.open().isEmpty)
    }

    @Test("each payment whose undo or refund failed is an alert of its own") func payments() async throws {
        let chain = try await Chain()
        try await chain.rule(.undoFailed)
        try await chain.rule(.refundFailed, [], place: "NORTH")
        try await chain.pay(1, "revoke_failed")
        try await chain.watch.round()
        try await chain.pay(2, "revoke_failed")
        try await chain.pay(3, "refund_failed")
        try await chain.pay(4, "refund_failed", store: "QF0002B")
        try await chain.watch.round()
        #expect(try await chain.open().map(\.kind) == [.refundFailed, .undoFailed, .undoFailed])
        try await chain.pay(1, "revoked")
        try await chain.watch.round()
        #expect(try await chain.open().count == 2)
        #expect(try await chain.admin.get("/system/alerts").body.contains("/payments/"))
    }

    @Test("a live store that sells nothing is missed in its opening hours, and not before it had the time")
    func noSales() async throws {
        let chain = try await Chain()
        // It is 15:06:40 in Shanghai.
        try await chain.rule(.noSales, [("minutes", "60"), ("opens", "15:00"), ("closes", "18:00")])
        try await chain.pay(1, "succeeded")
        chain.console.pass(milliseconds: 53 * Chain.minute + 19_999)
        try await chain.watch.round()
        #expect(try await chain.open().isEmpty, "15:59:59: open for less than an hour")
        chain.console.pass(milliseconds: 1)
        try await chain.watch.round()
        #expect(try await chain.open().isEmpty, "16:00:00: the sale is 53 minutes old")
        chain.console.pass(milliseconds: 7 * Chain.minute)
        try await chain.watch.round()
        // The other store has never sold: nobody misses it.
        #expect(try await chain.open().map(\.subject) == ["QF0001A"])
        try await chain.pay(2, "failed", reason: "risk")
        try await chain.watch.round()
        #expect(try await chain.open().count == 1, "what was not paid is no sale")
        try await chain.pay(3, "succeeded")
        try await chain.watch.round()
        #expect(try await chain.open().isEmpty)
        chain.console.pass(milliseconds: 61 * Chain.minute)
        try await chain.watch.round()
        #expect(try await chain.open().count == 1)
        // 18:00 and later.
        chain.console.pass(milliseconds: 52 * Chain.minute)
        try await chain.watch.round()
        #expect(try await chain.open().isEmpty)
    }

    @Test("a paused store is not missed") func paused() async throws {
        let chain = try await Chain()
        try await chain.rule(.noSales, [("minutes", "1"), ("opens", "00:00"), ("closes", "24:00")])
        try await chain.pay(1, "succeeded")
        chain.console.pass(milliseconds: 2 * Chain.minute)
        try await chain.watch.round()
        #expect(try await chain.open().count == 1)
        try await chain.console.console.pool.write {
            try $0.execute(sql: "UPDATE node SET state = 'paused'  WHERE kind = 'store'")
        }
        try await chain.watch.round()
        #expect(try await chain.open().isEmpty)
    }

    @Test("a cloud that is not heard is told, from when this console listens on") func cloudSilent() async throws {
        let chain = try await Chain()
        try await chain.rule(.cloudSilent, [("seconds", "60")])
        chain.console.pass(milliseconds: 59_999)
        try await chain.watch.round()
        #expect(try await chain.open().isEmpty)
        chain.console.pass(milliseconds: 1)
        try await chain.watch.round()
        #expect(try await chain.open().map(\.subject) == ["no-cloud"])
        // It is heard, under its name.
        let (folder, now) = (chain.console.console.clouds.folders[0], chain.console.now)
        try await chain.console.console.pool.write {
            try CloudCursor.move(folder, "A", isCopy: false, to: .start, at: now, $0)
        }
        try await chain.watch.round()
        #expect(try await chain.open().isEmpty)
        chain.console.pass(milliseconds: 60_000)
        try await chain.watch.round()
        #expect(try await chain.open().map(\.subject) == ["A"])
        // A console that starts again listens from then on.
        try await AlertWatch(console: chain.console.console).round()
        #expect(try await chain.open().isEmpty)
    }

    @Test("raised and cleared are told by webhook, once each") func told() async throws {
        let chain = try await Chain()
        try await chain.rule(.unknownAge, [("minutes", "1")])
        _ = try await chain.admin.post(
            "/system/webhooks/new",
            [
                ("url", "https://93.184.216.34/"), ("place", "GROUP"), ("kind-alert.raised", "on"),
                ("kind-alert.cleared", "on"),
            ]
        )
        chain.console.pass(milliseconds: 1_000)
        try await chain.pay(1, "unknown")
        chain.console.pass(milliseconds: 2 * Chain.minute)
        try await chain.watch.round()
        try await chain.watch.round()
        try await chain.pay(1, "succeeded")
        try await chain.watch.round()
        let bodies = try await chain.console.console.pool.read {
            try String.fetchAll(
                $0,
                sql: "SELECT body FROM webhook_delivery AS d JOIN webhook_event AS e ON e.id = d.event ORDER BY d.id"
            )
        }
        #expect(bodies.count == 2)
        #expect(bodies.first?.contains("\"type\":\"alert.raised\"") == true)
        #expect(bodies.last?.contains("\"type\":\"alert.cleared\"") == true)
    }

    @Test("the badge of every page counts what nobody has acknowledged in the viewer's own part") func badge()
        async throws
    {
        let chain = try await Chain()
        try await chain.rule(.undoFailed)
        try await chain.pay(1, "revoke_failed")
        try await chain.pay(2, "revoke_failed", store: "QF0002B")
        try await chain.watch.round()
        func count(_ browser: Browser, _ path: String = "/me") async throws -> String? {
            try await browser.get(path).body.firstMatch(of: /acknowledged: (\d+)"/).map { String($0.1) }
        }
        #expect(try await count(chain.admin) == "2")
        let rosa = try await chain.console.session(
            of: chain.console.addUser("rosa", roles: [("manager", chain.north.id)])
        )
        #expect(try await count(rosa, "/payments") == "1")
        // Hers can be acknowledged, the other's does not exist for her.
        let alerts = try await chain.open()
        let (own, foreign) = (
            try #require(alerts.first { $0.placeCode == "QF0001A" }),
            try #require(alerts.first { $0.placeCode == "QF0002B" })
        )
        #expect(!(try await rosa.get("/system/alerts").body.contains(foreign.subject)))
        #expect(try await rosa.post("/system/alerts/\(foreign.id)/acknowledge", [("note", "x")]).status == 404)
        let long = try await rosa.post(
            "/system/alerts/\(own.id)/acknowledge",
            [("note", String(repeating: "x", count: 201))]
        )
        #expect(long.status == 422 && long.body.contains("problem-note-\(own.id)"))
        #expect(try await rosa.post("/system/alerts/\(own.id)/acknowledge", [("note", "calling")]).status == 303)
        #expect(try await rosa.post("/system/alerts/\(own.id)/acknowledge", [("note", "again")]).status == 409)
        #expect(try await count(rosa, "/payments") == nil)
        #expect(try await count(chain.admin) == "1")
        let page = try await chain.admin.get("/system/alerts")
        #expect(page.body.contains("Acknowledged by rosa") && page.body.contains("calling"))
        let finance = try await chain.console.session(of: chain.console.addUser("carl", roles: [("finance", 1)]))
        #expect(try await finance.post("/system/alerts/\(foreign.id)/acknowledge").status == 403)
        let nobody = try await chain.console.session(of: chain.console.addUser("nils"))
        #expect(try await count(nobody) == nil)
    }

    @Test("rules keep what was typed, say at the field what is wrong, and show both versions of a stale page")
    func forms() async throws {
        let chain = try await Chain()
        func make(_ kind: String, _ fields: [(String, String)]) async throws -> Answer {
            try await chain.admin.post("/system/alerts/rules/new", [("kind", kind)] + fields)
        }
        let wrong = try await make(
            "success_rate",
            [("place", "NOWHERE"), ("percent", "101"), ("minutes", "4"), ("payments", "x"), ("wallet", "gold")]
        )
        #expect(wrong.status == 422)
        for field in ["place", "percent", "minutes", "payments", "wallet"] {
            #expect(wrong.body.contains("problem-\(field)"), "\(field)")
        }
        #expect(wrong.body.contains("value=\"101\""))
        for (opens, closes, field) in [
            ("9:00", "18:00", "opens"), ("09:00", "24:01", "closes"), ("09:00", "09:00", "closes"),
        ] {
            let answer = try await make(
                "no_sales",
                [("place", "GROUP"), ("minutes", "60"), ("opens", opens), ("closes", closes)]
            )
            #expect(answer.status == 422 && answer.body.contains("problem-\(field)"))
        }
        #expect(try await make("cloud_silent", [("seconds", "29")]).status == 422)
        try await chain.rule(.unknownAge, [("minutes", "5")], place: "NORTH")
        let id = try await chain.console.console.pool.read { try AlertRule.all($0).last?.id } ?? 0
        func edit(_ minutes: String, version: String) async throws -> Answer {
            try await chain.admin.post(
                "/system/alerts/rules/\(id)",
                [("place", "NORTH"), ("minutes", minutes), ("on", "on"), ("version", version)]
            )
        }
        #expect(try await edit("6", version: "1").status == 303)
        let stale = try await edit("7", version: "1")
        #expect(stale.status == 409 && stale.body.contains("<td>6</td><td>7</td>"))
        #expect(stale.body.contains("value=\"7\""))
        // One region's people make no rule of the whole chain, and touch none of another.
        let rosa = try await chain.console.session(
            of: chain.console.addUser("rosa", roles: [("admin", chain.north.id)])
        )
        #expect(try await rosa.get("/system/alerts/rules/\(id)").status == 200)
        #expect(!(try await rosa.get("/system/alerts/rules/new").body.contains("cloud_silent")))
        try await chain.rule(.undoFailed)
        #expect(try await rosa.get("/system/alerts/rules/\(id + 1)").status == 404)
        #expect(try await rosa.post("/system/alerts/rules/\(id + 1)/delete").status == 404)
        let silent = try await rosa.post("/system/alerts/rules/new", [("kind", "cloud_silent"), ("seconds", "60")])
        #expect(silent.status == 403)
    }

    @Test("no query of a rule, of a page or of a sender reads whole tables") func plans() async throws {
        final class Statements: Sendable { let sql = Mutex<Set<String>>([]) }
        let chain = try await Chain()
        for place in ["GROUP", "NORTH"] {
            try await chain.rule(
                .successRate,
                [("percent", "80"), ("minutes", "15"), ("payments", "10")],
                place: place
            )
            try await chain.rule(.unknownAge, [("minutes", "5")], place: place)
            for kind in [AlertRule.Kind.undoFailed, .refundFailed] { try await chain.rule(kind, [], place: place) }
            try await chain.rule(.noSales, [("minutes", "1"), ("opens", "00:00"), ("closes", "24:00")], place: place)
        }
        try await chain.pay(1, "succeeded")
        let (now, statements) = (chain.console.now, Statements())
        let judge = AlertJudge(now: now, zone: .gmt, listeningSince: now, folders: [])
        let plans = try await chain.console.console.pool.read { database in
            database.trace { event in
                if case .statement(let statement) = event {
                    statements.sql.withLock { _ = $0.insert(statement.expandedSQL) }
                }
            }
            for rule in try AlertRule.all(database) { _ = try judge.judge(rule, database) }
            _ = try Alert.count(in: Scope(paths: ["/1/"]), database)
            _ = try WebhookDelivery.due(at: 1, now: now, limit: 4, database)
            _ = try WebhookDelivery.all(of: 1, state: .waiting, before: 7, limit: 50, database)
            _ = try WebhookDelivery.all(ofPayment: "number", in: Scope(paths: ["/1/"]), database)
            database.trace(options: [])
            return try statements.sql.withLock { $0 }.sorted().flatMap { sql in
                try Row.fetchAll(database, sql: "EXPLAIN QUERY PLAN \(sql)").map {
                    "\($0["detail"] as String) in \(sql)"
                }
            }
        }
        #expect(plans.count > 20)
        #expect(plans.filter { $0.contains(/^SCAN (payment|webhook_delivery|webhook_event)\b/) } == [])
    }

    @Test("a rule that is switched off or deleted takes its open alerts with it") func end() async throws {
        let chain = try await Chain()
        for _ in 0..<2 { try await chain.rule(.undoFailed) }
        try await chain.pay(1, "revoke_failed")
        try await chain.watch.round()
        #expect(try await chain.open().count == 2)
        #expect(try await chain.admin.post("/system/alerts/rules/1/delete").status == 303)
        #expect(try await chain.open().map(\.rule) == [2])
        _ = try await chain.admin.post("/system/alerts/rules/2", [("place", "GROUP"), ("version", "1")])
        try await chain.watch.round()
        #expect(try await chain.open().isEmpty)
        #expect(try await chain.past().count == 2)
        let audit = try await chain.console.console.pool.read {
            try String.fetchAll($0, sql: "SELECT action FROM audit ORDER BY sequence")
        }
        #expect(
            audit == ["alertrule.made", "alertrule.made", "alertrule.deleted", "alertrule.changed"]
        )
    }
}
