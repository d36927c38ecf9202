// Part of Tillbridge. See LICENSE.

/// The few character classes of HTTP/1.1 (RFC 9110, section 5.6; RFC 9112, section 2).
enum ASCII {
    static let lineFeed: UInt8 = 10
    static let carriageReturn: UInt8 = 13
    static let space: UInt8 = 32
    static let colon: UInt8 = 58
    static let comma: UInt8 = 44

    static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 }

    static func isDigit(_ byte: UInt8) -> Bool { byte &- 48 <= 9 }

    /// What a header value may hold. Bytes above ASCII are allowed by the standard and needed by nobody here.
    static func isFieldContent(_ byte: UInt8) -> Bool { (byte >= 32 && byte < 127) || byte == 9 }

    /// What a header name is made of.
    static func isToken(_ byte: UInt8) -> Bool {
        if byte >= 128 { return false }
        let word = byte < 64 ? tokenLow : tokenHigh
        return word >> UInt64(byte & 63) & 1 == 1
    }

    static func matches(_ bytes: Span<UInt8>, _ range: Range<Int>, _ text: StaticString) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        let start = text.utf8Start
        for index in 0..<range.count where bytes[range.lowerBound + index] != start[index] { return false }
        return true
    }

    /// - Parameter text: in lower case.
    static func matchesIgnoringCase(_ bytes: Span<UInt8>, _ range: Range<Int>, _ text: StaticString) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        let start = text.utf8Start
        for index in 0..<range.count {
            let byte = bytes[range.lowerBound + index]
            let lower = byte >= 65 && byte <= 90 ? byte | 32 : byte
            if lower != start[index] { return false }
        }
        return true
    }

    /// The shortest spelling of a whole number of at most seven digits.
    static func number(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        guard (1...7).contains(range.count) else { return nil }
        if bytes[range.lowerBound] == 48, range.count > 1 { return nil }
        var value = 0
        for index in range {
            guard isDigit(bytes[index]) else { return nil }
            value = value * 10 + Int(bytes[index] - 48)
        }
        return value
    }

    /// Whether a comma-separated list holds `word` (in lower case).
    static func listContains(_ bytes: Span<UInt8>, _ range: Range<Int>, _ word: StaticString) -> Bool {
        var start = range.lowerBound
        while start < range.upperBound {
            while start < range.upperBound, isBlank(bytes[start]) || bytes[start] == comma { start += 1 }
            var end = start
            while end < range.upperBound, !isBlank(bytes[end]), bytes[end] != comma { end += 1 }
            if matchesIgnoringCase(bytes, start..<end, word) { return true }
            start = end
        }
        return false
    }

    // Bit sets as plain numbers, because they are read for every byte of every header name: digits and some marks in
    // the lower half of ASCII, letters and some marks in the upper (RFC 9110, section 5.6.2).
    private static let tokenLow: UInt64 = 0x03ff6cfa00000000
    private static let tokenHigh: UInt64 = 0x57ffffffc7fffffe
}
