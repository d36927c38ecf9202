// Part of Tillbridge. See LICENSE.
import TillDomain

/// Texts for a shopper's eyes on their way to a wallet, which is strict about length and characters. A payment must
/// not fail for the name of a shop, so that texts are mended and never refused.
enum DisplayText {
    /// Valid UTF-8 of at most `limit` bytes, without control characters, angle brackets and the `forbidden` ASCII
    /// characters, each of which becomes a space. Empty in, empty out.
    static func mended(_ text: [UInt8], limit: Int, forbidden: StaticString = "") -> [UInt8] {
        let forbidden = forbidden.bytes
        var result: [UInt8] = []
        for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
            let isKept = isHarmless(scalar) && !forbidden.contains { UInt32($0) == scalar.value }
            let shown = UTF8.encode(isKept ? scalar : " ")
            guard let shown, result.count + shown.count <= limit else { break }
            result += shown
        }
        return trimmed(result)
    }

    /// The first of the texts that is not empty after mending.
    static func first(_ texts: [[UInt8]], limit: Int, forbidden: StaticString = "") -> [UInt8] {
        for text in texts {
            let mended = mended(text, limit: limit, forbidden: forbidden)
            if !mended.isEmpty { return mended }
        }
        return []
    }

    /// The text itself where it is visible ASCII of at most `limit` characters, otherwise nil: for fields that a
    /// machine reads.
    static func token(_ text: [UInt8], limit: Int) -> [UInt8]? {
        (1...limit).contains(text.count) && text.allSatisfy { (33...126).contains($0) } ? text : nil
    }

    /// A wallet's code that may hold spaces: printable ASCII of at most 64 characters, otherwise nil.
    static func phrase(_ text: [UInt8]) -> String? {
        (1...64).contains(text.count) && text.allSatisfy({ (32...126).contains($0) })
            ? String(decoding: text, as: UTF8.self) : nil
    }

    private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        // The last two ranges: surrogate-like and other code points outside XML 1.0, and the private planes' ends.
        case 0..<32, 127..<160, 60, 62, 0x2028...0x2029, 0xfdd0...0xfdef: false
        default: scalar.value & 0xfffe != 0xfffe
        }
    }

    private static func trimmed(_ text: [UInt8]) -> [UInt8] {
        var slice = text[...]
        while slice.first == 32 { slice = slice.dropFirst() }
        while slice.last == 32 { slice = slice.dropLast() }
        return [UInt8](slice)
    }
}
