// Part of Tillbridge. See LICENSE.

/// Wallet times: Gregorian, UTC+8, no daylight saving, no zone in the text.
package struct ChinaTime: Equatable, Sendable {
    package let year: Int
    package let month: Int
    package let day: Int
    package let hour: Int
    package let minute: Int
    package let second: Int

    private static let offset: Int64 = 8 * 3_600_000

    package init(milliseconds: Int64) {
        let seconds = Int((milliseconds + ChinaTime.offset).flooredQuotient(1000))
        let days = seconds.flooredQuotient(86_400)
        let rest = seconds - days * 86_400
        // Days since 0000-03-01, so that the leap day is the last of its year.
        let shifted = days + 719_468
        let era = shifted.flooredQuotient(146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        hour = rest / 3600
        minute = rest / 60 % 60
        second = rest % 60
    }

    /// Reads `yyyy-MM-dd HH:mm:ss` or `yyyyMMddHHmmss`. Nil for anything else, and for a day that does not exist.
    package init?(_ text: String) {
        let bytes = [UInt8](text.utf8)
        let digits: [Int]
        switch bytes.count {
        case 14: digits = Array(0..<14)
        case 19:
            digits = [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18]
            guard bytes[4] == 45, bytes[7] == 45, bytes[10] == 32, bytes[13] == 58, bytes[16] == 58 else { return nil }
        default: return nil
        }
        let values = digits.map { Int(bytes[$0]) - 48 }
        guard values.allSatisfy({ (0...9).contains($0) }) else { return nil }
        func number(_ range: Range<Int>) -> Int { values[range].reduce(0) { $0 * 10 + $1 } }
        year = number(0..<4)
        month = number(4..<6)
        day = number(6..<8)
        hour = number(8..<10)
        minute = number(10..<12)
        second = number(12..<14)
        guard (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 60 else { return nil }
        guard ChinaTime(milliseconds: milliseconds) == self else { return nil }
    }

    package var milliseconds: Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear.flooredQuotient(400)
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        return Int64(days * 86_400 + hour * 3600 + minute * 60 + second) * 1000 - ChinaTime.offset
    }

    /// `yyyy-MM-dd HH:mm:ss`
    package var spaced: String { "\(date) \(two(hour)):\(two(minute)):\(two(second))" }

    /// `yyyy-MM-ddTHH:mm:ss+08:00`
    package var zoned: String { "\(date)T\(two(hour)):\(two(minute)):\(two(second))+08:00" }

    /// `yyyyMMddHHmmss`
    package var compact: String { "\(compactDate)\(two(hour))\(two(minute))\(two(second))" }

    /// `yyyy-MM-dd`
    package var date: String { "\(year)-\(two(month))-\(two(day))" }

    /// `yyyyMMdd`
    package var compactDate: String { "\(year)\(two(month))\(two(day))" }

    private func two(_ value: Int) -> String { value < 10 ? "0\(value)" : String(value) }
}

extension BinaryInteger {
    fileprivate func flooredQuotient(_ divisor: Self) -> Self {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
