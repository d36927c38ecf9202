// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillSandbox

@testable import TillDemoChain

@Suite("The plan of a day") struct DayPlanTests {
    /// 2026-11-29 20:00 in China.
    private static let end = Timestamp(milliseconds: 1_795_953_600_000)
    private static let count = 2_600

    private static let registers: [DayPlan.Register] = (0..<80).compactMap { place in
        let number = String(decoding: Base32.encode(UInt64(place % 40 + 1), count: 2), as: UTF8.self)
        let text = (place < 40 ? "QF0000A" : "QF0000B") + number
        return RegisterID(text.utf8).map { DayPlan.Register(id: $0, until: end) }
    }

    private static let plan = DayPlan(seed: 1, registers: registers, count: count, end: end)

    private func share(_ isMeant: (DaySale.Course) -> Bool) -> Double {
        let sales = DayPlanTests.plan.sales
        return Double(sales.count { isMeant($0.course) }) / Double(sales.count)
    }

    @Test("the same seed and day give the same sales, others give others")
    func determinism() {
        let (registers, count, end) = (DayPlanTests.registers, DayPlanTests.count, DayPlanTests.end)
        #expect(DayPlan(seed: 1, registers: registers, count: count, end: end) == DayPlanTests.plan)
        #expect(DayPlan(seed: 2, registers: registers, count: count, end: end) != DayPlanTests.plan)
        #expect(DayPlan(seed: 1, registers: registers, count: count, end: end + 60_000) != DayPlanTests.plan)
    }

    @Test("most shoppers pay, some of everything goes wrong")
    func mix() {
        #expect((0.90...0.95).contains(share { if case .typesPassword = $0 { true } else { $0 == .pays } }))
        #expect((0.005...0.03).contains(share { if case .declines = $0 { true } else { false } }))
        #expect((0.005...0.03).contains(share { $0 == .tooLittleMoney }))
        #expect((0.005...0.03).contains(share { $0 == .expiredCode }))
        #expect((0.004...0.02).contains(share { if case .stopped = $0 { true } else { false } }))
        #expect(share { $0 == .neverTypes } > 0 && share { $0 == .replyLost } > 0)
        #expect(share { if case .replyLostAndStopped = $0 { true } else { false } } > 0)
        let sales = DayPlanTests.plan.sales
        #expect(sales.count > DayPlanTests.count * 9 / 10)
        #expect(Set(sales.map(\.wallet)) == Set(SandboxWallet.allCases))
        #expect((0.4...0.6).contains(Double(sales.count { $0.home == .a }) / Double(sales.count)))
        // The chain's limit is the amount that a register may ask for.
        #expect(sales.allSatisfy { (1...500_000).contains($0.amount.fen) && !$0.items.isEmpty })
    }

    @Test("evenings are busier than nights, and nothing is begun at the very end")
    func hours() {
        func hour(_ sale: DaySale) -> Int64 { (sale.at.milliseconds / 3_600_000 + 8) % 24 }
        let sales = DayPlanTests.plan.sales
        #expect(sales.count { hour($0) == 18 } > 10 * max(1, sales.count { hour($0) == 3 }))
        let quiet = DayPlanTests.end + -DayPlan.quietEnd
        #expect(sales.allSatisfy { $0.at <= quiet && $0.at > DayPlanTests.end + -DayPlan.length })
        #expect(sales.map(\.at) == sales.map(\.at).sorted())
    }

    @Test("a register sells to one after the other, and a dead one not at all")
    func lanes() {
        for (_, sales) in Dictionary(grouping: DayPlanTests.plan.sales, by: \.register) {
            for (one, next) in zip(sales, sales.dropFirst()) {
                #expect(next.at - one.at >= 60_000)
                #expect(one.course != .unacknowledged)
            }
        }
        #expect(DayPlanTests.plan.sales.count { $0.course == .unacknowledged } == 2)
    }

    @Test("a closed store sells nothing")
    func closed() {
        let noon = DayPlanTests.end + -8 * 3_600_000
        let registers = DayPlanTests.registers.map { DayPlan.Register(id: $0.id, until: noon) }
        let plan = DayPlan(seed: 1, registers: registers, count: 500, end: DayPlanTests.end)
        #expect(!plan.sales.isEmpty && plan.sales.allSatisfy { $0.at < noon })
    }

    @Test("some goods come back, whole or in part, and one return fails")
    func returns() {
        var (whole, part, failing) = (0, 0, 0)
        for sale in DayPlanTests.plan.sales {
            guard let comesBack = sale.comesBack else { continue }
            if comesBack.amount == sale.amount { whole += 1 } else { part += 1 }
            if comesBack.fails { failing += 1 }
            #expect(comesBack.amount > .zero && comesBack.amount.fen <= sale.amount.fen)
        }
        #expect((8...60).contains(whole + part))
        #expect(whole > 0 && part > 0 && failing == 1)
    }

    @Test("the chain has forty stores and a hundred registers; each running register is one of them")
    func chain() {
        #expect(Chain.stores.count == 40)
        #expect(Chain.stores.reduce(0) { $0 + $1.registers.count } == 100)
        #expect(Set(Chain.stores.map(\.name)).count == 40)
        #expect(Set(Chain.stores.map(\.region)).count == 4)
        let running = Chain.stores.filter(\.hasRunningRegister)
        #expect(running.count == Chain.runningRegisters && running.allSatisfy { $0.standing == .live })
        #expect(Set(Chain.stores.map { "\($0.standing)" }) == ["live", "paused", "testing", "draft"])
    }

    /// Found when a day was made a quarter of an hour after midnight: chance had brought no part of a basket back.
    @Test("each kind of trouble and of return is there on every day, whenever it is made")
    func everyKind() {
        for hour in 0..<200 as Range<Int64> {
            let end = DayPlanTests.end + hour * 3_671_000
            let registers = DayPlanTests.registers.map { DayPlan.Register(id: $0.id, until: end) }
            let plan = DayPlan(seed: UInt64(hour % 5 + 1), registers: registers, count: 1_000, end: end)
            let returns = plan.sales.compactMap { sale in sale.comesBack.map { (sale, $0) } }
            #expect(returns.contains { $1.fails && $0.wallet == .wechatpay })
            #expect(returns.contains { !$1.fails && $1.amount < $0.amount })
            #expect(returns.contains { !$1.fails && $1.amount == $0.amount })
            #expect(returns.allSatisfy { $0.at + $1.after + DayPlan.quietEnd < end && $0.course == .pays })
            #expect(plan.sales.count { $0.course == .unacknowledged } == 2)
            #expect(plan.sales.count { $0.course == .wrongAmount } == 1)
        }
    }
}
