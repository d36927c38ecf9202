// Part of Tillbridge. See LICENSE.

/// The time that one bill covers. All days are Chinese ones.
package struct BillPeriod: Equatable, Sendable {
    /// Milliseconds since 1970 UTC.
    package let start: Int64
    /// The first moment that no longer belongs to it.
    package let end: Int64

    private static let hour: Int64 = 3_600_000

    /// A day, `yyyyMMdd` or `yyyy-MM-dd`. Nil for anything else.
    package init?(day text: String) {
        let isSpaced = text.utf8.count == 10
        guard isSpaced || text.utf8.count == 8, let midnight = ChinaTime(text + (isSpaced ? " 00:00:00" : "000000"))
        else { return nil }
        start = midnight.milliseconds
        end = start + 24 * BillPeriod.hour
    }

    /// A month, `yyyy-MM`. Nil for anything else.
    package init?(month text: String) {
        guard text.utf8.count == 7, let first = ChinaTime(text + "-01 00:00:00") else { return nil }
        start = first.milliseconds
        let inNextMonth = ChinaTime(milliseconds: start + 31 * 24 * BillPeriod.hour)
        guard let next = ChinaTime("\(inNextMonth.date.prefix(7))-01 00:00:00") else { return nil }
        end = next.milliseconds
    }

    /// UnionPay's settlement day, `yyyyMMdd`: from 23:00 of the day before to 23:00.
    package init?(settlementDay text: String) {
        guard let day = BillPeriod(day: text) else { return nil }
        start = day.start - BillPeriod.hour
        end = day.end - BillPeriod.hour
    }

    package func contains(_ moment: Int64) -> Bool { (start..<end).contains(moment) }

    /// When the bill is made: a day's at 09:00 of the next, a month's at 09:00 of the third.
    package var readyAt: Int64 {
        end + (end - start > 24 * BillPeriod.hour ? 48 : 0) * BillPeriod.hour + 9 * BillPeriod.hour
    }
}
