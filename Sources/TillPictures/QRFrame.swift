// Part of Tillbridge. See LICENSE.

/// What version and level make of a QR code: its size, its blocks, where its modules stand.
package struct QRFrame: Equatable, Sendable {
    package let version: Int
    /// As the format information names it: 0 is M, 1 is L.
    package let level: Int
    package let dataCodewords: Int
    /// Equal parts of the data, each with its own correction.
    package let blocks: Int
    /// Of each block.
    package let correctionCodewords: Int

    static let digits = QRFrame(version: 1, level: 0, dataCodewords: 16, blocks: 1, correctionCodewords: 10)

    /// Versions 1 to 6, level L: none of them carries version information.
    static let texts = [
        QRFrame(version: 1, level: 1, dataCodewords: 19, blocks: 1, correctionCodewords: 7),
        QRFrame(version: 2, level: 1, dataCodewords: 34, blocks: 1, correctionCodewords: 10),
        QRFrame(version: 3, level: 1, dataCodewords: 55, blocks: 1, correctionCodewords: 15),
        QRFrame(version: 4, level: 1, dataCodewords: 80, blocks: 1, correctionCodewords: 20),
        QRFrame(version: 5, level: 1, dataCodewords: 108, blocks: 1, correctionCodewords: 26),
        QRFrame(version: 6, level: 1, dataCodewords: 136, blocks: 2, correctionCodewords: 18),
    ]

    package var size: Int { 17 + 4 * version }

    // MARK: Codewords

    /// Data and correction, the blocks interleaved.
    func codewords(_ data: [UInt8]) -> [UInt8] {
        let length = data.count / blocks
        let parts = (0..<blocks).map { Array(data[($0 * length)..<(($0 + 1) * length)]) }
        let corrections = parts.map { correction(of: $0) }
        return (0..<length).flatMap { index in parts.map { $0[index] } }
            + (0..<correctionCodewords).flatMap { index in corrections.map { $0[index] } }
    }

    /// The remainder of the division by the Reed-Solomon generator.
    private func correction(of data: [UInt8]) -> [UInt8] {
        var generator: [UInt8] = [1]
        var root: UInt8 = 1
        for _ in 0..<correctionCodewords {
            // generator · (x + root), highest power first.
            let shifted = generator + [0]
            let scaled = [0] + generator.map { QRCode.multiply($0, root) }
            generator = zip(shifted, scaled).map { $0 ^ $1 }
            root = QRCode.multiply(root, 2)
        }
        var remainder = [UInt8](repeating: 0, count: correctionCodewords)
        for byte in data {
            let factor = byte ^ remainder[0]
            remainder = Array(remainder.dropFirst()) + [0]
            for index in remainder.indices { remainder[index] ^= QRCode.multiply(generator[index + 1], factor) }
        }
        return remainder
    }

    // MARK: Placement

    /// The middle of the alignment pattern, in rows and columns; version 1 has none.
    private var alignment: Int? { version == 1 ? nil : size - 7 }

    /// Whether a module belongs to a finder, its separator, an alignment or timing pattern or the format information.
    package func isFunction(row: Int, column: Int) -> Bool {
        if row == 6 || column == 6 { return true }
        if let alignment, abs(row - alignment) <= 2, abs(column - alignment) <= 2 { return true }
        return row < 9 && column < 9 || row < 9 && column >= size - 8 || row >= size - 8 && column < 9
    }

    func placed(_ codewords: [UInt8]) -> [[Bool]] {
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
        if let alignment {
            for row in -2...2 {
                for column in -2...2 {
                    grid[alignment + row][alignment + column] = max(abs(row), abs(column)) != 1
                }
            }
        }
        var bits: [Bool] = []
        for byte in codewords { bits += (0..<8).map { byte >> (7 - $0) & 1 == 1 } }
        for (bit, place) in zip(bits, path) { grid[place.row][place.column] = bit }
        return grid
    }

    /// The order in which data modules are filled: up and down in pairs of columns, from the right.
    package var path: [(row: Int, column: Int)] {
        var path: [(row: Int, column: Int)] = []
        var upwards = true
        for right in Array(stride(from: size - 1, to: 6, by: -2)) + [5, 3, 1] {
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

    func masked(_ plain: [[Bool]], with number: Int) -> [[Bool]] {
        var grid = plain
        for place in path where QRFrame.mask(number, row: place.row, column: place.column) {
            grid[place.row][place.column].toggle()
        }
        // The remainder of a BCH code follows, and a fixed pattern hides all zeros.
        let content = level << 3 | number
        var remainder = content << 10
        for shift in stride(from: 4, through: 0, by: -1) where remainder >> (shift + 10) & 1 == 1 {
            remainder ^= 0x537 << shift
        }
        let format = (content << 10 | remainder) ^ 0x5412
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
}
