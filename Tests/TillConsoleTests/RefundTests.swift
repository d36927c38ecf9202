// Part of Tillbridge. See LICENSE.
import GRDB
import Testing

@testable import TillConsole

@Suite("refunds") struct RefundTests {
    /// A console with a paid payment of ¥100.00 at a store, and three persons.
    private struct Shop {
        let console: TestConsole
        let clerk: Browser
        let second: Browser
        let number: String

        init(limits: NodeSettings? = nil) async throws {
            console = try await TestConsole()
            _ = try await console.addNode(.store, "QF0001A")
            if let limits {
                try await console.console.pool.write {
                    try $0.execute(sql: "UPDATE node SET settings = ? WHERE code = 'QF0001A'", arguments: [limits.json])
                }
            }
            let payment = SamplePayment(amount: 10_000)
            number = "\(payment.number)"
            try await console.take(payment)
            clerk = try await console.session(of: console.addUser("carl", roles: [("finance", 1)]))
            second = try await console.session(of: console.addUser("dora", roles: [("finance", 1)]))
        }

        func ask(_ yuan: String, by browser: Browser? = nil) async throws -> Answer {
            try await (browser ?? clerk).post(
                "/payments/\(number)/refund",
                [("amount", yuan), ("reason", "goods-returned"), ("note", "")]
            )
        }

        func requests() async throws -> [RefundRequest] {
            try await console.console.pool.read { database in
                try Row.fetchAll(database, sql: "SELECT * FROM refund_request ORDER BY id").map { RefundRequest($0) }
            }
        }
    }

    @Test("a hundred refunds at once never give back more than was paid") func race() async throws {
        let shop = try await Shop()
        try await withThrowingTaskGroup(of: Int.self) { tasks in
            for _ in 0..<100 { tasks.addTask { try await shop.ask("7.00").status } }
            var taken = 0
            for try await status in tasks where status == 303 { taken += 1 }
            // 14 times 7.00 are 98.00; the 15th would be above 100.00.
            #expect(taken == 14)
        }
        let sum = try await shop.requests().map(\.amount).reduce(0, +)
        #expect(sum == 9_800)
    }

    @Test("a form that is sent twice is one refund, and both get the same answer") func twice() async throws {
        let shop = try await Shop()
        let fields = [("amount", "5.00"), ("reason", "duplicate"), ("note", ""), ("once", "token-of-the-form")]
        let path = "/payments/\(shop.number)/refund"
        async let first = shop.clerk.post(path, fields)
        async let copy = shop.clerk.post(path, fields)
        let answers = try await [first, copy]
        #expect(answers.map(\.status) == [303, 303])
        #expect(answers[0].location == answers[1].location)
        #expect(try await shop.requests().count == 1)
    }

    @Test("a form is remembered as long as a session may last") func forgotten() async throws {
        let shop = try await Shop()
        let path = "/payments/\(shop.number)/refund"
        func ask(_ once: String) async throws -> [String] {
            let clerk = try await shop.console.session(of: shop.console.addUser("u-\(once)", roles: [("finance", 1)]))
            let fields = [("amount", "5.00"), ("reason", "duplicate"), ("note", ""), ("once", once)]
            #expect(try await clerk.post(path, fields).status == 303)
            return try await shop.console.console.pool.read {
                try String.fetchAll($0, sql: "SELECT token FROM submission ORDER BY at")
            }
        }
        let first = try await ask("first")
        shop.console.pass(milliseconds: Sessions.longestMilliseconds)
        #expect(try await ask("second").count == 2)
        shop.console.pass(milliseconds: 1)
        let last = try await ask("third")
        #expect(last.count == 2 && !last.contains(first[0]))
    }

    @Test("above the limit a second person agrees, and never the one who asked") func approval() async throws {
        let shop = try await Shop(limits: NodeSettings(approvalAbove: 5_000))
        #expect(try await shop.ask("50.00").status == 303)
        #expect(try await shop.ask("50.00").status == 303)
        #expect(try await shop.requests().map(\.state) == [.approved, .approved])
        let large = try await Shop(limits: NodeSettings(approvalAbove: 5_000))
        #expect(try await large.ask("50.01").status == 303)
        #expect(try await large.requests().map(\.state) == [.waiting])
        let own = try await large.clerk.post("/refunds/1/decision", [("decision", "agree")])
        #expect(own.status == 409)
        #expect(try await large.requests().map(\.state) == [.waiting])
        #expect(try await large.second.post("/refunds/1/decision", [("decision", "agree")]).status == 303)
        #expect(try await large.requests().map(\.state) == [.approved])
        #expect(try await large.requests().first?.deciderName == "dora")
        let late = try await large.second.post("/refunds/1/decision", [("decision", "refuse")])
        #expect(late.status == 409)
    }

    @Test("a day's limits of person and store hold, and end with the day") func limits() async throws {
        let shop = try await Shop(limits: NodeSettings(personDailyLimit: 1_000, storeDailyLimit: 1_500))
        #expect(try await shop.ask("10.00").status == 303)
        let above = try await shop.ask("0.01")
        #expect(above.status == 422 && above.body.contains("your limit"))
        #expect(try await shop.ask("5.00", by: shop.second).status == 303)
        let store = try await shop.ask("0.01", by: shop.second)
        #expect(store.status == 422 && store.body.contains("store&#39;s limit"))
        // The next day everybody signs in again.
        shop.console.pass(milliseconds: 24 * 3_600_000)
        let user = try await shop.console.console.pool.read {
            try Int64.fetchOne($0, sql: "SELECT id FROM user WHERE name = 'carl'") ?? 0
        }
        #expect(try await shop.ask("0.01", by: shop.console.session(of: user)).status == 303)
    }

    @Test("a wrong form keeps what was typed and says at the field what is wrong") func wrongForm() async throws {
        let shop = try await Shop()
        for amount in ["", "0", "abc", "1.234", "-5"] {
            let answer = try await shop.clerk.post(
                "/payments/\(shop.number)/refund",
                [("amount", amount), ("reason", "other"), ("note", "")]
            )
            #expect(answer.status == 422)
            #expect(answer.body.contains("problem-amount") && answer.body.contains("problem-note"))
            #expect(answer.body.contains("value=\"\(amount)\""))
        }
        let more = try await shop.ask("100.01")
        #expect(more.status == 422 && more.body.contains("¥100.00"))
        #expect(try await shop.requests().isEmpty)
    }

    @Test("what the cloud knows of a refund counts once, and a failed one not at all") func refundable() async throws {
        let shop = try await Shop()
        #expect(try await shop.ask("30.00").status == 303)
        func left() async throws -> Int64 {
            let number = shop.number
            return try await shop.console.console.pool.read { try Refundable(number: number, $0).left }
        }
        #expect(try await left() == 7_000)
        func known(_ state: String) async throws {
            let number = shop.number
            try await shop.console.console.pool.write {
                try $0.execute(
                    sql: "INSERT OR REPLACE INTO refund VALUES (?, 'console-1', 3000, '', 'carl', ?, NULL, 1, 1)",
                    arguments: [number, state]
                )
            }
        }
        try await known("accepted")
        #expect(try await left() == 7_000)
        try await known("failed")
        #expect(try await left() == 10_000)
    }

    @Test("who may not refund there, cannot") func permission() async throws {
        let shop = try await Shop()
        let admin = try await shop.console.session(of: shop.console.addUser("anna", roles: [("admin", 1)]))
        #expect(try await shop.ask("1.00", by: admin).status == 403)
        let region = try await shop.console.addNode(.region, "ELSEWHERE")
        let elsewhere = try await shop.console.session(
            of: shop.console.addUser("emil", roles: [("finance", region.id)])
        )
        #expect(try await shop.ask("1.00", by: elsewhere).status == 403)
        #expect(try await shop.requests().isEmpty)
    }
}
