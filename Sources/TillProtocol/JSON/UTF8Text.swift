// Part of Tillbridge. See LICENSE.

/// Checks of UTF-8 text as bytes.
package enum UTF8Text {
    /// Where the first ill-formed sequence begins; nil for well-formed UTF-8 (RFC 3629: no overlong forms, no
    /// surrogates, nothing above U+10FFFF).
    package static func firstError(_ bytes: some RandomAccessCollection<UInt8>) -> Int? {
        let done: Int?? = bytes.withContiguousStorageIfAvailable { firstError(in: $0) }
        if let done { return done }
        return [UInt8](bytes).withUnsafeBufferPointer { firstError(in: $0) }
    }

    package static func isValid(_ bytes: some RandomAccessCollection<UInt8>) -> Bool { firstError(bytes) == nil }

    /// Well-formed, and without control characters: safe to show in one line.
    package static func isPlain(_ bytes: [UInt8]) -> Bool {
        isValid(bytes) && bytes.allSatisfy { $0 >= 32 && $0 != 127 }
    }

    /// The bytes themselves if well-formed, else with U+FFFD in place of each byte that belongs to no sequence.
    package static func repaired(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var rest = bytes[...]
        while let offset = firstError(rest) {
            result += rest.prefix(offset)
            result += [0xef, 0xbf, 0xbd]
            rest = rest.dropFirst(offset + 1)
        }
        return result.isEmpty ? bytes : result + rest
    }

    private static func firstError(in bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        var position = 0
        while position < bytes.count {
            let length = sequenceLength(bytes, position)
            if length == 0 { return position }
            position += length
        }
        return nil
    }

    /// The length of the well-formed sequence at a position, or 0.
    private static func sequenceLength(_ bytes: UnsafeBufferPointer<UInt8>, _ position: Int) -> Int {
        let lead = bytes[position]
        if lead < 0x80 { return 1 }
        let length: Int
        // The second byte's range excludes overlong forms, surrogates and values above U+10FFFF.
        var second: ClosedRange<UInt8> = 0x80...0xbf
        switch lead {
        case 0xc2...0xdf: length = 2
        case 0xe0:
            length = 3
            second = 0xa0...0xbf
        case 0xed:
            length = 3
            second = 0x80...0x9f
        case 0xe1...0xef: length = 3
        case 0xf0:
            length = 4
            second = 0x90...0xbf
        case 0xf4:
            length = 4
            second = 0x80...0x8f
        case 0xf1...0xf3: length = 4
        default: return 0
        }
        guard bytes.count - position >= length, second.contains(bytes[position + 1]) else { return 0 }
        for offset in 2..<max(length, 2) where !(0x80...0xbf).contains(bytes[position + offset]) { return 0 }
        return length
    }
}
