// Part of Tillbridge. See LICENSE.

/// A QR code of up to 34 digits: version 1 (21 × 21), numeric mode, error correction level M (ISO/IEC 18004).
package struct QRCode: Equatable, Sendable {
    package static let size = 21
    /// True for dark, rows from the top, without the quiet zone (four modules on each side).
    package let modules: [[Bool]]

    private static let dataCodewords = 16
    private static let correctionCodewords = 10

    /// Nil for a text that is empty, longer than 34, or holds anything but digits.
    package init?(digits text: String) {
        guard let data = QRCode.codewords(text) else { return nil }
        let codewords = data + QRCode.correction(of: data)
        let plain = QRCode.placed(codewords)
        let masked = (0..<8).map { QRCode.masked(plain, with: $0) }
        modules = masked.min { QRCode.penalty($0) < QRCode.penalty($1) } ?? plain
    }

    // MARK: Codewords

    private static func codewords(_ text: String) -> [UInt8]? {
        let digits = text.utf8.map { Int($0) - 48 }
        guard (1...34).contains(digits.count), digits.allSatisfy({ (0...9).contains($0) }) else { return nil }
        var bits: [Bool] = []
        func append(_ value: Int, _ count: Int) {
            for shift in stride(from: count - 1, through: 0, by: -1) { bits.append(value >> shift & 1 == 1) }
        }
        append(0b0001, 4)
        append(digits.count, 10)
        for start in stride(from: 0, to: digits.count, by: 3) {
            let group = digits[start..<min(start + 3, digits.count)]
            append(group.reduce(0) { $0 * 10 + $1 }, group.count * 3 + 1)
        }
        let capacity = dataCodewords * 8
        append(0, min(4, capacity - bits.count))
        while bits.count % 8 != 0 { bits.append(false) }
        var codewords = stride(from: 0, to: bits.count, by: 8).map { start in
            bits[start..<(start + 8)].reduce(UInt8(0)) { $0 << 1 | ($1 ? 1 : 0) }
        }
        var padding: UInt8 = 0xEC
        while codewords.count < dataCodewords {
            codewords.append(padding)
            padding ^= 0xEC ^ 0x11
        }
        return codewords
    }

    /// The remainder of the division by the Reed-Solomon generator.
    private static func correction(of data: [UInt8]) -> [UInt8] {
        var generator: [UInt8] = [1]
        var root: UInt8 = 1
        for _ in 0..<correctionCodewords {
            // generator · (x + root), highest power first.
            let shifted = generator + [0]
            let scaled = [0] + generator.map { multiply($0, root) }
            generator = zip(shifted, scaled).map { $0 ^ $1 }
            root = multiply(root, 2)
        }
        var remainder = [UInt8](repeating: 0, count: correctionCodewords)
        for byte in data {
            let factor = byte ^ remainder[0]
            remainder = Array(remainder.dropFirst()) + [0]
            for index in remainder.indices { remainder[index] ^= multiply(generator[index + 1], factor) }
        }
        return remainder
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

    // MARK: Placement

    /// Whether a module belongs to a finder, its separator, the timing patterns or the format information.
    package static func isFunction(row: Int, column: Int) -> Bool {
        if row == 6 || column == 6 { return true }
        return row < 9 && column < 9 || row < 9 && column >= size - 8 || row >= size - 8 && column < 9
    }

    private static func placed(_ codewords: [UInt8]) -> [[Bool]] {
        var grid = [[Bool]](repeating: [Bool](repeating: false, count: size), count: size)
        for (top, left) in [(0, 0), (0, size - 7), (size - 7, 0)] {
            for row in 0..<7 {
                for column in 0..<7 {
                    let ring = max(abs(row - 3), abs(column - 3))
                    grid[top + row][left + column] = ring != 2
                }
            }
        }
        for index in 8..<(size - 8) {
            grid[6][index] = index % 2 == 0
            grid[index][6] = index % 2 == 0
        }
        var bits: [Bool] = []
        for byte in codewords { bits += (0..<8).map { byte >> (7 - $0) & 1 == 1 } }
        for (bit, place) in zip(bits, path) { grid[place.row][place.column] = bit }
        return grid
    }

    /// The order in which data modules are filled: up and down in pairs of columns, from the right.
    package static var path: [(row: Int, column: Int)] {
        var path: [(row: Int, column: Int)] = []
        var upwards = true
        for right in [20, 18, 16, 14, 12, 10, 8, 5, 3, 1] {
            for step in 0..<size {
                let row = upwards ? size - 1 - step : step
                for column in [right, right - 1] where !isFunction(row: row, column: column) {
                    path.append((row, column))
                }
            }
            upwards.toggle()
        }
        return path
    }

    // MARK: Masks

    package static func mask(_ number: Int, row: Int, column: Int) -> Bool {
        switch number {
        case 0: (row + column) % 2 == 0
        case 1: row % 2 == 0
        case 2: column % 3 == 0
        case 3: (row + column) % 3 == 0
        case 4: (row / 2 + column / 3) % 2 == 0
        case 5: row * column % 2 + row * column % 3 == 0
        case 6: (row * column % 2 + row * column % 3) % 2 == 0
        default: ((row + column) % 2 + row * column % 3) % 2 == 0
        }
    }

    private static func masked(_ plain: [[Bool]], with number: Int) -> [[Bool]] {
        var grid = plain
        for place in path where mask(number, row: place.row, column: place.column) {
            grid[place.row][place.column].toggle()
        }
        // Level M is 00; the remainder of a BCH code follows, and a fixed pattern hides all zeros.
        var remainder = number << 10
        for shift in stride(from: 4, through: 0, by: -1) where remainder >> (shift + 10) & 1 == 1 {
            remainder ^= 0x537 << shift
        }
        let format = (number << 10 | remainder) ^ 0x5412
        func bit(_ index: Int) -> Bool { format >> index & 1 == 1 }
        for index in 0..<6 { grid[index][8] = bit(index) }
        grid[7][8] = bit(6)
        grid[8][8] = bit(7)
        grid[8][7] = bit(8)
        for index in 9..<15 { grid[8][14 - index] = bit(index) }
        for index in 0..<8 { grid[8][size - 1 - index] = bit(index) }
        for index in 8..<15 { grid[size - 15 + index][8] = bit(index) }
        grid[size - 8][8] = true
        return grid
    }

    /// The standard's measure of how hard a pattern is to read.
    private static func penalty(_ grid: [[Bool]]) -> Int {
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
