// Part of Tillbridge. See LICENSE.
import GRDB
import Testing

@testable import TillCloud
@testable import TillConsole

@Suite("store import") struct StoreImportTests {
    private func checked(_ text: String, _ console: TestConsole) async throws -> StoreImport {
        let all = Scope(paths: ["/1/"])
        let read = try StoreImport(text)
        return try await console.console.pool.read { database in
            var table = read
            try table.check(edit: all, registers: all, database)
            return table
        }
    }

    @Test("quotes, a byte order mark, any line end, tabs, headings in both languages and none") func reading() throws {
        let texts = [
            "\u{FEFF}region,city,store code,store name,registers\r\nEast,Shanghai,QF0SH01,\"Road \"\"1\"\", north\",2\r\n",
            "大区,城市,门店编码,门店名称,收银机\nEast,Shanghai,QF0SH01,\"Road \"\"1\"\", north\",2",
            "East,Shanghai,QF0SH01,\"Road \"\"1\"\", north\",2\r\r",
            "region\tcity\tstore code\tstore name\tregisters\nEast\tShanghai\tQF0SH01\t\"Road \"\"1\"\", north\"\t2\n",
            "store name,registers,region,city,store code\n\n\"Road \"\"1\"\", north\",POS 1;POS 2,East,Shanghai,QF0SH01",
        ]
        for text in texts {
            let table = try StoreImport(text)
            #expect(table.rows.count == 1 && table.isGood, "\(text)")
            let row = try #require(table.rows.first)
            #expect(row[.region] == "East" && row[.city] == "Shanghai" && row[.code] == "QF0SH01")
            #expect(row[.name] == "Road \"1\", north" && row.registers == ["POS 1", "POS 2"])
        }
    }

    @Test(
        "what is no such table is refused as a whole, and says why",
        arguments: [
            ("", "import.empty"), ("region,city,store code,store name,registers\n", "import.empty"),
            ("East,\u{FFFD}\u{FFFD},,Road,1", "import.notUTF8"), ("East,Shanghai,,\"Road,1\n", "import.openQuote"),
        ]
    )
    func refused(text: String, key: String) {
        do {
            _ = try StoreImport(text)
            Issue.record("taken")
        } catch {
            #expect(error.phrase.key == key)
        }
    }

    @Test("more rows than are allowed are refused") func tooMany() throws {
        let row = { (number: Int) in "East,Shanghai,,Store \(number),1" }
        #expect(try StoreImport((1...StoreImport.mostRows).map(row).joined(separator: "\n")).rows.count == 2_000)
        #expect(throws: StoreImport.Refusal.self) {
            _ = try StoreImport((0...StoreImport.mostRows).map(row).joined(separator: "\n"))
        }
    }

    @Test("every bad row is told by line and field") func badRows() async throws {
        let console = try await TestConsole()
        let region = try await console.addNode(.region, "EAST")
        let city = try await console.addNode(.city, "SHANGHAI", below: region.id)
        _ = try await console.addNode(.store, "QF0SH01", below: city.id)
        _ = try await console.addNode(.store, "QF0SH03", below: city.id)
        let long = String(repeating: "x", count: 101)
        let cases: [(row: String, column: StoreImport.Column?, key: String)] = [
            (",Shanghai,,a,1", .region, "problem.missing"),
            ("East,Shanghai,,,1", .name, "problem.missing"),
            ("East,Shanghai,,\(long),1", .name, "problem.name"),
            ("East,\(long),,b,1", .city, "problem.name"),
            ("East,Shanghai,QF0SH,c,1", .code, "problem.storeCode"),
            ("East,Shanghai,QF0SHIL,d,1", .code, "problem.storeCode"),
            ("East,Shanghai,,e,100", .registers, "import.registerCount"),
            ("East,Shanghai,,f,one;one", .registers, "import.registerTwice"),
            ("East,Shanghai,QF0SH02,g,1", nil, ""),
            ("East,Shanghai,qf0sh02,h,1", .code, "import.twice"),
            ("East,Shanghai,,g,1", .name, "import.twice"),
            ("East,Hangzhou,QF0SH01,Name of QF0SH01,1", .code, "import.elsewhere"),
            ("Name of EAST,Name of SHANGHAI,QF0SH03,other,1", .name, "import.otherName"),
            ("East,Shanghai,,i,1,,more", .registers, "import.tooManyCells"),
        ]
        let text = "region,city,store code,store name,registers\n" + cases.map(\.row).joined(separator: "\n")
        let table = try await checked(text, console)
        for (row, expected) in zip(table.rows, cases) {
            #expect(row.problems.map(\.column) == [expected.column].compactMap(\.self), "\(expected.row)")
            #expect(row.problems.map(\.phrase.key) == (expected.column == nil ? [] : [expected.key]), "\(expected.row)")
        }
        #expect(table.rows.map(\.line) == Array(2...15))
    }

    @Test("a preview changes nothing, the import does all, and a second time there is nothing left to do") func twice()
        async throws
    {
        let console = try await TestConsole()
        let admin = try await console.session(of: console.addUser("anna", roles: [("admin", 1)]))
        let cloud = FakeCloud()
        let text =
            "region,city,store code,store name,registers\nEast,Shanghai,,One,2\nEast,Shanghai,QF0SH02,Two,\nEast,,,Three,1\n"
        func post(_ step: String, _ table: String) async throws -> Answer {
            try await admin.post("/organisation/import", [("table", table), ("step", step)])
        }
        func nodes() async throws -> Int {
            try await console.console.pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM node") ?? 0 }
        }
        try await cloud.running(on: console.folder + "/no-cloud") {
            let preview = try await post("preview", text)
            #expect(preview.status == 200 && preview.body.contains("New stores: 3"))
            #expect(preview.body.contains("new regions and cities: 2"))
            #expect(try await nodes() == 1 && cloud.requests.isEmpty)
            let bad = try await post("import", text + "East,Shanghai,bad,Four,1\n")
            #expect(bad.status == 422 && bad.body.contains("1 of 4 rows are wrong"))
            #expect(try await nodes() == 1 && cloud.requests.isEmpty)
            #expect(try await post("import", text).location == "/organisation?said=imported")
            #expect(try await nodes() == 6)
            // The clouds' log tells of the registers.
            try await console.console.pool.write { database in
                for (id, store, name) in [("1", "One", "POS 1"), ("2", "One", "POS 2"), ("3", "Three", "POS 1")] {
                    try database.execute(
                        sql: """
                            INSERT INTO register (id, store, name, state, added_at)
                            VALUES (?, (SELECT code FROM node WHERE name = ?), ?, 'new', 1)
                            """,
                        arguments: [id, store, name]
                    )
                }
            }
            let again = try await post("import", text)
            #expect(again.status == 200 && again.body.contains("there already"))
            let more = try await post("preview", text.replacing("One,2", with: "One,3"))
            #expect(more.body.contains("stores that get registers: 1"))
            #expect(cloud.requests.count == 1)
        }
        let places = try await console.console.pool.read { database in
            try String.fetchAll(
                database,
                sql:
                    "SELECT above.name || ' > ' || node.name FROM node JOIN node AS above ON above.id = node.parent ORDER BY node.id"
            )
        }
        #expect(places == ["Group > East", "East > Shanghai", "Shanghai > One", "Shanghai > Two", "East > Three"])
        let states = try await console.console.pool.read {
            try String.fetchAll($0, sql: "SELECT DISTINCT state FROM node WHERE kind = 'store'")
        }
        #expect(states == ["draft"])
        let added = try await console.console.pool.read {
            try Int.fetchOne($0, sql: "SELECT count(*) FROM audit WHERE action IN ('place.added', 'place.imported')")
        }
        #expect(added == 6)
    }

    /// Every store as `parent > name state`, in the order in which the tree got them.
    private func stores(_ console: TestConsole) async throws -> [String] {
        try await console.console.pool.read { database in
            try String.fetchAll(
                database,
                sql: """
                    SELECT above.name || ' > ' || node.name || ' ' || node.state
                    FROM node JOIN node AS above ON above.id = node.parent WHERE node.kind = 'store' ORDER BY node.id
                    """
            )
        }
    }

    private func take(_ text: String, _ console: TestConsole, _ clouds: CloudLines) async throws {
        let table = try await checked(text, console)
        let pool = console.console.pool
        let plans = try await pool.read { try table.plans($0) }
        try await StoreImport.take(plans, by: PlaceDesk.Hand(actor: "anna", address: "", now: 5), clouds, pool)
    }

    @Test("stores whose cloud falls silent after taking them find their places, and are not asked for again")
    func answerless() async throws {
        let console = try await TestConsole()
        let text = "East,Shanghai,,One,\nEast,Hangzhou,,One,\nEast,,QF0SH02,Two,\n"
        let silent = CloudLines(folders: ["a"]) { _, _, _ in nil }
        await #expect(throws: CloudLines.Silence.noCloud) { try await take(text, console, silent) }
        #expect(try await stores(console).isEmpty)
        // The cloud has taken them all the same, and its log tells so.
        try await console.console.pool.write { database in
            for (code, name) in [("QF00001", "One"), ("QF00002", "One"), ("QF0SH02", "Two"), ("QF00003", "One")] {
                try Organisation.adopt(store: code, name: name, at: 6, database)
            }
        }
        let expected = ["Shanghai > One draft", "Hangzhou > One draft", "East > Two draft", "Group > One live"]
        #expect(try await stores(console) == expected)
        #expect(try await checked(text, console).changes == 0)
    }

    @Test("what the log tells before the answer stands there once") func early() async throws {
        let console = try await TestConsole()
        let pool = console.console.pool
        let clouds = CloudLines(folders: ["a"]) { _, _, _ in
            try await pool.write { try Organisation.adopt(store: "QF00001", name: "One", at: 6, $0) }
            return AdminReply(text: "", json: #"{"stores":[{"store":"QF00001","added":true,"registers":[]}]}"#)
        }
        try await take("East,Shanghai,,One,\n", console, clouds)
        #expect(try await stores(console) == ["Shanghai > One draft"])
        let added = try await pool.read { database in
            try Int.fetchOne(database, sql: "SELECT count(*) FROM audit WHERE action = 'place.added'")
        }
        #expect(added == 3)
    }

    @Test("what a cloud has refused is not waited for") func refusedByCloud() async throws {
        let console = try await TestConsole()
        let clouds = CloudLines(folders: ["a"]) { _, _, _ in throw StartError("No.") }
        await #expect(throws: StartError.self) { try await take("East,Shanghai,,One,\n", console, clouds) }
        try await console.console.pool.write { try Organisation.adopt(store: "QF00001", name: "One", at: 6, $0) }
        #expect(try await stores(console) == ["Group > One live"])
    }
}
