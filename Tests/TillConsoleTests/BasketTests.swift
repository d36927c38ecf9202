// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import HTTPTypes
import Testing
import TillStore

@testable import TillConsole

@Suite("baskets and refunds by line") struct BasketTests {
    private typealias Item = Basket.Item

    /// A console with a payment of ¥100.00 and its basket, and a clerk.
    private struct Shop {
        let console: TestConsole
        let clerk: Browser
        let number: String

        /// - Parameter items: Nil: the register sent no basket.
        init(
            _ items: [Item]? = [
                Item(sku: "1", name: "Tea", quantity: 2, unitPrice: 2_500),
                Item(sku: "2", name: "Cake", quantity: 1, unitPrice: 5_000),
            ],
            amount: Int64 = 10_000
        ) async throws {
            console = try await TestConsole()
            _ = try await console.addNode(.store, "QF0001A")
            let payment = SamplePayment(amount: amount)
            number = "\(payment.number)"
            try await console.take(payment)
            if let items { try await console.take(items, of: number) }
            clerk = try await console.session(of: console.addUser("carl", roles: [("finance", 1)]))
        }

        func ask(_ way: String, _ fields: [(String, String)] = [], by browser: Browser? = nil) async throws -> Answer {
            try await (browser ?? clerk).post(
                "/payments/\(number)/refund",
                [("way", way), ("reason", "goods-returned"), ("note", "")] + fields
            )
        }

        func page() async throws -> String { try await clerk.get("/payments/\(number)/refund").body }

        func requests() async throws -> [RefundRequest] {
            try await console.console.pool.read { database in
                try Row.fetchAll(database, sql: "SELECT \(RefundRequest.columns) FROM refund_request ORDER BY id")
                    .map { RefundRequest($0) }
            }
        }

        func left() async throws -> [Int64] {
            let number = number
            return try await console.console.pool.read { try Basket(number: number, $0)?.lines.map(\.left) ?? [] }
        }

        /// What the cloud says of a refund that was asked for here.
        func know(_ request: Int64, _ amount: Int64, _ state: String) async throws {
            let number = number
            try await console.console.pool.write {
                try $0.execute(
                    sql: "INSERT OR REPLACE INTO refund VALUES (?, 'console-' || ?, ?, '', 'carl', ?, NULL, 1, 1)",
                    arguments: [number, request, amount, state]
                )
            }
        }
    }

    @Test("a payment shows its lines with their amounts, in both languages") func lines() async throws {
        let shop = try await Shop()
        let page = try await shop.clerk.get("/payments/\(shop.number)")
        for text in ["Basket lines", "Tea", "¥25.00", "¥50.00", "Cake", "¥100.00"] {
            #expect(page.body.contains(text), "\(text)")
        }
        #expect(!page.body.contains("The lines add up"))
        let chinese = try await shop.clerk.get("/payments/\(shop.number)", headers: [.acceptLanguage: "zh-CN"])
        #expect(chinese.body.contains("商品明细") && chinese.body.contains("Tea"))
    }

    @Test("lines and quantities give the amount, and what was given back is not offered again") func byLine()
        async throws
    {
        let shop = try await Shop()
        #expect(try await shop.ask("lines", [("line-1", "1")]).status == 303)
        #expect(try await shop.ask("lines", [("line-1", "1"), ("line-2", "1")]).status == 303)
        let requests = try await shop.requests()
        #expect(requests.map(\.amount) == [2_500, 7_500])
        #expect(requests.map(\.lines) == ["1 × Tea", "1 × Tea · 1 × Cake"])
        #expect(try await shop.left() == [0, 0])
        let again = try await shop.ask("lines", [("line-2", "1")])
        #expect(again.status == 422)
        #expect(try await shop.requests().count == 2)
        let page = try await shop.clerk.get("/payments/\(shop.number)")
        #expect(page.body.contains("Given back 2") && page.body.contains("Given back 1"))
        let audit = try await shop.console.console.pool.read {
            try String.fetchAll($0, sql: "SELECT after FROM audit WHERE action = 'refund.requested' ORDER BY sequence")
        }
        #expect(
            audit == ["2500 fen, goods-returned, line 1: 1", "7500 fen, goods-returned, line 1: 1, line 2: 1"]
        )
    }

    @Test("the same line in a hundred requests at once is given back once") func race() async throws {
        let shop = try await Shop([
            Item(sku: "1", name: "Tea", quantity: 1, unitPrice: 50),
            Item(sku: "2", name: "Rest", quantity: 1, unitPrice: 9_950),
        ])
        try await withThrowingTaskGroup(of: Int.self) { tasks in
            for _ in 0..<100 { tasks.addTask { try await shop.ask("lines", [("line-1", "1")]).status } }
            var taken = 0
            for try await status in tasks {
                if status == 303 { taken += 1 } else { #expect(status == 422) }
            }
            #expect(taken == 1)
        }
        #expect(try await shop.requests().map(\.amount) == [50])
        #expect(try await shop.left() == [0, 1])
        #expect(try await shop.ask("lines", [("line-1", "1")]).body.contains("have been given back meanwhile"))
    }

    @Test("a refund that was refused or failed gives its lines free again") func failed() async throws {
        let shop = try await Shop()
        #expect(try await shop.ask("lines", [("line-2", "1")]).status == 303)
        #expect(try await shop.left() == [2, 0])
        try await shop.know(1, 5_000, "accepted")
        #expect(try await shop.left() == [2, 0])
        try await shop.know(1, 5_000, "failed")
        #expect(try await shop.left() == [2, 1])
        #expect(try await shop.ask("lines", [("line-2", "1")]).status == 303)
        try await shop.console.console.pool.write {
            try $0.execute(sql: "UPDATE refund_request SET state = 'refused' WHERE id = 2")
        }
        #expect(try await shop.left() == [2, 1])
    }

    @Test("all that is left is what the page showed, and takes the lines that are left") func whole() async throws {
        let shop = try await Shop()
        #expect(try await shop.ask("amount", [("amount", "30")]).status == 303)
        let stale = try await shop.ask("whole", [("left", "10000")])
        #expect(stale.status == 422 && stale.body.contains("Something else has been given back"))
        #expect(stale.body.contains("name=\"left\" value=\"7000\""))
        #expect(try await shop.ask("whole", [("left", "7000")]).status == 303)
        #expect(try await shop.requests().map(\.amount) == [3_000, 7_000])
        #expect(try await shop.left() == [0, 0])
        #expect(try await shop.ask("whole", [("left", "0")]).status == 422)
        #expect(try await shop.page().contains("Nothing can be given back"))
    }

    @Test("lines never give back more than is left of the payment") func neverAbove() async throws {
        let shop = try await Shop()
        #expect(try await shop.ask("amount", [("amount", "60")]).status == 303)
        let above = try await shop.ask("lines", [("line-2", "1")])
        #expect(above.status == 422 && above.body.contains("Only ¥40.00"))
        #expect(try await shop.ask("lines", [("line-1", "1")]).status == 303)
        #expect(try await shop.requests().map(\.amount) == [6_000, 2_500])
    }

    @Test("where the lines are not what was paid, the page says so, and a person says the amount")
    func discount() async throws {
        let shop = try await Shop(amount: 9_000)
        for page in [try await shop.page(), try await shop.clerk.get("/payments/\(shop.number)").body] {
            #expect(page.contains("The lines add up to ¥100.00, and ¥90.00 was paid"))
        }
        // No amount is proposed that would be about other lines as well.
        #expect(try await shop.page().contains("name=\"amount\" type=\"text\" value=\"\""))
        let silent = try await shop.ask("lines", [("line-2", "1"), ("amount", "")])
        #expect(silent.status == 422 && silent.body.contains("problem-amount"))
        #expect(try await shop.ask("lines", [("line-2", "1"), ("amount", "45")]).status == 303)
        #expect(try await shop.requests().map(\.amount) == [4_500])
        #expect(try await shop.left() == [2, 0])
    }

    @Test("a payment without a basket is given back by amount, and says why", arguments: [true, false])
    func noBasket(isEmpty: Bool) async throws {
        let shop = try await Shop(isEmpty ? [] : nil)
        #expect(try await shop.page().contains("No basket"))
        #expect(try await !shop.page().contains("value=\"lines\""))
        #expect(try await shop.clerk.get("/payments/\(shop.number)").body.contains("No basket"))
        // A form that asks for lines all the same is read as one by amount.
        #expect(try await shop.ask("lines", [("line-1", "1")]).status == 422)
        #expect(try await shop.ask("amount", [("amount", "12.50")]).status == 303)
        #expect(try await shop.requests().map(\.amount) == [1_250])
    }

    @Test("a wrong form keeps what was chosen and says at the line what is wrong") func wrongForm() async throws {
        let shop = try await Shop()
        for quantity in ["3", "-1", "1.5", "x", "99999999999999999999"] {
            let answer = try await shop.ask("lines", [("line-1", quantity), ("line-2", "1")])
            #expect(answer.status == 422 && answer.body.contains("id=\"problem-line-1\""), "\(quantity)")
            #expect(answer.body.contains("name=\"line-1\" value=\"\(quantity)\""))
            #expect(answer.body.contains("name=\"line-2\" value=\"1\" data-price=\"5000\" checked"))
            #expect(answer.body.contains("value=\"lines\" checked"))
        }
        #expect(try await shop.ask("lines", [("line-1", "0")]).body.contains("Choose at least one line."))
        #expect(try await shop.ask("lines", [("line-7", "1")]).status == 422)
        #expect(try await shop.requests().isEmpty)
        let free = try await Shop([
            Item(sku: "", name: "Bag", quantity: 1, unitPrice: 0),
            Item(sku: "9", name: "", quantity: 1, unitPrice: 10_000),
        ])
        #expect(try await free.ask("lines", [("line-1", "1")]).body.contains("These lines cost nothing"))
        #expect(try await free.page().contains(">9</label>"))
    }

    @Test("what is called a product is never read as HTML") func scripts() async throws {
        let attack = "<script>alert(1)</script><img src=x onerror=alert(1)>'\""
        let shop = try await Shop([Item(sku: attack, name: attack, quantity: 2, unitPrice: 5_000)])
        #expect(try await shop.ask("lines", [("line-1", "1")]).status == 303)
        for path in ["/payments/\(shop.number)", "/payments/\(shop.number)/refund", "/refunds"] {
            let page = try await shop.clerk.get(path)
            #expect(page.status == 200 && page.body.contains("&lt;script&gt;alert"), "\(path)")
            #expect(!page.body.contains("<script>alert") && !page.body.contains("<img src=x"), "\(path)")
        }
    }

    @Test("who may not refund there, cannot by line either, and sees no line") func scope() async throws {
        let shop = try await Shop()
        let region = try await shop.console.addNode(.region, "ELSEWHERE")
        let emil = try await shop.console.session(of: shop.console.addUser("emil", roles: [("finance", region.id)]))
        let answers = [
            try await shop.ask("lines", [("line-1", "1")], by: emil), try await shop.ask("lines", by: emil),
            try await emil.get("/payments/\(shop.number)/refund"), try await emil.get("/payments/\(shop.number)"),
        ]
        #expect(answers.map(\.status) == [403, 403, 403, 404])
        #expect(answers.allSatisfy { !$0.body.contains("Cake") })
        #expect(try await shop.requests().isEmpty)
    }

    @Test("a basket is the payment's, whichever of the two is heard of first") func order() async throws {
        let console = try await TestConsole()
        let payment = SamplePayment()
        let number = "\(payment.number)"
        try await console.take([Item(sku: "1", name: "Tea", quantity: 1, unitPrice: 1_250)], of: number)
        try await console.take(payment)
        let total = try await console.console.pool.read { try Basket(number: number, $0)?.total }
        #expect(total == 1_250)
    }

    @Test("a payment is found by the last four digits of its code, newest first", arguments: [true, false])
    func codeEnd(saleFirst: Bool) async throws {
        let console = try await TestConsole()
        let payments = (1...4).map { SamplePayment(sequence: UInt64($0), startedAt: 1_764_400_000_000 + Int64($0)) }
        for (place, payment) in payments.enumerated() {
            // The fourth one's cloud keeps none.
            let end = place == 3 ? nil : place == 1 ? "9999" : "0417"
            if !saleFirst { try await console.take(payment) }
            if let end { try await console.take([], of: "\(payment.number)", codeEnd: end) }
            if saleFirst { try await console.take(payment) }
            // What the payment becomes later does not lose it.
            try await console.take(payment, after: 2_000)
        }
        func found(_ text: String) async throws -> [String] {
            let filter = PaymentFilter(Form("q=\(text)"), zone: .gmt, now: 1_764_400_000_000)
            return try await console.console.pool.read {
                try PaymentList.page(filter, in: Scope(paths: ["/1/"]), after: nil, $0).rows.map(\.number)
            }
        }
        #expect(try await found("0417") == ["\(payments[2].number)", "\(payments[0].number)"])
        #expect(try await found("417").isEmpty)
        #expect(try await found("00417").isEmpty)
        let user = try await console.addUser("alice", roles: [("operator", 1)])
        let alice = try await console.session(of: user)
        #expect(try await alice.get("/payments/\(payments[1].number)").body.contains("…9999"))
        #expect(try await !alice.get("/payments/\(payments[3].number)").body.contains("<dt>Payment code"))
    }

    @Test("the search by a code's end is a search in an index") func plan() async throws {
        let console = try await TestConsole()
        let filter = PaymentFilter(Form("q=0417"), zone: .gmt, now: 0)
        let condition = filter.condition(in: Scope(paths: ["/1/"]))
        let plan = try await console.console.pool.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    EXPLAIN QUERY PLAN SELECT * FROM payment WHERE \(condition.sql)
                    ORDER BY created_at DESC, number DESC LIMIT 51
                    """,
                arguments: condition.arguments
            ).map { $0["detail"] as String }
        }
        #expect(plan.contains { $0.contains("payment_code_end") } && !plan.contains { $0.hasPrefix("SCAN payment") })
    }

    @Test("more of a code than four digits is not taken from a log") func notMore() async throws {
        let console = try await TestConsole()
        for (sequence, end) in ["288800112233440417", "41", "041x", "４１７０"].enumerated() {
            let payment = SamplePayment(sequence: UInt64(sequence + 1))
            try await console.take(payment)
            try await console.take([], of: "\(payment.number)", codeEnd: end)
        }
        let kept = try await console.console.pool.read {
            try Int.fetchOne($0, sql: "SELECT count(*) FROM payment WHERE code_end IS NOT NULL")
        }
        #expect(kept == 0)
    }

    @Test("lines that no payment could be do not end the console") func overflow() throws {
        let item = Item(sku: "", name: "x", quantity: 1_000_000, unitPrice: 100_000_000_000)
        let lines = (1...100).map { Basket.Line(place: $0, item: item, returned: 0) }
        #expect(Basket(lines: lines).total == nil)
        #expect(Basket(lines: lines).price(of: [Basket.Pick(place: 3, quantity: 2)]) == 200_000_000_000)
    }
}

extension TestConsole {
    /// Has the read model take what a register told of a sale.
    func take(_ items: [Basket.Item], of number: String, codeEnd: String? = nil) async throws {
        var entries = Entries()
        let list = String(decoding: try JSONEncoder().encode(items), as: UTF8.self)
        let body = "{\"items\":\(list)\(codeEnd.map { ",\"codeEnd\":\"\($0)\"" } ?? "")}"
        let entry = entries.next(.sale, key: number, body: body, at: now)
        let now = now
        try await console.pool.write { try ReadModel.apply(entry, of: "A", at: now, $0) }
    }
}
