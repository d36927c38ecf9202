// Part of Tillbridge. See LICENSE.
import TillDomain

/// The text that most wallets sign, of requests as of answers.
enum SignedText {
    /// Name and value, as they stand in a message before it is encoded or after it is decoded.
    struct Field: Equatable, Sendable {
        let name: [UInt8]
        let value: [UInt8]
    }

    typealias Fields = [Field]

    /// `name=value` of every field with a value but the signature itself, sorted by name, joined with `&`, raw.
    static func of(_ fields: Fields, without signature: StaticString) -> [UInt8] {
        var order = fields.indices.filter { !fields[$0].value.isEmpty && !signature.matches(fields[$0].name) }
        order.sort { precedes(fields[$0].name, fields[$1].name) }
        var text: [UInt8] = []
        text.reserveCapacity(order.reduce(0) { $0 + fields[$1].name.count + fields[$1].value.count + 2 })
        for place in order {
            if !text.isEmpty { text.append(38) }
            text += fields[place].name
            text.append(61)
            text += fields[place].value
        }
        return text
    }

    /// By index, because iterators count references, which takes most of the time of a comparison.
    private static func precedes(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        for place in 0..<min(left.count, right.count) where left[place] != right[place] {
            return left[place] < right[place]
        }
        return left.count < right.count
    }
}
