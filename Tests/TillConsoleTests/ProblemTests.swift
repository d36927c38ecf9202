// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import HTTPTypes
import Testing

@testable import TillConsole

@Suite("problems") struct ProblemTests {
    private static let top = Scope(paths: ["/1/"])
    private static let board = PaymentFilter(Form("tab=problems"), zone: .gmt, now: 0)

    /// A problem that began so long ago, in the console's time.
    private func problem(_ console: TestConsole, _ sequence: UInt64, _ state: String, age: Int64) async throws
        -> SamplePayment
    {
        let payment = SamplePayment(
            register: sequence % 2 == 0 ? "QF0001B01" : "QF0001A01",
            sequence: sequence,
            display: state,
            startedAt: console.now - age - 900
        )
        try await console.take(payment)
        return payment
    }

    @Test("the longest problem comes first, below the heading of its age, with what to do about its kind") func board()
        async throws
    {
        let console = try await TestConsole()
        _ = try await console.addNode(.store, "QF0001A")
        let user = try await console.addUser("alice", roles: [("operator", 1)])
        let minutes: Int64 = 60_000
        _ = try await problem(console, 1, "unknown", age: 40_000)
        _ = try await problem(console, 3, "revoke_failed", age: 3 * 24 * 60 * minutes)
        _ = try await problem(console, 5, "unknown", age: 125 * minutes)
        _ = try await problem(console, 7, "revoking", age: 10 * minutes)
        try await console.take(SamplePayment(sequence: 9))
        let page = try await console.session(of: user).get("/payments?tab=problems").body
        let order = [
            "Over 1 hour <span class=\"soft\">Payments: 2", "3 days", "2 h 5 min",
            "10 minutes to 1 hour <span class=\"soft\">Payments: 1", "10 min<", "Under 10 minutes <span", "40 s",
        ]
        var rest = page[...]
        for text in order {
            let place = try #require(rest.firstRange(of: text), "\(text)")
            rest = rest[place.upperBound...]
        }
        // One sentence for each kind that there is, as the payment's own page has it.
        #expect(page.ranges(of: "It is asked again and again").count == 1)
        #expect(page.contains("Two persons have to decide") && page.contains("is being undone"))
        #expect(!page.contains("The wallet refused a refund"))
        #expect(!page.contains("p-\(SamplePayment(sequence: 9).number)"))
    }

    @Test("a problem is as old as its first word about it, and another kind of problem is the same one") func since()
        async throws
    {
        let console = try await TestConsole()
        var payment = SamplePayment(display: "paying")
        func since() async throws -> Int64? {
            try await console.console.pool.read { try Int64.fetchOne($0, sql: "SELECT problem_since FROM payment") }
        }
        func take(_ state: String, after milliseconds: Int64) async throws {
            payment.display = state
            payment.version += 1
            try await console.take(payment, after: milliseconds)
        }
        try await take("paying", after: 100)
        #expect(try await since() == nil)
        try await take("unknown", after: 5_000)
        try await take("unknown", after: 9_000)
        try await take("revoking", after: 50_000)
        #expect(try await since() == payment.startedAt + 5_000)
        try await take("revoked", after: 60_000)
        #expect(try await since() == nil)
        try await take("refund_failed", after: 90_000)
        #expect(try await since() == payment.startedAt + 90_000)
    }

    @Test("pages of problems follow each other without gap or repetition, whatever day they began") func pages()
        async throws
    {
        let console = try await TestConsole()
        for sequence in 1...25 as ClosedRange<UInt64> {
            // Some have lasted equally long: the number decides their order.
            _ = try await problem(console, sequence, "unknown", age: Int64(sequence / 3) * 86_400_000)
        }
        var (ages, numbers, place): ([Int64], Set<String>, PaymentList.Place?) = ([], [], nil)
        repeat {
            let after = place
            let page = try await console.console.pool.read { database in
                try PaymentList.page(Self.board, in: Self.top, after: after, rows: 4, database)
            }
            ages += page.rows.compactMap(\.problemSince)
            numbers.formUnion(page.rows.map(\.number))
            place = page.next
        } while place != nil
        #expect(numbers.count == 25 && ages == ages.sorted())
    }

    @Test("a viewer of one region counts that region alone") func scope() async throws {
        let console = try await TestConsole()
        let north = try await console.addNode(.region, "NORTH")
        _ = try await console.addNode(.store, "QF0001A", below: north.id)
        _ = try await console.addNode(.store, "QF0001B")
        _ = try await problem(console, 1, "unknown", age: 0)
        _ = try await problem(console, 2, "unknown", age: 0)
        for (scope, count) in [(Self.top, 2), (Scope(paths: [north.path]), 1), (Scope.nothing, 0)] {
            let now = console.now
            let board = try await console.console.pool.read { try ProblemBoard(Self.board, in: scope, at: now, $0) }
            #expect(board.byKind["unknown"] ?? 0 == count && board.byAge[.fresh] ?? 0 == count)
        }
    }

    @Test("the tab of problems looks in all days, whichever days another tab shows") func allDays() async throws {
        let console = try await TestConsole()
        let user = try await console.addUser("alice", roles: [("operator", 1)])
        let old = try await problem(console, 1, "unknown", age: 3 * 86_400_000)
        let alice = try await console.session(of: user)
        let today = try await alice.get("/payments?period=today&wallet=alipay").body
        let link = try #require(today.firstMatch(of: /href="([^"]+tab[^"]+problems)"/)).1
        let path = String(link).replacing("&amp;", with: "&").replacing("&#x3D;", with: "=")
        #expect(path == "/payments?wallet=alipay&tab=problems")
        #expect(try await alice.get(path).body.contains("id=\"p-\(old.number)\""))
    }

    @Test("the board reads its own index and sorts nothing") func index() async throws {
        let console = try await TestConsole()
        let condition = Self.board.condition(in: Self.top)
        let plan = try await console.console.pool.read { database in
            try Row.fetchAll(
                database,
                sql: "EXPLAIN QUERY PLAN SELECT * FROM payment WHERE \(condition.sql) ORDER BY problem_since, number",
                arguments: condition.arguments
            ).map { $0["detail"] as String }
        }
        #expect(
            plan == ["SCAN payment USING INDEX payment_problem"]
                || plan == ["SEARCH payment USING INDEX payment_problem (problem_since>?)"]
        )
    }

    @Test("ages and bounds are told in the words of each language") func ages() async throws {
        #expect(ProblemBoard.Age(milliseconds: 3_600_000) == .middle)
        #expect(ProblemBoard.Age(milliseconds: 3_600_001) == .old)
        #expect(ProblemBoard.Age(milliseconds: 600_000) == .middle)
        #expect(ProblemBoard.Age(milliseconds: 599_999) == .fresh)
        let console = try await TestConsole()
        let user = try await console.addUser("alice", roles: [("operator", 1)])
        _ = try await problem(console, 1, "unknown", age: 125 * 60_000)
        let page = try await console.session(of: user).get(
            "/payments?tab=problems",
            headers: [.acceptLanguage: "zh-CN"]
        )
        #expect(page.body.contains("2 小时 5 分") && page.body.contains("超过 1 小时"))
    }
}
