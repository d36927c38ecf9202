// Part of Tillbridge. See LICENSE.
import Testing
import TillSandbox

/// The open questions about the real wallets, each with both answers.
@Suite struct PolicyTests {
    @Test("Q1: a number cancelled before the wallet knew it", arguments: ["accepted", "refused"])
    func cancelledUnknown(answer: String) {
        var bench = Bench()
        bench.choose(answer, for: .cancelledUnknownThenPay)
        #expect(bench.cancel("N00001") == .nothingFound)
        #expect(bench.reverse("N00001") == .refused(code: "ORDERNOTEXIST"))
        #expect(bench.pay(.alipay, "N00001").isPaid == (answer == "accepted"))
        #expect(bench.pay(.wechatpay, "N00001").isPaid == (answer == "accepted"))
        #expect(bench.qqReverse("N00001") == .refused(code: "ORDERNOTEXIST"))
        #expect(bench.pay(.qqwallet, "N00001").isPaid == (answer == "accepted"))
        // UnionPay's reversal is remembered either way.
        #expect(bench.unionReverse("N00001") == .refused(code: "34"))
        #expect(bench.pay(.unionpay, "N00001").refusal == .alreadyReversed)
    }

    @Test("Q3: an absolute expiry", arguments: ["ignored", "applied"])
    func absoluteExpiry(answer: String) {
        var bench = Bench()
        bench.choose(answer, for: .absoluteExpiry)
        let end = bench.now + 20 * Bench.second
        // The other two have no such field.
        let wallets: [SandboxWallet] = [.alipay, .wechatpay]
        for wallet in wallets {
            let code = bench.code(wallet, .never)
            bench.pay(bench.request(wallet, "N00001", code: code, expiry: end))
        }
        bench.pass(20 * Bench.second)
        for wallet in wallets {
            #expect(bench.trade(wallet, "N00001")?.state == (answer == "applied" ? .closed : .waiting))
            // A first pay call that comes after its end creates nothing.
            let late = bench.pay(bench.request(wallet, "N00002", code: bench.code(wallet), expiry: end))
            #expect(late.refusal == (answer == "applied" ? .expiryPassed : nil))
            #expect((bench.trade(wallet, "N00002") == nil) == (answer == "applied"))
        }
    }

    @Test("Q5: a new order and a query", arguments: ["lagging", "prompt"])
    func queryLag(answer: String) {
        var bench = Bench()
        bench.choose(answer, for: .queryLag)
        for wallet in SandboxWallet.allCases { bench.pay(wallet, "N00001") }
        func seen() -> [Bool] {
            [
                bench.state.alipay.query(.merchantNumber("N00001"), policies: bench.state.policies, at: bench.now),
                bench.state.weChatPay.query(.merchantNumber("N00001"), policies: bench.state.policies, at: bench.now),
                bench.state.qqWallet.query(.merchantNumber("N00001"), policies: bench.state.policies, at: bench.now),
            ].map { $0 != nil } + [bench.unionFinding("N00001") != nil]
        }
        let atOnce = answer == "prompt"
        #expect(seen() == [atOnce, atOnce, atOnce, atOnce])
        bench.pass(2000)
        #expect(seen() == [true, true, true, true])
    }

    @Test("Q6: a reverse before its time", arguments: ["harm", "error"])
    func earlyReversal(answer: String) {
        var bench = Bench()
        bench.choose(answer, for: .earlyReversal)
        bench.pay(.wechatpay, "PAID01")
        let code = bench.code(.wechatpay, .password)
        bench.pay(.wechatpay, "WAITING", code: code)
        bench.pass(15 * Bench.second - 1)
        let expected: WeChatWallet.ReverseAnswer = answer == "harm" ? .done : .refused(code: "INVALID_REQUEST")
        #expect(bench.reverse("PAID01") == expected)
        #expect(bench.reverse("WAITING") == expected)
        #expect(bench.state.weChatPay.earlyReversals == 2)
        // Either way nothing was undone.
        #expect(bench.net(.wechatpay, "PAID01") == 1290)
        _ = bench.state[.wechatpay].decide(code: code, pays: true, at: bench.now)
        #expect(bench.net(.wechatpay, "WAITING") == 1290)
        bench.pass(1)
        #expect(bench.reverse("PAID01") == .done)
        #expect(bench.net(.wechatpay, "PAID01") == 0)
    }

    @Test("Q6: QQ Wallet asks for five minutes", arguments: ["harm", "error"])
    func earlyReversalAtQQ(answer: String) {
        var bench = Bench()
        bench.choose(answer, for: .earlyReversal)
        bench.pay(.qqwallet, "PAID01")
        let code = bench.code(.qqwallet, .password)
        bench.pay(.qqwallet, "WAITING", code: code)
        bench.pass(300 * Bench.second - 1)
        let expected: QQWallet.ReverseAnswer = answer == "harm" ? .done : .refused(code: "INVALID_REQUEST")
        #expect(bench.qqReverse("PAID01") == expected)
        #expect(bench.qqReverse("WAITING") == expected)
        #expect(bench.net(.qqwallet, "PAID01") == 1290)
        _ = bench.state[.qqwallet].decide(code: code, pays: true, at: bench.now)
        #expect(bench.net(.qqwallet, "WAITING") == 1290)
        bench.pass(1)
        #expect(bench.qqReverse("PAID01") == .done)
        #expect(bench.net(.qqwallet, "PAID01") == 0)
    }

    @Test("Q8: a paid order after a reverse", arguments: ["refund", "revoked"])
    func afterReversal(answer: String) {
        var bench = Bench()
        bench.choose(answer, for: .afterReversal)
        bench.pay(.wechatpay, "PAID01")
        let code = bench.code(.wechatpay, .password)
        bench.pay(.wechatpay, "WAITING", code: code)
        bench.pass(15 * Bench.second)
        #expect(bench.reverse("PAID01") == .done && bench.reverse("WAITING") == .done)
        // The money is back at once; what the wallet shows of it takes its time.
        #expect(bench.net(.wechatpay, "PAID01") == 0)
        func refund() -> RefundState? {
            let found = bench.state.weChatPay.refundQuery(
                .order(.merchantNumber("PAID01")),
                policies: bench.state.policies,
                at: bench.now
            )
            #expect(found?.refunds.map(\.amount) ?? [1290] == [1290])
            return found?.refunds.first?.state
        }
        #expect(bench.weChatState("PAID01") == (answer == "refund" ? "REFUND" : "REVOKED"))
        #expect(refund() == (answer == "refund" ? .processing : nil))
        bench.pass(2 * Bench.second)
        #expect(refund() == (answer == "refund" ? .done : nil))
        // An order that was never paid has nothing to give back.
        #expect(bench.weChatState("WAITING") == "REVOKED")
    }

    @Test("every question has two answers, the harder one first, and refuses a third")
    func answers() {
        var policies = Policies()
        for question in Policies.Question.allCases {
            #expect(question.answers.count == 2)
            #expect(policies[question] == question.answers[0])
            for answer in question.answers {
                let accepted = policies.choose(answer, for: question)
                #expect(accepted)
            }
            let refused = !policies.choose("perhaps", for: question)
            #expect(refused)
        }
        #expect(policies.all.count == 9)
    }
}
