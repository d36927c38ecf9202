// Part of Tillbridge. See LICENSE.
import TillDomain

/// The members of one JSON object, found in the bytes as they arrived.
///
/// Wallets sign the characters of an object, so that a reader must say where a value begins and ends; and one of them
/// answers in GBK when it is in trouble, where a general JSON library refuses the whole text. Numbers stay text: an
/// amount never becomes a floating-point number. Values that no decision needs are skipped, not decoded.
struct JSONMembers {
    /// What a byte above 127 begins inside a string. In GBK the second byte of a character may be a backslash.
    enum Encoding { case utf8, gbk }

    enum Kind: Equatable { case text, number, object, other }

    struct Member {
        /// Where the name is in the source, as written between the quotes.
        let name: Range<Int>
        let kind: Kind
        /// Where the value is in the source, quotes or braces included.
        let range: Range<Int>
    }

    static let memberLimit = 256
    static let depthLimit = 32

    let source: [UInt8]
    let members: [Member]
    /// Behind the closing brace.
    let end: Int

    /// Reads the object that begins at `start`. Nil where it is not JSON, has two members of one name, or is too large.
    init?(in source: [UInt8], at start: Int = 0, encoding: Encoding) {
        var scanner = JSONScanner(source: source, position: start, encoding: encoding)
        guard let members = scanner.objectMembers() else { return nil }
        self.source = source
        self.members = members
        end = scanner.position
    }

    subscript(_ name: StaticString) -> Member? {
        name.withUTF8Buffer { name in
            source.withUnsafeBufferPointer { source in
                members.first { $0.name.count == name.count && source[$0.name].elementsEqual(name) }
            }
        }
    }

    func has(_ name: StaticString) -> Bool { self[name] != nil }

    /// The characters of a text or of a number. Nil where the member is missing, of another kind, or has an escape
    /// that stands for no character.
    func value(_ name: StaticString) -> [UInt8]? {
        guard let member = self[name] else { return nil }
        switch member.kind {
        case .text: return unescaped(source[(member.range.lowerBound + 1)..<(member.range.upperBound - 1)])
        case .number: return [UInt8](source[member.range])
        case .object, .other: return nil
        }
    }

    private func unescaped(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        guard text.contains(92) else { return [UInt8](text) }
        var result: [UInt8] = []
        var position = text.startIndex
        var highSurrogate: UInt32?
        while position < text.endIndex {
            guard text[position] == 92 else {
                if highSurrogate != nil { return nil }
                result.append(text[position])
                position += 1
                continue
            }
            guard position + 1 < text.endIndex else { return nil }
            let escape = text[position + 1]
            position += 2
            guard escape == 117 else {
                guard highSurrogate == nil, let character = JSONMembers.character(escape) else { return nil }
                result.append(character)
                continue
            }
            guard position + 4 <= text.endIndex, let unit = JSONMembers.unit(text[position..<(position + 4)]) else {
                return nil
            }
            position += 4
            switch (highSurrogate, unit) {
            case (nil, 0xd800..<0xdc00): highSurrogate = unit
            case (let high?, 0xdc00..<0xe000):
                guard let scalar = Unicode.Scalar(0x10000 + (high - 0xd800) << 10 + (unit - 0xdc00)) else { return nil }
                result += String(scalar).utf8
                highSurrogate = nil
            case (nil, _):
                guard let scalar = Unicode.Scalar(unit) else { return nil }
                result += String(scalar).utf8
            case (_?, _): return nil
            }
        }
        return highSurrogate == nil ? result : nil
    }

    private static func character(_ escape: UInt8) -> UInt8? {
        switch escape {
        case 34, 92, 47: escape
        case 98: 8
        case 102: 12
        case 110: 10
        case 114: 13
        case 116: 9
        default: nil
        }
    }

    private static func unit(_ digits: ArraySlice<UInt8>) -> UInt32? {
        var unit: UInt32 = 0
        for digit in digits {
            switch digit {
            case 48...57: unit = unit << 4 | UInt32(digit - 48)
            case 65...70: unit = unit << 4 | UInt32(digit - 55)
            case 97...102: unit = unit << 4 | UInt32(digit - 87)
            default: return nil
            }
        }
        return unit
    }
}
