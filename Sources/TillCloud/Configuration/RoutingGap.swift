// Part of Tillbridge. See LICENSE.
import TillDomain

/// Codes that are paid today, or will be by what is published, and would not be any more.
struct RoutingGap: Equatable, Sendable {
    /// From 0, in the older document.
    let index: Int
    let rule: SignFlagRule
    let codes: SignFlagGap
    /// A store or chain; empty for one that no rule and no account names.
    let store: String
    let from: Timestamp

    /// The first such codes: by store, then by time.
    static func first(from old: Routing, to new: Routing, at now: Timestamp) -> RoutingGap? {
        let moments = Set(old.moments(after: now) + new.moments(after: now)).sorted()
        for store in Routing.examples(of: [old, new]) {
            for moment in [now] + moments {
                let left = new.taken(at: store, at: moment).map(\.rule)
                for (index, rule) in old.taken(at: store, at: moment) {
                    guard let codes = SignFlagGap.first(in: rule, without: left) else { continue }
                    return RoutingGap(index: index, rule: rule, codes: codes, store: store, from: moment)
                }
            }
        }
        return nil
    }

    /// Names the rule, the codes, a store and the time.
    func sentence(at now: Timestamp) -> String {
        let (low, high) = (String(decoding: codes.low, as: UTF8.self), String(decoding: codes.high, as: UTF8.self))
        let range = low == high ? low : "\(low) to \(high)"
        let place = store.isEmpty ? "" : " at \(store)"
        let time = from == now ? "" : " from \(UTCText.text(from))"
        return "\(SignFlagError.Place(index: index, rule: rule)): codes of \(codes.length) characters that begin with "
            + "\(range) would not be taken any more\(place)\(time)"
    }
}
