// Part of Tillbridge. See LICENSE.

/// Values as a line of a bill can hold them.
package enum BillText {
    /// A merchant's own text without anything that would end a line or a value early.
    package static func plain(_ text: String) -> String {
        String(text.map { $0.unicodeScalars.contains { $0.value < 32 || $0.value == 127 } ? " " : $0 })
    }

    /// A value of a comma-separated file: in quotes where it must be (RFC 4180).
    package static func quoted(_ text: String) -> String {
        let text = plain(text)
        guard text.hasScalar(in: ",\"") else { return text }
        return "\"\(text.replacingScalars("\"", with: "\"\""))\""
    }

    /// GBK; a code point that GBK lacks becomes a question mark, and nothing beside it does.
    package static func gbk(_ text: String) -> [UInt8] {
        Charset.gbk.encode(text)
            ?? text.unicodeScalars.flatMap { Charset.gbk.encode(String($0)) ?? [UInt8(ascii: "?")] }
    }
}
