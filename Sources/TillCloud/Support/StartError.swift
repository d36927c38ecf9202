// Part of Tillbridge. See LICENSE.

/// Why a program cannot start or a command cannot be carried out: one sentence that names the thing and what to do.
/// The command line prints it and ends with exit code 2.
package struct StartError: Error, Equatable, Sendable, CustomStringConvertible {
    package let sentence: String

    package init(_ sentence: String) { self.sentence = sentence }

    package var description: String { sentence }
}
