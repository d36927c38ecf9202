// Part of Tillbridge. See LICENSE.
package import TillDomain

/// One object of a text that has been read. Every reader names the field that it could not read.
///
/// A member that is `null` counts as absent, and unknown names are ignored, so that a newer sender can say more.
package struct JSONObject: Sendable {
    let document: JSONDocument
    let node: Int
    /// Empty for the outermost object.
    let path: [UInt8]

    /// Reads a whole text.
    package init(parsing bytes: [UInt8], limits: JSONLimits = .wire) throws(JSONError) {
        document = try JSONDocument(parsing: bytes, limits: limits)
        guard case .object = document.nodes[0] else { throw .notAnObject }
        node = 0
        path = []
    }

    init(document: JSONDocument, node: Int, path: [UInt8]) {
        self.document = document
        self.node = node
        self.path = path
    }

    /// The path of one of this object's fields.
    package func field(_ name: StaticString) -> [UInt8] {
        path.isEmpty ? name.bytes : path + [46] + name.bytes
    }

    /// What to throw where a field's value makes no sense to the reader.
    package func invalid(_ name: StaticString) -> JSONError { .invalid(field: field(name)) }

    package func missing(_ name: StaticString) -> JSONError { .missing(field: field(name)) }

    package func contains(_ name: StaticString) -> Bool { find(name) != nil }

    /// The node of a member's value, unless it is absent or null.
    func find(_ name: StaticString) -> Int? {
        let end = document.end(of: node)
        var member = node + 1
        while member < end {
            if document.string(member, equals: name) {
                if case .null = document.nodes[member + 1] { return nil }
                return member + 1
            }
            member = document.end(of: member + 1)
        }
        return nil
    }
}

// MARK: - Plain values

extension JSONObject {
    package func optionalInteger(
        _ name: StaticString,
        in range: ClosedRange<Int64> = 0...Int64(1) << 53 - 1
    ) throws(JSONError) -> Int64? {
        guard let node = find(name) else { return nil }
        guard case .integer(let value) = document.nodes[node], range.contains(value) else { throw invalid(name) }
        return value
    }

    /// A whole number, by default not negative.
    package func integer(
        _ name: StaticString,
        in range: ClosedRange<Int64> = 0...Int64(1) << 53 - 1
    ) throws(JSONError) -> Int64 {
        guard let value = try optionalInteger(name, in: range) else { throw missing(name) }
        return value
    }

    package func optionalBool(_ name: StaticString) throws(JSONError) -> Bool? {
        guard let node = find(name) else { return nil }
        guard case .bool(let value) = document.nodes[node] else { throw invalid(name) }
        return value
    }

    package func bool(_ name: StaticString) throws(JSONError) -> Bool {
        guard let value = try optionalBool(name) else { throw missing(name) }
        return value
    }

    package func optionalString(_ name: StaticString, length: ClosedRange<Int>) throws(JSONError) -> [UInt8]? {
        guard let node = find(name) else { return nil }
        guard let value = document.string(node), length.contains(value.count) else { throw invalid(name) }
        return value
    }

    /// Any text: UTF-8, its length in bytes. It may hold control characters.
    package func string(_ name: StaticString, length: ClosedRange<Int>) throws(JSONError) -> [UInt8] {
        guard let value = try optionalString(name, length: length) else { throw missing(name) }
        return value
    }

    package func optionalText(_ name: StaticString, length: ClosedRange<Int>) throws(JSONError) -> [UInt8]? {
        guard let value = try optionalString(name, length: length) else { return nil }
        guard UTF8Text.isPlain(value) else { throw invalid(name) }
        return value
    }

    /// Text for people, in one line: UTF-8 without control characters, its length in bytes.
    package func text(_ name: StaticString, length: ClosedRange<Int>) throws(JSONError) -> [UInt8] {
        guard let value = try optionalText(name, length: length) else { throw missing(name) }
        return value
    }

    /// A number's digits as they were sent, whole or not; nil if absent. Only where the limits allow fractions.
    package func optionalNumberText(_ name: StaticString) throws(JSONError) -> [UInt8]? {
        guard let node = find(name) else { return nil }
        switch document.nodes[node] {
        case .integer(let value): return Decimal.text(value)
        case .fraction(let start, let end): return [UInt8](document.bytes[start..<end])
        case .null, .bool, .string, .array, .object: throw invalid(name)
        }
    }
}

// MARK: - Objects and arrays

extension JSONObject {
    package func optionalObject(_ name: StaticString) throws(JSONError) -> JSONObject? {
        guard let node = find(name) else { return nil }
        guard case .object = document.nodes[node] else { throw invalid(name) }
        return JSONObject(document: document, node: node, path: field(name))
    }

    package func object(_ name: StaticString) throws(JSONError) -> JSONObject {
        guard let value = try optionalObject(name) else { throw missing(name) }
        return value
    }

    package func optionalObjects(_ name: StaticString, atMost limit: Int) throws(JSONError) -> [JSONObject]? {
        guard let elements = try elements(name, atMost: limit) else { return nil }
        var objects: [JSONObject] = []
        objects.reserveCapacity(elements.count)
        for (index, node) in elements.enumerated() {
            let path = field(name) + [91] + Decimal.text(Int64(index)) + [93]
            guard case .object = document.nodes[node] else { throw .invalid(field: path) }
            objects.append(JSONObject(document: document, node: node, path: path))
        }
        return objects
    }

    /// An array of objects.
    package func objects(_ name: StaticString, atMost limit: Int) throws(JSONError) -> [JSONObject] {
        guard let value = try optionalObjects(name, atMost: limit) else { throw missing(name) }
        return value
    }

    package func optionalStrings(
        _ name: StaticString,
        atMost limit: Int,
        length: ClosedRange<Int>
    ) throws(JSONError) -> [[UInt8]]? {
        guard let elements = try elements(name, atMost: limit) else { return nil }
        var strings: [[UInt8]] = []
        strings.reserveCapacity(elements.count)
        for (index, node) in elements.enumerated() {
            guard let value = document.string(node), length.contains(value.count) else {
                throw .invalid(field: field(name) + [91] + Decimal.text(Int64(index)) + [93])
            }
            strings.append(value)
        }
        return strings
    }

    /// An array of texts.
    package func strings(
        _ name: StaticString,
        atMost limit: Int,
        length: ClosedRange<Int>
    ) throws(JSONError) -> [[UInt8]] {
        guard let value = try optionalStrings(name, atMost: limit, length: length) else { throw missing(name) }
        return value
    }

    private func elements(_ name: StaticString, atMost limit: Int) throws(JSONError) -> [Int]? {
        guard let node = find(name) else { return nil }
        guard case .array(let end) = document.nodes[node] else { throw invalid(name) }
        var elements: [Int] = []
        var element = node + 1
        while element < end {
            guard elements.count < limit else { throw invalid(name) }
            elements.append(element)
            element = document.end(of: element)
        }
        return elements
    }
}

// MARK: - Values of the domain

extension JSONObject {
    package func optionalIdentifier<Value: Identifier>(
        _ name: StaticString,
        as type: Value.Type
    ) throws(JSONError) -> Value? {
        guard let node = find(name) else { return nil }
        guard let bytes = document.string(node), let value = Value(bytes) else { throw invalid(name) }
        return value
    }

    package func identifier<Value: Identifier>(_ name: StaticString, as type: Value.Type) throws(JSONError) -> Value {
        guard let value = try optionalIdentifier(name, as: type) else { throw missing(name) }
        return value
    }

    package func optionalName<Value: WireName>(
        _ name: StaticString,
        as type: Value.Type
    ) throws(JSONError) -> Named<Value>? {
        guard let node = find(name) else { return nil }
        guard let bytes = document.string(node), let value = Named<Value>(bytes) else { throw invalid(name) }
        return value
    }

    /// One of the names of a vocabulary, or another one that a newer sender may use.
    package func name<Value: WireName>(_ name: StaticString, as type: Value.Type) throws(JSONError) -> Named<Value> {
        guard let value = try optionalName(name, as: type) else { throw missing(name) }
        return value
    }

    /// One of the names of a vocabulary, nothing else.
    package func knownName<Value: WireName>(_ name: StaticString, as type: Value.Type) throws(JSONError) -> Value {
        guard let value = try self.name(name, as: type).value else { throw invalid(name) }
        return value
    }

    /// Milliseconds since 1970 UTC.
    package func time(_ name: StaticString) throws(JSONError) -> Timestamp {
        Timestamp(milliseconds: try integer(name))
    }

    package func optionalTime(_ name: StaticString) throws(JSONError) -> Timestamp? {
        try optionalInteger(name).map { Timestamp(milliseconds: $0) }
    }

    /// An amount in fen, by default not negative.
    package func money(
        _ name: StaticString,
        in range: ClosedRange<Int64> = 0...Int64(1) << 53 - 1
    ) throws(JSONError) -> Money {
        Money(fen: try integer(name, in: range))
    }

    /// An intent line, as JSON carries it.
    package func intent(_ name: StaticString) throws(JSONError) -> Intent {
        guard let intent = Intent(line: try string(name, length: 1...200)) else { throw invalid(name) }
        return intent
    }

    /// Bytes in Base64.
    package func base64(_ name: StaticString, count: Int) throws(JSONError) -> [UInt8] {
        guard let bytes = Base64.decode(try string(name, length: 0...(count + 2) / 3 * 4)), bytes.count == count
        else { throw invalid(name) }
        return bytes
    }

    /// Bytes in lower-case hexadecimal digits.
    package func hex(_ name: StaticString, count: Int) throws(JSONError) -> [UInt8] {
        guard let bytes = Hex.decode(try string(name, length: 0...2 * count)), bytes.count == count else {
            throw invalid(name)
        }
        return bytes
    }
}
