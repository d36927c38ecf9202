// Part of Tillbridge. See LICENSE.
package import TillDomain

/// Builds JSON: no white space, members in the order of the calls. What it writes is always well-formed; text that
/// is not UTF-8 is repaired.
package struct JSONWriter: Sendable {
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    package init() {}

    /// One object, whole.
    package static func object(_ body: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter()
        writer.object(body)
        return writer.bytes
    }

    package mutating func object(_ body: (inout JSONWriter) -> Void) {
        enclose(123, 125, body)
    }

    package mutating func object(_ name: StaticString, _ body: (inout JSONWriter) -> Void) {
        self.name(name)
        object(body)
    }

    /// The body writes the elements.
    package mutating func array(_ name: StaticString, _ body: (inout JSONWriter) -> Void) {
        self.name(name)
        enclose(91, 93, body)
    }

    package mutating func integer(_ name: StaticString, _ value: Int64) {
        self.name(name)
        integer(value)
    }

    package mutating func bool(_ name: StaticString, _ value: Bool) {
        self.name(name)
        bool(value)
    }

    /// UTF-8 text.
    package mutating func string(_ name: StaticString, _ value: [UInt8]) {
        self.name(name)
        string(value)
    }

    package mutating func string(_ name: StaticString, _ value: StaticString) { string(name, value.bytes) }

    // MARK: Values of the domain

    package mutating func identifier(_ name: StaticString, _ value: some Identifier) { string(name, value.bytes) }

    package mutating func name(_ name: StaticString, _ value: some WireName) { string(name, value.wireBytes) }

    package mutating func money(_ name: StaticString, _ value: Money) { integer(name, value.fen) }

    package mutating func time(_ name: StaticString, _ value: Timestamp) { integer(name, value.milliseconds) }

    // MARK: Elements of arrays

    package mutating func integer(_ value: Int64) {
        separate()
        bytes += Decimal.text(value)
    }

    package mutating func bool(_ value: Bool) {
        separate()
        bytes += (value ? "true" as StaticString : "false").bytes
    }

    package mutating func string(_ value: [UInt8]) {
        separate()
        quote(value)
    }

    // MARK: Parts

    private mutating func name(_ name: StaticString) {
        separate()
        quote(name.bytes)
        bytes.append(58)
        needsComma = false
    }

    private mutating func separate() {
        if needsComma { bytes.append(44) }
        needsComma = true
    }

    private mutating func enclose(_ open: UInt8, _ close: UInt8, _ body: (inout JSONWriter) -> Void) {
        separate()
        bytes.append(open)
        needsComma = false
        body(&self)
        bytes.append(close)
        needsComma = true
    }

    private mutating func quote(_ text: [UInt8]) {
        bytes.append(34)
        for byte in UTF8Text.repaired(text) {
            switch byte {
            case 34, 92: bytes += [92, byte]
            case 8: bytes += [92, 98]
            case 12: bytes += [92, 102]
            case 10: bytes += [92, 110]
            case 13: bytes += [92, 114]
            case 9: bytes += [92, 116]
            case 0..<32: bytes += ("\\u00" as StaticString).bytes + Hex.encode([byte])
            default: bytes.append(byte)
            }
        }
        bytes.append(34)
    }
}
