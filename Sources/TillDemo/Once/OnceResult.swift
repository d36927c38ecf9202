// Part of Tillbridge. See LICENSE.
import Foundation

/// All rows of a run.
package struct OnceResult: Encodable, Sendable {
    package struct Row: Encodable, Sendable {
        var scenario: String
        /// What the register was told.
        var told: String
        /// In fen.
        var walletNet: Int64
        /// Until it was told.
        var seconds: Double
        var agree: Bool
        /// Why a row is not as it should be; not part of the JSON.
        var remarks: [String]

        private enum CodingKeys: String, CodingKey { case scenario, told, walletNet, seconds, agree }
    }

    package var rows: [Row]
    package var agree: Bool { rows.allSatisfy(\.agree) }
    /// Whether every row also went the way it should.
    package var isAsExpected: Bool { agree && rows.allSatisfy(\.remarks.isEmpty) }

    private enum CodingKeys: String, CodingKey { case rows, agree }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(rows, forKey: .rows)
        try fields.encode(agree, forKey: .agree)
    }

    /// One line.
    package var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    package var table: String {
        let head = ["Scenario", "Register was told", "Wallet's net", "Seconds", "Agree?"]
        let cells =
            [head]
            + rows.map { row in
                [
                    row.scenario, row.told, OnceResult.yuan(row.walletNet), OnceResult.tenths(row.seconds),
                    row.agree ? "yes" : "NO",
                ]
            }
        let widths = (0..<head.count).map { column in cells.map { $0[column].count }.max() ?? 0 }
        var lines: [String] = []
        for (number, row) in cells.enumerated() {
            let padded = row.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return column == 2 || column == 3 ? space + cell : cell + space
            }
            lines.append(OnceResult.trimmed(padded.joined(separator: "  ")))
            if number == 0 {
                lines.append(widths.map { String(repeating: "-", count: $0) }.joined(separator: "  "))
            } else {
                for remark in rows[number - 1].remarks { lines.append("    ! \(remark)") }
            }
        }
        return lines.joined(separator: "\n")
    }

    private static func trimmed(_ line: String) -> String {
        String(line.reversed().drop { $0 == " " }.reversed())
    }

    private static func yuan(_ fen: Int64) -> String {
        let digits = String(fen.magnitude)
        let padded = String(repeating: "0", count: max(0, 3 - digits.count)) + digits
        return "\(fen < 0 ? "-" : "")¥\(padded.dropLast(2)).\(padded.suffix(2))"
    }

    private static func tenths(_ seconds: Double) -> String {
        let tenths = Int((seconds * 100).rounded())
        return "\(tenths / 100).\(tenths % 100 < 10 ? "0" : "")\(tenths % 100)"
    }
}
