// Part of Tillbridge. See LICENSE.
import TillDomain

/// Why a text is refused. Where a field is to blame, it is named with its path, such as `items[2].quantity`.
package enum JSONError: Error, Equatable, Sendable {
    /// Not JSON, or a token in the wrong place. The offset counts bytes.
    case syntax(offset: Int)
    case notUTF8(offset: Int)
    /// Nested deeper than the reader allows.
    case tooDeep(offset: Int)
    /// More members in one object than the reader allows.
    case tooManyMembers(offset: Int)
    /// The outermost value is something else.
    case notAnObject
    /// A name that occurs twice in one object.
    case duplicate(field: [UInt8])
    case missing(field: [UInt8])
    /// Another type than expected, a number that is not whole or too large, or a value outside its range or form.
    case invalid(field: [UInt8])

    /// The path of the field to blame, where one is.
    package var field: [UInt8]? {
        switch self {
        case .duplicate(let field), .missing(let field), .invalid(let field): field
        case .syntax, .notUTF8, .tooDeep, .tooManyMembers, .notAnObject: nil
        }
    }

    /// One sentence for a problem document.
    package var detail: [UInt8] {
        switch self {
        case .syntax(let offset): JSONError.sentence("The body is not JSON at byte ", offset)
        case .notUTF8(let offset): JSONError.sentence("The body is not UTF-8 at byte ", offset)
        case .tooDeep(let offset): JSONError.sentence("The body is nested too deeply at byte ", offset)
        case .tooManyMembers(let offset): JSONError.sentence("An object has too many members at byte ", offset)
        case .notAnObject: ("The body is not a JSON object." as StaticString).bytes
        case .duplicate(let field): JSONError.sentence("The field ", field, " occurs twice.")
        case .missing(let field): JSONError.sentence("The field ", field, " is missing.")
        case .invalid(let field): JSONError.sentence("The field ", field, " has a value that is not allowed.")
        }
    }

    private static func sentence(_ start: StaticString, _ offset: Int) -> [UInt8] {
        start.bytes + Decimal.text(Int64(offset)) + [46]
    }

    private static func sentence(_ start: StaticString, _ field: [UInt8], _ end: StaticString) -> [UInt8] {
        start.bytes + field + end.bytes
    }
}

/// What decoding a message throws.
package typealias MessageError = JSONError
