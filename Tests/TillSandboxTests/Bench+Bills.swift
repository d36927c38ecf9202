// Part of Tillbridge. See LICENSE.
import Testing
import TillSandbox

extension Bench {
    /// The wallets whose bills can be asked for.
    static let billed: [SandboxWallet] = [.alipay, .wechatpay]

    /// Noon of a Chinese day.
    static let noon = ChinaTime("2026-11-22 12:00:00")?.milliseconds ?? 0

    /// Pays with everything a bill shows.
    mutating func sell(
        _ wallet: SandboxWallet,
        _ number: String,
        amount: Int64,
        subject: String = "milk",
        echoes: [String: String] = [:]
    ) {
        let request = PayRequest(
            wallet: wallet,
            merchantOrderNumber: number,
            code: code(wallet),
            amount: amount,
            subject: subject,
            fingerprint: number,
            echoes: echoes,
            life: WeChatWallet.unpaidLife,
            absoluteExpiry: nil
        )
        precondition(pay(request).isPaid)
    }

    /// A day with everything: sales, one with commas, one refunded twice, one whose refund failed, one reversed, one
    /// never paid, and neighbours just outside the day.
    static func busyDay(_ wallet: SandboxWallet) -> Bench {
        var bench = Bench()
        bench.now = noon - 12 * hour - 1
        bench.sell(wallet, "BEFORE", amount: 1)
        bench.pass(1)
        bench.sell(wallet, "N00001", amount: 1290, subject: "milk, bread,`eggs", echoes: ["attach": "a,b"])
        bench.pass(hour)
        bench.sell(wallet, "N00002", amount: 1000, subject: "牛奶\r\n500ml", echoes: ["store_id": "S0002"])
        bench.sell(wallet, "N00003", amount: 500, echoes: ["store_id": "S0001", "terminal_id": "T03"])
        bench.sell(wallet, "N00004", amount: 250)
        bench.pay(wallet, "UNPAID", .never)
        bench.pass(hour)
        bench.refund(wallet, "N00002", "R1", 300, total: 1000)
        bench.refund(wallet, "N00002", "R2", 200, total: 1000)
        bench.refund(wallet, "N00004", "R3", 250, total: 250, course: RefundCourse(failsAfter: 1000))
        if wallet == .alipay { _ = bench.cancel("N00003") } else { _ = bench.reverse("N00003") }
        bench.now = noon + 12 * hour
        bench.pass(0)
        bench.sell(wallet, "AFTER1", amount: 2)
        bench.pass(1)
        bench.refund(wallet, "N00001", "R4", 40, total: 1290)
        return bench
    }

    mutating func refund(
        _ wallet: SandboxWallet,
        _ number: String,
        _ refund: String,
        _ amount: Int64,
        total: Int64,
        course: RefundCourse = .ordinary
    ) {
        if wallet == .alipay {
            _ = alipayRefund(number, refund, amount, course: course)
        } else {
            _ = weChatRefund(number, refund, amount, total: total, course: course)
        }
    }

    /// What a bill of the day has.
    func lines(_ wallet: SandboxWallet, day: String) throws -> [BillLine] {
        let period = try #require(BillPeriod(day: day))
        return state[wallet].billLines(in: period)
    }
}
