// Part of Tillbridge. See LICENSE.
import Synchronization
import TillDomain

/// Compares the own clock with others', and says whether new payments may be taken (M2).
///
/// Wallets put their time into each answer, and the peer cloud does. A source that differs by more than the limit in
/// two samples running is believed to be right and us to be wrong; but the peer alone is outvoted by wallets that
/// agree with us, since a cloud with a wrong clock must not stop the other one.
///
/// A clock that leaps against the monotonic one is not trusted from that moment on, until a source agrees with it or
/// nobody has contradicted for a while. So the first decision after a leap is already a careful one.
final class ClockFence: Sendable {
    enum Source: Hashable, Sendable {
        case peer
        /// A wallet account, by id.
        case wallet(String)
    }

    private struct Opinion {
        var bad: Int
        /// By the own clock.
        var at: Timestamp
    }

    private struct State {
        var opinions: [Source: Opinion] = [:]
        /// The own clock less the monotonic one, when last looked at. It creeps while the clock is being disciplined.
        var offset: Int64?
        /// By the monotonic clock. Nil: not at all, or somebody has agreed since.
        var leaptAt: Int64?
        var leaps = 0
    }

    /// Two seconds, and one more where the source counts whole seconds.
    static let limit: Int64 = 2_000
    private static let lifetime: Int64 = 120_000

    private let state = Mutex(State())
    private let monotonic: @Sendable () -> Int64

    /// - Parameter monotonic: Milliseconds.
    init(monotonic: @escaping @Sendable () -> Int64 = MonotonicClock.milliseconds) { self.monotonic = monotonic }

    /// How often the own clock has leapt.
    var leaps: Int { state.withLock { $0.leaps } }

    /// - Parameters:
    ///   - theirs: What the source said.
    ///   - sent: By the own clock, before the request.
    ///   - received: By the own clock, after the answer. The truth lies between the two.
    ///   - resolution: Of the source's time, in milliseconds.
    func compare(_ source: Source, theirs: Timestamp, sent: Timestamp, received: Timestamp, resolution: Int64) {
        let early = sent - (theirs + resolution)
        let late = theirs - received
        let isBad = max(early, late) > ClockFence.limit
        state.withLock { state in
            state.opinions[source] = Opinion(bad: isBad ? (state.opinions[source]?.bad ?? 0) + 1 : 0, at: received)
            // A slow answer leaves room for a leap in between.
            if !isBad, received - sent <= ClockFence.limit { state.leaptAt = nil }
        }
    }

    /// Whether the own clock may decide about payments.
    func isTrusted(at now: Timestamp) -> Bool {
        let monotonic = monotonic()
        return state.withLock { state in
            let offset = now.milliseconds - monotonic
            if let before = state.offset, abs(offset - before) > ClockFence.limit {
                state.leaptAt = monotonic
                state.leaps += 1
            }
            state.offset = offset
            if let leaptAt = state.leaptAt {
                guard monotonic - leaptAt >= ClockFence.lifetime else { return false }
                state.leaptAt = nil
            }
            state.opinions = state.opinions.filter { now - $0.value.at < ClockFence.lifetime }
            let wallets = state.opinions.filter { $0.key != .peer }
            if wallets.contains(where: { $0.value.bad >= 2 }) { return false }
            guard let peer = state.opinions[.peer], peer.bad >= 2 else { return true }
            return wallets.contains { $0.value.bad == 0 }
        }
    }
}

/// The `Date` header of HTTP (RFC 9110, section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
enum HTTPDate {
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Nil for the obsolete forms and anything else.
    static func parse(_ text: String) -> Timestamp? {
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", let day = Int64(parts[1]), let year = Int64(parts[3]),
            let month = months.firstIndex(of: String(parts[2])), (1...31).contains(day), (1970...9999).contains(year)
        else { return nil }
        let clock = parts[4].split(separator: ":").compactMap { Int64($0) }
        guard clock.count == 3, (0...23).contains(clock[0]), (0...59).contains(clock[1]), (0...60).contains(clock[2])
        else { return nil }
        let days = daysSince1970(year: year, month: Int64(month) + 1, day: day)
        return Timestamp(milliseconds: ((days * 24 + clock[0]) * 60 + clock[1]) * 60_000 + clock[2] * 1000)
    }

    /// The civil calendar: years begin in March, so that the leap day is the last.
    private static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let era = shifted / 400
        let yearOfEra = shifted % 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
