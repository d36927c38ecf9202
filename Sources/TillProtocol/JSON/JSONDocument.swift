// Part of Tillbridge. See LICENSE.
import TillDomain

/// How much a reader takes.
package struct JSONLimits: Equatable, Sendable {
    /// Objects and arrays inside each other.
    package var depth = 5
    /// Members of one object.
    package var members = 64
    /// Whether numbers that are not whole may occur. They can then be read as text alone.
    package var allowsFractions = false

    package init(depth: Int = 5, members: Int = 64, allowsFractions: Bool = false) {
        self.depth = depth
        self.members = members
        self.allowsFractions = allowsFractions
    }

    /// What `docs/wire.md` allows.
    package static let wire = JSONLimits()
}

/// A text that has been read: the bytes as they came, and one node for each value, in the order of the text.
/// Strings stay where they lie until somebody asks for them.
///
/// A class, because every object of the text holds on to it: one reference to count instead of one for each part.
final class JSONDocument: Sendable {
    enum Node: Equatable, Sendable {
        case null
        case bool(Bool)
        case integer(Int64)
        /// Not whole, or too large: the place of its digits.
        case fraction(start: Int, end: Int)
        /// The place between the quotation marks.
        case string(start: Int, end: Int, escaped: Bool)
        /// The first node behind the whole array.
        case array(end: Int)
        /// The first node behind the whole object. Its members are pairs of a string and a value.
        case object(end: Int)
    }

    let bytes: [UInt8]
    let nodes: [Node]

    init(parsing bytes: [UInt8], limits: JSONLimits) throws(JSONError) {
        self.bytes = bytes
        var parser = JSONParser(bytes: bytes, limits: limits)
        try parser.parse()
        nodes = parser.nodes
    }

    /// The first node behind a value: where its next sibling is.
    func end(of node: Int) -> Int {
        switch nodes[node] {
        case .array(let end), .object(let end): end
        case .null, .bool, .integer, .fraction, .string: node + 1
        }
    }

    /// The characters of a string, nil for any other value.
    func string(_ node: Int) -> [UInt8]? {
        guard case .string(let start, let end, let escaped) = nodes[node] else { return nil }
        return escaped ? JSONEscapes.decode(bytes[start..<end]) : [UInt8](bytes[start..<end])
    }

    func string(_ node: Int, equals name: StaticString) -> Bool {
        guard case .string(let start, let end, let escaped) = nodes[node] else { return false }
        return escaped ? name.matches(JSONEscapes.decode(bytes[start..<end])) : name.matches(bytes[start..<end])
    }
}

enum JSONEscapes {
    /// The characters of a string whose escapes have been checked already.
    static func decode(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var position = text.startIndex
        while position < text.endIndex {
            let byte = text[position]
            position += 1
            guard byte == 92 else {
                result.append(byte)
                continue
            }
            let escape = text[position]
            position += 1
            switch escape {
            case 98: result.append(8)
            case 102: result.append(12)
            case 110: result.append(10)
            case 114: result.append(13)
            case 116: result.append(9)
            case 117:
                var scalar = codeUnit(text[position..<position + 4]) ?? 0
                position += 4
                if (0xd800...0xdbff).contains(scalar) {
                    let low = codeUnit(text[position + 2..<position + 6]) ?? 0
                    position += 6
                    scalar = 0x10000 + (scalar - 0xd800) << 10 + (low - 0xdc00)
                }
                append(scalar, to: &result)
            default: result.append(escape)
            }
        }
        return result
    }

    /// Four hexadecimal digits of either case.
    static func codeUnit(_ digits: ArraySlice<UInt8>) -> UInt32? {
        var value: UInt32 = 0
        for digit in digits {
            switch digit {
            case 48...57: value = value << 4 | UInt32(digit - 48)
            case 97...102: value = value << 4 | UInt32(digit - 87)
            case 65...70: value = value << 4 | UInt32(digit - 55)
            default: return nil
            }
        }
        return digits.count == 4 ? value : nil
    }

    private static func append(_ scalar: UInt32, to result: inout [UInt8]) {
        let tail = { (shift: UInt32) in UInt8(truncatingIfNeeded: 0x80 | (scalar >> shift & 0x3f)) }
        switch scalar {
        case 0..<0x80: result.append(UInt8(truncatingIfNeeded: scalar))
        case 0x80..<0x800:
            result.append(UInt8(truncatingIfNeeded: 0xc0 | scalar >> 6))
            result.append(tail(0))
        case 0x800..<0x10000:
            result.append(UInt8(truncatingIfNeeded: 0xe0 | scalar >> 12))
            result.append(tail(6))
            result.append(tail(0))
        default:
            result.append(UInt8(truncatingIfNeeded: 0xf0 | scalar >> 18))
            result.append(tail(12))
            result.append(tail(6))
            result.append(tail(0))
        }
    }
}
