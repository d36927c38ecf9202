// Part of Tillbridge. See LICENSE.
import Testing
import TillSandbox

@Suite struct QQWalletTests {
    @Test("codes have 18 digits and begin with 91")
    func codeForm() {
        var bench = Bench()
        for _ in 0..<200 {
            let code = bench.code(.qqwallet)
            #expect(code.count == 18)
            #expect(code.hasPrefix("91"))
        }
    }

    @Test("numbers of the wallet have 28 digits")
    func walletNumber() {
        var bench = Bench()
        bench.pay(.qqwallet, "N1")
        let number = bench.trade(.qqwallet, "N1")?.walletNumber ?? ""
        #expect(number.count == 28)
        #expect(number.hasPrefix("19"))
        #expect(number.contains("47261122"))
    }

    @Test("the same fields again report the order as it is; others are refused")
    func replay() {
        var bench = Bench()
        let code = bench.code(.qqwallet, .password, shopper: "a")
        let same = bench.request(.qqwallet, "N1", code: code)
        #expect(bench.pay(same).isWaiting)
        #expect(bench.pay(same).isWaiting)
        #expect(bench.pay(.qqwallet, "N1", code: code, amount: 1300).refusal == .inconsistent)
        _ = bench.state[.qqwallet].decide(code: code, pays: true, at: bench.now)
        #expect(bench.pay(same).isPaid)
        #expect(bench.net(.qqwallet, "N1") == 1290)
        bench.pass(300 * Bench.second)
        #expect(bench.qqReverse("N1") == .done)
        #expect(bench.pay(same).refusal == .alreadyReversed)
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let behaviour: Behaviour
        let refusal: PayRefusal
        let state: String?
        var testDescription: String { behaviour.text }
    }

    @Test(
        "what a shopper cannot pay is refused",
        arguments: [
            Refusal(behaviour: .insufficient, refusal: .insufficient, state: "CLOSED"),
            Refusal(behaviour: .riskRefused, refusal: .risk, state: "CLOSED"),
            Refusal(behaviour: .expired, refusal: .codeExpired, state: nil),
            Refusal(behaviour: .used, refusal: .codeUsed, state: nil),
        ]
    )
    func refused(_ row: Refusal) {
        var bench = Bench()
        #expect(bench.pay(.qqwallet, "N1", row.behaviour).refusal == row.refusal)
        #expect(bench.qqState("N1") == row.state)
        #expect(bench.state.qqWallet.book.ledger.shoppers == 0)
    }

    @Test("a code that was never issued, or has been used, or is too old is refused")
    func codes() {
        var bench = Bench()
        #expect(bench.pay(.qqwallet, "N1", code: "911111111111111111").refusal == .codeUnknown)
        let code = bench.code(.qqwallet)
        #expect(bench.pay(.qqwallet, "N1", code: code).isPaid)
        #expect(bench.pay(.qqwallet, "N2", code: code).refusal == .codeUsed)
        let late = bench.code(.qqwallet)
        bench.pass(60 * Bench.second)
        #expect(bench.pay(.qqwallet, "N3", code: late).refusal == .codeExpired)
    }

    @Test("an unpaid order is closed after five minutes, a declined one at once")
    func unpaid() {
        var bench = Bench()
        bench.pay(.qqwallet, "N1", .never)
        bench.pass(300 * Bench.second - 1)
        #expect(bench.qqState("N1") == "USERPAYING")
        bench.pass(1)
        #expect(bench.qqState("N1") == "CLOSED")
        let code = bench.code(.qqwallet, .password)
        bench.pay(.qqwallet, "N2", code: code)
        _ = bench.state[.qqwallet].decide(code: code, pays: false, at: bench.now)
        #expect(bench.qqState("N2") == "CLOSED")
    }

    @Test("a reverse returns the money, again says so, and comes too late after a refund")
    func reverse() {
        var bench = Bench()
        bench.pay(.qqwallet, "N1")
        bench.pay(.qqwallet, "N2")
        bench.pay(.qqwallet, "N3", .insufficient)
        bench.pass(300 * Bench.second)
        for _ in 0..<2 {
            #expect(bench.qqReverse("N1") == .done)
            #expect(bench.qqState("N1") == "REVOKED")
            #expect(bench.net(.qqwallet, "N1") == 0)
        }
        _ = bench.qqRefund("N2", "R1", 1)
        #expect(bench.qqReverse("N2") == .refused(code: "TRADE_ERROR"))
        #expect(bench.qqReverse("N3") == .done)
        #expect(bench.qqReverse("N4") == .refused(code: "ORDERNOTEXIST"))
    }

    @Test("a refund is accepted at once, reaches the shopper later, and moves money once")
    func refund() {
        var bench = Bench()
        bench.pay(.qqwallet, "N1")
        for _ in 0..<2 {
            guard case .accepted(_, let record) = bench.qqRefund("N1", "R1", 400) else {
                Issue.record("not accepted")
                return
            }
            #expect(record.amount == 400)
            bench.pass(2000)
            #expect(bench.net(.qqwallet, "N1") == 890)
            #expect(bench.qqState("N1") == "REFUND")
        }
        #expect(bench.trade(.qqwallet, "N1")?.refunds.count == 1)
    }

    @Test("a refund that does not fit is refused")
    func refundRefused() {
        var bench = Bench()
        bench.pay(.qqwallet, "N1")
        bench.pay(.qqwallet, "N2")
        bench.pay(.qqwallet, "WAITING", .never)
        _ = bench.qqRefund("N1", "R1", 400)
        #expect(bench.qqRefund("N1", "R1", 500) == .refused(code: "REFUND_FEE_MISMATCH"))
        #expect(bench.qqRefund("N1", "R1", 400, fingerprint: "other") == .refused(code: "INVALID_REQUEST"))
        #expect(bench.qqRefund("N1", "R2", 891) == .refused(code: "INVALID_REQUEST"))
        #expect(bench.qqRefund("N1", "R2", 1, total: 1291) == .refused(code: "INVALID_REQUEST"))
        #expect(bench.qqRefund("N2", "R1", 400) == .refused(code: "INVALID_REQUEST"))
        #expect(bench.qqRefund("WAITING", "R3", 1) == .refused(code: "INVALID_REQUEST"))
        #expect(bench.qqRefund("NOTHING", "R3", 1) == .refused(code: "ORDERNOTEXIST"))
        bench.pass(366 * Bench.day)
        #expect(bench.qqRefund("N2", "R4", 1) == .refused(code: "TRADE_OVERDUE"))
    }

    @Test("a refund that failed is tried again under its number")
    func refundFails() {
        var bench = Bench()
        bench.pay(.qqwallet, "N1")
        _ = bench.qqRefund("N1", "R1", 400, course: RefundCourse(failsAfter: 3000))
        bench.pass(3000)
        #expect(bench.state.qqWallet.refundQuery(.refund("R1"))?.refunds.map(\.state) == [.failed])
        #expect(bench.net(.qqwallet, "N1") == 1290)
        _ = bench.qqRefund("N1", "R1", 400)
        bench.pass(2000)
        #expect(bench.state.qqWallet.refundQuery(.refund("R1"))?.refunds.map(\.state) == [.done])
        #expect(bench.net(.qqwallet, "N1") == 890)
    }
}
