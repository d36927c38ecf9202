// Part of Tillbridge. See LICENSE.

import Foundation

/// Names and values of a query or of a form that was sent.
struct Form: Sendable {
    private let fields: [(name: String, value: String)]

    static let empty = Form("")

    /// Reads `application/x-www-form-urlencoded`.
    init(_ text: String) {
        fields = text.split(separator: "&").map { field in
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (Form.decoded(parts[0]), parts.count > 1 ? Form.decoded(parts[1]) : "")
        }
    }

    private static func decoded(_ text: Substring) -> String {
        text.replacing("+", with: " ").removingPercentEncoding ?? ""
    }

    /// The first value, without spaces around it; empty without one.
    subscript(name: String) -> String { raw(name).trimmingCharacters(in: .whitespacesAndNewlines) }

    /// The first value as it was typed.
    func raw(_ name: String) -> String { fields.first { $0.name == name }?.value ?? "" }

    func all(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

    var names: Set<String> { Set(fields.map(\.name)) }

    func has(_ name: String) -> Bool { fields.contains { $0.name == name } }

    /// The same without some names, for links that change one condition of many.
    func query(without names: Set<String> = [], adding extra: [(String, String)] = []) -> String {
        let kept = fields.filter { !names.contains($0.name) && !$0.value.isEmpty }.map { ($0.name, $0.value) }
        return (kept + extra).map { "\(Form.encoded($0))=\(Form.encoded($1))" }.joined(separator: "&")
    }

    static func encoded(_ text: String) -> String {
        var text = text
        return text.withUTF8 { bytes in
            bytes.map { byte in
                switch byte {
                case 48...57, 65...90, 97...122, 45, 46, 95, 126: String(UnicodeScalar(byte))
                default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
                }
            }.joined()
        }
    }
}
