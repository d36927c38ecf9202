// Part of Tillbridge. See LICENSE.

/// Base64 (RFC 4648, section 4), with padding and without line breaks.
package enum Base64 {
    private static let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

    package static func encode(_ bytes: [UInt8]) -> [UInt8] {
        // Of the right length at once: growing it by a character at a time takes longer than the rest.
        var text = [UInt8](repeating: 61, count: (bytes.count + 2) / 3 * 4)
        alphabet.withUTF8Buffer { alphabet in
            var (position, end) = (0, 0)
            while position < bytes.count {
                let left = bytes.count - position
                var group = UInt32(bytes[position]) << 16
                if left > 1 { group |= UInt32(bytes[position + 1]) << 8 }
                if left > 2 { group |= UInt32(bytes[position + 2]) }
                text[end] = alphabet[Int(group >> 18)]
                text[end + 1] = alphabet[Int(group >> 12 & 63)]
                if left > 1 { text[end + 2] = alphabet[Int(group >> 6 & 63)] }
                if left > 2 { text[end + 3] = alphabet[Int(group & 63)] }
                position += 3
                end += 4
            }
        }
        return text
    }

    /// Nil for anything but the one spelling that ``encode(_:)`` writes: full padding, no other characters, and no
    /// stray bits in front of the padding.
    @specialized(where Text == [UInt8])
    package static func decode<Text: Collection<UInt8>>(_ text: Text) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        var group: UInt32 = 0
        var count = 0
        var padding = 0
        for character in text {
            if character == 61 {
                // The padding ends the text: one or two characters, in the last group's last two places.
                guard count % 4 >= 2, text.count - count <= 2 else { return nil }
                padding += 1
                group <<= 6
            } else {
                guard padding == 0, let value = value(character) else { return nil }
                group = group << 6 | value
            }
            count += 1
            guard count % 4 == 0 else { continue }
            bytes.append(UInt8(truncatingIfNeeded: group >> 16))
            if padding < 2 { bytes.append(UInt8(truncatingIfNeeded: group >> 8)) }
            if padding < 1 { bytes.append(UInt8(truncatingIfNeeded: group)) }
            let strayBits = padding == 2 ? group & 0xffff : padding == 1 ? group & 0xff : 0
            guard strayBits == 0 else { return nil }
            group = 0
        }
        return bytes
    }

    private static func value(_ character: UInt8) -> UInt32? {
        switch character {
        case 65...90: UInt32(character - 65)
        case 97...122: UInt32(character - 71)
        case 48...57: UInt32(character) + 4
        case 43: 62
        case 47: 63
        default: nil
        }
    }
}
