// Part of Tillbridge. See LICENSE.
import TillDomain

/// The fields of a message in their order: names and values, before they are encoded or after they are decoded.
///
/// All of them lie in one array. Two arrays for each field would take longer to make than everything else that is done
/// with them, but for the signature.
struct MessageFields: Sendable {
    /// Where a field is in ``bytes``.
    struct Place {
        let name: Range<Int>
        let value: Range<Int>
    }

    private(set) var bytes: [UInt8] = []
    private(set) var places: [Place] = []

    init() {
        bytes.reserveCapacity(1024)
        places.reserveCapacity(24)
    }

    /// The fields of a message that was read, where they stand in it.
    init(_ bytes: [UInt8], at places: [Place]) {
        self.bytes = bytes
        self.places = places
    }

    func name(_ place: Place) -> ArraySlice<UInt8> { bytes[place.name] }
    func value(_ place: Place) -> ArraySlice<UInt8> { bytes[place.value] }

    // MARK: Making

    mutating func append(_ name: StaticString, _ value: [UInt8]) {
        name.withUTF8Buffer { append($0, value) }
    }

    mutating func append(_ name: StaticString, _ value: StaticString) {
        name.withUTF8Buffer { name in value.withUTF8Buffer { append(name, $0) } }
    }

    mutating func append(_ name: some Collection<UInt8>, _ value: some Collection<UInt8>) {
        let start = bytes.count
        bytes += name
        let end = bytes.count
        bytes += value
        places.append(Place(name: start..<end, value: end..<bytes.count))
    }

    static func += (fields: inout MessageFields, others: MessageFields) {
        let start = fields.bytes.count
        fields.bytes += others.bytes
        for place in others.places {
            fields.places.append(
                Place(
                    name: (start + place.name.lowerBound)..<(start + place.name.upperBound),
                    value: (start + place.value.lowerBound)..<(start + place.value.upperBound)
                )
            )
        }
    }

    static func + (left: MessageFields, right: MessageFields) -> MessageFields {
        var fields = left
        fields += right
        return fields
    }

    // MARK: Reading

    /// The value of a field. Nil where there is none, or an empty one: to the signature rules both are the same.
    subscript(_ name: StaticString) -> [UInt8]? {
        name.withUTF8Buffer { place(of: $0) }.flatMap { $0.value.isEmpty ? nil : [UInt8](value($0)) }
    }

    /// The first field of the name.
    func place(of name: UnsafeBufferPointer<UInt8>) -> Place? {
        bytes.withUnsafeBufferPointer { bytes in
            places.first { MessageFields.equal(UnsafeBufferPointer(rebasing: bytes[$0.name]), name) }
        }
    }

    static func equal(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Bool {
        left.count == right.count && left.elementsEqual(right)
    }

    // MARK: Signing

    /// The text that most wallets sign, of requests as of answers: `name=value` of every field with a value but the
    /// signature itself, sorted by name, joined with `&`, raw.
    func signedText(without signature: StaticString) -> [UInt8] {
        bytes.withUnsafeBufferPointer { bytes in
            func text(_ range: Range<Int>) -> UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(rebasing: bytes[range]) }
            var signed = signature.withUTF8Buffer { signature in
                places.filter { !$0.value.isEmpty && !MessageFields.equal(text($0.name), signature) }
            }
            signed.sort { text($0.name).lexicographicallyPrecedes(text($1.name)) }
            return [UInt8](unsafeUninitializedCapacity: bytes.count + 2 * places.count) { joined, count in
                func write(_ part: UnsafeBufferPointer<UInt8>) {
                    count = joined[count...].initialize(fromContentsOf: part)
                }
                for place in signed {
                    if count > 0 {
                        joined[count] = 38
                        count += 1
                    }
                    write(text(place.name))
                    joined[count] = 61
                    count += 1
                    write(text(place.value))
                }
            }
        }
    }
}

extension MessageFields: Equatable {
    /// Whether names and values are the same, in the same order.
    static func == (left: MessageFields, right: MessageFields) -> Bool {
        left.places.count == right.places.count
            && zip(left.places, right.places).allSatisfy {
                left.name($0) == right.name($1) && left.value($0) == right.value($1)
            }
    }
}

extension MessageFields: ExpressibleByDictionaryLiteral {
    init(dictionaryLiteral fields: (StaticString, [UInt8])...) {
        self.init()
        for (name, value) in fields { append(name, value) }
    }
}
