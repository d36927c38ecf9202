// Part of Tillbridge. See LICENSE.

/// Base64 (RFC 4648, section 4), with padding and without line breaks.
package enum Base64 {
    private static let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

    /// By character, what it stands for; ``invalid`` for every other byte. A processor cannot guess of which kind the
    /// next character is, so that asking for each kind in turn takes several times as long.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: invalid, count: 256)
        alphabet.withUTF8Buffer { alphabet in
            for place in alphabet.indices { values[Int(alphabet[place])] = UInt8(place) }
        }
        return values
    }()

    private static let invalid: UInt8 = 128

    package static func encode(_ bytes: [UInt8]) -> [UInt8] {
        let length = (bytes.count + 2) / 3 * 4
        return [UInt8](unsafeUninitializedCapacity: length) { text, count in
            text.initialize(repeating: 61)
            count = length
            alphabet.withUTF8Buffer { alphabet in
                var (position, end) = (0, 0)
                while position + 3 <= bytes.count {
                    let (first, second, third) = (bytes[position], bytes[position + 1], bytes[position + 2])
                    text[end] = alphabet[Int(first >> 2)]
                    text[end + 1] = alphabet[Int((first & 3) << 4 | second >> 4)]
                    text[end + 2] = alphabet[Int((second & 15) << 2 | third >> 6)]
                    text[end + 3] = alphabet[Int(third & 63)]
                    position += 3
                    end += 4
                }
                guard position < bytes.count else { return }
                let second = position + 1 < bytes.count ? bytes[position + 1] : nil
                text[end] = alphabet[Int(bytes[position] >> 2)]
                text[end + 1] = alphabet[Int((bytes[position] & 3) << 4 | (second ?? 0) >> 4)]
                if let second { text[end + 2] = alphabet[Int((second & 15) << 2)] }
            }
        }
    }

    /// Nil for anything but the one spelling that ``encode(_:)`` writes: full padding, no other characters, and no
    /// stray bits in front of the padding.
    @specialized(where Text == [UInt8])
    package static func decode<Text: Collection<UInt8>>(_ text: Text) -> [UInt8]? {
        var text = [UInt8](text)
        guard text.count % 4 == 0 else { return nil }
        // The padding, in the last two places, is read as zeros, which must come out as whole bytes of zero.
        var padding = 0
        while padding < 2, padding < text.count, text[text.count - 1 - padding] == 61 {
            padding += 1
            text[text.count - padding] = 65
        }
        let values = values
        let length = text.count / 4 * 3
        var seen: UInt8 = 0
        var bytes = [UInt8](unsafeUninitializedCapacity: length) { bytes, count in
            var position = 0
            while count < length {
                let first = values[Int(text[position])]
                let second = values[Int(text[position + 1])]
                let third = values[Int(text[position + 2])]
                let fourth = values[Int(text[position + 3])]
                seen |= first | second | third | fourth
                bytes[count] = first << 2 | second >> 4
                bytes[count + 1] = second << 4 | third >> 2
                bytes[count + 2] = third << 6 | fourth
                position += 4
                count += 3
            }
        }
        guard seen & invalid == 0 else { return nil }
        for _ in 0..<padding where bytes.removeLast() != 0 { return nil }
        return bytes
    }
}
