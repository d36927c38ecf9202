// Part of Tillbridge. See LICENSE.

/// What a launch does next. It knows no clock and no database: everything it decides by is given.
enum LaunchStep: Equatable, Sendable {
    /// Nothing now.
    case rest
    /// These stores' wave begins: to be stored, and only then to be done.
    case begin([String])
    /// These stores' wave was stored: tell the clouds, again if need be, since telling twice is telling once.
    case act([String])
    /// The launch was paused or ended while these stores' wave was on its way: look what the clouds have done.
    case settle([String])
    /// The stop rule holds; the success rate in tenths of a percent.
    case pause(rate: Int)
    case finish

    /// - Parameter outcomes: How the payments of the stores that are live ended, since they are, or since somebody
    ///   went on after a pause.
    init(_ launch: Launch, _ stores: [LaunchStore], outcomes: Outcomes, at now: Int64) {
        let going = stores.filter { $0.state == .going }.map(\.store)
        let waiting = stores.filter { $0.state == .waiting }.map(\.store)
        if !going.isEmpty {
            self = launch.state == .running ? .act(going) : .settle(going)
        } else if launch.state != .running {
            self = .rest
        } else if let rate = outcomes.rate, LaunchStep.isBelow(outcomes, launch) {
            self = .pause(rate: rate)
        } else if waiting.isEmpty {
            // The last wave is watched as long as every other one.
            self = launch.nextWaveAt ?? 0 <= now ? .finish : .rest
        } else if let due = launch.nextWaveAt, due <= now {
            self = .begin(launch.waveSize == 0 ? waiting : Array(waiting.prefix(launch.waveSize)))
        } else {
            self = .rest
        }
    }

    /// A rate that is exactly the one asked for is good enough.
    private static func isBelow(_ outcomes: Outcomes, _ launch: Launch) -> Bool {
        guard let least = launch.leastRate else { return false }
        let counted = outcomes.succeeded + outcomes.failed
        return counted >= max(1, launch.leastPayments) && outcomes.succeeded * 100 < least * counted
    }
}
