// Part of Tillbridge. See LICENSE.
import Foundation

/// Reads form data to the byte: a signature covers the decoded bytes, in whatever encoding they are.
package enum FormFields {
    package typealias Field = (name: String, value: [UInt8])

    /// `application/x-www-form-urlencoded`, as in a query and in a body. A broken percent sign stays as it is.
    package static func parse(urlEncoded text: some Collection<UInt8>) -> [Field] {
        text.split(separator: UInt8(ascii: "&")).map { pair in
            let name = pair.prefix { $0 != UInt8(ascii: "=") }
            let value = pair.dropFirst(name.count).dropFirst()
            return (String(decoding: decode(name), as: UTF8.self), decode(value))
        }
    }

    private static func decode(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var decoded: [UInt8] = []
        var iterator = Array(bytes)[...]
        while let byte = iterator.popFirst() {
            if byte == UInt8(ascii: "+") {
                decoded.append(32)
            } else if byte == UInt8(ascii: "%"), let high = iterator.first.flatMap(hexValue),
                let low = iterator.dropFirst().first.flatMap(hexValue)
            {
                decoded.append(high << 4 | low)
                iterator = iterator.dropFirst(2)
            } else {
                decoded.append(byte)
            }
        }
        return decoded
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }

    /// `multipart/form-data`. Nil where it is broken.
    package static func parse(multipart body: [UInt8], contentType: String) -> [Field]? {
        guard let range = contentType.range(of: "boundary=") else { return nil }
        let boundary = contentType[range.upperBound...].prefix { $0 != ";" }.filter { $0 != "\"" }
        let parts = split(body, by: Array("--\(boundary)".utf8)).dropFirst()
        guard !parts.isEmpty else { return nil }
        var fields: [Field] = []
        for part in parts where !part.starts(with: Array("--".utf8)) {
            let blank = Array("\r\n\r\n".utf8)
            let pieces = split(Array(part), by: blank)
            guard pieces.count >= 2 else { return nil }
            let head = String(decoding: pieces[0], as: UTF8.self)
            guard let nameRange = head.range(of: "name=\"") else { return nil }
            let name = String(head[nameRange.upperBound...].prefix { $0 != "\"" })
            var value = Array(part.dropFirst(pieces[0].count + blank.count))
            if value.suffix(2) == Array("\r\n".utf8)[...] { value.removeLast(2) }
            fields.append((name, value))
        }
        return fields
    }

    private static func split(_ bytes: [UInt8], by separator: [UInt8]) -> [ArraySlice<UInt8>] {
        var parts: [ArraySlice<UInt8>] = []
        var start = 0
        var index = 0
        while index + separator.count <= bytes.count {
            if bytes[index] == separator[0], bytes[index..<(index + separator.count)].elementsEqual(separator) {
                parts.append(bytes[start..<index])
                index += separator.count
                start = index
            } else {
                index += 1
            }
        }
        parts.append(bytes[start...])
        return parts
    }
}
