// Part of Tillbridge. See LICENSE.

/// Why a till cannot start: one sentence that names the thing and what to do. The command line ends with exit code 2.
package struct TillStartError: Error, Equatable, Sendable, CustomStringConvertible {
    package let sentence: String

    package init(_ sentence: String) { self.sentence = sentence }

    package var description: String { sentence }
}
