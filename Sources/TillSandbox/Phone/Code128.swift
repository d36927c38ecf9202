// Part of Tillbridge. See LICENSE.

/// A Code 128 bar code of digits: pairs in code set C, an odd last digit in code set B.
package struct Code128: Equatable, Sendable {
    /// True for a bar, from left to right, without the quiet zones (ten modules on each side).
    package let modules: [Bool]

    private static let startC = 105
    private static let codeB = 100
    private static let stop = 106

    /// Nil for a text that is empty or holds anything but digits.
    package init?(digits text: String) {
        let digits = text.utf8.map { Int($0) - 48 }
        guard digits.count >= 2, digits.allSatisfy({ (0...9).contains($0) }) else { return nil }
        var symbols = [Code128.startC]
        for index in stride(from: 0, to: digits.count - 1, by: 2) {
            symbols.append(digits[index] * 10 + digits[index + 1])
        }
        if digits.count % 2 == 1 { symbols += [Code128.codeB, digits[digits.count - 1] + 16] }
        let sum = symbols.enumerated().reduce(0) { $0 + $1.element * max(1, $1.offset) }
        symbols += [sum % 103, Code128.stop]
        modules = symbols.flatMap(Code128.bars)
    }

    private static func bars(of symbol: Int) -> [Bool] {
        widths[symbol].utf8.enumerated().flatMap { index, width in
            [Bool](repeating: index % 2 == 0, count: Int(width) - 48)
        }
    }

    /// Widths of bars and spaces in turn, ISO/IEC 15417.
    private static let widths: [String] =
        """
        212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 \
        113222 123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 \
        212123 212321 232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 \
        113123 113321 133121 313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 \
        314111 221411 431111 111224 111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 \
        241211 221114 413111 241112 134111 111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 \
        214121 412121 111143 111341 131141 114113 114311 411113 411311 113141 114131 311141 411131 211412 211214 \
        211232 2331112
        """.split(separator: " ").map(String.init)
}
