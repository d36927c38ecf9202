// Part of Tillbridge. See LICENSE.
import TillDomain

/// Alipay's statement of sales and refunds (`bill_type` trade): a zip of two CSV files in GBK, details and a summary
/// by store. Their names are GBK as well, without a flag that says so: the details are known by what is in them.
///
/// - SeeAlso: opendocs.alipay.com, `alipay.data.dataservice.bill.downloadurl.query`.
struct AlipayStatement {
    private let columns: StatementColumns
    private let kind, order, refund, transaction, done, created, amount, received, fee: Int?

    static func read(_ archive: [UInt8]) throws(StatementError) -> Statement {
        for file in try Unpack.zip(archive) {
            let lines = StatementText.lines(try StatementText.utf8(file.content))
            guard lines.count <= StatementLimits.rows else { throw .tooLarge }
            guard let place = lines.firstIndex(where: { $0.first != 35 }),
                let details = AlipayStatement(header: lines[place])
            else { continue }
            return try details.statement(lines[(place + 1)...])
        }
        throw .malformed("no file in it has the columns of a statement")
    }

    private init?(header: ArraySlice<UInt8>) {
        columns = StatementColumns(
            header.split(separator: 44, omittingEmptySubsequences: false),
            freeTexts: ["商品名称", "备注", "门店名称", "券名称"]
        )
        kind = columns.place("业务类型")
        order = columns.place("商户订单号")
        refund = columns.place("退款批次号/请求号")
        transaction = columns.place("支付宝交易号")
        done = columns.place("完成时间")
        created = columns.place("创建时间")
        amount = columns.place("订单金额")
        received = columns.place("商家实收")
        fee = columns.place("服务费")
        guard kind != nil, order != nil, transaction != nil, amount != nil, done != nil else { return nil }
    }

    private func statement(_ lines: ArraySlice<ArraySlice<UInt8>>) throws(StatementError) -> Statement {
        let end = lines.firstIndex { $0.first == 35 } ?? lines.endIndex
        // Without the line behind the last row the file broke off.
        guard end < lines.endIndex else { throw .malformed("it does not end with the line that ends its list") }
        var totals = [Total(.sale), Total(.refund)]
        var rows: [StatementRow] = []
        var others = 0
        for line in lines[..<end] {
            let read = try columns.row(columns.split(line)) { (cells) throws(StatementError) in row(cells) }
            guard let read else { throw .malformed("row \(rows.count + others + 1) cannot be read") }
            guard let row = read.row else {
                others += 1
                continue
            }
            rows.append(row)
            try totals[row.kind == .sale ? 0 : 1].add(abs(read.received))
        }
        var checks: [StatementCheck] = []
        for line in lines[end...] {
            for total in totals { checks += total.checks(line) }
        }
        return try Statement(rows: rows, others: others, checks: checks)
    }

    /// Nil where a cell is not what its column promises. The row itself is nil for a kind that is not documented.
    private func row(_ cells: StatementColumns.Cells) -> (row: StatementRow?, received: Int64)? {
        let stamp = cells[done].isEmpty ? cells[created] : cells[done]
        guard let time = ChinaTime.moment(ofSpaced: stamp), let amount = cells.size(amount),
            let received = cells.thousandths(received), let fee = cells.thousandths(fee)
        else { return nil }
        let kind: StatementKind
        switch String(decoding: cells[self.kind], as: UTF8.self) {
        case "交易": kind = .sale
        case "退款": kind = .refund
        default: return (nil, received)
        }
        // A refund's amounts are negative, in one sample positive: the kind has the sign. A sale's is not negative.
        if kind == .sale, cells[self.amount].first == 45 { return nil }
        let row = StatementRow(
            kind: kind,
            order: [UInt8](cells[order]),
            refund: kind == .sale ? [] : [UInt8](cells[refund]),
            transaction: [UInt8](cells[transaction]),
            time: time,
            amount: kind == .sale ? amount : .zero,
            refunded: kind == .sale ? .zero : amount,
            // Files write fees with either sign: a sale costs one, and a refund may bring it back.
            feeThousandths: kind == .sale ? abs(fee) : -abs(fee),
            currency: ("CNY" as StaticString).bytes
        )
        return (row, received)
    }

    /// `#交易合计：2笔，商家实收共25.80元，…` and `#退款合计：1笔，商家实收退款共-12.90元，…`. How these lines look is known from
    /// other programs only: one that looks otherwise states nothing.
    private struct Total {
        private let start: [UInt8]
        private var count: StatementSum
        private var received: StatementSum

        init(_ kind: StatementKind) {
            let isSale = kind == .sale
            start = (isSale ? "#交易合计" : "#退款合计" as StaticString).bytes
            count = StatementSum(isSale ? "交易合计" : "退款合计", column: nil)
            received = StatementSum(isSale ? "商家实收共" : "商家实收退款共", column: nil)
        }

        mutating func add(_ amount: Int64) throws(StatementError) {
            try count.add(1)
            try received.add(amount)
        }

        func checks(_ line: ArraySlice<UInt8>) -> [StatementCheck] {
            guard line.starts(with: start) else { return [] }
            var checks: [StatementCheck] = []
            if let number = Total.text(in: line, from: "：", to: "笔").flatMap({ Decimal.parse($0) }) {
                checks.append(count.check(stated: number, isCount: true))
            }
            if let amount = Total.text(in: line, from: received.name, to: "元").flatMap({ Yuan.thousandths($0) }) {
                checks.append(received.check(stated: abs(amount)))
            }
            return checks
        }

        private static func text(
            in line: ArraySlice<UInt8>,
            from start: StaticString,
            to end: StaticString
        ) -> ArraySlice<UInt8>? {
            let (start, end) = (start.bytes, end.bytes)
            guard let first = line.indices.first(where: { line[$0...].starts(with: start) }) else { return nil }
            let rest = line[(first + start.count)...]
            return rest.indices.first { rest[$0...].starts(with: end) }.map { StatementText.trimmed(rest[..<$0]) }
        }
    }
}
