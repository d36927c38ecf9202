// Part of Tillbridge. See LICENSE.
import TillDomain

/// Reads a ``FlatXML`` document from front to back, without ever looking further back than the field it is in.
struct FlatXMLReader {
    private let source: [UInt8]
    private var position = 0

    init(_ source: [UInt8]) { self.source = source }

    private var byte: UInt8? { position < source.count ? source[position] : nil }

    private mutating func take(_ expected: StaticString) -> Bool {
        let expected = expected.bytes
        guard source[position...].starts(with: expected) else { return false }
        position += expected.count
        return true
    }

    private mutating func skipSpace() {
        while let byte, byte == 32 || byte == 9 || byte == 10 || byte == 13 { position += 1 }
    }

    mutating func document() -> MessageFields? {
        _ = take("\u{feff}")
        skipSpace()
        guard declaration() else { return nil }
        skipSpace()
        guard take("<xml>") else { return nil }
        var fields = MessageFields()
        while true {
            skipSpace()
            if take("</xml>") { break }
            guard fields.places.count < FlatXML.fieldLimit, let field = field(),
                field.name.withUnsafeBufferPointer({ fields.place(of: $0) }) == nil
            else { return nil }
            fields.append(field.name, field.value)
        }
        skipSpace()
        return position == source.count ? fields : nil
    }

    /// `<?xml … ?>`, if there is one. What it says of an encoding is not asked: the signature covers bytes.
    private mutating func declaration() -> Bool {
        guard take("<?xml ") else { return true }
        while let byte, byte != 60, byte != 62 {
            if take("?>") { return true }
            position += 1
        }
        return false
    }

    private mutating func field() -> (name: [UInt8], value: [UInt8])? {
        guard take("<"), let name = name() else { return nil }
        if take("/>") { return (name, []) }
        guard take(">"), let value = value(), take("</"), let closing = self.name(), closing == name, take(">") else {
            return nil
        }
        return (name, value)
    }

    private mutating func name() -> [UInt8]? {
        let start = position
        while let byte, FlatXMLReader.isName(byte, first: position == start) { position += 1 }
        return (1...FlatXML.nameLimit).contains(position - start) ? [UInt8](source[start..<position]) : nil
    }

    private static func isName(_ byte: UInt8, first: Bool) -> Bool {
        switch byte {
        case 65...90, 97...122, 95: true
        case 48...57, 45, 46: !first
        default: false
        }
    }

    /// Up to the next tag. Text and CDATA sections are joined; spaces are kept.
    private mutating func value() -> [UInt8]? {
        var value: [UInt8] = []
        while let byte {
            switch byte {
            case 60:
                guard take("<![CDATA[") else { return value }
                guard let text = cdata() else { return nil }
                value += text
            case 38:
                guard let character = entity() else { return nil }
                value.append(character)
            default:
                value.append(byte)
                position += 1
            }
        }
        return nil
    }

    private mutating func cdata() -> ArraySlice<UInt8>? {
        let start = position
        while let byte {
            let end = position
            if byte == 93, take("]]>") { return source[start..<end] }
            position += 1
        }
        return nil
    }

    private mutating func entity() -> UInt8? {
        if take("&lt;") { return 60 }
        if take("&gt;") { return 62 }
        if take("&amp;") { return 38 }
        if take("&quot;") { return 34 }
        if take("&apos;") { return 39 }
        return nil
    }
}
