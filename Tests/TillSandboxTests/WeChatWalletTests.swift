// Part of Tillbridge. See LICENSE.
import Testing
import TillSandbox

@Suite struct WeChatWalletTests {
    @Test("codes have 18 digits and a prefix from 10 to 14")
    func codeForm() {
        var bench = Bench()
        for _ in 0..<200 {
            let code = bench.code(.wechatpay)
            #expect(code.count == 18)
            #expect((10...14).contains(Int(code.prefix(2)) ?? 0))
        }
    }

    @Test("the identical call again reports the order as it is")
    func replay() {
        var bench = Bench()
        let code = bench.code(.wechatpay, .password, shopper: "a")
        let same = bench.request(.wechatpay, "N00001", code: code)
        #expect(bench.pay(same).isWaiting)
        #expect(bench.pay(same).isWaiting)
        #expect(bench.pay(.wechatpay, "N00001", code: code, amount: 1300).refusal == .inconsistent)
        let other = bench.code(.wechatpay, shopper: "b")
        #expect(bench.pay(.wechatpay, "N00001", code: other).refusal == .otherShopper)
        _ = bench.state[.wechatpay].decide(code: code, pays: true, at: bench.now)
        #expect(bench.pay(same).isPaid)
        #expect(bench.pay(.wechatpay, "N00001", code: code, amount: 1300).refusal == .alreadyPaid)
        bench.pass(15 * Bench.second)
        #expect(bench.reverse("N00001") == .done)
        #expect(bench.pay(same).refusal == .alreadyReversed)
    }

    @Test("an unpaid order is closed after 45 seconds")
    func expiry() {
        var bench = Bench()
        let code = bench.code(.wechatpay, .never)
        bench.pay(.wechatpay, "N00001", code: code)
        bench.pass(45 * Bench.second - 1)
        #expect(bench.weChatState("N00001") == "USERPAYING")
        bench.pass(1)
        #expect(bench.weChatState("N00001") == "CLOSED")
        #expect(bench.pay(bench.request(.wechatpay, "N00001", code: code)).refusal == .alreadyClosed)
    }

    @Test("a refused balance leaves an order in PAYERROR, which a reverse ends")
    func payError() {
        var bench = Bench()
        let code = bench.code(.wechatpay, .insufficient)
        #expect(bench.pay(.wechatpay, "N00001", code: code).refusal == .insufficient)
        #expect(bench.pay(bench.request(.wechatpay, "N00001", code: code)).refusal == .insufficient)
        #expect(bench.weChatState("N00001") == "PAYERROR")
        #expect(bench.reverse("N00001") == .done)
        #expect(bench.weChatState("N00001") == "REVOKED")
    }

    @Test("a shopper who declines leaves PAYERROR")
    func declined() {
        var bench = Bench()
        let code = bench.code(.wechatpay, .password)
        bench.pay(.wechatpay, "N00001", code: code)
        _ = bench.state[.wechatpay].decide(code: code, pays: false, at: bench.now)
        #expect(bench.weChatState("N00001") == "PAYERROR")
    }

    @Test("a reverse returns the money up to seven days, and again says so")
    func reverse() {
        var bench = Bench()
        bench.pay(.wechatpay, "N00001")
        bench.pay(.wechatpay, "N00002")
        bench.pass(7 * Bench.day)
        #expect(bench.reverse("N00001") == .done)
        #expect(bench.reverse("N00001") == .done)
        #expect(bench.net(.wechatpay, "N00001") == 0)
        bench.pass(1)
        #expect(bench.reverse("N00002") == .refused(code: "REVERSE_EXPIRE"))
        #expect(bench.reverse("N00003") == .refused(code: "ORDERNOTEXIST"))
    }

    @Test("a reverse after a refund is refused")
    func reverseAfterRefund() {
        var bench = Bench()
        bench.pay(.wechatpay, "N00001")
        bench.pass(20 * Bench.second)
        _ = bench.weChatRefund("N00001", "R1", 1)
        #expect(bench.reverse("N00001") == .refused(code: "TRADE_ERROR"))
        #expect(bench.weChatState("N00001") == "REFUND")
    }

    @Test("a refund is accepted at once and reaches the shopper after two seconds")
    func refund() {
        var bench = Bench()
        bench.pay(.wechatpay, "N00001")
        guard case .accepted(_, let record) = bench.weChatRefund("N00001", "R1", 400) else {
            Issue.record("not accepted")
            return
        }
        #expect(record.state == .processing)
        #expect(bench.net(.wechatpay, "N00001") == 1290)
        bench.pass(2000)
        #expect(bench.net(.wechatpay, "N00001") == 890)
        guard case .accepted(_, let again) = bench.weChatRefund("N00001", "R1", 400) else {
            Issue.record("the repetition was refused")
            return
        }
        #expect(again.walletNumber == record.walletNumber)
        #expect(bench.trade(.wechatpay, "N00001")?.refunds.count == 1)
    }

    @Test("a refund that does not fit is refused")
    func refundRefused() {
        var bench = Bench()
        bench.pay(.wechatpay, "N00001")
        bench.pay(.wechatpay, "N00002")
        bench.pay(.wechatpay, "WAITING", .never)
        _ = bench.weChatRefund("N00001", "R1", 400)
        #expect(bench.weChatRefund("N00001", "R1", 500) == .refused(code: "REFUND_FEE_MISMATCH"))
        #expect(
            bench.weChatRefund("N00001", "R1", 400, fingerprint: "other words") == .refused(code: "INVALID_REQUEST")
        )
        #expect(bench.weChatRefund("N00001", "R2", 891) == .refused(code: "INVALID_REQUEST"))
        #expect(bench.weChatRefund("N00001", "R2", 1, total: 1291) == .refused(code: "INVALID_REQUEST"))
        #expect(bench.weChatRefund("N00002", "R1", 400) == .refused(code: "INVALID_REQUEST"))
        #expect(bench.weChatRefund("WAITING", "R3", 1) == .refused(code: "INVALID_REQUEST"))
        #expect(bench.weChatRefund("NOTHING", "R3", 1) == .refused(code: "ORDERNOTEXIST"))
        bench.pass(366 * Bench.day)
        #expect(bench.weChatRefund("N00002", "R4", 1) == .refused(code: "TRADE_OVERDUE"))
    }

    @Test("an order takes 50 refunds")
    func refundCount() {
        var bench = Bench()
        bench.pay(.wechatpay, "N00001")
        for count in 1...50 {
            guard case .accepted = bench.weChatRefund("N00001", "R\(count)", 1) else {
                Issue.record("refund \(count) was refused")
                return
            }
        }
        #expect(bench.weChatRefund("N00001", "R51", 1) == .refused(code: "INVALID_REQUEST"))
    }

    @Test("refunds are found by either number and by the order")
    func refundQuery() {
        var bench = Bench()
        bench.pay(.wechatpay, "N00001")
        guard case .accepted(let trade, let record) = bench.weChatRefund("N00001", "R1", 400) else {
            Issue.record("not accepted")
            return
        }
        _ = bench.weChatRefund("N00001", "R2", 100)
        let (wallet, policies, now) = (bench.state.weChatPay, bench.state.policies, bench.now)
        func found(_ reference: KeyedRefundReference) -> (trade: Trade, refunds: [RefundRecord])? {
            wallet.refundQuery(reference, policies: policies, at: now)
        }
        #expect(found(.refund("R1"))?.refunds.map(\.number) == ["R1"])
        #expect(found(.refund(record.walletNumber))?.refunds.map(\.number) == ["R1"])
        #expect(found(.order(.walletNumber(trade.walletNumber)))?.refunds.map(\.number) == ["R1", "R2"])
        #expect(found(.refund("R3")) == nil)
    }
}
