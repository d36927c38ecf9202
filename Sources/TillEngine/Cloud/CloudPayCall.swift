// Part of Tillbridge. See LICENSE.
package import TillDomain

/// The right to write one pay request, held by the process that claimed it. It is never stored, so a restart loses
/// it, and nothing can make a second one for the same row.
package struct CloudPayCall: Equatable, Sendable {
    package let number: OrderNumber
    /// D: no byte may be written at or after this moment.
    package let deadline: Timestamp
    private var spent = false

    init(number: OrderNumber, deadline: Timestamp) {
        self.number = number
        self.deadline = deadline
    }

    /// The last clock check, directly before the first byte is written: true once, and only before D.
    /// After false the sender reports ``CloudEvent/payUnwritten(_:)``.
    package mutating func mayWrite(at now: Timestamp) -> Bool {
        guard !spent else { return false }
        spent = true
        return now < deadline
    }
}
