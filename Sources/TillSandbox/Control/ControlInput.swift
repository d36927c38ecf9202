// Part of Tillbridge. See LICENSE.
import NIOCore

/// The fields of a control call. Every complaint names the field and says what would be right.
struct ControlInput {
    private let fields: [String: JSONValue]
    private let prefix: String

    /// - Parameter known: The names that may occur; any other is an error, since it is probably a misspelling.
    init(_ value: JSONValue?, at prefix: String = "", known: [String]) throws {
        guard let fields = value?.object else {
            throw Problem.malformed(
                prefix.isEmpty ? "body" : prefix,
                "A JSON object with \(known.joined(separator: ", ")) is expected."
            )
        }
        self.fields = fields
        self.prefix = prefix.isEmpty ? "" : prefix + "."
        for name in fields.keys.sorted() where !known.contains(name) {
            throw Problem.malformed(
                self.prefix + name,
                "There is no such field; the fields are \(known.joined(separator: ", "))."
            )
        }
    }

    private subscript(name: String) -> JSONValue? {
        fields[name].flatMap { $0 == .null ? nil : $0 }
    }

    func complaint(_ name: String, _ detail: String) -> Problem { Problem.malformed(prefix + name, detail) }

    func text(_ name: String) throws -> String? {
        guard let value = self[name] else { return nil }
        guard let text = value.text else { throw complaint(name, "A text is expected.") }
        return text
    }

    func bool(_ name: String) throws -> Bool? {
        guard let value = self[name] else { return nil }
        guard case .bool(let bool) = value else { throw complaint(name, "true or false is expected.") }
        return bool
    }

    func integer(_ name: String, in range: ClosedRange<Int64>) throws -> Int64? {
        guard let value = self[name] else { return nil }
        guard let number = value.integer, range.contains(number) else {
            throw complaint(name, "A whole number from \(range.lowerBound) to \(range.upperBound) is expected.")
        }
        return number
    }

    func number(_ name: String, in range: ClosedRange<Double>) throws -> Double? {
        guard let value = self[name] else { return nil }
        guard let number = value.double, range.contains(number) else {
            throw complaint(name, "A number from \(range.lowerBound) to \(range.upperBound) is expected.")
        }
        return number
    }

    /// One of the names of an enumeration.
    func choice<Value: RawRepresentable & CaseIterable>(
        _ name: String,
        of type: Value.Type
    ) throws -> Value? where Value.RawValue == String {
        guard let text = try text(name) else { return nil }
        guard let value = Value(rawValue: text) else {
            let choices = Value.allCases.map(\.rawValue).joined(separator: ", ")
            throw complaint(name, "\"\(text)\" is unknown; one of \(choices) is expected.")
        }
        return value
    }

    func required<Value>(_ name: String, _ value: Value?) throws -> Value {
        guard let value else { throw complaint(name, "This field is required.") }
        return value
    }
}
