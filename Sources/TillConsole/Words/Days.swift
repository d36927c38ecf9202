// Part of Tillbridge. See LICENSE.
import Foundation

/// Days as people of one time zone reckon them. All moments are milliseconds since 1970.
struct Days: Sendable {
    private let calendar: Calendar

    init(zone: TimeZone) {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        self.calendar = calendar
    }

    /// When the day of a moment began, or one that many days later.
    func start(of moment: Int64, adding days: Int = 0) -> Int64 {
        let start = calendar.startOfDay(for: Date(timeIntervalSince1970: Double(moment) / 1_000))
        return Days.moment(calendar.date(byAdding: .day, value: days, to: start) ?? start)
    }

    /// When a day such as `2026-11-29` begins, or one that many days later; nil for anything else.
    func start(typed text: String, adding days: Int = 0) -> Int64? {
        Formats.day(text, calendar).flatMap { calendar.date(byAdding: .day, value: days, to: $0) }.map(Days.moment)
    }

    private static func moment(_ date: Date) -> Int64 { Int64(date.timeIntervalSince1970 * 1_000) }
}
