// Part of Tillbridge. See LICENSE.
import Testing
import TillPictures
import TillSandbox

@Suite struct PictureTests {
    static let codes = [
        "134567890123456789", "286344382566439412", "2512345678901234", "301234567890123456789012",
        "6220835931895481436", "0112345678901234567", "00",
    ]

    @Test("a QR code, read back by its own rules, gives the digits", arguments: codes)
    func qr(digits: String) throws {
        let code = try #require(QRCode(digits: digits))
        let modules = code.modules
        // Format: the two copies agree, and name level M.
        let first = [modules[8][0], modules[8][1], modules[8][2], modules[8][3], modules[8][4], modules[8][5]]
        let second = (0..<6).map { modules[20 - $0][8] }
        #expect(first == second)
        let format = first.reduce(0) { $0 << 1 | ($1 ? 1 : 0) } ^ 0b101010
        #expect(format >> 4 == 0)
        let mask = format >> 1 & 7
        let bits = code.frame.path.map { place in
            modules[place.row][place.column] != QRFrame.mask(mask, row: place.row, column: place.column)
        }
        #expect(bits.count == 208)
        let codewords = stride(from: 0, to: 208, by: 8).map { start in
            bits[start..<(start + 8)].reduce(UInt8(0)) { $0 << 1 | ($1 ? 1 : 0) }
        }
        // Every root of the generator is a root of the whole word.
        var root: UInt8 = 1
        for _ in 0..<10 {
            #expect(codewords.reduce(UInt8(0)) { QRCode.multiply($0, root) ^ $1 } == 0)
            root = QRCode.multiply(root, 2)
        }
        var reader = bits[...]
        func read(_ count: Int) -> Int {
            defer { reader = reader.dropFirst(count) }
            return reader.prefix(count).reduce(0) { $0 << 1 | ($1 ? 1 : 0) }
        }
        #expect(read(4) == 1)
        var left = read(10)
        #expect(left == digits.count)
        var text = ""
        while left > 0 {
            let size = min(3, left)
            let group = String(read(size * 3 + 1))
            text += String(repeating: "0", count: size - group.count) + group
            left -= size
        }
        #expect(text == digits)
    }

    @Test(
        "a QR code of a text, read back by its own rules, gives the text",
        arguments: [1, 17, 18, 32, 33, 53, 54, 78, 79, 106, 107, 134]
    )
    func qrText(length: Int) throws {
        let text = String((0..<length).map { Character(UnicodeScalar(UInt8(33 + $0 * 7 % 90))) })
        let code = try #require(QRCode(text: text))
        let (modules, frame) = (code.modules, code.frame)
        let format = (0..<6).reduce(0) { $0 << 1 | (modules[8][$1] ? 1 : 0) } ^ 0b101010
        #expect(format >> 4 == 1 && modules.count == frame.size)
        let mask = format >> 1 & 7
        let bits = frame.path.map { place in
            modules[place.row][place.column] != QRFrame.mask(mask, row: place.row, column: place.column)
        }
        let count = frame.dataCodewords + frame.blocks * frame.correctionCodewords
        // A few bits of the path are left over, fewer than a codeword.
        #expect(bits.count / 8 == count)
        let codewords = (0..<count).map { index in
            bits[(index * 8)..<(index * 8 + 8)].reduce(UInt8(0)) { $0 << 1 | ($1 ? 1 : 0) }
        }
        var data: [UInt8] = []
        for block in 0..<frame.blocks {
            let word = stride(from: block, to: count, by: frame.blocks).map { codewords[$0] }
            var root: UInt8 = 1
            for _ in 0..<frame.correctionCodewords {
                #expect(word.reduce(UInt8(0)) { QRCode.multiply($0, root) ^ $1 } == 0)
                root = QRCode.multiply(root, 2)
            }
            data += word.prefix(frame.dataCodewords / frame.blocks)
        }
        // Mode and length take 12 bits, so that each character lies across two codewords.
        let characters = (0..<length).map { data[$0 + 1] << 4 | data[$0 + 2] >> 4 }
        #expect(data[0] >> 4 == 0b0100 && Int(data[0] << 4 | data[1] >> 4) == length)
        #expect(String(decoding: characters, as: UTF8.self) == text)
        #expect(
            QRCode(text: text)?.frame.version == [17, 32, 53, 78, 106, 134].firstIndex { length <= $0 }.map { $0 + 1 }
        )
    }

    @Test("a text that fits into no picture gives none") func qrTextRefused() {
        #expect(QRCode(text: "") == nil && QRCode(text: String(repeating: "x", count: 135)) == nil)
    }

    @Test("a bar code of the standard's example has its symbols, check and stop")
    func code128() throws {
        // Start C, 12, 34, check (105 + 12 + 2 · 34) mod 103 = 82, stop.
        let widths = ["211232", "112232", "131123", "121241", "2331112"]
        let expected = widths.joined().enumerated().flatMap { index, width in
            [Bool](repeating: index % 2 == 0, count: width.wholeNumberValue ?? 0)
        }
        // The stop symbol has seven elements, so that the colours go on alternating over symbols of six.
        #expect(try #require(Code128(digits: "1234")).modules == expected)
    }

    @Test("every bar code has the standard's length", arguments: codes)
    func length(digits: String) throws {
        let modules = try #require(Code128(digits: digits)).modules
        let symbols = digits.count % 2 == 0 ? digits.count / 2 : digits.count / 2 + 2
        #expect(modules.count == 11 * (symbols + 2) + 13)
        #expect(modules.first == true && modules.last == true)
    }

    @Test("only digits become pictures", arguments: ["", "12a4", "１２３４", "-1", "fp00"])
    func refused(text: String) {
        #expect(QRCode(digits: text) == nil)
        #expect(Code128(digits: text) == nil)
    }
}
