// Part of Tillbridge. See LICENSE.
import Testing
import TillSandbox

@Suite struct WeChatBillTests {
    private func find(
        _ bench: Bench,
        _ kind: WeChatBill.Kind = .all,
        day: String = "20261122"
    ) throws -> Result<WeChatBill, WeChatBill.Absence> {
        let period = try #require(BillPeriod(day: day))
        let keys = try JSONText.decode(
            SandboxKeys.WeChatPay.self,
            from: #"{"appID":"wx0000000000000001","mchID":"1900000001","apiKey":"k"}"#
        )
        let request = WeChatBillRequest(kind: kind, period: period, isCompressed: false)
        return WeChatBill.find(request, keys: keys, in: bench.state, at: bench.now)
    }

    private func text(_ bench: Bench, _ kind: WeChatBill.Kind = .all) throws -> String {
        String(decoding: try find(bench, kind).get().bytes, as: UTF8.self)
    }

    /// The day is over and its bill is made.
    private func nextMorning() -> Bench {
        var bench = Bench.busyDay(.wechatpay)
        bench.choose("plain", for: .billForm)
        bench.pass(9 * Bench.hour)
        return bench
    }

    /// Values as the documents say they are to be read.
    private func rows(_ text: String) -> [[String: String]] {
        let lines = text.split(separator: "\n").map(String.init)
        let names = lines[0].split(separator: ",").map(String.init)
        return lines.dropFirst().dropLast(2).map { line in
            let values = line.dropFirst().split(separator: ",`", omittingEmptySubsequences: false).map(String.init)
            return Dictionary(uniqueKeysWithValues: zip(names, values))
        }
    }

    @Test("a back-tick of the merchant's own begins no value, also with a combining mark behind it")
    func backTick() throws {
        var bench = Bench()
        bench.now = Bench.noon
        bench.sell(.wechatpay, "N00001", amount: 1, subject: "a,`\u{301}b", echoes: ["attach": "`\u{301}"])
        bench.choose("plain", for: .billForm)
        bench.pass(33 * Bench.hour)
        let bytes = Array(try text(bench).utf8)
        #expect(bytes.contains(Array(",`a,'\u{301}b,`'\u{301},`".utf8)))
    }

    @Test("all documented columns, and values behind back-ticks with their commas")
    func all() throws {
        let bench = nextMorning()
        let text = try text(bench)
        let lines = text.split(separator: "\n").map(String.init)
        #expect(
            lines[0]
                == "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
                + "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
                + "手续费,费率,订单金额,申请退款金额,费率备注"
        )
        let trade = try #require(bench.trade(.wechatpay, "N00001"))
        #expect(
            lines[1]
                == "`2026-11-22 00:00:00,`wx0000000000000001,`1900000001,`0,`,`\(trade.walletNumber),`N00001,"
                + "`\(WeChatWallet.openID(of: trade.shopper)),`MICROPAY,`SUCCESS,`OTHERS,`CNY,`12.90,`0.00,`0,`0,"
                + "`0.00,`0.00,`,`,`milk, bread,'eggs,`a,b,`0.00000,`0.00%,`12.90,`0.00,`"
        )
        let rows = rows(text)
        #expect(
            rows.map { $0["交易状态"] ?? "" }.sorted() == ["REFUND", "REFUND", "REVOKED"]
                + [String](repeating: "SUCCESS", count: 4)
        )
        #expect(rows.first { $0["商户订单号"] == "N00002" }?["商品名称"] == "牛奶 500ml")
        let refund = try #require(rows.first { $0["商户退款单号"] == "R1" })
        #expect(refund["退款金额"] == "3.00" && refund["申请退款金额"] == "3.00" && refund["订单金额"] == "0.00")
        #expect(refund["商户订单号"] == "N00002" && refund["退款状态"] == "SUCCESS" && refund["退款类型"] == "ORIGINAL")
        let revoked = try #require(rows.first { $0["交易状态"] == "REVOKED" })
        #expect(revoked["商户订单号"] == "N00003" && revoked["退款金额"] == "5.00" && revoked["商户退款单号"] == "0")
        #expect(
            lines.suffix(2) == [
                "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额",
                "`7,`30.40,`10.00,`0.00,`0.00000,`30.40,`10.00",
            ]
        )
    }

    @Test("payments only, and what went back only")
    func kinds() throws {
        let bench = nextMorning()
        let success = try text(bench, .success)
        #expect(success.split(separator: "\n")[0].split(separator: ",").count == 20)
        #expect(rows(success).map { $0["商户订单号"] } == ["N00001", "N00002", "N00003", "N00004"])
        let refund = try text(bench, .refund)
        #expect(refund.split(separator: "\n")[0].split(separator: ",").count == 29)
        #expect(rows(refund).count == 3)
        #expect(rows(refund).first { $0["商户退款单号"] == "R1" }?["退款成功时间"] == "2026-11-22 02:00:02")
        #expect(refund.hasSuffix("`3,`0.00,`10.00,`0.00,`0.00000,`0.00,`10.00\n"))
        #expect(try absence(bench, .voucherRefund) == .notExist)
    }

    @Test("Q9: the byte order mark comes with CRLF")
    func form() throws {
        var bench = nextMorning()
        let plain = try text(bench)
        #expect(!plain.utf8.contains(13))
        bench.choose("marked", for: .billForm)
        #expect(try text(bench) == "\u{FEFF}" + plain.replacing("\n", with: "\r\n"))
    }

    private func absence(_ bench: Bench, _ kind: WeChatBill.Kind = .all, day: String = "20261122") throws
        -> WeChatBill.Absence?
    {
        guard case .failure(let absence) = try find(bench, kind, day: day) else { return nil }
        return absence
    }

    @Test("a bill is made at 09:00 of the next day and kept for three months")
    func when() throws {
        var bench = Bench.busyDay(.wechatpay)
        #expect(try absence(bench, day: "20261123") == .notExist)
        #expect(try absence(bench) == .creating)
        bench.pass(9 * Bench.hour - 2)
        #expect(try absence(bench) == .creating)
        bench.pass(1)
        #expect(try absence(bench) == nil)
        #expect(try absence(bench, day: "20261120") == .notExist)
        bench.pass(90 * Bench.day)
        #expect(try absence(bench) == nil)
        bench.pass(Bench.day)
        #expect(try absence(bench) == .notExist)
    }
}
