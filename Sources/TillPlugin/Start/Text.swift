// Part of Tillbridge. See LICENSE.
import TillDomain

/// Bytes for people, written with string literals and interpolation but without `String`, whose Unicode tables would
/// double the plug-in's size.
struct Text: ExpressibleByStringInterpolation, Equatable, Sendable {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }
    init(stringLiteral literal: StaticString) { bytes = literal.bytes }
    init(stringInterpolation: StringInterpolation) { bytes = stringInterpolation.bytes }

    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var bytes: [UInt8] = []

        init(literalCapacity: Int, interpolationCount: Int) {
            bytes.reserveCapacity(literalCapacity + 16 * interpolationCount)
        }

        // Never inlined: sentences are many, and copies of these few lines would add up.
        @inline(never) mutating func appendLiteral(_ literal: StaticString) { bytes += literal.bytes }
        @inline(never) mutating func appendInterpolation(_ text: [UInt8]) { bytes += text }
        @inline(never) mutating func appendInterpolation(_ text: ArraySlice<UInt8>) { bytes += text }
        @inline(never) mutating func appendInterpolation(_ text: StaticString) { bytes += text.bytes }
        @inline(never) mutating func appendInterpolation(_ text: Text) { bytes += text.bytes }
        @inline(never) mutating func appendInterpolation(_ number: Int64) { bytes += Decimal.text(number) }
        @inline(never) mutating func appendInterpolation(_ number: Int) { bytes += Decimal.text(Int64(number)) }
        @inline(never) mutating func appendInterpolation(_ error: SystemError) { bytes += error.text }

        /// Text from outside: quoted, shortened, and without anything that could pass for another line.
        @inline(never) mutating func appendInterpolation(quoted text: some Collection<UInt8>) {
            bytes.append(39)
            bytes += text.prefix(60).map { $0 < 32 || $0 == 127 ? 63 : $0 }
            bytes.append(39)
        }
    }
}

/// Why the plug-in does not start, or a command ends: one sentence that names the thing and what to do.
struct StartError: Error, Equatable, Sendable {
    let sentence: Text

    init(_ sentence: Text) { self.sentence = sentence }
}
