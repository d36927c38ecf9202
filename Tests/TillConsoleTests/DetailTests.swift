// Part of Tillbridge. See LICENSE.
import GRDB
import HTTPTypes
import Testing

@testable import TillConsole

@Suite("notes") struct NoteTests {
    private let console: TestConsole
    private let payment = SamplePayment()

    init() async throws { console = try await TestConsole() }

    private var path: String { "/payments/\(payment.number)/notes" }

    @Test("a note stands under its author's name, in the audit log too, and never changes") func note() async throws {
        let alice = try await console.session(of: console.addUser("alice", roles: [("operator", 1)]))
        try await console.take(payment)
        #expect(try await alice.get("/payments/\(payment.number)").body.contains("Nobody has written anything"))
        #expect(try await alice.post(path, [("text", "Called the store: <b>goods returned</b>")]).status == 303)
        let page = try await alice.get("/payments/\(payment.number)").body
        #expect(page.contains("Called the store: &lt;b&gt;") && page.contains("Alice · "))
        let audit = try await console.console.pool.read { database in
            try Row.fetchOne(database, sql: "SELECT action, subject, actor FROM audit").map { row in
                [row["action"] as String, row["subject"], row["actor"]]
            }
        }
        #expect(audit == ["payment.noted", "payment:\(payment.number)", "alice"])
        for sql in ["UPDATE payment_note SET text = ''", "DELETE FROM payment_note"] {
            await #expect(throws: DatabaseError.self) {
                try await console.console.pool.write { try $0.execute(sql: sql) }
            }
        }
    }

    @Test("an empty or endless note is not stored, and what was typed stays") func wrong() async throws {
        let alice = try await console.session(of: console.addUser("alice", roles: [("operator", 1)]))
        try await console.take(payment)
        for text in ["", String(repeating: "长", count: PaymentNote.longest + 1)] {
            let answer = try await alice.post(path, [("text", text)])
            #expect(answer.status == 422 && answer.body.contains("problem-text"))
            #expect(answer.body.contains("value=\"\(text)\""))
        }
        #expect(try await alice.post(path, [("text", String(repeating: "长", count: 500))]).status == 303)
    }

    @Test("nobody writes about, or reads of, a payment outside of his part") func scope() async throws {
        let north = try await console.addNode(.region, "NORTH")
        _ = try await console.addNode(.store, "QF0001A")
        try await console.take(payment)
        let nora = try await console.session(of: console.addUser("nora", roles: [("operator", north.id)]))
        #expect(try await nora.post(path, [("text", "hello")]).status == 404)
        #expect(
            try await console.console.pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM payment_note") } == 0
        )
    }

    @Test("other payments of the ticket stand on the page, those of other stores do not") func others() async throws {
        let alice = try await console.session(of: console.addUser("alice", roles: [("operator", 1)]))
        try await console.take(payment)
        var again = SamplePayment(sequence: 2, display: "failed", reason: "insufficient-funds")
        var elsewhere = SamplePayment(register: "QF0001B01", sequence: 3)
        again.sharedTicket = payment.ticket
        elsewhere.sharedTicket = payment.ticket
        try await console.take(again)
        try await console.take(elsewhere)
        let page = try await alice.get("/payments/\(payment.number)").body
        #expect(page.contains("href=\"/payments/\(again.number)\""))
        #expect(!page.contains("\(elsewhere.number)"))
    }
}

@Suite("store rates") struct StoreRateTests {
    @Test("a store's rate counts its payments since midnight, without test payments and what people broke off")
    func today() async throws {
        let console = try await TestConsole()
        let north = try await console.addNode(.region, "NORTH")
        _ = try await console.addNode(.store, "QF0001A", below: north.id)
        _ = try await console.addNode(.store, "QF0001B")
        let day = Days(zone: console.console.settings.zone).start(of: console.now)
        let samples: [(SamplePayment, Int64)] = [
            (SamplePayment(sequence: 1, startedAt: day), 900),
            (SamplePayment(sequence: 2, startedAt: day + 60_000), 900),
            (SamplePayment(sequence: 3, display: "failed", startedAt: day + 60_000, reason: "risk"), 900),
            (SamplePayment(sequence: 4, display: "failed", startedAt: day + 60_000, reason: "payer-declined"), 900),
            (SamplePayment(register: "QF0001AZZ", sequence: 5, display: "failed", startedAt: day + 1), 900),
            (SamplePayment(sequence: 6, display: "failed", startedAt: day - 60_000, reason: "risk"), 900),
            (
                SamplePayment(
                    register: "QF0001B01",
                    sequence: 7,
                    display: "failed",
                    startedAt: day + 1,
                    reason: "risk"
                ), 900
            ),
        ]
        for (payment, milliseconds) in samples { try await console.take(payment, after: milliseconds) }
        let alice = try await console.session(of: console.addUser("alice", roles: [("operator", 1)]))
        let page = try await alice.get("/organisation").body
        #expect(page.contains("66.7 %") && page.contains("3 payments counted") && page.contains("0.0 %"))
        #expect(page.contains("Success rate today: paid"))
        let file = try await alice.get("/organisation/export").body
        #expect(file.contains(",66.7 %,"))
        // Statistics of another part are nobody's business, even where its stores may be seen.
        try await console.console.pool.write {
            try $0.execute(sql: "INSERT INTO role (name, permissions) VALUES ('places', 'organisation.view')")
        }
        let emil = try await console.session(
            of: console.addUser("emil", roles: [("places", 1), ("operator", north.id)])
        )
        let theirs = try await emil.get("/organisation?at=GROUP").body
        #expect(theirs.contains("66.7 %") && !theirs.contains("0.0 %<"))
        let paul = try await console.session(of: console.addUser("paul", roles: [("places", 1)]))
        #expect(try await !paul.get("/organisation").body.contains("Success rate today"))
    }
}

@Suite("cashier messages") struct CashierTests {
    @Test("everybody who is signed in reads what registers show, in both languages side by side") func page()
        async throws
    {
        let console = try await TestConsole()
        let browser = try await console.session(of: console.addUser("bob"))
        for language in ["en", "zh-CN"] {
            let page = try await browser.get("/cashier-messages", headers: [.acceptLanguage: language])
            #expect(page.status == 200)
            for section in CashierCatalogue.Section.allCases {
                for entry in CashierCatalogue.entries(section) {
                    let english = entry.english.replacing("'", with: "&#39;")
                    #expect(page.body.contains(english) && page.body.contains(entry.chinese), "\(entry.outcome)")
                }
            }
        }
        #expect(try await browser.get("/payments").body.contains("href=\"/cashier-messages\""))
        #expect(try await console.nobody.get("/cashier-messages").status == 303)
    }

    @Test("every state is told apart, and every step has a text in both languages") func steps() {
        let entries = CashierCatalogue.Section.allCases.flatMap { CashierCatalogue.entries($0) }
        #expect(Set(entries.map { $0.outcome + " " + $0.detail }).count == entries.count)
        #expect(Set(entries.map(\.step)) == Set(CashierCatalogue.Step.allCases))
        for step in CashierCatalogue.Step.allCases {
            for language in Language.allCases {
                #expect(Words.of(language).texts["cashierStep.\(step.rawValue)"] != nil)
            }
        }
    }
}
