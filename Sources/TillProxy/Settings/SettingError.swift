// Part of Tillbridge. See LICENSE.

/// Why the proxy cannot start: one sentence that names the setting, the value seen and what is allowed.
package struct SettingError: Error, Equatable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
