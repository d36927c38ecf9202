// Part of Tillbridge. See LICENSE.
import TillDomain

/// Walks over JSON text and finds where values end. It knows strings and escapes, so that a brace inside a text is
/// not a brace.
struct JSONScanner {
    let source: [UInt8]
    private(set) var position: Int
    let encoding: JSONMembers.Encoding

    init(source: [UInt8], position: Int, encoding: JSONMembers.Encoding) {
        self.source = source
        self.position = position
        self.encoding = encoding
    }

    private var byte: UInt8? { position < source.count ? source[position] : nil }

    mutating func skipSpace() {
        while let byte, byte == 32 || byte == 9 || byte == 10 || byte == 13 { position += 1 }
    }

    private mutating func take(_ expected: UInt8) -> Bool {
        guard byte == expected else { return false }
        position += 1
        return true
    }

    mutating func objectMembers(depth: Int = 1) -> [JSONMembers.Member]? {
        guard take(123) else { return nil }
        skipSpace()
        if take(125) { return [] }
        var members: [JSONMembers.Member] = []
        members.reserveCapacity(16)
        while true {
            skipSpace()
            guard let quoted = string() else { return nil }
            let name = (quoted.lowerBound + 1)..<(quoted.upperBound - 1)
            skipSpace()
            guard take(58) else { return nil }
            skipSpace()
            let start = position
            guard let kind = value(depth: depth) else { return nil }
            guard members.count < JSONMembers.memberLimit, !members.contains(where: { isSame($0.name, name) }) else {
                return nil
            }
            members.append(JSONMembers.Member(name: name, kind: kind, range: start..<position))
            skipSpace()
            if take(125) { return members }
            guard take(44) else { return nil }
        }
    }

    /// Whether two ranges hold the same bytes.
    private func isSame(_ left: Range<Int>, _ right: Range<Int>) -> Bool {
        left.count == right.count
            && source.withUnsafeBufferPointer { $0[left].elementsEqual($0[right]) }
    }

    /// Skips one value.
    private mutating func value(depth: Int) -> JSONMembers.Kind? {
        let kind: JSONMembers.Kind
        let whole: Bool
        guard let byte else { return nil }
        switch byte {
        case 34: (kind, whole) = (.text, string() != nil)
        case 123: (kind, whole) = (.object, depth < JSONMembers.depthLimit && objectMembers(depth: depth + 1) != nil)
        case 91: (kind, whole) = (.other, depth < JSONMembers.depthLimit && list(depth: depth + 1))
        case 45, 48...57: (kind, whole) = (.number, number())
        case 116: (kind, whole) = (.other, word("true"))
        case 102: (kind, whole) = (.other, word("false"))
        case 110: (kind, whole) = (.other, word("null"))
        default: return nil
        }
        return whole ? kind : nil
    }

    private mutating func list(depth: Int) -> Bool {
        guard take(91) else { return false }
        skipSpace()
        if take(93) { return true }
        while true {
            skipSpace()
            guard value(depth: depth) != nil else { return false }
            skipSpace()
            if take(93) { return true }
            guard take(44) else { return false }
        }
    }

    /// The range of a string, quotes included.
    private mutating func string() -> Range<Int>? {
        let start = position
        guard take(34) else { return nil }
        let isGBK = encoding == .gbk
        return source.withUnsafeBufferPointer { source in
            var place = position
            while place < source.count {
                let byte = source[place]
                if byte == 34 {
                    position = place + 1
                    return start..<position
                }
                guard byte >= 32 else { return nil }
                // The lead byte of a GBK character takes the next byte with it, which may look like a backslash.
                place += byte == 92 || isGBK && (0x81...0xfe).contains(byte) ? 2 : 1
            }
            return nil
        }
    }

    private mutating func number() -> Bool {
        let start = position
        while let byte, (48...57).contains(byte) || [43, 45, 46, 69, 101].contains(byte) { position += 1 }
        return position > start
    }

    private mutating func word(_ word: StaticString) -> Bool {
        for character in word.bytes {
            guard take(character) else { return false }
        }
        return true
    }
}
