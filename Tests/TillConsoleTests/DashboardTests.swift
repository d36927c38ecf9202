// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import Testing

@testable import TillConsole

@Suite("statistics") struct DashboardTests {
    private static let top = Scope(paths: ["/1/"])

    /// Counts all payments of the table anew.
    private func counted(_ console: TestConsole) async throws -> [String: Int] {
        try await console.console.pool.read { database in
            try Row.fetchAll(database, sql: "SELECT state, count(*) AS count FROM payment GROUP BY state")
                .reduce(into: [:]) { $0[$1["state"]] = $1["count"] }
        }
    }

    @Test("what a payment was is taken back when it becomes something else") func moves() async throws {
        let console = try await TestConsole()
        let start: Int64 = 1_764_400_000_000
        for sequence in 1...30 as ClosedRange<UInt64> {
            var payment = SamplePayment(sequence: sequence, display: "paying")
            try await console.take(payment, after: 100)
            payment.display = sequence % 3 == 0 ? "failed" : "succeeded"
            payment.reason = sequence % 3 == 0 ? "insufficient-funds" : ""
            payment.version = 2
            try await console.take(payment, after: 400)
            guard sequence % 5 == 0, sequence % 3 != 0 else { continue }
            payment.display = "refunded"
            payment.refunded = payment.amount
            payment.version = 3
            try await console.take(payment, after: 90_000)
        }
        let dashboard = try await console.console.pool.read { database in
            try Dashboard(from: start - 3_600_000, until: start + 7_200_000, in: Self.top, database)
        }
        #expect(dashboard.byState.filter { $0.value != 0 } == (try await counted(console)))
        #expect(dashboard.total.count == 30)
        #expect(dashboard.total.outcomes.rate == 667)
        #expect(dashboard.byReason == ["insufficient-funds": 10])
        // The first certain result counts, whatever came later.
        let median = try #require(Tally.percentile(dashboard.times, 50))
        #expect((400...480).contains(median))
    }

    @Test("a viewer of one region counts that region alone") func scope() async throws {
        let console = try await TestConsole()
        let north = try await console.addNode(.region, "NORTH")
        _ = try await console.addNode(.store, "QF0001A", below: north.id)
        _ = try await console.addNode(.store, "QF0001B")
        try await console.take(SamplePayment(register: "QF0001A01"))
        try await console.take(SamplePayment(register: "QF0001B01", sequence: 2))
        let start: Int64 = 1_764_400_000_000
        for (scope, count) in [(Self.top, 2), (Scope(paths: [north.path]), 1), (Scope.nothing, 0)] {
            let dashboard = try await console.console.pool.read { database in
                try Dashboard(from: start - 3_600_000, until: start + 3_600_000, in: scope, database)
            }
            #expect(dashboard.total.count == count)
            #expect(dashboard.times.values.reduce(0, +) == count)
        }
    }

    @Test(
        "a class of times names a bound within a fifth above the time itself",
        arguments: [1, 7, 99, 450, 1_000, 45_000, 3_600_000]
    )
    func classes(milliseconds: Int64) {
        let bound = Tally.bound(of: Tally.timeClass(milliseconds))
        #expect(bound >= milliseconds - 1)
        #expect(Double(bound) <= Double(milliseconds) * 1.2)
        #expect(Tally.percentile([:], 50) == nil)
    }

    @Test("the page has every chart as a table too, and each mark leads to the list behind it") func page() async throws
    {
        let console = try await TestConsole()
        let user = try await console.addUser("alice", roles: [("operator", 1)])
        try await console.take(SamplePayment())
        try await console.take(SamplePayment(sequence: 2, display: "failed", wallet: "wechatpay", reason: "risk"))
        let page = try await console.session(of: user).get("/dashboard?period=today")
        #expect(page.status == 200)
        for text in ["50.0 %", "Refused for risk", "/payments?period&#x3D;today&amp;reason&#x3D;risk", "WeChat Pay"] {
            #expect(page.body.contains(text) || page.body.contains(text.replacing("&#x3D;", with: "=")), "\(text)")
        }
        #expect(page.body.matches(of: /data-chart=/).count == 4)
    }
}
