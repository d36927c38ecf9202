// Part of Tillbridge. See LICENSE.

/// Tables as spreadsheets write them.
enum Spreadsheet {
    struct Line: Equatable, Sendable {
        /// From 1, as editors count.
        let number: Int
        let cells: [String]
    }

    enum Flaw: Error, Equatable {
        /// Bytes that are no UTF-8: the browser has put the sign for unreadable text in their place.
        case notUTF8
        /// A quote that begins in this line and does not end.
        case openQuote(line: Int)
    }

    /// Reads commas or tabs, quotes, a byte order mark, any kind of line end. Empty lines are left out.
    static func read(_ text: String) throws(Flaw) -> [Line] {
        var scalars = Array(text.unicodeScalars)
        if scalars.first == "\u{FEFF}" { scalars.removeFirst() }
        guard !scalars.contains("\u{FFFD}") else { throw .notUTF8 }
        let firstLine = scalars.prefix { $0 != "\n" && $0 != "\r" }
        let separator: Unicode.Scalar = firstLine.contains("\t") && !firstLine.contains(",") ? "\t" : ","
        var reader = Reader()
        var place = 0
        while place < scalars.count {
            let scalar = scalars[place]
            let next = place + 1 < scalars.count ? scalars[place + 1] : nil
            place += 1
            if reader.isQuoted {
                if scalar == "\"", next == "\"" {
                    reader.cell.append("\"")
                    place += 1
                } else if scalar == "\"" {
                    reader.isQuoted = false
                } else {
                    if scalar == "\n" { reader.number += 1 }
                    reader.cell.append(scalar)
                }
                continue
            }
            switch scalar {
            case "\"" where reader.cell.allSatisfy { $0 == " " }:
                reader.cell = String.UnicodeScalarView()
                reader.isQuoted = true
                reader.quoteLine = reader.number
            case separator: reader.endCell()
            case "\r", "\n":
                if scalar == "\r", next == "\n" { place += 1 }
                reader.endLine()
            default: reader.cell.append(scalar)
            }
        }
        if reader.isQuoted { throw .openQuote(line: reader.quoteLine) }
        reader.endLine()
        return reader.lines
    }

    private struct Reader {
        var lines: [Line] = []
        var cells: [String] = []
        var cell = String.UnicodeScalarView()
        var isQuoted = false
        var quoteLine = 1
        var number = 1
        private var start = 1

        mutating func endCell() {
            let text = String(cell).split(whereSeparator: \.isWhitespace).joined(separator: " ")
            cells.append(text)
            cell = String.UnicodeScalarView()
        }

        mutating func endLine() {
            endCell()
            if cells.contains(where: { !$0.isEmpty }) { lines.append(Line(number: start, cells: cells)) }
            cells = []
            number += 1
            start = number
        }
    }
}
