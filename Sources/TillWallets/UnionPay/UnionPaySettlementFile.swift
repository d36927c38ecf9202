// Part of Tillbridge. See LICENSE.
import TillDomain

/// UnionPay's settlement file: Base64 of zlib of a zip, in it files of fixed columns. `ZM_` in a name means trades,
/// `ZME_` errors and corrections.
///
/// The widths and the single separator between columns are those of the method `parseZMFile` in UnionPay's own
/// samples for its Java SDK (acp_sdk), which cites 全渠道平台接入接口规范 第3部分 文件接口, 6.1; the columns' meanings are
/// those that public programs give them. Neither that specification nor a real file was at hand: UNVERIFIED.
enum UnionPaySettlementFile {
    /// The member `fileContent` of an answer.
    static func read(_ fileContent: some Collection<UInt8>, day: StatementDay) throws(StatementError) -> Statement {
        guard fileContent.count <= StatementLimits.download else { throw .tooLarge }
        guard let packed = Base64.decode(fileContent.filter { $0 != 10 && $0 != 13 }) else {
            throw .malformed("it is no Base64")
        }
        let archive = try Unpack.inflate(packed[...], .zlib)
        var lines: [ArraySlice<UInt8>] = []
        var others = 0
        var hasTrades = false
        for file in try Unpack.zip(archive) {
            let content = StatementText.lines(file.content)
            if contains(file.name, "ZME_") {
                others += content.count
            } else if contains(file.name, "ZM_") {
                hasTrades = true
                lines += content
            }
        }
        guard hasTrades else { throw .malformed("no file in it has ZM_ in its name") }
        guard lines.count <= StatementLimits.rows else { throw .tooLarge }
        var entries: [Entry] = []
        for (place, line) in lines.enumerated() {
            guard let entry = Entry(line, day: day) else { throw .malformed("row \(place + 1) cannot be read") }
            entries.append(entry)
        }
        // A refund names the trade that it returns by the wallet's number alone.
        var orders: [[UInt8]: [UInt8]] = [:]
        for entry in entries { orders[entry.query] = entry.order }
        let rows = entries.compactMap { entry in entry.row { orders[$0] } }
        return try Statement(rows: rows, others: others + entries.count - rows.count, checks: [])
    }

    private static func contains(_ name: [UInt8], _ part: StaticString) -> Bool {
        let part = part.bytes
        return name.indices.contains { name[$0...].starts(with: part) }
    }

    /// The columns up to the last one that is read, in their order: their widths in bytes.
    private enum Column: Int, CaseIterable {
        case trade, agent, sender, trace, time, card, amount, category, terminal, query, oldMeans, order, cardKind
        case originalTrace, originalTime, fee, settled, means, group, kind, subkind, business, account, bill, billNumber
        case interaction, originalQuery

        var width: Int {
            [3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21][rawValue]
        }
    }

    private struct Entry {
        let order: [UInt8]
        let query: [UInt8]
        private let originalQuery: [UInt8]
        private let kind: StatementKind?
        private let time: Timestamp
        private let amount: Money
        private let fee: Int64

        init?(_ line: ArraySlice<UInt8>, day: StatementDay) {
            var cells: [[UInt8]] = []
            var start = line.startIndex
            for column in Column.allCases {
                guard line.endIndex - start >= column.width else { return nil }
                cells.append([UInt8](StatementText.trimmed(line[start..<(start + column.width)])))
                start += column.width + 1
            }
            func cell(_ column: Column) -> [UInt8] { cells[column.rawValue] }
            guard let time = Entry.time(cell(.time), day: day), let amount = Entry.number(cell(.amount)[...]),
                let fee = Entry.signed(cell(.fee))
            else { return nil }
            self.time = time
            self.amount = Money(fen: amount)
            self.fee = fee
            order = cell(.order)
            query = cell(.query)
            originalQuery = cell(.originalQuery)
            switch String(decoding: cell(.kind), as: UTF8.self) {
            case "01": kind = .sale
            case "04": kind = .refund
            case "31": kind = .reversal
            default: kind = nil
            }
        }

        /// Nil for a kind that is not one of ours.
        func row(order find: ([UInt8]) -> [UInt8]?) -> StatementRow? {
            guard let kind else { return nil }
            let isSale = kind == .sale
            return StatementRow(
                kind: kind,
                order: isSale ? order : find(originalQuery) ?? RefundNumber(order)?.order.bytes ?? [],
                refund: isSale ? [] : order,
                transaction: query,
                time: time,
                amount: isSale ? amount : .zero,
                refunded: isSale ? .zero : amount,
                feeThousandths: fee,
                currency: ("CNY" as StaticString).bytes
            )
        }

        /// `MMDDhhmmss`, of the year that puts it before the end of the settlement day.
        private static func time(_ text: [UInt8], day: StatementDay) -> Timestamp? {
            for year in [day.year, day.year - 1] {
                let moment = ChinaTime.moment(ofCompact: Decimal.text(year) + text)
                if let moment, moment < day.start + 86_400_000 { return moment }
            }
            return nil
        }

        /// Fen, filled up with noughts on the left.
        private static func number(_ text: ArraySlice<UInt8>) -> Int64? {
            guard (1...15).contains(text.count), text.allSatisfy({ (48...57).contains($0) }) else { return nil }
            return text.reduce(0) { $0 * 10 + Int64($1 - 48) }
        }

        /// Thousandths of a fen. `D` before an amount in fen is what the merchant is debited, `C` what it is credited.
        private static func signed(_ text: [UInt8]) -> Int64? {
            guard let first = text.first else { return 0 }
            let hasSign = first == 67 || first == 68
            return number(hasSign ? text.dropFirst() : text[...]).map { first == 67 ? -$0 * 1000 : $0 * 1000 }
        }
    }
}
