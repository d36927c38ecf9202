// Part of Tillbridge. See LICENSE.

/// What a merchant asks for when it wants a day's bill, V2 and V3.
package struct WeChatBillRequest: Equatable, Sendable {
    package let kind: WeChatBill.Kind
    package let period: BillPeriod
    package let isCompressed: Bool

    package init(kind: WeChatBill.Kind, period: BillPeriod, isCompressed: Bool) {
        self.kind = kind
        self.period = period
        self.isCompressed = isCompressed
    }
}

/// WeChat Pay's trade bill: every value behind a back-tick, commas not quoted, amounts in yuan. The same file for V2 and
/// V3.
///
/// SANDBOX CHOICE: the sandbox takes no fees, so fee and rate are zero and all amounts add up to its ledger. A reversed
/// order has its payment's line and, on the day of the reversal, a line REVOKED that gives the money back under the
/// order's number, without refund numbers. A back-tick in a merchant's text becomes an apostrophe.
package struct WeChatBill: Sendable {
    package enum Kind: String, Sendable {
        case all = "ALL"
        /// Payments only.
        case success = "SUCCESS"
        /// What went back: refunds and reversals.
        case refund = "REFUND"
        /// Refunds of vouchers. The sandbox has none.
        case voucherRefund = "RECHARGE_REFUND"
    }

    package enum Absence: Error, Equatable, Sendable {
        /// Too early, too old, or a day without trades.
        case notExist
        /// The day is over and 09:00 has not come.
        case creating
    }

    /// Three months.
    private static let reach: Int64 = 92 * 24 * 3_600_000

    private let kind: Kind
    private let appID: String
    private let mchID: String
    private let lines: [BillLine]
    private let policies: Policies

    /// Looks for the bill in the books.
    package static func find(
        _ request: WeChatBillRequest,
        keys: SandboxKeys.WeChatPay,
        in state: SandboxState,
        at now: Int64
    ) -> Result<WeChatBill, Absence> {
        let period = request.period
        if now < period.end || period.start < now - reach { return .failure(.notExist) }
        if now < period.readyAt { return .failure(.creating) }
        let lines = state.weChatPay.book.billLines(in: period).filter { line in
            switch request.kind {
            case .all: true
            case .success: line.kind == .payment
            case .refund: line.kind != .payment
            case .voucherRefund: false
            }
        }
        guard !lines.isEmpty else { return .failure(.notExist) }
        return .success(
            WeChatBill(
                kind: request.kind,
                appID: keys.appID,
                mchID: keys.mchID,
                lines: lines,
                policies: state.policies
            )
        )
    }

    /// UTF-8. How it begins and how lines end is a policy.
    package var bytes: [UInt8] {
        let isMarked = policies[.billForm] == "marked"
        let columns = columns
        var rows = [columns.map(\.name).joined(separator: ",")]
        rows += lines.map { line in columns.map { "`" + $0.value(line) }.joined(separator: ",") }
        let totals = totals
        rows.append(totals.map(\.name).joined(separator: ","))
        rows.append(totals.map { "`" + $0.value }.joined(separator: ","))
        let end = isMarked ? "\r\n" : "\n"
        return Array(((isMarked ? "\u{FEFF}" : "") + rows.map { $0 + end }.joined()).utf8)
    }

    private typealias Column = (name: String, value: (BillLine) -> String)

    private var columns: [Column] {
        switch kind {
        case .all, .voucherRefund: trade + refund + goods + [("订单金额", payment), ("申请退款金额", back), ("费率备注", none)]
        case .success: trade + goods + [("订单金额", payment), ("费率备注", none)]
        case .refund:
            trade + refundTimes + refund + goods + [("订单金额", payment), ("申请退款金额", back), ("费率备注", none)]
        }
    }

    private var trade: [Column] {
        [
            ("交易时间", { [kind] in time(kind == .refund ? $0.trade.paidAt : $0.at) }),
            ("公众账号ID", { [appID] _ in appID }),
            ("商户号", { [mchID] _ in mchID }),
            ("特约商户号", { _ in "0" }),
            ("设备号", { text($0.trade.echoes["device_info"]) }),
            ("微信订单号", { $0.trade.walletNumber }),
            ("商户订单号", { $0.trade.merchantOrderNumber }),
            ("用户标识", { WeChatWallet.openID(of: $0.trade.shopper) }),
            ("交易类型", { _ in "MICROPAY" }),
            ("交易状态", state),
            ("付款银行", { _ in "OTHERS" }),
            ("货币种类", { _ in "CNY" }),
            ("应结订单金额", payment),
            ("代金券金额", { _ in "0.00" }),
        ]
    }

    private var refundTimes: [Column] {
        [
            ("退款申请时间", { time($0.at) }),
            ("退款成功时间", { line in line.refund.map { $0.state == .done ? time($0.settlesAt) : "" } ?? time(line.at) }),
        ]
    }

    private var refund: [Column] {
        [
            ("微信退款单号", { $0.refund?.walletNumber ?? "0" }),
            ("商户退款单号", { $0.refund?.number ?? "0" }),
            ("退款金额", back),
            ("充值券退款金额", { _ in "0.00" }),
            ("退款类型", { $0.kind == .payment ? "" : "ORIGINAL" }),
            ("退款状态", refundState),
        ]
    }

    private var goods: [Column] {
        [
            ("商品名称", { text($0.trade.subject) }),
            ("商户数据包", { text($0.trade.echoes["attach"]) }),
            ("手续费", { _ in "0.00000" }),
            ("费率", { _ in "0.00%" }),
        ]
    }

    private var totals: [(name: String, value: String)] {
        let paid = Yuan.text(lines.total { $0.kind == .payment })
        let back = Yuan.text(lines.total { $0.kind != .payment })
        return [
            ("总交易单数", String(lines.count)), ("应结订单总金额", paid), ("退款总金额", back), ("充值券退款总金额", "0.00"),
            ("手续费总金额", "0.00000"), ("订单总金额", paid), ("申请退款总金额", back),
        ]
    }

    private func state(_ line: BillLine) -> String {
        switch line.kind {
        case .payment: "SUCCESS"
        case .refund: "REFUND"
        case .reversal: "REVOKED"
        }
    }

    private func refundState(_ line: BillLine) -> String {
        switch line.kind {
        case .payment: ""
        case .refund(let refund): refund.state == .done ? "SUCCESS" : "PROCESSING"
        case .reversal: "SUCCESS"
        }
    }

    private func payment(_ line: BillLine) -> String { Yuan.text(line.kind == .payment ? line.amount : 0) }

    private func back(_ line: BillLine) -> String { Yuan.text(line.kind == .payment ? 0 : line.amount) }

    private func none(_ line: BillLine) -> String { "" }
}

/// A back-tick of the merchant's own would look like the beginning of a value.
private func text(_ value: String?) -> String { BillText.plain(value ?? "").replacingScalars("`", with: "'") }

private func time(_ milliseconds: Int64?) -> String {
    milliseconds.map { ChinaTime(milliseconds: $0).spaced } ?? ""
}
