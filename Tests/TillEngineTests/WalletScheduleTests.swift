// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillEngine

@Suite("When a wallet may be asked, and until when a payment can be reversed")
struct WalletScheduleTests {
    private let times = ProtocolTimes()

    @Test("UnionPay is asked 1, 3, 7, 15 and 31 s after pay, then it may be reversed")
    func slowsDown() {
        let schedule = WalletSchedule.unionPay
        let sent = Timestamp(milliseconds: 1_795_343_400_000)
        var look = sent + schedule.firstQuery
        var looks: [Int64] = []
        while look - sent <= schedule.earliestReversal {
            looks.append(look - sent)
            look = look + schedule.pause(sent: sent, look: look, times)
        }
        #expect(looks == [1_000, 3_000, 7_000, 15_000, 31_000])
    }

    @Test("a constant cadence stays constant", arguments: [WalletSchedule.alipay, .weChatPay, .qqWallet])
    func constant(schedule: WalletSchedule) {
        let sent = Timestamp(milliseconds: 1_795_343_400_000)
        #expect(schedule.pause(sent: sent, look: sent + 40_000, times) == schedule.thenEvery)
    }

    @Test(
        "a settlement day ends at 23:00 in China",
        arguments: [
            // 2026-11-22, UTC+8: 18:30:00, 22:59:59.999, 23:00:00, 23:30:00.
            (1_795_343_400_000, 1_795_359_600_000), (1_795_359_599_999, 1_795_359_600_000),
            (1_795_359_600_000, 1_795_446_000_000), (1_795_361_400_000, 1_795_446_000_000),
        ] as [(Int64, Int64)]
    )
    func settlementDay(start: Int64, end: Int64) {
        let start = Timestamp(milliseconds: start)
        #expect(WalletSchedule.unionPay.reversalEnd(ofPaymentAt: start, times) == Timestamp(milliseconds: end))
    }
}
