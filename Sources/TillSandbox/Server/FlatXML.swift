// Part of Tillbridge. See LICENSE.

/// The XML of WeChat Pay V2 and of QQ Wallet: one root `xml` with flat elements. Anything a flat document does not need (a document
/// type, entities of its own, attributes, nesting) is an error, so nothing in it can reach outside.
package struct FlatXML: Equatable, Sendable {
    package typealias Field = (name: String, value: String)

    package enum Problem: Error, Equatable, Sendable {
        case notUTF8, malformed
    }

    package private(set) var fields: [Field]

    package static func == (left: FlatXML, right: FlatXML) -> Bool {
        left.fields.elementsEqual(right.fields) { $0.name == $1.name && $0.value == $1.value }
    }

    package init(fields: [Field]) { self.fields = fields }

    package subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

    package init(parsing bytes: [UInt8]) throws(Problem) {
        guard var text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8 }
        if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
        var scanner = Scanner(rest: Array(text.utf8)[...])
        fields = try scanner.document()
    }

    /// Values in CDATA, in the order given. A value's own `]]>` is split over two sections.
    package var text: String {
        let elements = fields.map { field in
            let value = field.value.replacingScalars("]]>", with: "]]]]><![CDATA[>")
            return "<\(field.name)><![CDATA[\(value)]]></\(field.name)>"
        }
        return "<xml>\(elements.joined())</xml>"
    }

    private struct Scanner {
        var rest: ArraySlice<UInt8>

        mutating func document() throws(Problem) -> [Field] {
            skipSpace()
            if take("<?xml") { try skip(past: "?>") }
            skipSpace()
            guard take("<xml>") else { throw .malformed }
            var fields: [Field] = []
            var names: Set<String> = []
            while true {
                skipSpace()
                if take("</xml>") { break }
                let field = try element()
                guard names.insert(field.name).inserted else { throw .malformed }
                fields.append(field)
            }
            skipSpace()
            guard rest.isEmpty else { throw .malformed }
            return fields
        }

        private mutating func element() throws(Problem) -> Field {
            guard take("<") else { throw .malformed }
            let name = rest.prefix { isNameCharacter($0) }
            rest = rest.dropFirst(name.count)
            guard !name.isEmpty else { throw .malformed }
            let nameText = String(decoding: name, as: UTF8.self)
            if take("/>") { return (nameText, "") }
            guard take(">") else { throw .malformed }
            var value: [UInt8] = []
            while !take("</") {
                if take("<![CDATA[") {
                    let start = rest
                    try skip(past: "]]>")
                    value += start[start.startIndex..<(rest.startIndex - 3)]
                } else if take("&") {
                    value.append(try entity())
                } else {
                    guard let byte = rest.popFirst(), byte != UInt8(ascii: "<") else { throw .malformed }
                    value.append(byte)
                }
            }
            guard take(nameText), take(">") else { throw .malformed }
            return (nameText, String(decoding: value, as: UTF8.self))
        }

        private mutating func entity() throws(Problem) -> UInt8 {
            let entities: [(String, UInt8)] = [("lt;", 60), ("gt;", 62), ("amp;", 38), ("quot;", 34), ("apos;", 39)]
            for (name, byte) in entities where take(name) { return byte }
            throw .malformed
        }

        private func isNameCharacter(_ byte: UInt8) -> Bool {
            switch byte {
            case 48...57, 65...90, 97...122, 95, 45: true
            default: false
            }
        }

        private mutating func skipSpace() {
            rest = rest.drop { $0 == 32 || $0 == 9 || $0 == 10 || $0 == 13 }
        }

        private mutating func take(_ text: String) -> Bool {
            guard rest.starts(with: text.utf8) else { return false }
            rest = rest.dropFirst(text.utf8.count)
            return true
        }

        private mutating func skip(past text: String) throws(Problem) {
            while !rest.isEmpty {
                if take(text) { return }
                rest = rest.dropFirst()
            }
            throw .malformed
        }
    }
}
