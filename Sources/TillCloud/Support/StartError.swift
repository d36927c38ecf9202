// Part of Tillbridge. See LICENSE.

/// Why a program cannot start or a command cannot be carried out: one sentence that names the thing and what to do.
/// The command line prints it and ends with exit code 2.
package struct StartError: Error, Equatable, Sendable, CustomStringConvertible {
    package let sentence: String
    /// Whether the other cloud may do what this one refuses.
    package let isElsewhere: Bool

    package init(_ sentence: String, isElsewhere: Bool = false) {
        self.sentence = sentence
        self.isElsewhere = isElsewhere
    }

    package var description: String { sentence }
}
