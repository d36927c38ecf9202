// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import Testing

@testable import TillConsole

@Suite("columns") struct ColumnTests {
    @Test("a choice of columns holds on the list and in its exports, for its owner alone") func choice() async throws {
        let console = try await TestConsole()
        _ = try await console.addNode(.store, "QF0001A")
        let alice = try await console.session(of: console.addUser("alice", roles: [("finance", 1)]))
        let bob = try await console.session(of: console.addUser("bob", roles: [("finance", 1)]))
        try await console.take(SamplePayment(refunded: 200))
        let all = try await alice.get("/payments?period=all").body
        for heading in ["Register", "Result time", "Actions", "Ticket no.", "Refunded"] {
            #expect(all.contains(">\(heading)</th>"), "\(heading)")
        }
        #expect(!all.contains(">Cloud</th>"))
        let answer = try await alice.post(
            "/payments/columns",
            [("column", "amount"), ("column", "cloud"), ("column", "nonsense"), ("filter", "period=all&evil=1")]
        )
        #expect(answer.location == "/payments?period=all&said=columnsChosen")
        let few = try await alice.get("/payments?period=all").body
        for heading in ["Time", "State", "Cloud"] { #expect(few.contains(">\(heading)</th>"), "\(heading)") }
        for heading in ["Store", "Register", "Wallet", "Refunded", "Actions"] {
            #expect(!few.contains(">\(heading)</th>"), "\(heading)")
        }
        let file = try await alice.get("/payments/export.csv?period=all").body
        let lines = file.split(separator: "\r\n")
        #expect(lines.first == "\u{FEFF}Time,\"Amount, yuan\",\"Refunded, yuan\",State,Reason,Cloud")
        #expect(lines.last?.hasSuffix(",12.50,2.00,Paid,,A") == true)
        #expect(try await bob.get("/payments?period=all").body.contains(">Actions</th>"))
        _ = try await alice.post("/payments/columns", [("standard", "yes"), ("column", "cloud")])
        #expect(try await alice.get("/payments?period=all").body.contains(">Actions</th>"))
        let audit = try await console.console.pool.read { database in
            try String.fetchAll(database, sql: "SELECT after FROM audit WHERE action = 'columns.chosen'")
        }
        #expect(audit == ["time amount state cloud", PaymentColumns.standard.text])
    }

    @Test("where the ticket has no column it stands among the numbers, on the screen and in the file") func ticket() {
        let words = Words.of(.english)
        #expect(PaymentColumns([.numbers]).heading(words).contains("Ticket no."))
        #expect(PaymentColumns([.numbers, .ticket]).heading(words).filter { $0 == "Ticket no." }.count == 1)
        #expect(PaymentColumns([]).heading(words) == ["Time", "Refunded, yuan", "State", "Reason"])
        for column in PaymentColumn.allCases { #expect(words.texts["listColumn.\(column.rawValue)"] != nil) }
    }
}

@Suite("saved views") struct SavedViewTests {
    private let console: TestConsole

    init() async throws { console = try await TestConsole() }

    private func user(_ name: String, _ role: String = "operator", at node: Int64 = 1) async throws -> Browser {
        try await console.session(of: console.addUser(name, roles: [(role, node)]))
    }

    private func save(_ name: String, _ query: String, shared: Bool = false, by browser: Browser) async throws -> Answer
    {
        try await browser.post(
            "/payments/views/new",
            [("name", name), ("filter", query)] + (shared ? [("shared", "on")] : [])
        )
    }

    private func names(_ browser: Browser) async throws -> String { try await browser.get("/payments/views").body }

    @Test("a filter is kept under its name, opened, renamed and deleted; nobody else sees it") func own() async throws {
        let (alice, bob) = try await (user("alice"), user("bob"))
        let saved = try await save("My failures", "tab=unpaid&period=week&after=1-X&csrf=secret", by: alice)
        #expect(saved.location == "/payments?tab=unpaid&period=week&said=viewSaved")
        let list = try await alice.get("/payments?tab=unpaid&period=week").body
        #expect(list.contains("aria-current=\"true\">My failures</a>"))
        #expect(try await !bob.get("/payments").body.contains("My failures"))
        for path in ["/payments/views/1", "/payments/views/1/delete"] {
            #expect(try await bob.post(path, [("name", "Mine"), ("version", "1")]).status == 404)
        }
        #expect(try await bob.get("/payments/views/1").status == 404)
        #expect(try await alice.post("/payments/views/1", [("name", "Failures"), ("version", "1")]).status == 303)
        #expect(try await names(alice).contains("Failures"))
        #expect(try await alice.post("/payments/views/1/delete").status == 303)
        #expect(try await names(alice).contains("You have saved no view yet"))
        let actions = try await console.console.pool.read { database in
            try String.fetchAll(database, sql: "SELECT action FROM audit ORDER BY sequence")
        }
        #expect(actions == ["view.saved", "view.changed", "view.removed"])
    }

    @Test("one filter is one text, in whatever order its conditions were chosen") func order() {
        let text = "tab=unpaid&q=T-1&place=NORTH"
        #expect(PaymentFilter.query(Form("csrf=x&place=NORTH&wallet=&q=%20T-1&tab=unpaid&after=1-X")) == text)
        #expect(PaymentFilter.query(Form("tab=all&period=week")) == "period=week")
        #expect(PaymentFilter.path("tab=all") == "/payments")
    }

    @Test("what is wrong stands at the field, and what was typed stays") func wrong() async throws {
        let alice = try await user("alice")
        #expect(try await save("Night", "tab=paid", by: alice).status == 303)
        let taken = try await save("NIGHT", "tab=unpaid", by: alice)
        #expect(taken.status == 422 && taken.body.contains("value=\"NIGHT\"") && taken.body.contains("of this name"))
        #expect(try await save("", "tab=unpaid", by: alice).status == 422)
        let empty = try await save("All", "", by: alice)
        #expect(empty.status == 422 && empty.body.contains("no filter to save"))
        for number in 2...SavedView.limit { _ = try await save("V\(number)", "tab=paid", by: alice) }
        let many = try await save("One more", "tab=paid", by: alice)
        #expect(many.status == 422 && many.body.contains("At most 50"))
    }

    @Test("shared views are for everybody, made and changed by those who may at the top") func shared() async throws {
        let north = try await console.addNode(.region, "NORTH")
        let south = try await console.addNode(.region, "SOUTH")
        _ = try await console.addNode(.store, "QF0001B", below: south.id)
        let (alice, manager) = try await (user("alice"), user("mara", "manager"))
        let nora = try await user("nora", "operator", at: north.id)
        _ = try await save("Chain", "tab=problems", shared: true, by: alice)
        _ = try await save("South", "place=SOUTH", shared: true, by: alice)
        _ = try await save("Till 7", "register=qf0001b07", shared: true, by: alice)
        #expect(try await names(manager).contains("Till 7"))
        // A view about a place is nothing for those who may not see it.
        let theirs = try await names(nora)
        #expect(theirs.contains("Chain") && !theirs.contains("South") && !theirs.contains("Till 7"))
        #expect(try await nora.post("/payments/views/2", [("name", "Mine"), ("version", "1")]).status == 404)
        #expect(try await nora.post("/payments/views/1", [("name", "Mine"), ("version", "1")]).status == 403)
        #expect(try await manager.post("/payments/views/1/delete").status == 403)
        // Without the permission the tick is not there, and means nothing.
        #expect(try await !manager.get("/payments/views/new?tab=paid").body.contains("Share with everybody"))
        _ = try await save("Manager's", "tab=paid", shared: true, by: manager)
        _ = try await save("Nora's", "tab=paid", shared: true, by: nora)
        let alices = try await names(alice)
        #expect(!alices.contains("Manager") && !alices.contains("Nora"))
        // Whoever may share puts shared ones in order, whoever made them.
        let finn = try await user("finn", "finance")
        #expect(try await finn.post("/payments/views/1/delete").status == 303)
    }

    @Test("whoever changes a view that somebody else has changed sees both, and saves again if he means it")
    func stale()
        async throws
    {
        let (alice, finn) = try await (user("alice"), user("finn", "finance"))
        _ = try await save("Chain", "tab=problems", shared: true, by: alice)
        let shared = [("shared", "on"), ("version", "1")]
        #expect(try await finn.post("/payments/views/1", [("name", "Whole chain")] + shared).status == 303)
        let late = try await alice.post("/payments/views/1", [("name", "Everything")] + shared)
        #expect(late.status == 409)
        for text in ["Somebody else", "Whole chain", "Everything", "name=\"version\" value=\"2\""] {
            #expect(late.body.contains(text), "\(text)")
        }
        #expect(try await names(alice).contains("Whole chain"))
        let again = [("name", "Everything"), ("shared", "on"), ("version", "2")]
        #expect(try await alice.post("/payments/views/1", again).status == 303)
        #expect(try await names(finn).contains("Everything"))
    }
}
