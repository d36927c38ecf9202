// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import Testing

@testable import TillConsole

@Suite("live numbers") struct LiveNumberTests {
    private static let top = Scope(paths: ["/1/"])

    @Test("test payments count in no rate and no tally, and one that is stuck is still a problem") func testPayments()
        async throws
    {
        let console = try await TestConsole()
        let now = console.now
        try await console.take(SamplePayment(startedAt: now - 2_000))
        for (sequence, state) in [(2, "failed"), (3, "succeeded"), (4, "unknown")] as [(UInt64, String)] {
            var payment = SamplePayment(
                register: "QF0001AZZ",
                sequence: sequence,
                display: "paying",
                startedAt: now - 2_000
            )
            try await console.take(payment, after: 100)
            payment.display = state
            payment.version = 2
            try await console.take(payment, after: 200)
        }
        let (strip, dashboard, classes) = try await console.console.pool.read { database in
            (
                try LiveStrip(in: Self.top, at: now, database),
                try Dashboard(from: now - 7_200_000, until: now + 1, in: Self.top, database),
                try Int.fetchOne(database, sql: "SELECT count(*) FROM tally_time") ?? 0
            )
        }
        #expect(strip.outcomes.rate == 1_000 && strip.hundredthsPerSecond == 10 && strip.p99 == 900)
        #expect(strip.unknown == 1)
        #expect(dashboard.total.count == 1 && classes == 1)
    }

    @Test("the numbers are reckoned once for all pages of a scope and second, and anew in the next") func shelf()
        async throws
    {
        let console = try await TestConsole()
        let north = Scope(paths: ["/1/2/"])
        func unknown(in scope: Scope) async throws -> Int {
            try await console.console.strips.strip(in: scope, at: console.now, from: console.console.pool).unknown
        }
        #expect(try await unknown(in: Self.top) == 0)
        try await console.take(SamplePayment(display: "unknown"))
        #expect(try await unknown(in: Self.top) == 0)
        console.pass(milliseconds: 1_000)
        #expect(try await unknown(in: Self.top) == 1)
        // Another scope never gets these numbers.
        #expect(try await unknown(in: north) == 0)
    }

    @Test("the menu leads nobody to the audit log who would be refused there") func menu() async throws {
        let console = try await TestConsole()
        let north = try await console.addNode(.region, "NORTH")
        let top = try await console.session(of: console.addUser("anna", roles: [("auditor", 1)]))
        let below = try await console.session(of: console.addUser("nora", roles: [("auditor", north.id)]))
        #expect(try await top.get("/payments").body.contains("href=\"/audit\""))
        #expect(try await !below.get("/payments").body.contains("href=\"/audit\""))
    }

    @Test(
        "dates and times are told by the zone's own clock, also where it changes",
        arguments: ["Asia/Shanghai", "America/New_York", "Asia/Kolkata"]
    )
    func moments(identifier: String) throws {
        let zone = try #require(TimeZone(identifier: identifier))
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = zone
        formatter.dateFormat = "yyyy-MM-dd HH:mm:ss"
        let formats = Formats(language: .english, zone: zone)
        // Around the turns of years, leap days and summer time, and in between.
        let starts: [Int64] = [
            0, 951_782_400_000, 1_709_164_800_000, 1_762_063_200_000, 1_772_953_200_000, 4_107_542_400_000,
        ]
        for start in starts {
            for step in -30...30 as ClosedRange<Int64> {
                let moment = start + step * 3_599_877
                let expected = formatter.string(from: Date(timeIntervalSince1970: Double(moment) / 1_000))
                #expect(formats.moment(moment) == expected)
                #expect(formats.date(moment) + " " + formats.time(moment) == expected)
            }
        }
    }

    @Test("a day begins at the zone's midnight, and days are counted by its calendar") func days() throws {
        let days = Days(zone: try #require(TimeZone(identifier: "America/New_York")))
        // 2026-03-08 has 23 hours there.
        let sunday = try #require(days.start(typed: "2026-03-08"))
        #expect(days.start(of: sunday, adding: 1) - sunday == 23 * 3_600_000)
        #expect(days.start(of: sunday + 22 * 3_600_000) == sunday)
        #expect(days.start(typed: "2026-03-08", adding: 1) == days.start(of: sunday, adding: 1))
        #expect(days.start(typed: "8.3.2026") == nil)
    }
}
