// Part of Tillbridge. See LICENSE.
package import TillDomain

/// One day in GMT+8, which is the day of every wallet's statement.
package struct StatementDay: Equatable, Sendable, CustomStringConvertible {
    let year: Int64
    let month: Int64
    let day: Int64
    /// Its first moment.
    package let start: Timestamp

    /// Reads `YYYY-MM-DD`. Nil for whatever is no day of the years 1970 to 9999.
    package init?(_ text: some Collection<UInt8>) {
        guard text.count == 10, let start = ChinaTime.moment(ofSpaced: [UInt8](text) + [UInt8](" 00:00:00".utf8)),
            let time = ChinaTime(start)
        else { return nil }
        self.start = start
        (year, month, day) = (time.year, time.month, time.day)
    }

    /// `yyyy-MM-dd`
    var dashed: [UInt8] { ChinaTime(start).map { [UInt8]($0.spaced.prefix(10)) } ?? [] }
    /// `yyyyMMdd`
    var compact: [UInt8] { ChinaTime(start).map { [UInt8]($0.compact.prefix(8)) } ?? [] }

    package var description: String { String(decoding: dashed, as: UTF8.self) }

    package func isOver(at now: Timestamp) -> Bool { now >= start + 86_400_000 }

    /// Wallets make a day's file in the morning after it, from nine or ten o'clock on. Until noon "there is none" may
    /// mean "not yet"; afterwards it means that nothing was sold.
    func mayStillCome(at now: Timestamp) -> Bool { now < start + 36 * 3_600_000 }

    /// What "there is no such file" means at this time.
    func missing(_ code: String, at now: Timestamp) -> StatementReading {
        mayStillCome(at: now) ? .notYet(code: code) : .noTrades(code: code)
    }
}
