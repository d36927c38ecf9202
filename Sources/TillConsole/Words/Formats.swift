// Part of Tillbridge. See LICENSE.
import Foundation

/// Money, moments and counts as people read them.
struct Formats: Sendable {
    let language: Language
    let zone: TimeZone

    /// `¥1,234.50`.
    func money(_ fen: Int64) -> String {
        (fen < 0 ? "-" : "") + "¥" + Formats.grouped(fen.magnitude / 100) + "." + Formats.cents(fen)
    }

    /// `1234.50`, as forms take it and spreadsheets reckon with it.
    static func yuan(_ fen: Int64) -> String { (fen < 0 ? "-" : "") + "\(fen.magnitude / 100)." + cents(fen) }

    private static func cents(_ fen: Int64) -> String {
        let cents = String(fen.magnitude % 100)
        return cents.count < 2 ? "0" + cents : cents
    }

    func count(_ value: Int) -> String { (value < 0 ? "-" : "") + Formats.grouped(UInt64(value.magnitude)) }

    /// `2026-11-29 14:03:07`, in the console's time zone.
    func moment(_ milliseconds: Int64) -> String { date(milliseconds) + " " + time(milliseconds) }

    func date(_ milliseconds: Int64) -> String {
        // Days since the first of March of the year 0: the day that a leap year adds is the last one then.
        let days = Formats.floor(seconds(milliseconds), 86_400).quotient + 719_468
        let (era, dayOfEra) = Formats.floor(days, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * month + 2) / 5 + 1
        let year = yearOfEra + era * 400 + (month < 10 ? 0 : 1)
        return "\(year)-\(Formats.two(month < 10 ? month + 3 : month - 9))-\(Formats.two(day))"
    }

    func time(_ milliseconds: Int64) -> String {
        let second = Formats.floor(seconds(milliseconds), 86_400).remainder
        return "\(Formats.two(second / 3_600)):\(Formats.two(second / 60 % 60)):\(Formats.two(second % 60))"
    }

    /// Since 1970 by the zone's clock. An export has a million of them: a formatter would take a minute for those.
    private func seconds(_ milliseconds: Int64) -> Int64 {
        let (second, _) = Formats.floor(milliseconds, 1_000)
        return second + Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(second))))
    }

    private static func floor(_ value: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    private static func two(_ value: Int64) -> String { (value < 10 ? "0" : "") + "\(value)" }

    /// `1.25 s`, `850 ms`, `3 min 5 s`, `2 h 10 min`.
    func duration(_ milliseconds: Int64) -> String {
        let value = max(0, milliseconds)
        switch value {
        case ..<1_000: return "\(value) ms"
        case ..<60_000: return "\(value / 1_000).\(value % 1_000 / 100) s"
        case ..<3_600_000: return "\(value / 60_000) min \(value / 1_000 % 60) s"
        case ..<172_800_000: return "\(value / 3_600_000) h \(value / 60_000 % 60) min"
        default: return language == .english ? "\(value / 86_400_000) days" : "\(value / 86_400_000) 天"
        }
    }

    private static func grouped(_ value: UInt64) -> String {
        var text = ""
        for (position, digit) in String(value).reversed().enumerated() {
            if position > 0, position % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return String(text.reversed())
    }

    /// Reads what people type: `12`, `12.5`, `¥1,234.50`, `12。50`. Nil for anything else and for fractions of a fen.
    static func fen(_ text: String) -> Int64? {
        let plain = text.filter { !" ¥￥,，元".contains($0) }.replacingOccurrences(of: "。", with: ".")
        let parts = plain.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), !parts[0].isEmpty, parts[0].utf8.count <= 12,
            parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }), let yuan = Int64(parts[0])
        else { return nil }
        guard parts.count == 2 else { return yuan * 100 }
        guard (1...2).contains(parts[1].utf8.count), let cents = Int64(parts[1]) else { return nil }
        return yuan * 100 + (parts[1].utf8.count == 1 ? cents * 10 : cents)
    }

    /// Reads a day such as `2026-11-29`: its start. Nil for anything else.
    static func day(_ text: String, _ calendar: Calendar) -> Date? {
        let parts = text.split(separator: "-").map { Int($0) }
        guard parts.count == 3, let year = parts[0], let month = parts[1], let day = parts[2],
            (2_000...2_200).contains(year), (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        return calendar.date(from: DateComponents(year: year, month: month, day: day))
    }
}
