// Part of Tillbridge. See LICENSE.
import TillDomain

/// A strict reader of RFC 8259, narrowed as `docs/wire.md` says: bounded depth, unique names, whole numbers below
/// 2^53, well-formed UTF-8. Its recursion is bounded by the depth it allows.
struct JSONParser {
    private enum Step {
        case name(start: Int, end: Int)
        case index(Int)
    }

    private let bytes: [UInt8]
    private let limits: JSONLimits
    private var position = 0
    private var path: [Step] = []
    private(set) var nodes: [JSONDocument.Node] = []

    init(bytes: [UInt8], limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func parse() throws(JSONError) {
        if let offset = UTF8Text.firstError(bytes) { throw .notUTF8(offset: offset) }
        skipSpace()
        try value(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw .syntax(offset: position) }
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = current, byte == 32 || byte == 10 || byte == 13 || byte == 9 { position += 1 }
    }

    private mutating func value(depth: Int) throws(JSONError) {
        switch current {
        case 123: try object(depth: depth + 1)
        case 91: try array(depth: depth + 1)
        case 34: try string()
        case 45, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57: try number()
        case 116: try word("true", .bool(true))
        case 102: try word("false", .bool(false))
        case 110: try word("null", .null)
        default: throw .syntax(offset: position)
        }
    }

    private mutating func word(_ word: StaticString, _ node: JSONDocument.Node) throws(JSONError) {
        let end = position + word.utf8CodeUnitCount
        guard end <= bytes.count, word.matches(bytes[position..<end]) else { throw .syntax(offset: position) }
        position = end
        nodes.append(node)
    }

    private mutating func object(depth: Int) throws(JSONError) {
        guard depth <= limits.depth else { throw .tooDeep(offset: position) }
        let node = nodes.count
        nodes.append(.object(end: 0))
        position += 1
        skipSpace()
        var members = 0
        if current == 125 {
            position += 1
        } else {
            repeat {
                members += 1
                guard members <= limits.members else { throw .tooManyMembers(offset: position) }
                skipSpace()
                try member(of: node, depth: depth)
                skipSpace()
            } while try goesOn(until: 125)
        }
        nodes[node] = .object(end: nodes.count)
    }

    private mutating func member(of object: Int, depth: Int) throws(JSONError) {
        guard current == 34 else { throw .syntax(offset: position) }
        let name = nodes.count
        try string()
        guard case .string(let start, let end, _) = nodes[name] else { throw .syntax(offset: position) }
        path.append(.name(start: start, end: end))
        if repeats(name, in: object) { throw .duplicate(field: field) }
        skipSpace()
        guard current == 58 else { throw .syntax(offset: position) }
        position += 1
        skipSpace()
        try value(depth: depth)
        path.removeLast()
    }

    private mutating func array(depth: Int) throws(JSONError) {
        guard depth <= limits.depth else { throw .tooDeep(offset: position) }
        let node = nodes.count
        nodes.append(.array(end: 0))
        position += 1
        skipSpace()
        if current == 93 {
            position += 1
        } else {
            var index = 0
            repeat {
                skipSpace()
                path.append(.index(index))
                try value(depth: depth)
                path.removeLast()
                index += 1
                skipSpace()
            } while try goesOn(until: 93)
        }
        nodes[node] = .array(end: nodes.count)
    }

    /// After an element: a comma, or the end.
    private mutating func goesOn(until end: UInt8) throws(JSONError) -> Bool {
        guard let byte = current, byte == 44 || byte == end else { throw .syntax(offset: position) }
        position += 1
        return byte == 44
    }

    private mutating func string() throws(JSONError) {
        position += 1
        let start = position
        var escaped = false
        while let byte = current, byte != 34 {
            guard byte >= 32 else { throw .syntax(offset: position) }
            position += 1
            if byte == 92 {
                escaped = true
                try escape()
            }
        }
        guard current == 34 else { throw .syntax(offset: position) }
        nodes.append(.string(start: start, end: position, escaped: escaped))
        position += 1
    }

    /// Behind a backslash. A surrogate must be half of a pair: text without a UTF-8 form is no text.
    private mutating func escape() throws(JSONError) {
        guard let byte = current else { throw .syntax(offset: position) }
        position += 1
        switch byte {
        case 34, 92, 47, 98, 102, 110, 114, 116: return
        case 117:
            let first = try codeUnit()
            switch first {
            case 0xdc00...0xdfff: throw .syntax(offset: position)
            case 0xd800...0xdbff:
                guard bytes.count - position >= 2, bytes[position] == 92, bytes[position + 1] == 117 else {
                    throw .syntax(offset: position)
                }
                position += 2
                guard (0xdc00...0xdfff).contains(try codeUnit()) else { throw .syntax(offset: position) }
            default: return
            }
        default: throw .syntax(offset: position)
        }
    }

    private mutating func codeUnit() throws(JSONError) -> UInt32 {
        guard bytes.count - position >= 4, let unit = JSONEscapes.codeUnit(bytes[position..<position + 4]) else {
            throw .syntax(offset: position)
        }
        position += 4
        return unit
    }

    private mutating func number() throws(JSONError) {
        let start = position
        let negative = current == 45
        if negative { position += 1 }
        let digits = position
        skipDigits()
        guard position > digits, position - digits == 1 || bytes[digits] != 48 else { throw .syntax(offset: start) }
        let whole = bytes[digits..<position]
        var isWhole = true
        if current == 46 {
            isWhole = false
            try fraction()
        }
        if current == 101 || current == 69 {
            isWhole = false
            position += 1
            if current == 43 || current == 45 { position += 1 }
            try requireDigits()
        }
        if isWhole, let magnitude = Decimal.parse(whole), magnitude < 1 << 53, magnitude > 0 || !negative {
            nodes.append(.integer(negative ? -magnitude : magnitude))
        } else if limits.allowsFractions {
            nodes.append(.fraction(start: start, end: position))
        } else {
            throw .invalid(field: field)
        }
    }

    private mutating func fraction() throws(JSONError) {
        position += 1
        try requireDigits()
    }

    private mutating func requireDigits() throws(JSONError) {
        let start = position
        skipDigits()
        guard position > start else { throw .syntax(offset: position) }
    }

    private mutating func skipDigits() {
        while let byte = current, (48...57).contains(byte) { position += 1 }
    }

    /// Whether the newest name of an object has occurred in it before.
    private func repeats(_ name: Int, in object: Int) -> Bool {
        var other = object + 1
        while other < name {
            if sameText(nodes[other], nodes[name]) { return true }
            other = end(of: other + 1)
        }
        return false
    }

    private func end(of node: Int) -> Int {
        switch nodes[node] {
        case .array(let end), .object(let end): end
        case .null, .bool, .integer, .fraction, .string: node + 1
        }
    }

    private func sameText(_ left: JSONDocument.Node, _ right: JSONDocument.Node) -> Bool {
        guard case .string(let leftStart, let leftEnd, let leftEscaped) = left,
            case .string(let rightStart, let rightEnd, let rightEscaped) = right
        else { return false }
        if !leftEscaped, !rightEscaped {
            return bytes[leftStart..<leftEnd].elementsEqual(bytes[rightStart..<rightEnd])
        }
        return JSONEscapes.decode(bytes[leftStart..<leftEnd]) == JSONEscapes.decode(bytes[rightStart..<rightEnd])
    }

    /// The path to the value that is being read. A long name is cut: it may come from anybody.
    private var field: [UInt8] {
        var field: [UInt8] = []
        for step in path {
            switch step {
            case .name(let start, let end):
                if !field.isEmpty { field.append(46) }
                field += JSONEscapes.decode(bytes[start..<end]).prefix(40)
            case .index(let index): field += [91] + Decimal.text(Int64(index)) + [93]
            }
        }
        return UTF8Text.repaired(field)
    }
}
