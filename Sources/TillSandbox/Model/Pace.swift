// Part of Tillbridge. See LICENSE.

/// How fast the wallet's waiting times pass. At pace 5 a code that lives 60 seconds lives 12.
/// Windows of a day and more (cancel, refund) keep their length: they are tested by moving the clock.
package struct Pace: Equatable, Sendable {
    private let speed: Double

    package static let real = Pace(speed: 1)

    /// `speed` is positive.
    package init(speed: Double) { self.speed = speed }

    /// Real milliseconds for so many milliseconds of wallet time.
    package func wait(_ milliseconds: Int64) -> Int64 { Int64((Double(milliseconds) / speed).rounded(.up)) }

    package func wait(seconds: Double) -> Int64 { Int64((seconds * 1000 / speed).rounded(.up)) }
}
