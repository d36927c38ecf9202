// Part of Tillbridge. See LICENSE.

/// Something a person has to mend before the sandbox can run, as one sentence that says what to do.
package struct SandboxError: Error, Equatable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
