// Part of Tillbridge. See LICENSE.
import TillDomain

/// QQ Wallet's statement.
///
/// No document at hand lists its columns. This reads a CSV file in UTF-8 whose columns have the names of the interface's
/// own fields, amounts in fen like those, the last line with the totals under `total_fee` and `refund_fee`. Real columns
/// would change this file alone.
struct QQStatement {
    private let columns: StatementColumns
    private let time, state, order, transaction, refund, walletRefund, amount, refunded: Int?

    /// What an answer to the request for a statement means: a file, packed with gzip or not, or an XML document.
    static func reading(_ response: InboundResponse, of day: StatementDay) -> StatementReading {
        guard response.status == 200 else { return .notYet(code: "HTTP \(response.status)") }
        if let document = FlatXML(response.body) {
            let code =
                ["err_code", "return_msg", "retcode"].lazy.compactMap { document[$0] }
                // A code may stand before a text in Chinese.
                .compactMap { DisplayText.phrase($0) ?? DisplayText.phrase([UInt8]($0.prefix { $0 != 32 })) }.first
                ?? "FAIL"
            // The codes for "none" and "not yet" are not documented either. A day that may still come is asked again.
            return day.mayStillCome(at: response.receivedAt) ? .notYet(code: code) : .failed(.code(code))
        }
        return .file { () throws(StatementError) in try read(response.body) }
    }

    static func read(_ body: [UInt8]) throws(StatementError) -> Statement {
        let text = try StatementText.utf8(Unpack.isGzip(body) ? Unpack.inflate(body[...], .gzip) : body)
        var lines = StatementText.lines(text)[...]
        guard let header = lines.popFirst(), let file = QQStatement(header) else {
            throw .malformed("its first line does not name the columns of a statement")
        }
        guard lines.count <= StatementLimits.rows else { throw .tooLarge }
        // Without the totals at its end a file broke off, wherever. They are the only line without a time.
        guard let totals = lines.popLast(), try file.entry(totals) == nil else {
            throw .malformed("it does not end with its totals")
        }
        return try file.statement(lines, totals: totals)
    }

    private init?(_ header: ArraySlice<UInt8>) {
        columns = StatementColumns(
            header.split(separator: 44, omittingEmptySubsequences: false),
            freeTexts: ["attach"]
        )
        time = columns.place("time_end")
        state = columns.place("trade_state")
        order = columns.place("out_trade_no")
        transaction = columns.place("transaction_id")
        refund = columns.place("out_refund_no")
        walletRefund = columns.place("refund_id")
        amount = columns.place("total_fee")
        refunded = columns.place("refund_fee")
        guard time != nil, state != nil, order != nil, transaction != nil, amount != nil, refunded != nil else {
            return nil
        }
    }

    private struct Entry: Equatable {
        let row: StatementRow?
        let amount: Int64
        let refunded: Int64
    }

    private func statement(
        _ lines: ArraySlice<ArraySlice<UInt8>>,
        totals: ArraySlice<UInt8>
    ) throws(StatementError) -> Statement {
        var sums = [StatementSum("total_fee", column: amount), StatementSum("refund_fee", column: refunded)]
        var rows: [StatementRow] = []
        var others = 0
        for line in lines {
            guard let entry = try entry(line) else { throw .malformed("row \(rows.count + others + 1) cannot be read") }
            // A refund repeats what its order was.
            if entry.row?.kind == .sale { try sums[0].add(entry.amount * 1000) }
            try sums[1].add(entry.refunded * 1000)
            if let row = entry.row { rows.append(row) } else { others += 1 }
        }
        let cells = columns.split(totals)
        let checks = sums.compactMap { sum -> StatementCheck? in
            guard let column = sum.column, cells.indices.contains(column), let stated = Decimal.parse(cells[column]),
                stated <= 1 << 50
            else { return nil }
            return sum.check(stated: stated * 1000)
        }
        return try Statement(rows: rows, others: others, checks: checks)
    }

    /// Nil where a cell is not what its column promises.
    private func entry(_ line: ArraySlice<UInt8>) throws(StatementError) -> Entry? {
        try columns.row(columns.split(line)) { (cells) throws(StatementError) in
            guard let time = ChinaTime.moment(ofCompact: cells[time]), let amount = QQStatement.fen(cells[amount]),
                let refunded = QQStatement.fen(cells[refunded])
            else { return nil }
            let kind: StatementKind
            switch String(decoding: cells[state], as: UTF8.self) {
            case "SUCCESS": kind = .sale
            case "REFUND": kind = .refund
            case "REVOKED": kind = .reversal
            default: return Entry(row: nil, amount: amount, refunded: refunded)
            }
            let back = kind == .reversal && refunded == 0 ? amount : refunded
            let row = StatementRow(
                kind: kind,
                order: [UInt8](cells[order]),
                refund: kind == .sale ? [] : [UInt8](cells[refund]),
                transaction: [UInt8](
                    kind == .refund && !cells[walletRefund].isEmpty ? cells[walletRefund] : cells[transaction]
                ),
                time: time,
                amount: kind == .sale ? Money(fen: amount) : .zero,
                refunded: kind == .sale ? .zero : Money(fen: back),
                feeThousandths: 0,
                currency: ("CNY" as StaticString).bytes
            )
            return Entry(row: row, amount: amount, refunded: refunded)
        }
    }

    private static func fen(_ text: ArraySlice<UInt8>) -> Int64? {
        if text.isEmpty { return 0 }
        return Decimal.parse(text).flatMap { $0 <= 1 << 50 ? $0 : nil }
    }
}
