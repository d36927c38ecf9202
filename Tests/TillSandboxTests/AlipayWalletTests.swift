// Part of Tillbridge. See LICENSE.
import Testing
import TillSandbox

@Suite struct AlipayWalletTests {
    struct Refusal: Sendable, CustomTestStringConvertible {
        let behaviour: Behaviour
        let refusal: PayRefusal
        var testDescription: String { behaviour.text }
    }

    @Test(
        "what a shopper cannot pay is refused, and no order exists",
        arguments: [
            Refusal(behaviour: .insufficient, refusal: .insufficient),
            Refusal(behaviour: .riskRefused, refusal: .risk),
            Refusal(behaviour: .expired, refusal: .codeExpired), Refusal(behaviour: .used, refusal: .codeUsed),
        ]
    )
    func refused(_ row: Refusal) {
        var bench = Bench()
        #expect(bench.pay(.alipay, "N1", row.behaviour).refusal == row.refusal)
        #expect(bench.trade(.alipay, "N1") == nil)
        #expect(bench.state.alipay.book.ledger.shoppers == 0)
    }

    @Test("a code that was never issued is invalid")
    func unknownCode() {
        var bench = Bench()
        #expect(bench.pay(.alipay, "N1", code: "281111111111111111").refusal == .codeUnknown)
    }

    @Test("a balance too low is refused whatever the behaviour")
    func balance() {
        var bench = Bench()
        let code = bench.code(.alipay, shopper: "a", balance: 1289)
        #expect(bench.pay(.alipay, "N1", code: code).refusal == .insufficient)
        let next = bench.code(.alipay, shopper: "a", balance: 1290)
        #expect(bench.pay(.alipay, "N2", code: next).isPaid)
        #expect(bench.state.alipay.book.balance(of: "a") == 0)
    }

    @Test("a code serves one number, and lives 60 seconds from its issue")
    func codeLife() {
        var bench = Bench()
        let code = bench.code(.alipay)
        #expect(bench.pay(.alipay, "N1", code: code).isPaid)
        #expect(bench.pay(.alipay, "N2", code: code).refusal == .codeUsed)
        let last = bench.code(.alipay)
        bench.pass(60 * Bench.second - 1)
        #expect(bench.pay(.alipay, "N3", code: last).isPaid)
        let late = bench.code(.alipay)
        bench.pass(60 * Bench.second)
        #expect(bench.pay(.alipay, "N4", code: late).refusal == .codeExpired)
    }

    @Test("even a failed attempt uses a code up")
    func failedAttempt() {
        var bench = Bench()
        let code = bench.code(.alipay, .insufficient)
        bench.pay(.alipay, "N1", code: code)
        #expect(bench.pay(.alipay, "N2", code: code).refusal == .codeUsed)
    }

    @Test("codes have 18 digits and a prefix from 25 to 30")
    func codeForm() {
        var bench = Bench()
        for _ in 0..<200 {
            let code = bench.code(.alipay)
            #expect(code.count == 18)
            #expect((25...30).contains(Int(code.prefix(2)) ?? 0))
        }
    }

    @Test("the same number again, by the state of the order")
    func replay() {
        var bench = Bench()
        let code = bench.code(.alipay, .password, shopper: "a")
        let same = bench.request(.alipay, "N1", code: code)
        let dearer = bench.request(.alipay, "N1", code: code, amount: 1300)
        let others = bench.request(.alipay, "N1", code: bench.code(.alipay, shopper: "b"))
        let first = bench.pay(same)
        #expect(first.isWaiting)
        #expect(bench.pay(same) == first)
        #expect(bench.pay(dearer).refusal == .inconsistent)
        #expect(bench.pay(others).refusal == .otherShopper)
        _ = bench.state[.alipay].decide(code: code, pays: true, at: bench.now)
        #expect(bench.pay(same).refusal == .alreadyPaid)
        #expect(bench.pay(dearer).refusal == .inconsistent)
        #expect(bench.pay(others).refusal == .alreadyPaid)
        _ = bench.cancel("N1")
        for request in [same, dearer, others] { #expect(bench.pay(request).refusal == .alreadyClosed) }
        #expect(bench.net(.alipay, "N1") == 0)
    }

    @Test("an unpaid order is closed when its time is over, and never paid afterwards")
    func expiry() {
        var bench = Bench()
        let code = bench.code(.alipay, .password)
        bench.pay(bench.request(.alipay, "N1", code: code, life: 5 * 60_000))
        bench.pass(5 * 60_000 - 1)
        #expect(bench.trade(.alipay, "N1")?.state == .waiting)
        bench.pass(1)
        #expect(bench.trade(.alipay, "N1")?.closing == .expired)
        guard case .failure(.notWaiting) = bench.state[.alipay].decide(code: code, pays: true, at: bench.now) else {
            Issue.record("a closed order took a password")
            return
        }
    }

    @Test("a password typed by itself comes at its moment, faster at a higher speed")
    func password() {
        var bench = Bench(speed: 5)
        bench.pay(.alipay, "N1", .passwordPaysAfter(seconds: 10))
        bench.pass(1999)
        #expect(bench.trade(.alipay, "N1")?.state == .waiting)
        bench.pass(1)
        #expect(bench.trade(.alipay, "N1")?.state == .paid)
        #expect(bench.trade(.alipay, "N1")?.paidAt == bench.now)
    }

    @Test("a cancel closes an unpaid order and refunds a paid one, each time with the same answer")
    func cancel() {
        var bench = Bench()
        bench.pay(.alipay, "WAITING", .never)
        bench.pay(.alipay, "PAID")
        for _ in 0..<2 {
            guard case .done(let waiting, refunded: false) = bench.cancel("WAITING"),
                case .done(let paid, refunded: true) = bench.cancel("PAID")
            else {
                Issue.record("not cancelled")
                return
            }
            #expect(waiting.state == .closed)
            #expect(paid.state == .reversed)
            #expect(AlipayWallet.status(of: paid, at: bench.now) == "TRADE_CLOSED")
        }
        #expect(bench.state.alipay.book.ledger.shoppers == 0)
        #expect(bench.state.alipay.cancel(.walletNumber("1"), policies: Policies(), at: bench.now) == .notExist)
    }

    @Test("a cancel is refused after 24 hours and after a refund")
    func cancelRefused() {
        var bench = Bench()
        bench.pay(.alipay, "N1")
        bench.pay(.alipay, "N2")
        _ = bench.alipayRefund("N2", "R1", 100)
        #expect(bench.cancel("N2") == .refused(subCode: "ACQ.REASON_TRADE_REFUND_FEE_ERR"))
        bench.pass(Bench.day + 1)
        #expect(bench.cancel("N1") == .refused(subCode: "ACQ.TRADE_CANCEL_TIME_OUT"))
        #expect(bench.net(.alipay, "N1") == 1290)
    }

    @Test("a refund number moves money once; another amount under it is refused")
    func refund() {
        var bench = Bench()
        bench.pay(.alipay, "N1")
        guard case .accepted(let first, _, moved: true) = bench.alipayRefund("N1", "R1", 400),
            case .accepted(let again, _, moved: false) = bench.alipayRefund("N1", "R1", 400)
        else {
            Issue.record("not refunded")
            return
        }
        #expect(first.refundAccepted == 400)
        #expect(again == first)
        #expect(bench.alipayRefund("N1", "R1", 401) == .refused(subCode: "ACQ.DISCORDANT_REPEAT_REQUEST"))
        #expect(bench.alipayRefund("N1", "R2", 891) == .refused(subCode: "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"))
        guard case .accepted(let full, _, moved: true) = bench.alipayRefund("N1", "R2", 890) else {
            Issue.record("the rest was not refunded")
            return
        }
        #expect(full.state == .refunded)
        #expect(AlipayWallet.status(of: full, at: bench.now) == "TRADE_CLOSED")
        guard case .accepted(_, _, moved: false) = bench.alipayRefund("N1", "R2", 890) else {
            Issue.record("the repetition was refused")
            return
        }
        #expect(bench.net(.alipay, "N1") == 0)
    }

    @Test("a refund of what is not paid is refused, by the state of the order")
    func refundRefused() {
        var bench = Bench()
        bench.pay(.alipay, "WAITING", .never)
        bench.pay(.alipay, "CANCELLED")
        _ = bench.cancel("CANCELLED")
        bench.pay(.alipay, "OLD")
        #expect(bench.alipayRefund("NONE", "R", 1) == .refused(subCode: "ACQ.TRADE_NOT_EXIST"))
        #expect(bench.alipayRefund("WAITING", "R", 1) == .refused(subCode: "ACQ.TRADE_STATUS_ERROR"))
        #expect(bench.alipayRefund("CANCELLED", "R", 1) == .refused(subCode: "ACQ.TRADE_HAS_CLOSE"))
        bench.pass(366 * Bench.day)
        #expect(bench.alipayRefund("OLD", "R", 1) == .refused(subCode: "ACQ.TRADE_HAS_FINISHED"))
        #expect(
            bench.trade(.alipay, "OLD").map { AlipayWallet.status(of: $0, at: bench.now) } == "TRADE_FINISHED"
        )
    }

    @Test("a refund that fails later gives the merchant its money back and may be tried again")
    func refundFails() {
        var bench = Bench()
        bench.pay(.alipay, "N1")
        let course = RefundCourse(failsAfter: 3000)
        guard case .accepted(let trade, _, moved: false) = bench.alipayRefund("N1", "R1", 1290, course: course) else {
            Issue.record("not accepted")
            return
        }
        #expect(trade.inFlight == 1290)
        #expect(trade.net == 1290)
        #expect(bench.state.alipay.refundQuery(.merchantNumber("N1"), number: "R1")?.refund == nil)
        bench.pass(3000)
        #expect(bench.trade(.alipay, "N1")?.inFlight == 0)
        #expect(bench.trade(.alipay, "N1")?.state == .paid)
        guard case .accepted(_, _, moved: true) = bench.alipayRefund("N1", "R1", 1290) else {
            Issue.record("the second try was not accepted")
            return
        }
        #expect(bench.net(.alipay, "N1") == 0)
        #expect(bench.state.alipay.book.ledger.shoppers == 0)
    }

    @Test("close works on unpaid orders only")
    func close() {
        var bench = Bench()
        bench.pay(.alipay, "WAITING", .never)
        bench.pay(.alipay, "PAID")
        guard case .done = bench.state.alipay.close(.merchantNumber("WAITING"), at: bench.now) else {
            Issue.record("not closed")
            return
        }
        for (number, subCode) in [
            ("WAITING", "ACQ.TRADE_STATUS_ERROR"), ("PAID", "ACQ.TRADE_STATUS_ERROR"), ("NONE", "ACQ.TRADE_NOT_EXIST"),
        ] {
            #expect(
                bench.state.alipay.close(.merchantNumber(number), at: bench.now) == .refused(subCode: subCode)
            )
        }
    }
}
