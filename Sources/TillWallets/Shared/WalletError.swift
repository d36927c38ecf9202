// Part of Tillbridge. See LICENSE.

/// Why no request could be made. Nothing was sent.
package enum WalletError: Error, Equatable, Sendable {
    /// The wallet's own name of a field that is outside the documented range.
    case malformed(field: String)
    case signingFailed
}

/// Why an account's settings cannot be used: one sentence that names the setting and what to do.
package struct WalletSettingsError: Error, Equatable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
