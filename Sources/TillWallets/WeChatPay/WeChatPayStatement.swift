// Part of Tillbridge. See LICENSE.
import TillDomain

/// WeChat Pay's statement, the same file in both protocol versions: CSV in UTF-8, a back-tick before every value.
///
/// - SeeAlso: pay.weixin.qq.com, 下载对账单 (downloadbill) and 申请交易账单 (tradebill).
struct WeChatPayStatement {
    private let columns: StatementColumns
    private let time, state, order, refund, transaction, walletRefund, currency, fee: Int?
    private let orderAmount, refundAmount, settledRefund: Int?

    /// The file, packed with gzip or not.
    static func read(_ body: [UInt8]) throws(StatementError) -> Statement {
        let text = try StatementText.utf8(Unpack.isGzip(body) ? Unpack.inflate(body[...], .gzip) : body)
        var lines = StatementText.lines(text)[...]
        guard let header = lines.popFirst(), let file = WeChatPayStatement(header) else {
            throw .malformed("its first line does not name the columns of a statement")
        }
        guard lines.count <= StatementLimits.rows else { throw .tooLarge }
        let end = lines.firstIndex { $0.first != 96 } ?? lines.endIndex
        // Without the totals at its end a file broke off, wherever.
        guard lines.endIndex - end == 2 else { throw .malformed("it does not end with its totals") }
        return try file.statement(lines[..<end], totals: lines[end], lines[end + 1])
    }

    private init?(_ header: ArraySlice<UInt8>) {
        columns = StatementColumns(
            header.split(separator: 44, omittingEmptySubsequences: false),
            freeTexts: ["商品名称", "商户数据包", "费率备注"]
        )
        time = columns.place("交易时间")
        state = columns.place("交易状态")
        order = columns.place("商户订单号")
        transaction = columns.place("微信订单号")
        walletRefund = columns.place("微信退款单号")
        refund = columns.place("商户退款单号")
        currency = columns.place("货币种类")
        fee = columns.place("手续费")
        // What was asked for, before coupons that the wallet paid; older files have only the other, or the oldest name.
        orderAmount = columns.place("订单金额", "应结订单金额", "总金额")
        refundAmount = columns.place("申请退款金额", "退款金额")
        settledRefund = columns.place("退款金额")
        guard time != nil, state != nil, order != nil, transaction != nil, orderAmount != nil else { return nil }
    }

    private func statement(
        _ lines: ArraySlice<ArraySlice<UInt8>>,
        totals header: ArraySlice<UInt8>,
        _ values: ArraySlice<UInt8>
    ) throws(StatementError) -> Statement {
        var sums = [
            StatementSum("应结订单总金额", column: columns.place("应结订单金额")),
            StatementSum("总交易额", column: columns.place("总金额")),
            StatementSum("退款总金额", column: settledRefund),
            StatementSum("总退款金额", column: settledRefund),
            StatementSum("充值券退款总金额", column: columns.place("充值券退款金额")),
            StatementSum("手续费总金额", column: fee),
            StatementSum("订单总金额", column: columns.place("订单金额")),
            StatementSum("申请退款总金额", column: columns.place("申请退款金额")),
        ].filter { $0.column != nil }
        var rows: [StatementRow] = []
        var others = 0
        for line in lines {
            let read = try columns.row(WeChatPayStatement.split(line)) { cells throws(StatementError) in try row(cells)
            }
            guard let read else { throw .malformed("row \(rows.count + others + 1) cannot be read") }
            for place in sums.indices { try sums[place].add(read.cells.thousandths(sums[place].column) ?? 0) }
            if let row = read.row { rows.append(row) } else { others += 1 }
        }
        let named = StatementColumns(header.split(separator: 44, omittingEmptySubsequences: false))
        let cells = WeChatPayStatement.split(values)
        let stated = try named.row(cells) { cells throws(StatementError) in cells }
        guard let stated, let count = named.place("总交易单数") else {
            throw .malformed("its totals cannot be read")
        }
        guard let number = Decimal.parse(stated[count]) else { throw .malformed("its number of rows is no number") }
        var checks = [
            StatementCheck(name: "总交易单数", stated: number, summed: Int64(lines.count), isCount: true)
        ]
        for sum in sums {
            guard let place = named.place(sum.name) else { continue }
            guard let value = stated.thousandths(place) else { throw .malformed("its totals are no amounts") }
            checks.append(sum.check(stated: value))
        }
        return try Statement(rows: rows, others: others, checks: checks)
    }

    /// Values are not quoted and may hold commas, but each begins with a back-tick: cells end at both together.
    private static func split(_ line: ArraySlice<UInt8>) -> StatementColumns.Cells {
        var cells: StatementColumns.Cells = []
        var start = line.startIndex + (line.first == 96 ? 1 : 0)
        var place = start
        while place < line.endIndex {
            if line[place] == 44, place + 1 < line.endIndex, line[place + 1] == 96 {
                cells.append(line[start..<place])
                start = place + 2
                place = start
            } else {
                place += 1
            }
        }
        cells.append(line[start...])
        return cells
    }

    /// Nil where a cell is not what its column promises. The row itself is nil for a state that is not documented.
    private func row(
        _ cells: StatementColumns.Cells
    ) throws(StatementError) -> (row: StatementRow?, cells: StatementColumns.Cells)? {
        guard let time = ChinaTime.moment(ofSpaced: cells[time]), let paid = cells.size(orderAmount),
            let asked = cells.size(refundAmount), let back = cells.size(settledRefund),
            let fee = cells.thousandths(fee)
        else { return nil }
        let kind: StatementKind
        switch String(decoding: cells[state], as: UTF8.self) {
        case "SUCCESS": kind = .sale
        case "REFUND": kind = .refund
        case "REVOKED": kind = .reversal
        default: return (nil, cells)
        }
        // The documents do not say under which amount a reversal stands.
        let refunded = [asked, back, kind == .reversal ? paid : .zero].first { $0 != .zero } ?? .zero
        let number = kind == .sale ? [] : [UInt8](cells[refund])
        let row = StatementRow(
            kind: kind,
            order: [UInt8](cells[order]),
            // A number that is not used is a nought.
            refund: number == [48] ? [] : number,
            transaction: [UInt8](
                kind == .refund && !cells[walletRefund].isEmpty ? cells[walletRefund] : cells[transaction]
            ),
            time: time,
            amount: kind == .sale ? paid : .zero,
            refunded: kind == .sale ? .zero : refunded,
            feeThousandths: fee,
            currency: [UInt8](cells[currency])
        )
        return (row, cells)
    }
}

extension WeChatPayStatement {
    /// What a refusal means, in the words of either version: `No Bill Exist`, `NO_STATEMENT_EXIST`. Nobody signs it.
    static func refusal(_ code: String, of day: StatementDay, at now: Timestamp) -> StatementReading {
        let word = code.uppercased().filter { $0 != "_" && $0 != " " }
        switch word {
        case "NOBILLEXIST", "NOSTATEMENTEXIST": return day.missing(code, at: now)
        case "BILLCREATING", "STATEMENTCREATING", "SYSTEMERROR", "FREQUENCYLIMITED": return .notYet(code: code)
        default: return .failed(.code(code))
        }
    }
}
