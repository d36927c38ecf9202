// Part of Tillbridge. See LICENSE.

/// Comma-separated values, RFC 4180.
enum CSV {
    static func line(_ cells: [String]) -> String { cells.map { cell($0) }.joined(separator: ",") + "\r\n" }

    /// A text that a spreadsheet would reckon as a formula gets an apostrophe before it.
    private static func cell(_ text: String) -> String {
        let isFormula = text.unicodeScalars.first.map { "=+-@\t\r".unicodeScalars.contains($0) } ?? false
        let text = isFormula ? "'" + text : text
        guard text.unicodeScalars.contains(where: { ",\"\r\n".unicodeScalars.contains($0) }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
