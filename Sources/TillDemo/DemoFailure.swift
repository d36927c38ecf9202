// Part of Tillbridge. See LICENSE.

/// Why a demo cannot start or go on: one sentence that names the thing and what to do.
package struct DemoFailure: Error, Equatable, Sendable, CustomStringConvertible {
    package let sentence: String

    package init(_ sentence: String) { self.sentence = sentence }

    package var description: String { sentence }
}
