// Part of Tillbridge. See LICENSE.
package import Foundation

/// Any JSON. Numbers are decimal: money never passes through floating point.
package enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case number(Decimal)
    case text(String)
    case list([JSONValue])
    case object([String: JSONValue])

    /// Nil for bytes that are not one JSON value.
    package init?(_ bytes: some Sequence<UInt8>) {
        guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(bytes)) else { return nil }
        self = value
    }

    package var object: [String: JSONValue]? {
        guard case .object(let object) = self else { return nil }
        return object
    }

    package var text: String? {
        guard case .text(let text) = self else { return nil }
        return text
    }

    /// A text, or a number as it is written.
    package var textOrNumber: String? {
        switch self {
        case .text(let text): text
        case .number(let number): number.description
        case .null, .bool, .list, .object: nil
        }
    }

    package var integer: Int64? {
        guard case .number(let number) = self else { return nil }
        return Int64(number.description)
    }

    package var double: Double? {
        guard case .number(let number) = self else { return nil }
        return Double(number.description)
    }
}

extension JSONValue: Decodable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode(Decimal.self) {
            self = .number(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .list(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }
}
