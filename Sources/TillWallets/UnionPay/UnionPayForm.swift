// Part of Tillbridge. See LICENSE.
import TillDomain

/// An answer of UnionPay: `name=value&name=value…`, with values as they are, not percent-encoded.
///
/// An own reader, because the values enter a signature exactly as they stand: a Base64 text holds `=` and `+`, a
/// certificate holds line breaks, and an `&` inside braces or brackets belongs to its value.
struct UnionPayForm: Equatable {
    typealias Field = SignedText.Field

    static let sizeLimit = 1 << 18
    static let fieldLimit = 128
    static let nameLimit = 64

    let fields: [Field]

    /// Nil for anything but fields with plain names, each of them once, within the limits.
    init?(_ body: [UInt8], sizeLimit: Int = UnionPayForm.sizeLimit) {
        guard body.count <= sizeLimit else { return nil }
        var fields: [Field] = []
        var start = 0
        while start <= body.count {
            guard fields.count < UnionPayForm.fieldLimit, let field = UnionPayForm.field(in: body, at: start),
                !fields.contains(where: { $0.name == field.name })
            else { return nil }
            fields.append(field)
            // Behind the name, its `=`, the value and the `&`.
            start += field.name.count + field.value.count + 2
        }
        self.fields = fields
    }

    /// The value of a field. Nil where there is none, or an empty one: to the signature rule both are the same.
    subscript(_ name: StaticString) -> [UInt8]? {
        fields.first { name.matches($0.name) }.flatMap { $0.value.isEmpty ? nil : $0.value }
    }

    /// The field that begins at `start` and ends before the next `&` outside braces and brackets.
    private static func field(in body: [UInt8], at start: Int) -> Field? {
        var position = start
        while position < body.count, isName(body[position]) { position += 1 }
        guard (1...nameLimit).contains(position - start), position < body.count, body[position] == 61 else {
            return nil
        }
        let name = [UInt8](body[start..<position])
        position += 1
        let valueStart = position
        // The kind of bracket that was opened first, and how many of its kind are open.
        var (open, close, depth): (UInt8, UInt8, Int) = (0, 0, 0)
        while position < body.count, depth > 0 || body[position] != 38 {
            let byte = body[position]
            if depth == 0, byte == 123 || byte == 91 {
                (open, close, depth) = (byte, byte + 2, 1)
            } else if depth > 0, byte == open {
                depth += 1
            } else if depth > 0, byte == close {
                depth -= 1
            }
            position += 1
        }
        return Field(name: name, value: [UInt8](body[valueStart..<position]))
    }

    private static func isName(_ byte: UInt8) -> Bool {
        switch byte {
        case 65...90, 97...122, 48...57, 95: true
        default: false
        }
    }
}
