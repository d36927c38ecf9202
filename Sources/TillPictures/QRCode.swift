// Part of Tillbridge. See LICENSE.

/// A QR code (ISO/IEC 18004): a payment code's digits, or a short text.
package struct QRCode: Equatable, Sendable {
    /// True for dark, rows from the top, without the quiet zone (four modules on each side).
    package let modules: [[Bool]]
    package let frame: QRFrame

    /// Up to 34 digits: version 1 (21 × 21), numeric mode, error correction level M. Nil for a text that is empty,
    /// longer, or holds anything but digits.
    package init?(digits text: String) {
        guard let bits = QRCode.bits(digits: text) else { return nil }
        self.init(bits, in: .digits)
    }

    /// Up to 134 bytes of UTF-8: the smallest of the versions 1 to 6 that holds them, byte mode, level L. Nil for a
    /// text that is empty or longer.
    package init?(text: String) {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty, let frame = QRFrame.texts.first(where: { $0.dataCodewords >= bytes.count + 2 }) else {
            return nil
        }
        var bits = Bits()
        bits.append(0b0100, 4)
        bits.append(bytes.count, 8)
        for byte in bytes { bits.append(Int(byte), 8) }
        self.init(bits, in: frame)
    }

    private init(_ bits: Bits, in frame: QRFrame) {
        let plain = frame.placed(frame.codewords(bits.padded(to: frame.dataCodewords)))
        let masked = (0..<8).map { frame.masked(plain, with: $0) }
        modules = masked.min { QRCode.penalty($0) < QRCode.penalty($1) } ?? plain
        self.frame = frame
    }

    // MARK: Data

    private struct Bits {
        private var bits: [Bool] = []

        mutating func append(_ value: Int, _ count: Int) {
            for shift in stride(from: count - 1, through: 0, by: -1) { bits.append(value >> shift & 1 == 1) }
        }

        /// As codewords, with the terminator and the standard's padding.
        func padded(to count: Int) -> [UInt8] {
            var bits = bits
            bits += [Bool](repeating: false, count: min(4, count * 8 - bits.count))
            while bits.count % 8 != 0 { bits.append(false) }
            var codewords = stride(from: 0, to: bits.count, by: 8).map { start in
                bits[start..<(start + 8)].reduce(UInt8(0)) { $0 << 1 | ($1 ? 1 : 0) }
            }
            var padding: UInt8 = 0xEC
            while codewords.count < count {
                codewords.append(padding)
                padding ^= 0xEC ^ 0x11
            }
            return codewords
        }
    }

    private static func bits(digits text: String) -> Bits? {
        let digits = text.utf8.map { Int($0) - 48 }
        guard (1...34).contains(digits.count), digits.allSatisfy({ (0...9).contains($0) }) else { return nil }
        var bits = Bits()
        bits.append(0b0001, 4)
        bits.append(digits.count, 10)
        for start in stride(from: 0, to: digits.count, by: 3) {
            let group = digits[start..<min(start + 3, digits.count)]
            bits.append(group.reduce(0) { $0 * 10 + $1 }, group.count * 3 + 1)
        }
        return bits
    }

    /// Multiplication in GF(256) modulo x⁸ + x⁴ + x³ + x² + 1.
    package static func multiply(_ left: UInt8, _ right: UInt8) -> UInt8 {
        var product: UInt8 = 0
        for shift in stride(from: 7, through: 0, by: -1) {
            product = product << 1 ^ (product & 0x80 == 0 ? 0 : 0x1D)
            if right >> shift & 1 == 1 { product ^= left }
        }
        return product
    }

    /// The standard's measure of how hard a pattern is to read.
    private static func penalty(_ grid: [[Bool]]) -> Int {
        let size = grid.count
        let columns = (0..<size).map { column in grid.map { $0[column] } }
        var penalty = 0
        for line in grid + columns {
            var run = 0
            for (index, module) in line.enumerated() {
                run = index > 0 && line[index - 1] == module ? run + 1 : 1
                if run == 5 { penalty += 3 } else if run > 5 { penalty += 1 }
            }
            let finder = [true, false, true, true, true, false, true]
            let light = [Bool](repeating: false, count: 4)
            for start in 0...(size - 11) {
                let window = Array(line[start..<(start + 11)])
                if window == finder + light || window == light + finder { penalty += 40 }
            }
        }
        for row in 1..<size {
            for column in 1..<size {
                let module = grid[row][column]
                if module == grid[row - 1][column], module == grid[row][column - 1],
                    module == grid[row - 1][column - 1]
                {
                    penalty += 3
                }
            }
        }
        let dark = grid.joined().count { $0 }
        return penalty + abs(dark * 20 - size * size * 10) / (size * size) * 10
    }
}
