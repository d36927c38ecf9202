// Part of Tillbridge. See LICENSE.
package import TillDomain

/// Writes the JSON of log entries: names in the order given, no spaces, so that equal records have equal bytes.
package struct EntryText {
    private var bytes: [UInt8] = [123]
    private var isFirst = true

    package static func object(_ body: (inout EntryText) -> Void) -> String {
        var text = EntryText()
        body(&text)
        text.bytes.append(125)
        return String(decoding: text.bytes, as: UTF8.self)
    }

    private mutating func name(_ name: StaticString) {
        if !isFirst { bytes.append(44) }
        isFirst = false
        bytes.append(34)
        bytes += name.bytes
        bytes += [34, 58]
    }

    package mutating func integer(_ name: StaticString, _ value: Int64) {
        self.name(name)
        bytes += Decimal.text(value)
    }

    package mutating func flag(_ name: StaticString, _ value: Bool) {
        guard value else { return }
        self.name(name)
        bytes += ("true" as StaticString).bytes
    }

    /// Nothing is written for an empty list.
    package mutating func objects<Element>(
        _ name: StaticString,
        _ elements: [Element],
        _ body: (inout EntryText, Element) -> Void
    ) {
        guard !elements.isEmpty else { return }
        self.name(name)
        bytes.append(91)
        for (place, element) in elements.enumerated() {
            if place > 0 { bytes.append(44) }
            var text = EntryText()
            body(&text, element)
            bytes += text.bytes
            bytes.append(125)
        }
        bytes.append(93)
    }

    /// Nothing is written for an empty list.
    package mutating func strings(_ name: StaticString, _ values: [String]) {
        guard !values.isEmpty else { return }
        self.name(name)
        bytes.append(91)
        for (place, value) in values.enumerated() {
            if place > 0 { bytes.append(44) }
            quoted(value.utf8)
        }
        bytes.append(93)
    }

    package mutating func string(_ name: StaticString, _ value: String) { text(name, value.utf8) }

    package mutating func time(_ name: StaticString, _ value: Timestamp?) {
        if let value { integer(name, value.milliseconds) }
    }

    package mutating func word(_ name: StaticString, _ value: (some WireName)?) {
        if let value { text(name, value.wireBytes) }
    }

    /// Bytes that came from outside: what is not UTF-8 is replaced.
    package mutating func text(_ name: StaticString, _ value: some Collection<UInt8>) {
        self.name(name)
        quoted(value)
    }

    private mutating func quoted(_ value: some Collection<UInt8>) {
        bytes.append(34)
        for byte in String(decoding: value, as: UTF8.self).utf8 {
            switch byte {
            case 34, 92: bytes += [92, byte]
            case 0..<32:
                bytes += ("\\u00" as StaticString).bytes
                bytes += Hex.encode(CollectionOfOne(byte))
            default: bytes.append(byte)
            }
        }
        bytes.append(34)
    }
}
