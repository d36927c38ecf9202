// Part of Tillbridge. See LICENSE.
package import TillDomain

/// Bytes for people, written with string literals and interpolation but without `String`, whose Unicode tables would
/// double the plug-in's size.
package struct Text: ExpressibleByStringInterpolation, Equatable, Sendable {
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }
    package init(stringLiteral literal: StaticString) { bytes = literal.bytes }
    package init(stringInterpolation: StringInterpolation) { bytes = stringInterpolation.bytes }

    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var bytes: [UInt8] = []

        package init(literalCapacity: Int, interpolationCount: Int) {
            bytes.reserveCapacity(literalCapacity + 16 * interpolationCount)
        }

        package mutating func appendLiteral(_ literal: StaticString) { bytes += literal.bytes }
        package mutating func appendInterpolation(_ text: [UInt8]) { bytes += text }
        package mutating func appendInterpolation(_ text: ArraySlice<UInt8>) { bytes += text }
        package mutating func appendInterpolation(_ text: StaticString) { bytes += text.bytes }
        package mutating func appendInterpolation(_ text: Text) { bytes += text.bytes }
        package mutating func appendInterpolation(_ number: Int64) { bytes += Decimal.text(number) }
        package mutating func appendInterpolation(_ number: Int) { bytes += Decimal.text(Int64(number)) }
        package mutating func appendInterpolation(_ error: SystemError) { bytes += error.text }

        /// Text from outside: quoted, shortened, and without anything that could pass for another line.
        package mutating func appendInterpolation(quoted text: some Collection<UInt8>) {
            bytes.append(39)
            bytes += text.prefix(60).map { $0 < 32 || $0 == 127 ? 63 : $0 }
            bytes.append(39)
        }
    }
}

/// Why the plug-in does not start, or a command ends: one sentence that names the thing and what to do.
package struct StartError: Error, Equatable, Sendable {
    package let sentence: Text

    package init(_ sentence: Text) { self.sentence = sentence }
}
