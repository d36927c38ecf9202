// Part of Tillbridge. See LICENSE.
import TillDomain

/// When a row's work goes on. All spans follow the time factor.
extension CloudStep {
    /// Longer than any wallet call may last: after it the call counts as lost.
    static let callLease: Int64 = 15_000
    private static let longestRetry: Int64 = 15_000
    private static let hour: Int64 = 3_600_000
    private static let quickWatchRetries = 20
    private static let slowWatchRetry: Int64 = 1_800_000
    private static let longestWatch: Int64 = 86_400_000

    /// 1, 2, 4, 8, then 15 s, with full jitter.
    func backoff(_ attempts: Int) -> Int64 {
        let span = times.scaled(attempts < 4 ? 1_000 << Int64(max(attempts, 0)) : CloudStep.longestRetry)
        return jittered(span, from: 0)
    }

    /// Between `from` thousandths of `span` and all of it; never less than a hundredth, so that nothing spins.
    private func jittered(_ span: Int64, from: Int64) -> Int64 {
        let thousandths = from + Int64(context.random % UInt64(1_001 - from))
        return max(span * thousandths / 1_000, span / 100, 1)
    }

    /// When the wallet may have got the payment; a cloud that did not send counts from the start.
    var sent: Timestamp { record.sentAt ?? intent.startedAt }

    mutating func leaseCall() { record.dueAt = now + times.scaled(CloudStep.callLease) }

    mutating func repeatLater() {
        record.dueAt = now + backoff(record.attempts)
        record.attempts += 1
    }

    mutating func retryHourly() {
        record.phase = .look
        record.cancelResult = nil
        record.dueAt = now + times.scaled(CloudStep.hour)
    }

    /// The wallet's cadence until the plug-in decides; later every 15 s; once a person knows, every minute.
    mutating func schedulePoll() {
        guard let schedule = context.schedule else { return repeatLater() }
        if record.lastLook == .unknown {
            let first = sent + times.scaled(schedule.firstQuery)
            record.dueAt = first > now ? first : now
        } else if now < intent.startedAt + times.decision {
            record.dueAt = now + jittered(schedule.pause(sent: sent, look: now, times), from: 900)
        } else {
            record.dueAt = now + jittered(times.scaled(record.queued ? 60_000 : CloudStep.longestRetry), from: 800)
        }
    }

    /// The looks at a final payment: when absence is proven, and five minutes after F. F counts from the start by the
    /// register's clock and from the moment at which the row became final by ours: one of them may be slow.
    mutating func scheduleWatch() {
        record.attempts = 0
        // By a wrong clock both looks may seem to be over.
        guard context.clockTrusted else {
            record.dueAt = now + times.scaled(60_000)
            return
        }
        let first = intent.startedAt + times.absenceProof
        // A row that was written by a clock that ran ahead is looked at until that moment has come.
        let last = max(intent.startedAt, min(record.stateSince, now)) + times.firstPayBound + times.secondLook
        record.dueAt = now < first ? first : now < last ? last : nil
    }

    /// A wallet that does not answer is asked again within seconds; if the last look meets a longer outage, every half
    /// hour, for a day after the payment began. What the wallet took against its word is found when it is back.
    mutating func repeatWatch() {
        guard record.attempts >= CloudStep.quickWatchRetries else { return repeatLater() }
        scheduleWatch()
        guard record.dueAt == nil, now < intent.startedAt + times.scaled(CloudStep.longestWatch) else { return }
        record.attempts = CloudStep.quickWatchRetries
        record.dueAt = now + jittered(times.scaled(CloudStep.slowWatchRetry), from: 800)
    }

    /// When a reversal may begin. At once where nothing was ever sent; the other cloud does not know when pay was
    /// sent and counts from the last moment at which it may have been.
    var earliestReversal: Timestamp? { payment.earliestReversal(context) }
}

extension CloudPayment {
    func earliestReversal(_ context: CloudContext) -> Timestamp? {
        guard let schedule = context.schedule else { return nil }
        if schedule.earliestReversal == 0 || record.unsent && record.sentAt == nil { return intent.startedAt }
        let times = context.times
        return (record.sentAt ?? intent.startedAt + times.payDeadline) + times.scaled(schedule.earliestReversal)
    }
}
