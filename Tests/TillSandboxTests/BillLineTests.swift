// Part of Tillbridge. See LICENSE.
import Testing
import TillSandbox

/// Which trades and refunds belong to a bill, and that they add up to the ledger.
@Suite struct BillLineTests {
    @Test(
        "days, months and settlement days are Chinese and half open",
        arguments: [
            (BillPeriod(day: "20260228"), "2026-02-28 00:00:00", "2026-03-01 00:00:00", "2026-03-01 09:00:00"),
            (BillPeriod(day: "2026-12-31"), "2026-12-31 00:00:00", "2027-01-01 00:00:00", "2027-01-01 09:00:00"),
            (BillPeriod(month: "2026-12"), "2026-12-01 00:00:00", "2027-01-01 00:00:00", "2027-01-03 09:00:00"),
            (BillPeriod(month: "2028-02"), "2028-02-01 00:00:00", "2028-03-01 00:00:00", "2028-03-03 09:00:00"),
            (BillPeriod(month: "2026-04"), "2026-04-01 00:00:00", "2026-05-01 00:00:00", "2026-05-03 09:00:00"),
            (
                BillPeriod(settlementDay: "20260301"), "2026-02-28 23:00:00", "2026-03-01 23:00:00",
                "2026-03-02 08:00:00"
            ),
        ]
    )
    func periods(period: BillPeriod?, start: String, end: String, ready: String) throws {
        let period = try #require(period)
        #expect(ChinaTime(milliseconds: period.start).spaced == start)
        #expect(ChinaTime(milliseconds: period.end).spaced == end)
        #expect(ChinaTime(milliseconds: period.readyAt).spaced == ready)
        #expect(period.contains(period.start) && !period.contains(period.end))
    }

    @Test(
        "what is no day is none",
        arguments: ["", "2026", "20260229", "2026-02-30", "2026-2-03", "2026/02/03", "today"]
    )
    func noDay(text: String) {
        #expect(BillPeriod(day: text) == nil)
        #expect(BillPeriod(settlementDay: text) == nil)
        #expect(BillPeriod(month: text) == nil)
    }

    @Test(
        "a combining mark hides neither a quote nor a comma, and takes none with it",
        arguments: [
            ("a,\u{301}b", "\"a,\u{301}b\"", "\"a,?b\""), ("\"\u{301}", "\"\"\"\u{301}\"", "\"\"\"?\""),
            ("\u{301},", "\"\u{301},\"", "\"?,\""), ("\r\n\u{301}", " \u{301}", " ?"),
        ]
    )
    func combiningMarks(text: String, quoted: String, gbk: String) {
        #expect(Array(BillText.quoted(text).utf8) == Array(quoted.utf8))
        #expect(BillText.gbk(quoted) == Array(gbk.utf8))
    }

    @Test("a day has its payments, refunds and reversals, oldest first", arguments: Bench.billed)
    func day(wallet: SandboxWallet) throws {
        let bench = Bench.busyDay(wallet)
        let lines = try bench.lines(wallet, day: "20261122")
        #expect(lines.map(\.trade.merchantOrderNumber).prefix(4) == ["N00001", "N00002", "N00003", "N00004"])
        #expect(lines.dropFirst(4).map(\.amount).sorted() == [200, 300, 500])
        #expect(lines.compactMap(\.refund?.number).sorted() == ["R1", "R2"])
        #expect(lines.gain == 1290 + 1000 + 500 + 250 - 300 - 200 - 500)
        let before = try bench.lines(wallet, day: "20261121")
        #expect(before.map(\.trade.merchantOrderNumber) == ["BEFORE"])
        let after = try bench.lines(wallet, day: "20261123")
        #expect(after.map(\.gain) == [2, -40])
    }

    /// Whatever happens in a day: the bills of all days together are what the ledger holds for the merchant.
    @Test("bills add up to the ledger", arguments: 1...20)
    func ledger(seed: Int) throws {
        var bench = Bench(seed: UInt64(seed))
        var chance = SeededGenerator(seed: UInt64(seed) &* 104_729)
        let behaviours: [Behaviour] = [.pays, .pays, .pays, .passwordPaysAfter(seconds: 5), .never, .insufficient]
        let first = bench.now
        for step in 0..<300 {
            for wallet in Bench.billed {
                let number = "N0000\(Int.random(in: 0...step, using: &chance))"
                switch Int.random(in: 0..<6, using: &chance) {
                case 0...2: bench.pay(wallet, number, behaviours[Int.random(in: 0..<6, using: &chance)])
                case 3: if wallet == .alipay { _ = bench.cancel(number) } else { _ = bench.reverse(number) }
                default:
                    let course = RefundCourse(failsAfter: Int.random(in: 0..<4, using: &chance) == 0 ? 1500 : nil)
                    let amount = Int64.random(in: 1...900, using: &chance)
                    bench.refund(wallet, number, "\(number)R\(step % 3)", amount, total: 1290, course: course)
                }
            }
            bench.pass(Int64.random(in: 0...(3 * Bench.hour), using: &chance))
        }
        bench.pass(Bench.hour)
        for wallet in Bench.billed {
            var gain: Int64 = 0
            var count = 0
            for moment in stride(from: first, through: bench.now + Bench.day, by: Int64.Stride(Bench.day)) {
                let lines = try bench.lines(wallet, day: ChinaTime(milliseconds: moment).date)
                gain += lines.gain
                count += lines.count
            }
            #expect(count > 50)
            #expect(gain == bench.state[wallet].ledger.balance(of: .merchant))
        }
    }
}
