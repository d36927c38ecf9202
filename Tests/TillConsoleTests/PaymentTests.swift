// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import Testing

@testable import TillConsole

@Suite("payments") struct PaymentTests {
    @Test("a payment of the log is on the list, with its shop, its words and its time to the result") func list()
        async throws
    {
        let console = try await TestConsole()
        _ = try await console.addNode(.store, "QF0001A")
        let user = try await console.addUser("alice", roles: [("operator", 1)])
        try await console.take(SamplePayment(amount: 123_456))
        let page = try await console.session(of: user).get("/payments?period=all")
        for text in ["¥1,234.56", "Name of QF0001A", "Alipay", "Paid", "900 ms", "T-1"] {
            #expect(page.body.contains(text), "\(text)")
        }
    }

    @Test("the shopper's identity, the nonce and the payer are nowhere in the console") func secrets() async throws {
        let console = try await TestConsole()
        let user = try await console.addUser("alice", roles: [("operator", 1)])
        let payment = SamplePayment()
        try await console.take(payment)
        let page = try await console.session(of: user).get("/payments/\(payment.number)")
        #expect(page.status == 200)
        #expect(!page.body.contains("shopper-identity"))
        let stored = try await console.console.pool.read { database in
            try String.fetchAll(database, sql: "SELECT body FROM step").joined()
        }
        #expect(!stored.isEmpty && !stored.contains("shopper-identity"))
    }

    @Test("the paying cloud's row is the payment, whichever cloud is heard of first", arguments: [true, false])
    func twoClouds(payingFirst: Bool) async throws {
        let console = try await TestConsole()
        let paid = SamplePayment()
        let tomb = SamplePayment(display: "closed", wallet: "")
        if payingFirst { try await console.take(paid, of: "A") }
        try await console.take(tomb, of: "B")
        if !payingFirst { try await console.take(paid, of: "A") }
        let row = try await console.console.pool.read { database in
            try PaymentList.page(PaymentFilter(), in: Scope(paths: ["/1/"]), after: nil, database).rows
        }
        #expect(row.map(\.state) == ["succeeded"])
        #expect(row.map(\.cloud) == ["A"])
    }

    @Test("a viewer of one region sees nothing of another, by no filter and no number") func scope() async throws {
        let console = try await TestConsole()
        let north = try await console.addNode(.region, "NORTH")
        let south = try await console.addNode(.region, "SOUTH")
        _ = try await console.addNode(.store, "QF0001A", below: north.id)
        _ = try await console.addNode(.store, "QF0001B", below: south.id)
        let user = try await console.addUser("nora", roles: [("manager", north.id)])
        let own = SamplePayment(register: "QF0001A01")
        let other = SamplePayment(register: "QF0001B01", sequence: 2)
        try await console.take(own)
        try await console.take(other)
        let nora = try await console.session(of: user)
        let all = "/payments?period=all"
        for query in [
            "", "&place=SOUTH", "&place=QF0001B", "&register=QF0001B01", "&q=\(other.number)", "&q=T-2", "&q=W2",
        ] {
            let page = try await nora.get(all + query)
            #expect(page.status == 200)
            // What was typed is shown as typed; no row is.
            #expect(!page.body.contains("id=\"p-\(other.number)\""), "\(query)")
        }
        #expect(try await nora.get(all).body.contains("id=\"p-\(own.number)\""))
        #expect(try await nora.get("/payments/\(other.number)").status == 404)
        #expect(try await nora.get("/payments/\(other.number)/refund").status == 403)
        #expect(try await nora.get("/payments/\(own.number)").status == 200)
        let changes = try await console.console.pool.read { database in
            try PaymentList.changes(after: 0, PaymentFilter(), in: Scope(paths: [north.path]), database)
        }
        #expect(changes.map(\.number) == ["\(own.number)"])
    }

    @Test("filters hold together, and pages follow each other without gap or repetition") func filters() async throws {
        let console = try await TestConsole()
        let start: Int64 = 1_764_400_000_000
        for sequence in 1...120 {
            try await console.take(
                SamplePayment(
                    sequence: UInt64(sequence),
                    amount: Int64(sequence) * 100,
                    display: sequence % 3 == 0 ? "failed" : "succeeded",
                    wallet: sequence % 2 == 0 ? "alipay" : "wechatpay",
                    // Two of each pair have one time: the number decides their order.
                    startedAt: start + Int64(sequence / 2)
                )
            )
        }
        func numbers(_ query: String) async throws -> [String] {
            var (found, place): ([String], PaymentList.Place?) = ([], nil)
            repeat {
                let filter = PaymentFilter(Form(query), zone: .gmt, now: start)
                let after = place
                let page = try await console.console.pool.read { database in
                    try PaymentList.page(filter, in: Scope(paths: ["/1/"]), after: after, database)
                }
                found += page.rows.map(\.number)
                place = page.next
            } while place != nil
            return found
        }
        let all = try await numbers("period=all")
        #expect(all.count == 120 && Set(all).count == 120)
        #expect(try await numbers("period=all&tab=unpaid").count == 40)
        #expect(try await numbers("period=all&wallet=alipay").count == 60)
        #expect(try await numbers("period=all&wallet=alipay&tab=unpaid").count == 20)
        #expect(try await numbers("period=all&least=10&most=12").count == 3)
        #expect(try await numbers("q=T-77") == ["\(SamplePayment(sequence: 77).number)"])
        #expect(try await numbers("q=W77") == ["\(SamplePayment(sequence: 77).number)"])
        #expect(
            try await numbers("q=\(SamplePayment(sequence: 77).number)R01") == ["\(SamplePayment(sequence: 77).number)"]
        )
        #expect(try await numbers("q=77.00") == ["\(SamplePayment(sequence: 77).number)"])
    }

    @Test("days begin where the console's time zone says") func days() throws {
        let zone = try #require(TimeZone(identifier: "Asia/Shanghai"))
        // 2026-11-29 00:30 in Shanghai is the 28th in Greenwich.
        let now: Int64 = 1_795_883_400_000
        let today = PaymentFilter(Form("period=today"), zone: zone, now: now)
        #expect(today.from == now - 30 * 60_000)
        let day = PaymentFilter(Form("period=custom&from=2026-11-28&until=2026-11-28"), zone: zone, now: now)
        #expect(day.until == today.from && day.from == (today.from ?? 0) - 86_400_000)
        let wrong = PaymentFilter(Form("period=custom&from=28.11.&least=abc"), zone: zone, now: now)
        #expect(wrong.problems["from"] != nil && wrong.problems["least"] != nil)
    }

    @Test("success rates leave out what shopper or cashier broke off, and what has no result yet") func rate() {
        var outcomes = Outcomes()
        outcomes.add(state: "succeeded", reason: nil, count: 97)
        outcomes.add(state: "refunded", reason: nil)
        outcomes.add(state: "failed", reason: "insufficient-funds", count: 2)
        outcomes.add(state: "failed", reason: "payer-declined", count: 50)
        outcomes.add(state: "revoked", reason: "cashier", count: 50)
        outcomes.add(state: "paying", reason: nil, count: 50)
        #expect(outcomes.rate == 980)
        #expect(Outcomes.text(outcomes.rate) == "98.0 %")
        #expect(Outcomes.text(Outcomes().rate) == "–")
        #expect(Percentile.of([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 50) == 5)
        #expect(Percentile.of([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 99) == 10)
        #expect(Percentile.of([], 50) == nil)
    }

    @Test("what comes from outside is never read as HTML, wherever it stands") func scripts() async throws {
        let console = try await TestConsole()
        let attack = "<script>alert(1)</script><img src=x onerror=alert(1)>'\""
        let user = try await console.addUser("alice", roles: [("operator", 1)])
        try await console.console.pool.write { database in
            let top = try #require(try Node.top(database))
            try Organisation.add(.store, code: "QF0001A", name: attack, below: top, state: .live, database)
        }
        try await console.take(
            SamplePayment(display: "failed", wallet: attack.replacing("\"", with: ""), reason: "<b>x</b>")
        )
        let alice = try await console.session(of: user)
        let pages = [
            "/payments?period=all", "/payments?q=\(Form.encoded(attack))", "/payments/\(SamplePayment().number)",
        ]
        for path in pages {
            let page = try await alice.get(path)
            #expect(page.status == 200)
            #expect(
                !page.body.contains("<script>alert") && !page.body.contains("<img src=x") && !page.body.contains("<b>x")
            )
        }
    }
}
