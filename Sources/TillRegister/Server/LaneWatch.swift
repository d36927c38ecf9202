// Part of Tillbridge. See LICENSE.

/// Asks the plug-in for its status at most three times a second, however many pages are open, and knows since when
/// the lane has been undoing a payment.
actor LaneWatch {
    private static let freshness = Duration.milliseconds(300)

    private let desk: TillDesk
    private var seen: LaneStatus?
    private var refusal: String?
    private var seenAt: ContinuousClock.Instant?
    private var revokingSince: ContinuousClock.Instant?

    init(desk: TillDesk) { self.desk = desk }

    func look() async -> (status: LaneStatus?, refusal: String?, revokingSeconds: Int64?) {
        let isFresh = seenAt.map { ContinuousClock.now - $0 < LaneWatch.freshness } ?? false
        if !isFresh {
            let reply = await desk.plugin.laneStatus()
            (seen, refusal) =
                switch reply {
                case .answer(let status): (status, nil)
                case .refused(let problem): (nil, problem.type ?? problem.title)
                case .silence: (nil, nil)
                }
            seenAt = ContinuousClock.now
            if seen?.lane == "revoking" {
                revokingSince = revokingSince ?? ContinuousClock.now
            } else {
                revokingSince = nil
            }
        }
        return (seen, refusal, revokingSince.map { (ContinuousClock.now - $0).components.seconds })
    }
}
