// Part of Tillbridge. See LICENSE.

/// The sizes of a message, in bytes. Anything larger is refused before it is read to its end.
struct FramingLimits: Equatable, Sendable {
    /// Request or status line, headers and the empty line after them.
    var head = 8 * 1024
    var body = 16 * 1024
    var headerCount = 64

    static let wire = FramingLimits()
}
