// Part of Tillbridge. See LICENSE.
import Foundation

extension Formats {
    /// Reads a moment such as `2026-12-01 06:00` in the console's time zone.
    /// - Returns: Milliseconds since 1970; nil for anything else.
    func moment(typed text: String) -> Int64? {
        guard let parts = text.wholeMatch(of: /(\d{4})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2})/) else { return nil }
        let numbers = [parts.1, parts.2, parts.3, parts.4, parts.5].compactMap { Int($0) }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        let wanted = DateComponents(
            year: numbers[0],
            month: numbers[1],
            day: numbers[2],
            hour: numbers[3],
            minute: numbers[4]
        )
        guard let date = calendar.date(from: wanted) else { return nil }
        // The calendar reads the 31st of February as a day of March.
        let found = calendar.dateComponents([.year, .month, .day, .hour, .minute], from: date)
        guard found.year == numbers[0], found.month == numbers[1], found.day == numbers[2], found.hour == numbers[3],
            found.minute == numbers[4]
        else { return nil }
        return Int64(date.timeIntervalSince1970 * 1_000)
    }
}

extension Call {
    /// A field that may be left empty for "at once", or for "never".
    func moment(_ name: String, _ problems: inout Problems) -> Int64? {
        guard !form[name].isEmpty else { return nil }
        guard let moment = formats.moment(typed: form[name]) else {
            problems.add(name, Phrase("problem.moment"))
            return nil
        }
        return moment
    }
}
