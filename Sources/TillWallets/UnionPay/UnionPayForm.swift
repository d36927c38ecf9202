// Part of Tillbridge. See LICENSE.
import TillDomain

/// An answer of UnionPay: `name=value&name=value…`, with values as they are, not percent-encoded.
///
/// An own reader, because the values enter a signature exactly as they stand: a Base64 text holds `=` and `+`, a
/// certificate holds line breaks, and an `&` inside braces or brackets belongs to its value.
struct UnionPayForm: Equatable {
    static let sizeLimit = 1 << 18
    static let fieldLimit = 128
    static let nameLimit = 64

    let fields: MessageFields

    /// Nil for anything but fields with plain names, each of them once, within the limits.
    init?(_ body: [UInt8], sizeLimit: Int = UnionPayForm.sizeLimit) {
        guard body.count <= sizeLimit, let places = body.withUnsafeBufferPointer({ UnionPayForm.places(in: $0) }) else {
            return nil
        }
        fields = MessageFields(body, at: places)
    }

    /// The value of a field. Nil where there is none, or an empty one: to the signature rule both are the same.
    subscript(_ name: StaticString) -> [UInt8]? { fields[name] }

    private static func places(in body: UnsafeBufferPointer<UInt8>) -> [MessageFields.Place]? {
        func text(_ range: Range<Int>) -> UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(rebasing: body[range]) }
        var places: [MessageFields.Place] = []
        places.reserveCapacity(24)
        var start = 0
        while start <= body.count {
            guard places.count < fieldLimit, let place = place(in: body, at: start),
                !places.contains(where: { MessageFields.equal(text($0.name), text(place.name)) })
            else { return nil }
            places.append(place)
            // Behind the `&`.
            start = place.value.upperBound + 1
        }
        return places
    }

    /// The field that begins at `start` and ends before the next `&` outside braces and brackets.
    private static func place(in body: UnsafeBufferPointer<UInt8>, at start: Int) -> MessageFields.Place? {
        var position = start
        while position < body.count, isName(body[position]) { position += 1 }
        let name = start..<position
        guard (1...nameLimit).contains(name.count), position < body.count, body[position] == 61 else { return nil }
        position += 1
        let valueStart = position
        // The kind of bracket that was opened first, and how many of its kind are open.
        var (open, close, depth): (UInt8, UInt8, Int) = (0, 0, 0)
        while position < body.count {
            let byte = body[position]
            if depth == 0 {
                if byte == 38 { break }
                if byte == 123 || byte == 91 { (open, close, depth) = (byte, byte + 2, 1) }
            } else if byte == open {
                depth += 1
            } else if byte == close {
                depth -= 1
            }
            position += 1
        }
        return MessageFields.Place(name: name, value: valueStart..<position)
    }

    private static func isName(_ byte: UInt8) -> Bool {
        switch byte {
        case 65...90, 97...122, 48...57, 95: true
        default: false
        }
    }
}
