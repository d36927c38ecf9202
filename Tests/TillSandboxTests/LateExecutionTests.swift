// Part of Tillbridge. See LICENSE.
import Testing
import TillSandbox

@Suite struct LateExecutionTests {
    private func late(_ bench: inout Bench, _ wallet: SandboxWallet, after seconds: Int64) {
        let code = bench.code(wallet)
        let request = bench.request(wallet, "N00001", code: code)
        bench.state[wallet].add(LatePay(id: "1", due: bench.now + seconds * Bench.second, request: request))
    }

    @Test(
        "a late pay call is booked at its moment, also after a cancel found nothing",
        arguments: [SandboxWallet.alipay, .wechatpay, .qqwallet]
    )
    func booked(_ wallet: SandboxWallet) {
        var bench = Bench()
        let due = bench.now + 20 * Bench.second
        late(&bench, wallet, after: 20)
        bench.pass(10 * Bench.second)
        switch wallet {
        case .alipay: #expect(bench.cancel("N00001") == .nothingFound)
        case .wechatpay: #expect(bench.reverse("N00001") == .refused(code: "ORDERNOTEXIST"))
        default: #expect(bench.qqReverse("N00001") == .refused(code: "ORDERNOTEXIST"))
        }
        bench.pass(10 * Bench.second - 1)
        #expect(bench.trade(wallet, "N00001") == nil)
        bench.pass(30 * Bench.second)
        #expect(bench.net(wallet, "N00001") == 1290)
        #expect(bench.trade(wallet, "N00001")?.createdAt == due)
        #expect(bench.state[wallet].latePays.isEmpty)
    }

    @Test("a late consume is booked, unless its reversal came first", arguments: [false, true])
    func unionPay(isReversed: Bool) {
        var bench = Bench()
        late(&bench, .unionpay, after: 20)
        bench.pass(10 * Bench.second)
        if isReversed { #expect(bench.unionReverse("N00001") == .refused(code: "34")) }
        bench.pass(30 * Bench.second)
        #expect(bench.net(.unionpay, "N00001") == (isReversed ? nil : 1290))
        #expect(bench.state.unionPay.book.latePays.isEmpty)
    }

    @Test("a late pay call dies with its code", arguments: SandboxWallet.allCases)
    func codeLife(_ wallet: SandboxWallet) {
        var bench = Bench()
        late(&bench, wallet, after: 61)
        bench.pass(100 * Bench.second)
        #expect(bench.trade(wallet, "N00001") == nil)
    }

    @Test("a late pay call is refused where a cancel is binding", arguments: SandboxWallet.allCases)
    func fenced(_ wallet: SandboxWallet) {
        var bench = Bench()
        bench.choose("refused", for: .cancelledUnknownThenPay)
        late(&bench, wallet, after: 20)
        _ = bench.cancel("N00001")
        _ = bench.reverse("N00001")
        _ = bench.qqReverse("N00001")
        _ = bench.unionReverse("N00001")
        bench.pass(30 * Bench.second)
        #expect(bench.trade(wallet, "N00001") == nil)
    }
}
