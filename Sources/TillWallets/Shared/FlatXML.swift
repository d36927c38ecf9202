// Part of Tillbridge. See LICENSE.
import TillDomain

/// A flat XML document as wallets write it: a root `<xml>`, fields below it, and nothing else.
///
/// An own reader, because the text of each field enters a signature exactly as it stands, and because what XML can do
/// beyond this (document types, entities of one's own, external references, nesting) is what attackers send. It reads
/// text, CDATA and the five predefined entities; it refuses everything else.
struct FlatXML: Equatable {
    static let sizeLimit = 1 << 18
    static let fieldLimit = 512
    static let nameLimit = 64

    let fields: MessageFields

    /// The value of a field. Nil where there is none, or an empty one: to the signature rules both are the same.
    subscript(_ name: StaticString) -> [UInt8]? { fields[name] }

    /// The field `<name>_<number>`.
    subscript(_ name: StaticString, number: Int) -> [UInt8]? {
        let full = name.bytes + [95] + Decimal.text(Int64(number))
        return full.withUnsafeBufferPointer { fields.place(of: $0) }
            .flatMap { $0.value.isEmpty ? nil : [UInt8](fields.value($0)) }
    }

    /// Nil for anything but one well-formed flat document within the limits.
    init?(_ document: [UInt8]) {
        guard document.count <= FlatXML.sizeLimit else { return nil }
        var reader = FlatXMLReader(document)
        guard let fields = reader.document() else { return nil }
        self.fields = fields
    }

    /// Fields in the order given; texts in CDATA, as the wallet's own examples have them.
    static func write(_ fields: MessageFields) -> [UInt8] {
        var document = ("<xml>" as StaticString).bytes
        for place in fields.places {
            let name = fields.name(place)
            document.append(60)
            document += name
            document.append(62)
            document += cdata(fields.value(place))
            document += [60, 47]
            document += name
            document.append(62)
        }
        return document + ("</xml>" as StaticString).bytes
    }

    /// `]]>` cannot stand in one section, so that it is cut between two.
    private static func cdata(_ text: ArraySlice<UInt8>) -> [UInt8] {
        let open = ("<![CDATA[" as StaticString).bytes
        let close = ("]]>" as StaticString).bytes
        var result = open
        for byte in text {
            if byte == 62, result.suffix(2).elementsEqual([93, 93]) { result += close + open }
            result.append(byte)
        }
        return result + close
    }
}
