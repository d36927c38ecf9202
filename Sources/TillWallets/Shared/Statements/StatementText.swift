// Part of Tillbridge. See LICENSE.
import Glibc

/// The text of a statement.
enum StatementText {
    /// UTF-8 without a byte order mark. What is not UTF-8 is read as GBK (GB 18030 contains it), and what is neither
    /// becomes a replacement character: names of goods decide nothing.
    static func utf8(_ bytes: [UInt8]) throws(StatementError) -> [UInt8] {
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { return try utf8([UInt8](bytes.dropFirst(3))) }
        if String(validating: bytes, as: UTF8.self) != nil { return bytes }
        guard let converter = iconv_open("UTF-8", "GB18030"), converter != iconv_t(bitPattern: -1) else {
            // The C library of this machine came without its tables.
            throw .malformed("this machine cannot read GBK")
        }
        defer { iconv_close(converter) }
        var source = bytes
        var result: [UInt8] = []
        var piece = [CChar](repeating: 0, count: 1 << 16)
        source.withUnsafeMutableBytes { source in
            var input = source.baseAddress?.assumingMemoryBound(to: CChar.self)
            var left = source.count
            while left > 0 {
                let written = piece.withUnsafeMutableBufferPointer { target -> Int in
                    var output = target.baseAddress
                    var room = target.count
                    let done = iconv(converter, &input, &left, &output, &room)
                    // Neither "no room", which the next round has, nor a good end: one byte stands for nothing.
                    if done == -1, errno != E2BIG, left > 0 {
                        left -= 1
                        input = input?.advanced(by: 1)
                        let used = target.count - room
                        if room >= 3 {
                            for (place, byte) in ([0xef, 0xbf, 0xbd] as [UInt8]).enumerated() {
                                target[used + place] = CChar(bitPattern: byte)
                            }
                            room -= 3
                        }
                    }
                    return target.count - room
                }
                result += piece[..<written].lazy.map { UInt8(bitPattern: $0) }
            }
        }
        return result
    }

    /// The lines, without their ends; the last one also where nothing ends it.
    static func lines(_ text: [UInt8]) -> [ArraySlice<UInt8>] {
        text.split(separator: 10).map { $0.last == 13 ? $0.dropLast() : $0 }.filter { !$0.isEmpty }
    }

    /// Without spaces, TABs and the quotation marks around it.
    static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var text = text
        while let first = text.first, first == 32 || first == 9 { text.removeFirst() }
        while let last = text.last, last == 32 || last == 9 { text.removeLast() }
        return text
    }
}
