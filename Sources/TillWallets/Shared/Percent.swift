// Part of Tillbridge. See LICENSE.

/// Percent-encoding of a value for a query or a form body: everything but RFC 3986's unreserved characters.
enum Percent {
    /// `name=value&name=value` in the order given.
    static func form(_ fields: SignedText.Fields) -> [UInt8] {
        // Where every byte is written as three.
        let limit = fields.reduce(0) { $0 + 3 * ($1.name.count + $1.value.count) + 2 }
        return [UInt8](unsafeUninitializedCapacity: limit) { text, count in
            for field in fields {
                if count > 0 {
                    text[count] = 38
                    count += 1
                }
                append(field.name, to: text, &count)
                text[count] = 61
                count += 1
                append(field.value, to: text, &count)
            }
        }
    }

    /// Without a branch: which bytes are plain no processor can guess, and a wrong guess costs more than two bytes that
    /// are written for nothing.
    private static func append(_ bytes: [UInt8], to text: UnsafeMutableBufferPointer<UInt8>, _ count: inout Int) {
        for byte in bytes {
            let mask = byte < 64 ? plainBelow64 : byte < 128 ? plainFrom64 : 0
            let isPlain = mask >> UInt64(byte & 63) & 1 == 1
            text[count] = isPlain ? byte : 37
            text[count + 1] = digit(byte >> 4)
            text[count + 2] = digit(byte & 15)
            count += isPlain ? 1 : 3
        }
    }

    /// One bit for each of `-.` and the digits.
    private static let plainBelow64: UInt64 = 0x03ff_6000_0000_0000
    /// One bit for each of `_~` and the letters.
    private static let plainFrom64: UInt64 = 0x47ff_fffe_87ff_fffe

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 55 + value }
}
