// Part of Tillbridge. See LICENSE.

/// Percent-encoding of a value for a query or a form body: everything but RFC 3986's unreserved characters.
enum Percent {
    private static func append(_ bytes: some Sequence<UInt8>, to text: inout [UInt8]) {
        for byte in bytes {
            switch byte {
            case 65...90, 97...122, 48...57, 45, 46, 95, 126: text.append(byte)
            default:
                text.append(37)
                text.append(digit(byte >> 4))
                text.append(digit(byte & 15))
            }
        }
    }

    /// `name=value&name=value` in the order given.
    static func form(_ fields: some Sequence<(name: String, value: [UInt8])>) -> [UInt8] {
        var text: [UInt8] = []
        for field in fields {
            if !text.isEmpty { text.append(38) }
            append(field.name.utf8, to: &text)
            text.append(61)
            append(field.value, to: &text)
        }
        return text
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 55 + value }
}
