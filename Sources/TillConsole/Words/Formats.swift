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
    func moment(_ milliseconds: Int64) -> String { text(milliseconds, "yyyy-MM-dd HH:mm:ss") }

    func date(_ milliseconds: Int64) -> String { text(milliseconds, "yyyy-MM-dd") }

    func time(_ milliseconds: Int64) -> String { text(milliseconds, "HH:mm:ss") }

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

    private func text(_ milliseconds: Int64, _ format: String) -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = zone
        formatter.dateFormat = format
        return formatter.string(from: Date(timeIntervalSince1970: Double(milliseconds) / 1_000))
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
}
