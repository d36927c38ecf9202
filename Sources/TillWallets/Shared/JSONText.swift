// Part of Tillbridge. See LICENSE.
import TillDomain

/// Writes compact JSON, members in the order given. Text stays UTF-8 as it is, which wallets sign byte for byte.
struct JSONText {
    private(set) var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(1024) }

    // MARK: Members

    mutating func text(_ name: StaticString, _ value: [UInt8]) {
        begin(name)
        string(value)
    }

    mutating func text(_ name: StaticString, _ value: StaticString) { text(name, value.bytes) }

    mutating func number(_ name: StaticString, _ value: Int64) {
        begin(name)
        bytes += Decimal.text(value)
    }

    /// A member whose value was written before.
    mutating func json(_ name: StaticString, _ value: JSONText) {
        begin(name)
        bytes += value.bytes
    }

    // MARK: What holds others

    /// Begins an object that is no member: the outermost, or one of a list.
    mutating func beginObject() {
        separate()
        bytes.append(123)
    }

    mutating func beginObject(_ name: StaticString) {
        begin(name)
        bytes.append(123)
    }

    mutating func endObject() { bytes.append(125) }

    mutating func beginList() { bytes.append(91) }

    mutating func endList() { bytes.append(93) }

    // MARK: Characters

    private mutating func begin(_ name: StaticString) {
        separate()
        bytes.append(34)
        name.withUTF8Buffer { bytes += $0 }
        bytes.append(34)
        bytes.append(58)
    }

    /// Everything but the first in its braces or brackets follows a comma.
    private mutating func separate() {
        guard let last = bytes.last, last != 123, last != 91 else { return }
        bytes.append(44)
    }

    private mutating func string(_ text: [UInt8]) {
        bytes.append(34)
        // Nearly every text can stand as it is.
        if text.allSatisfy({ $0 != 34 && $0 != 92 && $0 >= 32 }) {
            bytes += text
        } else {
            for byte in text {
                switch byte {
                case 34, 92: bytes += [92, byte]
                case 0..<32: bytes += ("\\u00" as StaticString).bytes + Hex.encode([byte])
                default: bytes.append(byte)
                }
            }
        }
        bytes.append(34)
    }
}
