// Part of Tillbridge. See LICENSE.
import TillDomain

/// The columns of a statement, found by the names in its first line: wallets add columns, and older files have fewer.
struct StatementColumns {
    typealias Cells = [ArraySlice<UInt8>]

    private let names: [[UInt8]]
    /// Columns in which a shop or a shopper may have written a separator. The likeliest first.
    private let freeTexts: [Int]

    /// - Parameter header: A unit in brackets behind a name is no part of it.
    init(_ header: Cells, freeTexts: [StaticString] = []) {
        names = header.map { cell in
            let name = StatementText.trimmed(cell)
            let bracket = [[0xef, 0xbc, 0x88], [40]].compactMap { bracket in
                name.indices.first { name[$0...].starts(with: bracket as [UInt8]) }
            }
            return [UInt8](bracket.min().map { name[..<$0] } ?? name)
        }
        let names = names
        self.freeTexts = freeTexts.compactMap { text in names.firstIndex { text.matches($0) } }
    }

    /// The place of the first of the names that there is: wallets have renamed columns.
    func place(_ alternatives: StaticString...) -> Int? {
        for name in alternatives {
            if let place = names.firstIndex(where: { name.matches($0) }) { return place }
        }
        return nil
    }

    /// Reads a row with `build`, which gets as many cells as there are columns. Where the row has more, some text holds
    /// the separator: its pieces are taken out at each place where such a text may stand, until `build` agrees.
    func row<Row>(_ cells: Cells, _ build: (Cells) throws(StatementError) -> Row?) throws(StatementError) -> Row? {
        let surplus = cells.count - names.count
        if surplus == 0 { return try build(cells) }
        guard surplus > 0 else { return nil }
        for place in freeTexts {
            if let row = try build(Cells(cells[...place] + cells[(place + 1 + surplus)...])) { return row }
        }
        return nil
    }

    /// Cells between commas. A cell that begins with a quotation mark ends with the next one, unless that breaks the row.
    func split(_ line: ArraySlice<UInt8>) -> Cells {
        let plain = line.split(separator: 44, omittingEmptySubsequences: false)
        guard line.contains(34), plain.count != names.count else { return plain }
        var cells: Cells = []
        var start = line.startIndex
        var quoted = false
        for (place, byte) in zip(line.indices, line) {
            if byte == 34, quoted || StatementText.trimmed(line[start..<place]).isEmpty { quoted.toggle() }
            if byte == 44, !quoted {
                cells.append(line[start..<place])
                start = place + 1
            }
        }
        cells.append(line[start...])
        return !quoted && cells.count == names.count ? cells : plain
    }
}

extension StatementColumns.Cells {
    /// The text of a cell. Empty where there is no such column.
    subscript(_ column: Int?) -> ArraySlice<UInt8> { column.map { StatementText.trimmed(self[$0]) } ?? [] }

    /// Thousandths of a fen of a cell in yuan: zero for an empty one, nil for what is no amount.
    func thousandths(_ column: Int?) -> Int64? {
        let text = self[column]
        return text.isEmpty ? 0 : Yuan.thousandths(text)
    }

    /// An amount in yuan as fen, without its sign.
    func size(_ column: Int?) -> Money? {
        guard let thousandths = thousandths(column), thousandths % 1000 == 0 else { return nil }
        return Money(fen: abs(thousandths / 1000))
    }
}

/// Adds up one column of money, or a count, to be compared with what the file states.
struct StatementSum {
    let name: StaticString
    /// Nil for a number of rows.
    let column: Int?
    private(set) var sum: Int64 = 0

    init(_ name: StaticString, column: Int?) {
        self.name = name
        self.column = column
    }

    mutating func add(_ value: Int64) throws(StatementError) { sum = try Statement.sum(sum, value) }

    func check(stated: Int64, isCount: Bool = false) -> StatementCheck {
        StatementCheck(name: name.description, stated: stated, summed: sum, isCount: isCount)
    }
}
