// Part of Tillbridge. See LICENSE.

#if !hasFeature(Embedded)
package import TillDomain

/// One event that met an attempt, or the free lane: what there was before, and what the lane made of it. For whoever
/// holds each step against the specification; the plug-in that ships has no such thing.
package struct LaneStep: Sendable {
    package let event: LaneEventKind
    package let now: Int64
    package let cloudNow: Timestamp?
    package let acknowledges: Bool
    /// Attempts that are DUTY or RELEASED.
    package let dutyOrReleased: Int
    package let otherCloudIsUp: Bool
    private let before: LaneAttempt?
    private let occasion: PluginLane.Occasion
    private let effectsBefore: Int
    private let stepsBefore: Int
    private let countedBefore: UInt64
    private let sequenceBefore: UInt64

    private var after: LaneAttempt?
    /// What the memory of ended sales keeps of an attempt that is not in hand any more.
    package private(set) var remembered: LaneState?
    /// The lane's effects that this event caused by itself.
    package private(set) var effects: [LaneEffect] = []
    package private(set) var counted: Int = 0
    /// A further attempt began.
    package private(set) var further = false
    /// The register's call was treated once more.
    package private(set) var again = false
    private var furtherAsksAt: Int64 = .max
    private var furtherAsksWithPay = false

    init(
        _ event: LaneEventKind,
        at position: Int?,
        _ occasion: PluginLane.Occasion,
        in lane: PluginLane,
        now: Int64
    ) {
        self.event = event
        self.now = now
        self.occasion = occasion
        cloudNow = lane.link.cloudTime(now: now)
        acknowledges = lane.settings.acknowledges
        dutyOrReleased = lane.dutyCount
        before = position.map { lane.attempts[$0] }
        otherCloudIsUp = before.map { lane.link.isUp($0.home.other) } ?? false
        effectsBefore = lane.effects.count
        stepsBefore = lane.steps?.count ?? 0
        countedBefore = lane.countedEvents
        sequenceBefore = lane.lastSequence
    }

    /// Looks at the lane when everything that the event caused has happened.
    mutating func close(_ lane: PluginLane) {
        let inner = lane.steps.flatMap { stepsBefore < $0.count ? $0[stepsBefore] : nil }
        again = inner != nil
        effects = Array(lane.effects[effectsBefore..<(inner?.effectsBefore ?? lane.effects.count)])
        counted = Int((inner?.countedBefore ?? lane.countedEvents) - countedBefore)
        further = (inner?.sequenceBefore ?? lane.lastSequence) != sequenceBefore
        if further, let attempt = lane.attempts.last {
            furtherAsksAt = attempt.asksAt
            furtherAsksWithPay = attempt.asksWithPay
        }
        guard let number = before?.intent.orderNumber else { return }
        after = lane.position(of: number).map { lane.attempts[$0] }
        if after == nil { remembered = lane.memory.latest(epoch: number.epoch, sequence: number.sequence)?.state }
    }

    // MARK: - Before

    package var state: LaneState { before?.state ?? .free }
    package var intent: Intent? { before?.intent }
    package var home: CloudName? { before?.home }
    /// Begun by this process, with the payment code in memory.
    package var isOurs: Bool { before?.isOurs ?? false }
    package var everLeft: Bool { before?.everLeft ?? false }
    package var decidesAt: Int64? { before?.decidesAt }
    package var isReattached: Bool { before?.isReattached ?? false }
    package var secondAttemptUntil: Int64? { before?.secondAttemptUntil }
    package var lockedAt: Int64 { before?.lockedAt ?? 0 }
    package var lockedSince: Timestamp { before?.lockedSince ?? .unknown }
    package var isStuck: Bool { before?.isStuck ?? false }
    /// Why the attempt is where it is.
    package var reason: AnswerReason? { before?.reason }
    /// The call that has waited for the attempt's outcome.
    package var waiting: UInt64? { before?.token }
    /// Both clouds are being told, of an undo or a confirm.
    package var isTelling: Bool { before.map { $0.dutyA.dueAt != .max } ?? false }
    /// A pay or a query is planned.
    package var isAsking: Bool { before.map { $0.asksAt != .max } ?? false }

    // MARK: - The event

    /// The register's call that brought it.
    package var caller: UInt64? { occasion.token }
    package var payment: PaymentReply? { occasion.payment }
    package var isSupervisor: Bool { occasion.supervisor != nil }
    /// Why a new payment may not start.
    package var refusal: AnswerReason? { occasion.refusal }

    // MARK: - After

    /// Nil when the attempt is closed and forgotten.
    package var nextState: LaneState? { after?.state }
    package var tellsAfter: Bool { after.map { $0.dutyA.dueAt != .max } ?? false }
    package var asksAfter: Bool { (after?.asksAt ?? furtherAsksAt) != .max }
    package var asksWithPay: Bool { after?.asksWithPay ?? furtherAsksWithPay }
}

extension PluginLane {
    mutating func close(_ step: LaneStep) {
        var step = step
        step.close(self)
        steps?.append(step)
    }
}
#endif
