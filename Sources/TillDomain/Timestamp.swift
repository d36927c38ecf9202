// Part of Tillbridge. See LICENSE.

/// A moment in milliseconds since 1970 UTC, by the clock of a cloud. Zero means "not known yet".
package struct Timestamp: Hashable, Comparable, Sendable {
    package let milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    package static let unknown = Timestamp(milliseconds: 0)

    package static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }

    /// This moment moved by a span in milliseconds. Saturates: a hostile number must not trap.
    package static func + (left: Timestamp, span: Int64) -> Timestamp {
        let (sum, overflow) = left.milliseconds.addingReportingOverflow(span)
        return Timestamp(milliseconds: overflow ? (span > 0 ? .max : .min) : sum)
    }

    /// The span from `right` to `left` in milliseconds. Saturates.
    package static func - (left: Timestamp, right: Timestamp) -> Int64 {
        let (span, overflow) = left.milliseconds.subtractingReportingOverflow(right.milliseconds)
        return overflow ? (left.milliseconds > right.milliseconds ? .max : .min) : span
    }
}
