// Part of Tillbridge. See LICENSE.
import Foundation

/// The two encodings in which a merchant may talk to Alipay.
package enum Charset: Equatable, Sendable {
    case utf8, gbk

    /// Nil for any other name.
    package init?(name: String) {
        switch name.lowercased() {
        case "utf-8", "utf8": self = .utf8
        case "gbk", "gb2312", "gb18030": self = .gbk
        default: return nil
        }
    }

    /// Nil for bytes that are not text in this encoding.
    package func decode(_ bytes: [UInt8]) -> String? {
        switch self {
        case .utf8: String(validating: bytes, as: UTF8.self)
        case .gbk: Charset.convert(bytes, from: "GBK", to: "UTF-8").map { String(decoding: $0, as: UTF8.self) }
        }
    }

    /// Nil for a text with a character that this encoding does not have.
    package func encode(_ text: String) -> [UInt8]? {
        switch self {
        case .utf8: Array(text.utf8)
        case .gbk: Charset.convert(Array(text.utf8), from: "UTF-8", to: "GBK")
        }
    }

    private static func convert(_ bytes: [UInt8], from: String, to: String) -> [UInt8]? {
        guard let converter = iconv_open(to, from), Int(bitPattern: converter) != -1 else { return nil }
        defer { iconv_close(converter) }
        var input = bytes.map { CChar(bitPattern: $0) }
        // No character of either encoding grows by more than this.
        var output = [CChar](repeating: 0, count: bytes.count * 2 + 4)
        let capacity = output.count
        let written: Int? = input.withUnsafeMutableBufferPointer { source in
            output.withUnsafeMutableBufferPointer { target in
                var sourcePointer = source.baseAddress
                var sourceLeft = source.count
                var targetPointer = target.baseAddress
                var targetLeft = capacity
                let result = iconv(converter, &sourcePointer, &sourceLeft, &targetPointer, &targetLeft)
                return result == Int.max || result == -1 || sourceLeft > 0 ? nil : capacity - targetLeft
            }
        }
        return written.map { output.prefix($0).map { UInt8(bitPattern: $0) } }
    }
}
