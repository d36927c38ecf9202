// Part of Tillbridge. See LICENSE.
import Foundation
package import TillDomain

/// Times for people: ISO 8601 with whole seconds, printed in UTC.
package enum UTCText {
    package static func text(_ moment: Timestamp) -> String {
        Date(timeIntervalSince1970: Double(moment.milliseconds / 1000)).formatted(.iso8601)
    }

    /// Reads `2026-12-01T06:00:00+08:00`, with any offset or `Z`.
    package static func parse(_ text: String) -> Timestamp? {
        guard let date = try? Date(text, strategy: .iso8601) else { return nil }
        let seconds = date.timeIntervalSince1970
        // Years 1970 to 9999: what has a fourth digit too many is a mistake.
        guard (0..<253_402_300_800).contains(seconds) else { return nil }
        return Timestamp(milliseconds: Int64(seconds) * 1000)
    }
}
