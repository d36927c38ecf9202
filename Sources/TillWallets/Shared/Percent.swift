// Part of Tillbridge. See LICENSE.

/// Percent-encoding of a value for a query or a form body: everything but RFC 3986's unreserved characters.
enum Percent {
    /// `name=value&name=value` in the order given.
    static func form(_ fields: MessageFields) -> [UInt8] {
        // Where every byte is written as three; the last of them is written as four.
        let limit = 3 * fields.bytes.count + 2 * fields.places.count + 1
        return [UInt8](unsafeUninitializedCapacity: limit) { text, count in
            for place in fields.places {
                if count > 0 {
                    text[count] = 38
                    count += 1
                }
                append(fields.name(place), to: text, &count)
                text[count] = 61
                count += 1
                append(fields.value(place), to: text, &count)
            }
        }
    }

    /// Without a branch: which bytes are plain no processor can guess, and a wrong guess costs more than two bytes that
    /// are written for nothing.
    private static func append(
        _ bytes: ArraySlice<UInt8>,
        to text: UnsafeMutableBufferPointer<UInt8>,
        _ count: inout Int
    ) {
        let codes = codes
        let text = UnsafeMutableRawBufferPointer(text)
        for byte in bytes {
            let code = codes[Int(byte)]
            text.storeBytes(of: code.littleEndian, toByteOffset: count, as: UInt32.self)
            count += Int(code >> 24)
        }
    }

    /// By byte, what is written for it: up to three characters, the first one in the lowest bits, and in the highest
    /// ones their number.
    private static let codes: [UInt32] = (UInt8.min...UInt8.max).map { byte in
        switch byte {
        case 65...90, 97...122, 48...57, 45, 46, 95, 126: 1 << 24 | UInt32(byte)
        default: 3 << 24 | digit(byte & 15) << 16 | digit(byte >> 4) << 8 | 37
        }
    }

    private static func digit(_ value: UInt8) -> UInt32 { UInt32(value < 10 ? 48 + value : 55 + value) }
}
