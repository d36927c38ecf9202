// Part of Tillbridge. See LICENSE.
import TillDomain

/// Writes compact JSON, members in the order given. Text stays UTF-8 as it is, which wallets sign byte for byte.
enum JSONText {
    enum Value {
        case text([UInt8])
        case number(Int64)
        case list([Value])
        case object([(name: StaticString, value: Value)])
    }

    static func bytes(_ value: Value) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(1024)
        append(value, to: &text)
        return text
    }

    private static func append(_ value: Value, to text: inout [UInt8]) {
        switch value {
        case .text(let bytes): append(text: bytes, to: &text)
        case .number(let number): text += Decimal.text(number)
        case .list(let values):
            text.append(91)
            for (position, value) in values.enumerated() {
                if position > 0 { text.append(44) }
                append(value, to: &text)
            }
            text.append(93)
        case .object(let members):
            text.append(123)
            for (position, member) in members.enumerated() {
                if position > 0 { text.append(44) }
                text.append(34)
                member.name.withUTF8Buffer { text += $0 }
                text.append(34)
                text.append(58)
                append(member.value, to: &text)
            }
            text.append(125)
        }
    }

    private static func append(text bytes: [UInt8], to text: inout [UInt8]) {
        text.append(34)
        // Nearly every text can stand as it is.
        if bytes.allSatisfy({ $0 != 34 && $0 != 92 && $0 >= 32 }) {
            text += bytes
            text.append(34)
            return
        }
        for byte in bytes {
            switch byte {
            case 34, 92: text += [92, byte]
            case 0..<32: text += ("\\u00" as StaticString).bytes + Hex.encode([byte])
            default: text.append(byte)
            }
        }
        text.append(34)
    }
}
