// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import Testing
import TillCloud

@testable import TillConsole

@Suite("organisation") struct OrganisationTests {
    /// Two regions with a city, a store and a register each, and an administrator of everything.
    private struct Chain {
        let console: TestConsole
        let cloud = FakeCloud()
        let east: Node
        let west: Node
        let shanghai: Node
        let admin: Browser

        init() async throws {
            console = try await TestConsole()
            east = try await console.addNode(.region, "EAST")
            west = try await console.addNode(.region, "WEST")
            shanghai = try await console.addNode(.city, "SHANGHAI", below: east.id)
            let chengdu = try await console.addNode(.city, "CHENGDU", below: west.id)
            _ = try await console.addNode(.store, "QF0SH01", below: shanghai.id)
            _ = try await console.addNode(.store, "QF0CD01", below: chengdu.id)
            admin = try await console.session(of: console.addUser("anna", roles: [("admin", 1)]))
            try await addRegister("QF0SH0101")
            try await addRegister("QF0CD0101")
        }

        func addRegister(_ id: String, state: String = "active", contact: Int64? = nil) async throws {
            try await console.console.pool.write { database in
                try database.execute(
                    sql:
                        "INSERT INTO register (id, store, name, state, added_at, last_contact) VALUES (?, ?, ?, ?, 1, ?)",
                    arguments: [id, String(id.prefix(7)), "name of \(id)", state, contact]
                )
            }
        }

        func node(_ code: String) async throws -> Node {
            let node = try await console.console.pool.read { try Node.of(code: code, $0) }
            return try #require(node)
        }

        func onCloud(_ body: () async throws -> Void) async throws {
            try await cloud.running(on: console.folder + "/no-cloud", body)
        }

        func audited(_ action: String) async throws -> [String] {
            try await console.console.pool.read { database in
                try String.fetchAll(
                    database,
                    sql:
                        "SELECT subject || '|' || before || '|' || after FROM audit WHERE action = ? ORDER BY sequence",
                    arguments: [action]
                )
            }
        }
    }

    // MARK: - Scope

    @Test("who has one region sees and changes nothing of another, whatever is asked for") func scope() async throws {
        let chain = try await Chain()
        let user = try await chain.console.addUser("emil", roles: [("admin", chain.east.id)])
        let emil = try await chain.console.session(of: user)
        try await chain.onCloud {
            let own = try await emil.get("/organisation")
            #expect(own.status == 200 && own.body.contains("QF0SH01") && !own.body.contains("WEST"))
            for path in [
                "/organisation?at=WEST", "/organisation?at=CHENGDU", "/organisation?at=GROUP",
                "/organisation/export?at=WEST", "/organisation/places/WEST", "/organisation/places/QF0CD01",
                "/organisation/places/GROUP", "/organisation/registers/QF0CD0101/code",
            ] {
                let answer = try await emil.get(path)
                #expect([403, 404].contains(answer.status), "\(path)")
                #expect(!answer.body.contains("Name of") && !answer.body.contains("name of"), "\(path)")
            }
            let forms: [(String, [(String, String)])] = [
                ("places/QF0CD01/name", [("name", "mine"), ("version", "1")]),
                ("places/WEST/name", [("name", "mine"), ("version", "1")]),
                ("places/WEST/settings", [("approvalAbove", "1"), ("version", "1")]),
                ("places/WEST/places", [("kind", "city"), ("newName", "mine")]),
                ("places/QF0CD01/parent", [("parent", "SHANGHAI"), ("version", "1")]),
                ("places/QF0CD01/registers", [("registerName", "mine")]),
                ("registers/QF0CD0101/code", []), ("registers/QF0CD0101/off", []),
                ("registers/QF0CD0101/on", []), ("registers/QF0CD0101/revoke", []),
            ]
            for (path, fields) in forms {
                let answer = try await emil.post("/organisation/\(path)", fields)
                #expect([403, 404].contains(answer.status), "\(path)")
            }
            // His own store cannot be handed to a region that is not his.
            let away = try await emil.post(
                "/organisation/places/QF0SH01/parent",
                [("parent", "CHENGDU"), ("version", "1")]
            )
            #expect(away.status == 422)
            let file = try await emil.get("/organisation/export")
            #expect(file.body.contains("QF0SH01") && !file.body.contains("QF0CD01"))
            let table = "region,city,store name\nName of WEST,Name of CHENGDU,new\nnew region,,new\n"
            let imported = try await emil.post("/organisation/import", [("table", table), ("step", "import")])
            #expect(imported.status == 422)
        }
        let changing = chain.cloud.requests.filter { if case .showRouting = $0 { false } else { true } }
        #expect(changing.isEmpty)
        #expect(try await chain.audited("place.renamed").isEmpty)
    }

    @Test("who may only look sees the values and no form, and cannot change anything") func viewer() async throws {
        let chain = try await Chain()
        let oscar = try await chain.console.session(of: chain.console.addUser("oscar", roles: [("operator", 1)]))
        let page = try await oscar.get("/organisation/places/QF0SH01")
        #expect(page.status == 200 && page.body.contains("inherited from Group"))
        #expect(!page.body.contains("/settings\"") && !page.body.contains("/revoke\""))
        let answer = try await oscar.post("/organisation/places/QF0SH01/name", [("name", "x"), ("version", "1")])
        #expect(answer.status == 403)
        #expect(try await oscar.get("/organisation/import").status == 403)
    }

    // MARK: - Tree

    @Test("a move takes the whole subtree along in one transaction, and never below itself") func move() async throws {
        let chain = try await Chain()
        let into = try await chain.admin.post(
            "/organisation/places/SHANGHAI/parent",
            [("parent", "WEST"), ("version", "1")]
        )
        #expect(into.status == 303)
        let (west, city, store) = try await (chain.node("WEST"), chain.node("SHANGHAI"), chain.node("QF0SH01"))
        #expect(city.path == "\(west.path)\(city.id)/" && store.path == "\(city.path)\(store.id)/")
        #expect(city.version == 2 && city.parent == west.id)
        #expect(try await chain.audited("place.moved").count == 1)
        for wrong in ["EAST-NOT-THERE", "SHANGHAI", "QF0SH01", "CHENGDU"] {
            let answer = try await chain.admin.post(
                "/organisation/places/SHANGHAI/parent",
                [("parent", wrong), ("version", "2")]
            )
            #expect(answer.status == 422, "\(wrong)")
        }
    }

    @Test("a viewer's scope follows what is moved into it") func movedScope() async throws {
        let chain = try await Chain()
        let user = try await chain.console.addUser("wendy", roles: [("operator", chain.west.id)])
        let wendy = try await chain.console.session(of: user)
        #expect(try await wendy.get("/organisation/places/QF0SH01").status == 404)
        _ = try await chain.admin.post("/organisation/places/SHANGHAI/parent", [("parent", "WEST"), ("version", "1")])
        #expect(try await wendy.get("/organisation/places/QF0SH01").status == 200)
    }

    @Test("places are added below others with codes given or free, and wrong ones are refused at the field")
    func add() async throws {
        let chain = try await Chain()
        func add(_ kind: String, _ name: String, _ code: String, below parent: String = "EAST") async throws -> Answer {
            try await chain.admin.post(
                "/organisation/places/\(parent)/places",
                [("kind", kind), ("newName", name), ("newCode", code)]
            )
        }
        #expect(try await add("city", "Hangzhou", "").location == "/organisation/places/C001?said=placeAdded")
        #expect(try await add("city", "Hangzhou", "").body.contains("problem-newName"))
        #expect(try await add("city", "Ningbo", "WEST").body.contains("problem-newCode"))
        #expect(try await add("city", "Ningbo", "a b").body.contains("problem-newCode"))
        #expect(try await add("region", "South", "").body.contains("problem-kind"))
        #expect(try await add("store", "Lakeside", "ILOU").body.contains("problem-newCode"))
        // Without a cloud a store is not added, and nothing stands in the tree.
        #expect(try await add("store", "Lakeside", "QF0HZ01").status == 409)
        #expect(try await chain.console.console.pool.read { try Node.of(code: "QF0HZ01", $0) } == nil)
        try await chain.onCloud {
            let added = try await add("store", "Lakeside", "QF0HZ01", below: "C001")
            #expect(added.location == "/organisation/places/QF0HZ01?said=placeAdded")
        }
        let store = try await chain.node("QF0HZ01")
        #expect(store.state == .draft && store.name == "Lakeside")
        #expect(try await chain.audited("place.added").count == 2)
    }

    @Test("a store that the cloud's log tells of before its answer is here stands where it was added") func early()
        async throws
    {
        let chain = try await Chain()
        let hand = PlaceDesk.Hand(actor: "anna", address: "", now: 1)
        let city = chain.shanghai
        try await chain.console.console.pool.write { database in
            try Organisation.adopt(store: "QF0SH09", name: "New", at: 1, database)
            try PlaceDesk.add(.store, code: "QF0SH09", name: "New", below: city, by: hand, database)
        }
        let store = try await chain.node("QF0SH09")
        #expect(store.parent == city.id && store.path == "\(city.path)\(store.id)/" && store.state == .draft)
    }

    @Test("a store that was asked for stands where it belongs even if the cloud's answer never comes") func answerless()
        async throws
    {
        let chain = try await Chain()
        let hand = PlaceDesk.Hand(actor: "anna", address: "", now: 1)
        let city = chain.shanghai
        try await chain.console.console.pool.write { database in
            _ = try AwaitedStore.write(code: "QF0SH09", name: "New", below: city, by: hand, database)
            try Organisation.adopt(store: "QF0SH09", name: "New", at: 2, database)
        }
        let store = try await chain.node("QF0SH09")
        #expect(store.parent == city.id && store.path == "\(city.path)\(store.id)/" && store.state == .draft)
        #expect(try await chain.audited("place.added").count == 1)
    }

    @Test("the log is read on where another store has taken the place, and a day later the name alone says nothing")
    func placeTaken() async throws {
        let chain = try await Chain()
        let hand = PlaceDesk.Hand(actor: "anna", address: "", now: 1)
        let city = chain.shanghai
        try await chain.console.console.pool.write { database in
            let day: Int64 = 24 * 60 * 60 * 1_000
            _ = try AwaitedStore.write(code: nil, name: "New", below: city, by: hand, database)
            try Organisation.adopt(store: "QF0SH07", name: "New", at: day + 2, database)
            try PlaceDesk.add(.store, code: "QF0SH08", name: "New", below: city, by: hand, database)
            try Organisation.adopt(store: "QF0SH09", name: "New", at: 2, database)
        }
        for code in ["QF0SH07", "QF0SH09"] {
            let store = try await chain.node(code)
            #expect(store.parent == 1 && store.state == .live, "\(code)")
        }
    }

    // MARK: - Settings

    @Test("a value comes from the closest place above that sets it, and says from where") func inheritance()
        async throws
    {
        let chain = try await Chain()
        func set(_ code: String, _ amount: String, version: Int) async throws -> Answer {
            try await chain.admin.post(
                "/organisation/places/\(code)/settings",
                [("approvalAbove", amount), ("version", "\(version)")]
            )
        }
        #expect(try await set("EAST", "200", version: 1).status == 303)
        let store = try await chain.node("QF0SH01")
        let value = try await chain.console.console.pool.read { database in
            Inherited(.approvalAbove, of: store, above: try Node.above(store, database))
        }
        #expect(value.own == nil && value.inherited == "200.00" && value.origin?.code == "EAST")
        let page = try await chain.admin.get("/organisation/places/QF0SH01")
        #expect(page.body.contains("¥200.00 – inherited from Name of EAST"))
        #expect(page.body.contains("¥5,000.00 – inherited from Group"))
        #expect(try await set("EAST", "", version: 2).status == 303)
        #expect(try await chain.node("EAST").settings == NodeSettings())
        let wrong = try await set("EAST", "1.234", version: 3)
        #expect(
            wrong.status == 422 && wrong.body.contains("value=\"1.234\"")
                && wrong.body.contains("problem-approvalAbove")
        )
        // At the top nothing can be inherited.
        let top = try await chain.admin.post(
            "/organisation/places/GROUP/settings",
            [("approvalAbove", ""), ("personDailyLimit", "1"), ("storeDailyLimit", "1"), ("version", "1")]
        )
        #expect(top.status == 422)
        #expect(try await chain.audited("place.settings").first == "place:EAST|{}|{\"approvalAbove\":20000}")
    }

    @Test("a page that is too old shows what is stored beside what was typed, and overwrites nothing") func stale()
        async throws
    {
        let chain = try await Chain()
        func set(_ amount: String, version: Int) async throws -> Answer {
            try await chain.admin.post(
                "/organisation/places/EAST/settings",
                [("approvalAbove", amount), ("version", "\(version)")]
            )
        }
        #expect(try await set("200", version: 1).status == 303)
        let late = try await set("300", version: 1)
        #expect(late.status == 409)
        #expect(late.body.contains("<td>200.00</td><td>300.00</td>"))
        #expect(late.body.contains("value=\"300\"") && late.body.contains("name=\"version\" value=\"2\""))
        #expect(try await chain.node("EAST").settings.approvalAbove == 20_000)
        let name = try await chain.admin.post(
            "/organisation/places/EAST/name",
            [("name", "Mine"), ("version", "1")]
        )
        #expect(name.status == 409 && name.body.contains("<td>Name of EAST</td><td>Mine</td>"))
        let parent = try await chain.admin.post(
            "/organisation/places/EAST/parent",
            [("parent", "GROUP"), ("version", "1")]
        )
        #expect(parent.status == 409)
        #expect(try await set("300", version: 2).status == 303)
        #expect(try await chain.node("EAST").settings.approvalAbove == 30_000)
    }

    @Test("a store's new name goes to the cloud, a region's stays here") func rename() async throws {
        let chain = try await Chain()
        func rename(_ code: String, _ name: String) async throws -> Answer {
            try await chain.admin.post("/organisation/places/\(code)/name", [("name", name), ("version", "1")])
        }
        #expect(try await rename("EAST", "East").status == 303)
        #expect(try await rename("EAST", "").status == 422)
        #expect(try await rename("QF0SH01", "Lakeside").status == 409)
        try await chain.onCloud {
            let renamed = try await rename("QF0SH01", "Lakeside")
            #expect(renamed.status == 303)
        }
        #expect(try await chain.node("QF0SH01").name == "Lakeside")
        guard case .renameStore(code: "QF0SH01", name: "Lakeside")? = chain.cloud.requests.first else {
            Issue.record("the cloud was not told")
            return
        }
    }

    // MARK: - List

    @Test("the list is searched and paged, and the file holds exactly what the search shows") func list() async throws {
        let chain = try await Chain()
        let city = chain.shanghai
        try await chain.console.console.pool.write { database in
            for number in 10..<90 {
                try Organisation.add(
                    .store,
                    code: "QF0AA\(number)",
                    name: "=cmd|\(number)",
                    below: city,
                    state: .live,
                    database
                )
            }
        }
        let first = try await chain.admin.get("/organisation?at=SHANGHAI")
        #expect(first.body.contains("Stores: 81") && first.body.contains("Page 1 of 2"))
        let second = try await chain.admin.get("/organisation?at=SHANGHAI&page=2")
        #expect(second.body.contains("Page 2 of 2"))
        let hits = try await chain.admin.get("/organisation?q=qf0aa1")
        #expect(hits.body.contains("Stores: 10") && hits.body.contains("Export CSV (rows: 10)"))
        let file = try await chain.admin.get("/organisation/export?q=qf0aa1")
        let lines = file.body.split(separator: "\r\n")
        #expect(lines.count == 11)
        // A spreadsheet takes it for text.
        #expect(lines.dropFirst().allSatisfy { $0.contains(",'=cmd|") })
        #expect(try await chain.admin.get("/organisation?q=nothing").body.contains("has “nothing” in its code or name"))
    }

    @Test(
        "formulas and separators in cells",
        arguments: [
            ("plain", "plain"), ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@x", "'@x"), ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""), ("", ""), ("=a,b", "\"'=a,b\""),
        ]
    )
    func cells(cell: (plain: String, written: String)) {
        #expect(CSV.line([cell.plain, "x"]) == "\(cell.written),x\r\n")
    }
}

@Suite("registers") struct RegisterTests {
    private struct Store {
        let console: TestConsole
        let cloud = FakeCloud()
        let admin: Browser

        init() async throws {
            console = try await TestConsole()
            _ = try await console.addNode(.store, "QF0SH01")
            let now = console.now
            try await console.console.pool.write { database in
                try database.execute(
                    sql: """
                        INSERT INTO register (id, store, name, state, added_at, last_contact, program)
                        VALUES ('QF0SH0102', 'QF0SH01', 'till', 'active', 1, ?, '1.2.3')
                        """,
                    arguments: [now - 10_000]
                )
            }
            admin = try await console.session(of: console.addUser("anna", roles: [("admin", 1)]))
        }

        func state(_ id: String) async throws -> String? {
            try await console.console.pool.read {
                try String.fetchOne($0, sql: "SELECT state FROM register WHERE id = ?", arguments: [id])
            }
        }
    }

    @Test("a one-time code is shown once, to the one who drew it, and is nowhere written down") func code() async throws
    {
        let store = try await Store()
        let other = try await store.console.session(of: store.console.addUser("bea", roles: [("admin", 1)]))
        try await store.cloud.running(on: store.console.folder + "/no-cloud") {
            let form = [("registerName", "till 1"), ("once", "form")]
            let added = try await store.admin.post("/organisation/places/QF0SH01/registers", form)
            let page = try #require(added.location)
            #expect(try await store.admin.post("/organisation/places/QF0SH01/registers", form).location == page)
            #expect(store.cloud.requests.count == 1)
            #expect(try await !other.get(page).body.contains("SECRET"))
            let shown = try await store.admin.get(page)
            #expect(shown.body.contains("SECRET-1") && shown.body.contains("2025-11-30"))
            #expect(try await !store.admin.get(page).body.contains("SECRET"))
            let taken = try await store.admin.post(
                "/organisation/places/QF0SH01/registers",
                [("registerName", "till 1")]
            )
            #expect(taken.status == 422 && taken.body.contains("problem-registerName"))
            let again = try await store.admin.post("/organisation/registers/QF0SH0101/code")
            store.console.pass(milliseconds: 120_001)
            #expect(try await !store.admin.get(try #require(again.location)).body.contains("SECRET"))
        }
        #expect(try await store.state("QF0SH0101") == "new")
        let rows = try await store.console.console.pool.read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM audit").map { "\($0)" }
                + Row.fetchAll(database, sql: "SELECT * FROM submission").map { "\($0)" }
        }
        #expect(rows.count >= 3 && rows.allSatisfy { !$0.contains("SECRET") })
    }

    @Test("a register is switched off, on and ended at the cloud, and each step is in the audit log") func switches()
        async throws
    {
        let store = try await Store()
        func post(_ action: String) async throws -> Answer {
            try await store.admin.post("/organisation/registers/QF0SH0102/\(action)")
        }
        #expect(try await post("off").status == 409)
        #expect(try await store.state("QF0SH0102") == "active")
        try await store.cloud.running(on: store.console.folder + "/no-cloud") {
            for (action, becomes) in [("off", "disabled"), ("on", "active"), ("revoke", "revoked")] {
                let answer = try await post(action)
                let state = try await store.state("QF0SH0102")
                #expect(answer.status == 303 && state == becomes)
            }
        }
        let actions = try await store.console.console.pool.read {
            try String.fetchAll($0, sql: "SELECT action FROM audit ORDER BY sequence")
        }
        #expect(actions == ["register.off", "register.on", "register.revoked"])
    }

    @Test("the page shows contact, program and where the newest payment stands") func page() async throws {
        let store = try await Store()
        for (display, lane) in [
            ("awaiting_user", "Waiting for shopper"), ("revoking", "Undoing"), ("revoke_failed", "Needs a person"),
            ("succeeded", "Free"),
        ] {
            let payment = SamplePayment(register: "QF0SH0102", display: display, startedAt: store.console.now)
            try await store.console.take(payment)
            let page = try await store.admin.get("/organisation/places/QF0SH01")
            #expect(page.body.contains(lane), "\(display)")
            #expect(page.body.contains("1.2.3") && page.body.contains("<b>Online</b>"))
        }
        store.console.pass(milliseconds: LiveStrip.onlineMilliseconds)
        #expect(try await !store.admin.get("/organisation/places/QF0SH01").body.contains("<b>Online</b>"))
    }

    @Test("the newest contact at any cloud counts") func contact() async throws {
        let store = try await Store()
        let pool = store.console.console.pool
        func take(_ contact: Int64, _ version: String) async throws {
            let row = "{\"register\":\"QF0SH0102\",\"version\":\"\(version)\",\"lastContact\":\(contact)}"
            let stranger = "{\"register\":\"QF0SH0109\",\"version\":\"\"}"
            try await ContactPoll.take("{\"cloud\":\"A\",\"registers\":[\(row),\(stranger)]}", into: pool)
        }
        func known() async throws -> String? {
            try await pool.read {
                try String.fetchOne($0, sql: "SELECT last_contact || program FROM register WHERE id = 'QF0SH0102'")
            }
        }
        let now = store.console.now
        try await take(now, "2.0")
        #expect(try await known() == "\(now)2.0")
        try await take(now - 1, "1.9")
        #expect(try await known() == "\(now)2.0")
        try await take(now + 1, "")
        #expect(try await known() == "\(now + 1)2.0")
    }
}
