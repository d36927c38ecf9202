// Part of Tillbridge. See LICENSE.
import Testing
import TillSandbox

@Suite struct UnionPayWalletTests {
    @Test("codes have 19 digits and begin with 62; the wallet's numbers have 21")
    func codeForm() {
        var bench = Bench()
        for _ in 0..<200 {
            let code = bench.code(.unionpay)
            #expect(code.count == 19)
            #expect(code.hasPrefix("62"))
        }
        bench.consume("N1")
        #expect(bench.trade(.unionpay, "N1")?.walletNumber == "202611221830000000001")
    }

    @Test("a consume is accepted first and decided afterwards")
    func decision() {
        var bench = Bench()
        #expect(bench.pay(bench.request(.unionpay, "N1", code: bench.code(.unionpay))).isWaiting)
        #expect(bench.unionOutcome("N1") == "05")
        bench.pass(UnionPayWallet.deliberation - 1)
        #expect(bench.unionOutcome("N1") == "05" && bench.net(.unionpay, "N1") == 0)
        bench.pass(1)
        #expect(bench.unionOutcome("N1") == "00" && bench.net(.unionpay, "N1") == 1290)
    }

    @Test(
        "what a shopper cannot pay is accepted too, and fails",
        arguments: [("insufficient", "64"), ("risk-refused", "38")]
    )
    func failure(behaviour: String, code: String) throws {
        var bench = Bench()
        #expect(bench.consume("N1", try #require(Behaviour(text: behaviour))).isWaiting)
        #expect(bench.unionOutcome("N1") == code)
        #expect(bench.state.unionPay.book.ledger.shoppers == 0)
    }

    @Test("a balance too low fails whatever the behaviour")
    func balance() {
        var bench = Bench()
        let code = bench.code(.unionpay, shopper: "a", balance: 1289)
        bench.pay(.unionpay, "N1", code: code)
        bench.pass(UnionPayWallet.deliberation)
        #expect(bench.unionOutcome("N1") == "64")
    }

    @Test("a code that is unknown, used or too old is refused, and no order exists")
    func codes() {
        var bench = Bench()
        #expect(bench.pay(.unionpay, "N1", code: "6211111111111111111").refusal == .codeUnknown)
        #expect(bench.consume("N1", .used).refusal == .codeUsed)
        #expect(bench.consume("N1", .expired).refusal == .codeExpired)
        let code = bench.code(.unionpay)
        bench.pay(.unionpay, "N2", code: code)
        #expect(bench.pay(.unionpay, "N3", code: code).refusal == .codeUsed)
        let late = bench.code(.unionpay)
        bench.pass(60 * Bench.second)
        #expect(bench.pay(.unionpay, "N4", code: late).refusal == .codeExpired)
        #expect(["N1", "N3", "N4"].allSatisfy { bench.unionOutcome($0) == nil })
    }

    @Test("an order is its number and its time: another time is another order, the same is a duplicate")
    func identity() {
        var bench = Bench()
        let code = bench.code(.unionpay)
        let first = bench.consumeRequest("N1", code: code, time: "20261122183000")
        #expect(bench.pay(first).isWaiting)
        #expect(bench.pay(first).refusal == .inconsistent)
        #expect(bench.unionOutcome("N1", time: "20261122183001") == nil)
        #expect(bench.consume("N1", time: "20261122183001").isWaiting)
        #expect(bench.state.unionPay.book.trades(number: "N1").map(\.net) == [1290, 1290])
        #expect(bench.unionReverse("N1", time: "20261122183001").isDone)
        #expect(bench.state.unionPay.book.trades(number: "N1").map(\.net) == [1290, 0])
    }

    @Test("a password, typed, declined, and never typed")
    func password() {
        var bench = Bench()
        for (number, pays, outcome) in [("N1", true, "00"), ("N2", false, "60")] {
            let code = bench.code(.unionpay, .password)
            bench.pay(.unionpay, number, code: code)
            bench.pass(10 * Bench.second)
            #expect(bench.unionOutcome(number) == "05")
            _ = bench.state[.unionpay].decide(code: code, pays: pays, at: bench.now)
            #expect(bench.unionOutcome(number) == outcome)
        }
        bench.consume("N3", .passwordPaysAfter(seconds: 8))
        bench.consume("N4", .never)
        bench.pass(8 * Bench.second)
        #expect(bench.unionOutcome("N3") == "00")
        bench.pass(UnionPayWallet.unpaidLife)
        #expect(bench.unionOutcome("N4") == "69")
    }

    @Test("a reversal by the order's state")
    func reversal() {
        var bench = Bench()
        bench.consume("PAID")
        bench.consume("WAITING", .never)
        bench.consume("FAILED", .insufficient)
        bench.consume("REFUNDED")
        #expect(bench.unionGiveBack("REFUNDED", "R1", 1).record != nil)
        #expect(bench.unionReverse("PAID").isDone && bench.unionReverse("WAITING").isDone)
        #expect(bench.unionReverse("PAID") == .refused(code: "46"))
        #expect(bench.unionReverse("FAILED") == .refused(code: "35"))
        #expect(bench.unionReverse("REFUNDED") == .refused(code: "45"))
        #expect(bench.unionOutcome("PAID") == "46" && bench.unionOutcome("WAITING") == "46")
        #expect(bench.net(.unionpay, "PAID") == 0)
        bench.pass(Bench.hour)
        #expect(bench.net(.unionpay, "WAITING") == 0)
    }

    @Test("a reversal that comes before its consume stops it, and no other")
    func earlyReversal() {
        var bench = Bench()
        #expect(bench.unionReverse("N1") == .refused(code: "34"))
        #expect(bench.consume("N1").refusal == .alreadyReversed)
        #expect(bench.unionOutcome("N1") == nil)
        #expect(bench.consume("N1", time: "20261122183001").isWaiting)
    }

    @Test("the settlement day ends at 23:00 in China")
    func settlementDay() throws {
        let cut = try #require(ChinaTime("2026-11-22 23:00:00")).milliseconds
        #expect(UnionPayWallet.settlementDay(cut - 1) + 1 == UnionPayWallet.settlementDay(cut))
        #expect(UnionPayWallet.settlementDay(cut) == UnionPayWallet.settlementDay(cut + Bench.day - 1))
        #expect(UnionPayWallet.settleDate(cut - 1) == "1122")
        #expect(UnionPayWallet.settleDate(cut) == "1123")
        var bench = Bench()
        for number in ["N1", "N2", "N3"] { bench.consume(number) }
        bench.pass(cut - 1 - bench.now)
        #expect(bench.unionReverse("N1").isDone)
        bench.pass(1)
        #expect(bench.unionReverse("N2") == .refused(code: "35"))
        #expect(bench.unionGiveBack("N2", "V1", 1290, isVoid: true).refusal == "35")
        #expect(bench.net(.unionpay, "N2") == 1290)
        #expect(bench.unionGiveBack("N2", "R1", 1290).record != nil)
        bench.pass(UnionPayWallet.refundProcessing)
        #expect(bench.net(.unionpay, "N2") == 0)
    }

    @Test("a void is whole, once, and before any refund")
    func void() {
        var bench = Bench()
        for number in ["N1", "N2"] { bench.consume(number) }
        #expect(bench.unionGiveBack("N1", "V1", 1289, isVoid: true).refusal == "36")
        #expect(bench.unionGiveBack("N1", "V1", 1290, isVoid: true).record?.state == .processing)
        #expect(bench.unionGiveBack("N1", "V1", 1290, isVoid: true).refusal == "12")
        #expect(bench.unionGiveBack("N1", "V2", 1290, isVoid: true).refusal == "45")
        #expect(bench.unionOutcome("V1") == "05")
        bench.pass(UnionPayWallet.refundProcessing)
        #expect(bench.unionOutcome("V1") == "00")
        #expect(bench.trade(.unionpay, "N1")?.state == .refunded)
        #expect(bench.unionGiveBack("N2", "R1", 1).record != nil)
        #expect(bench.unionGiveBack("N2", "V3", 1290, isVoid: true).refusal == "45")
    }

    @Test("refunds have keys of their own, add up to the sale, and name the original either way")
    func refunds() {
        var bench = Bench()
        bench.consume("N1")
        bench.consume("WAITING", .never)
        bench.consume("REVERSED")
        _ = bench.unionReverse("REVERSED")
        let sale = bench.trade(.unionpay, "N1")?.walletNumber ?? ""
        let first = bench.unionGiveBack("", "R1", 400, original: .queryID(sale)).record
        #expect(first?.walletNumber.count == 21)
        #expect(bench.unionGiveBack("N1", "R1", 400).refusal == "12")
        #expect(bench.unionGiveBack("N1", "N1", 400).refusal == "12")
        #expect(bench.unionGiveBack("N1", "R2", 891).refusal == "36")
        #expect(bench.unionGiveBack("N1", "R2", 890).record != nil)
        #expect(bench.unionGiveBack("N1", "R3", 1).refusal == "45")
        #expect(bench.unionGiveBack("NOTHING", "R4", 1).refusal == "34")
        #expect(bench.unionGiveBack("WAITING", "R4", 1).refusal == "35")
        #expect(bench.unionGiveBack("REVERSED", "R4", 1).refusal == "46")
        // A consume cannot take a refund's key either.
        #expect(bench.consume("R1").refusal == .inconsistent)
        bench.pass(UnionPayWallet.refundProcessing)
        #expect(bench.net(.unionpay, "N1") == 0)
        guard
            case .giveBack(_, let found)? = bench.state.unionPay.query(
                .queryID(first?.walletNumber ?? ""),
                policies: Policies(),
                at: bench.now
            )
        else {
            Issue.record("not found by its number")
            return
        }
        #expect(found.number == "R1" && found.state == .done)
    }

    @Test("a refund comes too late after 30 days")
    func late() {
        var bench = Bench()
        bench.consume("N1")
        bench.pass(30 * Bench.day)
        #expect(bench.unionGiveBack("N1", "R1", 1).record != nil)
        bench.pass(1)
        #expect(bench.unionGiveBack("N1", "R2", 1) == .refused(code: "35", detail: "2011000"))
    }

    @Test("a refund that fails later gives the merchant its money back; another number may try again")
    func refundFails() {
        var bench = Bench()
        bench.consume("N1")
        _ = bench.unionGiveBack("N1", "R1", 1290, course: RefundCourse(failsAfter: 3000))
        bench.pass(3000)
        #expect(bench.unionOutcome("R1") == "01")
        #expect(bench.net(.unionpay, "N1") == 1290)
        #expect(bench.unionGiveBack("N1", "R1", 1290).refusal == "12")
        #expect(bench.unionGiveBack("N1", "R2", 1290).record != nil)
        bench.pass(UnionPayWallet.refundProcessing)
        #expect(bench.unionOutcome("R2") == "00")
        #expect(bench.net(.unionpay, "N1") == 0)
    }
}
