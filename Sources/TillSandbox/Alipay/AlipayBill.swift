// Part of Tillbridge. See LICENSE.

/// Alipay's bill of a day or a month: a zip with a detail file and a summary, both GBK, names included.
///
/// SANDBOX CHOICE: lines end with CRLF; every value is followed by a TAB, as a spreadsheet then keeps long numbers; a
/// value with a comma is quoted (RFC 4180); the sandbox takes no fees, so the net is the ledger's; the refund that a
/// cancel makes has the order's own number as its request number.
package struct AlipayBill: Sendable {
    private let account: String
    private let period: BillPeriod
    private let lines: [BillLine]
    private let madeAt: Int64

    private typealias Column = (name: String, value: (BillLine) -> String)

    /// - Parameter account: The merchant's, 16 digits that begin with 2088.
    package init(account: String, period: BillPeriod, lines: [BillLine], madeAt: Int64) {
        self.account = account
        self.period = period
        self.lines = lines
        self.madeAt = madeAt
    }

    package var archive: [UInt8] {
        let first = ChinaTime(milliseconds: period.start).compactDate
        let isDay = ChinaTime(milliseconds: period.end - 1).compactDate == first
        let stem = "\(account)0156_\(isDay ? first : String(first.prefix(6)))_业务明细"
        var archive = ZipArchive(at: madeAt)
        archive.add(name: BillText.gbk(stem + ".csv"), content: BillText.gbk(detail))
        archive.add(name: BillText.gbk(stem + "(汇总).csv"), content: BillText.gbk(summary))
        return archive.bytes
    }

    // MARK: The detail file

    package var detail: String {
        let sales = lines.filter { $0.kind == .payment }
        let refunds = lines.filter { $0.kind != .payment }
        let columns = AlipayBill.columns
        return text(
            head("#支付宝业务明细查询")
                + ["#-----------------------------------------业务明细列表----------------------------------------"]
                + [columns.map(\.name).joined(separator: ",")]
                + lines.map { line in row(columns.map { $0.value(line) }) }
                + [
                    "#-----------------------------------------业务明细列表结束------------------------------------",
                    "#交易合计：\(sales.count)笔，商家实收共\(Yuan.text(sales.gain))元，商家优惠共0.00元",
                    "#退款合计：\(refunds.count)笔，商家实收退款共\(Yuan.text(refunds.gain))元，商家优惠退款共0.00元",
                    "#导出时间：[\(AlipayBill.words(madeAt))]",
                ]
        )
    }

    private static var columns: [Column] {
        let nothing: (BillLine) -> String = { _ in "" }
        let zero: (BillLine) -> String = { _ in "0.00" }
        let gain: (BillLine) -> String = { Yuan.text($0.gain) }
        return [
            ("支付宝交易号", { $0.trade.walletNumber }),
            ("商户订单号", { $0.trade.merchantOrderNumber }),
            ("业务类型", { $0.kind == .payment ? "交易" : "退款" }),
            ("商品名称", { $0.trade.subject }),
            ("创建时间", { spaced($0.kind == .payment ? $0.trade.createdAt : $0.at) }),
            ("完成时间", { spaced($0.refund?.settlesAt ?? $0.at) }),
            ("门店编号", { $0.trade.echoes["store_id"] ?? "" }),
            ("门店名称", nothing),
            ("操作员", { $0.trade.echoes["operator_id"] ?? "" }),
            ("终端号", { $0.trade.echoes["terminal_id"] ?? "" }),
            ("对方账户", { maskedAccount(of: $0.trade.shopper) }),
            ("订单金额（元）", gain),
            ("商家实收（元）", gain),
            ("支付宝红包（元）", zero),
            ("集分宝（元）", zero),
            ("支付宝优惠（元）", zero),
            ("商家优惠（元）", zero),
            ("券核销金额（元）", zero),
            ("券名称", nothing),
            ("商家红包消费金额（元）", zero),
            ("卡消费金额（元）", zero),
            ("退款批次号/请求号", { $0.kind == .payment ? "" : $0.refund?.number ?? $0.trade.merchantOrderNumber }),
            ("服务费（元）", zero),
            ("分润（元）", zero),
            ("备注", { $0.refund?.reason ?? "" }),
        ]
    }

    private static func maskedAccount(of shopper: String) -> String {
        let digits = ShopperIdentity.digits(of: shopper, count: 4)
        return "*\(digits.prefix(2))(1\(digits.prefix(2))******\(digits.suffix(2)))"
    }

    // MARK: The summary

    package var summary: String {
        let stores = Dictionary(grouping: lines) { $0.trade.echoes["store_id"] ?? "" }
        let names = [
            "门店编号", "门店名称", "交易订单总笔数", "退款订单总笔数", "订单金额（元）", "商家实收（元）", "支付宝优惠（元）",
            "商家优惠（元）", "卡消费金额（元）", "服务费（元）", "分润（元）", "实收净额（元）",
        ]
        return text(
            head("#支付宝业务汇总查询")
                + ["#-----------------------------------------业务汇总列表----------------------------------------"]
                + [names.joined(separator: ",")]
                + stores.sorted { $0.key < $1.key }.map { totals($0.key, of: $0.value) }
                + [
                    totals("合计", of: lines),
                    "#----------------------------------------业务汇总列表结束-------------------------------------",
                    "#导出时间：[\(AlipayBill.words(madeAt))]",
                ]
        )
    }

    private func totals(_ name: String, of lines: [BillLine]) -> String {
        let sales = lines.count { $0.kind == .payment }
        let gain = Yuan.text(lines.gain)
        return row(
            [name, "", String(sales), String(lines.count - sales), gain, gain]
                + [String](repeating: "0.00", count: 5) + [gain]
        )
    }

    // MARK: Lines

    private func head(_ title: String) -> [String] {
        [
            title, "#账号：[\(account)0156]",
            "#起始日期：[\(AlipayBill.words(period.start))]   终止日期：[\(AlipayBill.words(period.end))]",
        ]
    }

    private func row(_ values: [String]) -> String {
        values.map { BillText.quoted($0) + "\t" }.joined(separator: ",")
    }

    private func text(_ lines: [String]) -> String { lines.map { $0 + "\r\n" }.joined() }

    private static func spaced(_ milliseconds: Int64) -> String { ChinaTime(milliseconds: milliseconds).spaced }

    /// `2026年06月05日 00:00:00`
    private static func words(_ milliseconds: Int64) -> String {
        let text = spaced(milliseconds)
        return "\(text.prefix(4))年\(text.dropFirst(5).prefix(2))月\(text.dropFirst(8).prefix(2))日\(text.suffix(9))"
    }
}
