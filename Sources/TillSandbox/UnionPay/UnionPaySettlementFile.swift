// Part of Tillbridge. See LICENSE.

/// UnionPay's settlement file of a day (23:00 to 23:00): a zip with the merchant's ZM file (trades that settled) and
/// its ZME file (disputed ones, of which the sandbox has none).
///
/// The width of each field, one blank after each, GBK and CRLF are those that public merchant kits read. SANDBOX CHOICE:
/// * transaction code `S22` for a sale, `S30` for a refund, `S31` for a sale undone by void or reversal, with `txnType`
///   01, 04 and 31;
/// * the settlement amount is `C` (to the merchant) or `D` (from the merchant) and twelve digits of fen, without fees;
/// * a refund names its own number and, as the original, the number and query number of the sale; an undo repeats the
///   sale's number;
/// * the trace number is the end of the query number.
package struct UnionPaySettlementFile: Sendable {
    /// Field widths of a ZM line.
    package static let widths = [
        3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15, 1, 15, 32, 13,
        13, 8, 32, 13, 13, 12, 2, 1, 32, 98,
    ]

    private let merID: String
    private let period: BillPeriod
    private let lines: [BillLine]

    /// - Parameter lines: Those of ``BillPeriod/init(settlementDay:)``, from ``TradeBook/billLines(in:)``.
    package init(merID: String, period: BillPeriod, lines: [BillLine]) {
        self.merID = merID
        self.period = period
        self.lines = lines
    }

    /// Looks for the file in the books. SANDBOX CHOICE: it is there from 08:00 on, and a day without trades has none.
    ///
    /// - Parameter settleDate: `MMdd`, of the latest such day that has begun.
    static func find(
        settleDate: String,
        merID: String,
        in book: TradeBook,
        at now: Int64
    ) -> UnionPaySettlementFile? {
        let year = ChinaTime(milliseconds: now).year
        // Ten years hold a leap day.
        let periods = (year - 10...year).reversed().lazy.compactMap { BillPeriod(settlementDay: "\($0)" + settleDate) }
        guard let period = periods.first(where: { $0.start <= now }), now >= period.readyAt else { return nil }
        let lines = book.billLines(in: period)
        return lines.isEmpty ? nil : UnionPaySettlementFile(merID: merID, period: period, lines: lines)
    }

    /// `fileName` of the answer.
    package var fileName: String { "\(merID)_\(day.compactDate).zip" }

    /// The archive. `fileContent` of the answer is its bytes through ``Compression/zlib``, then Base64.
    package var archive: [UInt8] {
        var archive = ZipArchive(at: period.end)
        let prefix = "INN\(day.compactDate.dropFirst(2))88"
        archive.add(name: Array("\(prefix)ZM_\(merID)".utf8), content: content)
        archive.add(name: Array("\(prefix)ZME_\(merID)".utf8), content: [])
        return archive.bytes
    }

    /// The ZM file.
    package var content: [UInt8] { lines.flatMap { line($0) + Array("\r\n".utf8) } }

    private var day: ChinaTime { ChinaTime(milliseconds: period.end - 1) }

    private func line(_ line: BillLine) -> [UInt8] {
        let trade = line.trade
        let queryNumber = line.refund?.walletNumber ?? trade.walletNumber
        var fields = [String](repeating: "", count: UnionPaySettlementFile.widths.count)
        let code: (transaction: String, type: String)
        switch line.kind {
        case .payment: code = ("S22", "01")
        case .refund: code = ("S30", "04")
        case .reversal: code = ("S31", "31")
        }
        fields[0] = code.transaction
        fields[3] = String(queryNumber.suffix(6))
        fields[4] = String(ChinaTime(milliseconds: line.at).compact.dropFirst(4))
        fields[5] =
            "62" + ShopperIdentity.digits(of: trade.shopper, count: 4) + "******"
            + ShopperIdentity.digits(of: trade.shopper, count: 8).suffix(4)
        fields[6] = digits(line.amount)
        fields[8] = "08"
        fields[9] = queryNumber
        fields[11] = line.refund?.number ?? trade.merchantOrderNumber
        fields[15] = "D" + digits(0)
        fields[16] = (line.kind == .payment ? "C" : "D") + digits(line.amount)
        fields[19] = code.type
        fields[20] = line.kind == .payment ? "06" : "00"
        fields[21] = "000000"
        fields[27] = merID
        fields[32] = fields[16]
        fields[33] = trade.echoes["termId"] ?? ""
        fields[34] = trade.echoes["reqReserved"] ?? ""
        if line.kind != .payment, let paidAt = trade.paidAt {
            fields[13] = String(trade.walletNumber.suffix(6))
            fields[14] = String(ChinaTime(milliseconds: paidAt).compact.dropFirst(4))
            fields[26] = trade.walletNumber
            fields[40] = trade.merchantOrderNumber
        }
        var bytes: [UInt8] = []
        for (field, width) in zip(fields, UnionPaySettlementFile.widths) {
            let value = BillText.gbk(BillText.plain(field))
            // Too long a text is cut: the fields after it are found by counting.
            bytes += value.prefix(width) + [UInt8](repeating: 32, count: max(0, width - value.count) + 1)
        }
        return bytes
    }

    private func digits(_ amount: Int64) -> String {
        let text = String(amount)
        return String(repeating: "0", count: max(0, 12 - text.count)) + text
    }
}
