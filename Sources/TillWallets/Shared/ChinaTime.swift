// Part of Tillbridge. See LICENSE.
import TillDomain

/// The civil time of a moment in GMT+8, which is the zone of every wallet's dates. Whole numbers only: neither a time
/// zone of the machine nor a calendar library has a say in what gets signed.
struct ChinaTime: Equatable {
    let year: Int64
    let month: Int64
    let day: Int64
    let hour: Int64
    let minute: Int64
    let second: Int64

    /// Nil outside the years 1970 to 9999: the wallets' formats have four digits.
    init?(_ moment: Timestamp) {
        guard moment.milliseconds >= 0, moment.milliseconds < 253_402_272_000_000 else { return nil }
        let seconds = moment.milliseconds / 1000 + 8 * 3600
        let time = seconds % 86_400
        hour = time / 3600
        minute = time / 60 % 60
        second = time % 60
        // Days are counted from 1 March of the year 0, in eras of 400 years: a leap day is then always the last.
        let days = seconds / 86_400 + 719_468
        let era = days / 146_097
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// The moment that a wallet writes as `yyyy-MM-dd HH:mm:ss`. Nil for whatever is no such time.
    static func moment(ofSpaced text: some Collection<UInt8>) -> Timestamp? {
        let text = [UInt8](text)
        guard text.count == 19 else { return nil }
        return moment(ofCompact: [0..<4, 5..<7, 8..<10, 11..<13, 14..<16, 17..<19].flatMap { text[$0] })
            .flatMap { ChinaTime($0)?.spaced == text ? $0 : nil }
    }

    /// The moment that a wallet writes as `yyyyMMddHHmmss`. Nil for whatever is no such time.
    static func moment(ofCompact text: some Collection<UInt8>) -> Timestamp? {
        let text = [UInt8](text)
        guard text.count == 14, text.allSatisfy({ (48...57).contains($0) }) else { return nil }
        func number(_ range: Range<Int>) -> Int64 { text[range].reduce(0) { $0 * 10 + Int64($1 - 48) } }
        let (year, month) = (number(0..<4), number(4..<6))
        // The same count of days as in ``init(_:)``, the other way.
        let shiftedMonth = month > 2 ? month - 3 : month + 9
        let shiftedYear = month > 2 ? year : year - 1
        let yearOfEra = shiftedYear % 400
        let dayOfYear = (153 * shiftedMonth + 2) / 5 + number(6..<8) - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = shiftedYear / 400 * 146_097 + dayOfEra - 719_468
        let seconds = days * 86_400 + number(8..<10) * 3600 + number(10..<12) * 60 + number(12..<14) - 8 * 3600
        let moment = Timestamp(milliseconds: seconds * 1000)
        // Written again it is the same, or it was a 30 February or a 25th hour.
        return ChinaTime(moment)?.compact == text ? moment : nil
    }

    /// `yyyy-MM-dd HH:mm:ss`
    var spaced: [UInt8] {
        var text = ("0000-00-00 00:00:00" as StaticString).bytes
        write([0, 5, 8, 11, 14, 17], in: &text)
        return text
    }

    /// `yyyyMMddHHmmss`
    var compact: [UInt8] {
        var text = [UInt8](repeating: 48, count: 14)
        write([0, 4, 6, 8, 10, 12], in: &text)
        return text
    }

    /// - Parameter places: Where year, month, day, hour, minute and second begin.
    private func write(_ places: [Int], in text: inout [UInt8]) {
        for (place, value) in zip(places, [year, month, day, hour, minute, second]) {
            var rest = value
            for position in stride(from: place + (place == 0 ? 3 : 1), through: place, by: -1) {
                text[position] = UInt8(48 + rest % 10)
                rest /= 10
            }
        }
    }
}
