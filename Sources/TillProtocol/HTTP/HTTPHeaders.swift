// Part of Tillbridge. See LICENSE.
import TillDomain

/// Header fields in the order they came. Names are lower case.
package struct HTTPHeaders: Equatable, Sendable {
    package struct Field: Equatable, Sendable {
        package let name: [UInt8]
        package let value: [UInt8]
    }

    package private(set) var fields: [Field] = []

    package init() {}

    /// Adds a field. The name is lowered; bytes of the value that would break the line become spaces.
    package mutating func add(_ name: some Collection<UInt8>, _ value: some Collection<UInt8>) {
        append([UInt8](name), [UInt8](value))
    }

    // Not generic: what comes from another module is copied in one go, and not byte by byte through its protocol.
    private mutating func append(_ name: [UInt8], _ value: [UInt8]) {
        fields.append(Field(name: name.map(HTTPSyntax.lowered), value: value.map(HTTPSyntax.safeInValue)))
    }

    package mutating func add(_ name: StaticString, _ value: some Collection<UInt8>) { add(name.bytes, value) }

    package mutating func add(_ name: StaticString, _ value: StaticString) { add(name.bytes, value.bytes) }

    /// How often a field occurs. The name is given in lower case.
    package func count(of name: StaticString) -> Int {
        var count = 0
        for field in fields where name.matches(field.name) { count += 1 }
        return count
    }

    /// The first value of a field, nil if absent. The name is given in lower case.
    package func first(_ name: StaticString) -> [UInt8]? {
        for field in fields where name.matches(field.name) { return field.value }
        return nil
    }

    /// The value of a field that occurs exactly once; nil otherwise.
    package func only(_ name: StaticString) -> [UInt8]? { count(of: name) == 1 ? first(name) : nil }

    /// Whether a field's value, a list separated by commas, holds a word (lower case), in any case.
    package func list(_ name: StaticString, contains word: StaticString) -> Bool {
        for field in fields where name.matches(field.name) {
            for element in field.value.split(separator: 44)
            where word.matches(HTTPSyntax.trimmed(element).map(HTTPSyntax.lowered)) {
                return true
            }
        }
        return false
    }
}

/// The character classes of RFC 9110 and 9112.
enum HTTPSyntax {
    static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122: true
        case 33, 35, 36, 37, 38, 39, 42, 43, 45, 46, 94, 95, 96, 124, 126: true
        default: false
        }
    }

    /// Visible characters, blanks, and bytes above ASCII.
    static func isValue(_ byte: UInt8) -> Bool { byte == 9 || byte >= 32 && byte != 127 }

    static func safeInValue(_ byte: UInt8) -> UInt8 { isValue(byte) ? byte : 32 }

    static func lowered(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte + 32 : byte }

    static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var text = text
        while let first = text.first, first == 32 || first == 9 { text = text.dropFirst() }
        while let last = text.last, last == 32 || last == 9 { text = text.dropLast() }
        return text
    }
}
