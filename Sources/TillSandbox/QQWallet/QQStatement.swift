// Part of Tillbridge. See LICENSE.

/// QQ Wallet's trade statement of a day (`qpay_mch_statement_down.cgi`).
///
/// SANDBOX CHOICE: no document at hand lists the columns. UTF-8, lines end with LF, the names first, then one line per
/// payment, refund and reversal in the order of time, then the totals under the same columns with `TOTAL` in the
/// place of the time and the number of lines in the place of the order number. Amounts are fen. A payment has
/// `total_fee`; a refund (`REFUND`) and the reversal of a paid order (`REVOKED`) have `refund_fee` and repeat the
/// numbers of the order.
package struct QQStatement: Sendable {
    package enum Kind: String, Sendable {
        case all = "ALL"
        /// Payments only.
        case success = "SUCCESS"
        /// What went back: refunds and reversals.
        case refund = "REFUND"
        /// Refunds of vouchers. The sandbox has none.
        case voucherRefund = "RECHAR"
    }

    /// What a merchant asks for.
    package struct Request: Equatable, Sendable {
        package let kind: Kind
        package let period: BillPeriod
        package let isCompressed: Bool
    }

    package enum Absence: Error, Equatable, Sendable {
        /// Too early, or nothing to list.
        case notExist
        /// The day is over and 09:00 has not come.
        case creating
    }

    private let mchID: String
    private let lines: [BillLine]

    /// Looks for the statement in the books.
    static func find(
        _ request: Request,
        mchID: String,
        in book: TradeBook,
        at now: Int64
    ) -> Result<QQStatement, Absence> {
        if now >= request.period.end, now < request.period.readyAt { return .failure(.creating) }
        let statement = QQStatement(kind: request.kind, mchID: mchID, lines: book.billLines(in: request.period))
        return now < request.period.end || statement.isEmpty ? .failure(.notExist) : .success(statement)
    }

    package static let columns = [
        "time_end", "mch_id", "device_info", "transaction_id", "out_trade_no", "trade_type", "trade_state", "bank_type",
        "total_fee", "coupon_fee", "out_refund_no", "refund_id", "refund_fee", "refund_status", "attach",
    ]

    /// - Parameter lines: The day's, from ``TradeBook/billLines(in:)``.
    package init(kind: Kind, mchID: String, lines: [BillLine]) {
        self.mchID = mchID
        self.lines = lines.filter { line in
            switch kind {
            case .all: true
            case .success: line.kind == .payment
            case .refund: line.kind != .payment
            case .voucherRefund: false
            }
        }
    }

    /// A wallet answers with an error instead of a statement without lines.
    package var isEmpty: Bool { lines.isEmpty }

    /// The plain file; for `tar_type=GZIP` see ``Compression/gzip``.
    package var bytes: [UInt8] {
        let rows = [QQStatement.columns] + lines.map(row) + [totals]
        return Array(rows.map { $0.map(BillText.quoted).joined(separator: ",") + "\n" }.joined().utf8)
    }

    private func row(_ line: BillLine) -> [String] {
        let trade = line.trade
        let state: String
        let refundStatus: String
        switch line.kind {
        case .payment: (state, refundStatus) = ("SUCCESS", "")
        case .refund(let refund): (state, refundStatus) = ("REFUND", refund.state == .done ? "SUCCESS" : "PROCESSING")
        case .reversal: (state, refundStatus) = ("REVOKED", "SUCCESS")
        }
        return [
            ChinaTime(milliseconds: line.at).compact, mchID, trade.echoes["device_info"] ?? "", trade.walletNumber,
            trade.merchantOrderNumber, "MICROPAY", state, "BALANCE",
            line.kind == .payment ? String(line.amount) : "0", "0", line.refund?.number ?? "",
            line.refund?.walletNumber ?? "", line.kind == .payment ? "0" : String(line.amount), refundStatus,
            trade.echoes["attach"] ?? "",
        ]
    }

    private var totals: [String] {
        var row = [String](repeating: "", count: QQStatement.columns.count)
        for (index, name) in QQStatement.columns.enumerated() {
            switch name {
            case "time_end": row[index] = "TOTAL"
            case "mch_id": row[index] = mchID
            case "out_trade_no": row[index] = String(lines.count)
            case "total_fee": row[index] = String(lines.total { $0.kind == .payment })
            case "coupon_fee": row[index] = "0"
            case "refund_fee": row[index] = String(lines.total { $0.kind != .payment })
            default: break
            }
        }
        return row
    }
}
