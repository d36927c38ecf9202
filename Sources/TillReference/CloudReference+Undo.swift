// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

extension CloudReference {
    var isWindowOver: Bool {
        switch context.schedule?.reversalWindow {
        case .span(let span): now >= start + span
        case .settlementDay(let cut): settlementDay(now, cut) != settlementDay(start, cut)
        case nil: false
        }
    }

    /// By number: which one a moment belongs to, UTC+8.
    func settlementDay(_ moment: Timestamp, _ cut: Int64) -> Int64 {
        (moment.milliseconds + 28_800_000 - cut) / 86_400_000
    }

    /// How long to wait after a query at `look`.
    func pause(_ schedule: WalletSchedule, after look: Timestamp) -> Int64 {
        let had = look - (record.sentAt ?? start)
        return schedule.slowsDown && had > 0 ? schedule.thenEvery + had : schedule.thenEvery
    }

    var earliest: Timestamp? {
        guard let schedule = context.schedule else { return nil }
        if schedule.earliestReversal == 0 || record.unsent && record.sentAt == nil { return start }
        return (record.sentAt ?? start + 8_000) + schedule.earliestReversal
    }

    mutating func call(_ phase: UndoPhase) {
        record.phase = phase
        lease()
        let refund = WalletRefund(
            order: payment.order,
            number: intent.orderNumber.refundNumber(0),
            requestedAt: start,
            amount: intent.amount,
            reason: ("payment revoked" as StaticString).bytes
        )
        switch phase {
        case .look, .verify:
            record.lastLook = now
            if context.schedule != nil { ask(phase == .look ? .look : .verify) }
        case .cancel:
            (record.cancelResult, record.refundAccepted) = (nil, false)
            add(.cancel)
        case .refund:
            (record.refundSent, record.refundAccepted) = (true, false)
            add(.refund(refund, counter: 0))
        case .follow: add(.refundQuery(refund, counter: 0))
        case .idle, .early, .sleeping: break
        }
    }

    mutating func hourly() {
        (record.phase, record.cancelResult, record.dueAt) = (.look, nil, now + 3_600_000)
    }

    mutating func goOn() {
        guard let earliest else { return record.state == .stuck ? hourly() : retry() }
        switch record.phase {
        case .early, .idle:
            if now >= earliest { call(.look) } else { (record.phase, record.dueAt) = (.early, earliest) }
        case .sleeping, .cancel: call(.look)
        default: call(record.phase)
        }
    }

    mutating func lookLater() {
        record.phase = .look
        retry()
    }

    mutating func sleep() {
        record.phase = .sleeping
        guard context.clockTrusted else { return retry() }
        record.dueAt = max(now, proof)
    }

    mutating func ofUndo(_ outcome: QueryOutcome, _ query: CloudQuery) {
        let isLook = query.purpose == .look && record.phase == .look
        let isVerify = query.purpose == .verify && record.phase == .verify
        guard isLook || isVerify else { return count() }
        if outcome == .closed {
            return end(wasPaid ? .refunded : .closed)
        }
        if record.state == .stuck {
            guard case .paid(let trade) = outcome, isOurs(trade) else { return hourly() }
            keepTrade(trade)
            return call(.refund)
        }
        switch outcome {
        case .paid(let trade): found(trade, query, isVerify)
        case .returning:
            record.refundAccepted = true
            retry()
        case .unknown: retry()
        case .open: isVerify ? lookLater() : call(.cancel)
        case .notFound, .payError:
            if !isVerify { return call(.cancel) }
            if outcome == .payError, hasCancelled { return end(wasPaid ? .refunded : .closed) }
            if query.askedAt < proof, record.cancelResult == .refused { return lookLater() }
            // The wallet has just ended the trade, so it knows it: unless this cloud can say more, look again soon.
            if query.askedAt < proof, hasCancelled, !(isPaying && record.unsent) { return lookLater() }
            nothingFound(query)
        case .closed: break
        }
    }

    private var hasCancelled: Bool { record.cancelResult == .closed || record.cancelResult == .refunded }

    private var wasPaid: Bool {
        record.cancelResult == .refunded || record.trade != nil || record.refundAccepted
    }

    mutating func nothingFound(_ query: CloudQuery) {
        let isUnsent = isPaying && record.unsent
        if isUnsent, query.askedAt >= record.unsentSince { return end(.unsent) }
        if query.askedAt >= proof { return end(.neverExisted) }
        if isUnsent { return lookLater() }
        sleep()
    }

    mutating func found(_ trade: WalletTrade, _ query: CloudQuery, _ isVerify: Bool) {
        if !hasOurNonce(trade) {
            alarm(.foreignTrade)
            return nothingFound(query)
        }
        if !isOurs(trade) {
            become(.stuck)
            (record.stuckReason, record.conflictSeen) = (.tradeDiffers, true)
            alarm(.tradeDiffers)
            return stuck()
        }
        if !isVerify, record.trade == nil, now > start + 600_000 { alarm(.lateRevoke) }
        keepTrade(trade)
        if isVerify { return record.cancelResult == .refused ? call(.refund) : lookLater() }
        call(isWindowOver ? .refund : .cancel)
    }

    mutating func stuck() {
        (record.queued, record.personAt) = (true, nil)
        alarm(.stuck)
        hourly()
    }

    mutating func forgetRefund() { (record.refundSent, record.refundAccepted) = (false, false) }

    mutating func stick(_ failure: RefundFailure) {
        become(.stuck)
        record.stuckReason = StuckReason(failure)
        forgetRefund()
        stuck()
    }

    var isUndoing: Bool { record.state == .revoking || record.state == .stuck }

    mutating func cancelled(_ outcome: CancelOutcome) {
        guard record.state == .revoking, record.phase == .cancel else { return count() }
        switch outcome {
        case .closed: record.cancelResult = .closed
        case .refunded: record.cancelResult = .refunded
        case .notFound: record.cancelResult = .notFound
        case .refused: record.cancelResult = .refused
        case .retry, .unknown: return lookLater()
        }
        call(.verify)
    }

    mutating func undoRefund(_ outcome: RefundOutcome) {
        guard isUndoing, record.phase == .refund else { return count() }
        switch outcome {
        case .accepted:
            (record.refundAccepted, record.phase) = (true, .follow)
            retry()
        case .done:
            record.refundAccepted = true
            call(.follow)
        case .failed(let failure):
            if record.state == .revoking { return stick(failure) }
            forgetRefund()
            hourly()
        case .retry, .unknown: record.state == .stuck ? hourly() : retry()
        }
    }

    mutating func undoFollowed(_ outcome: RefundQueryOutcome) {
        guard isUndoing, record.phase == .follow else { return count() }
        switch outcome {
        case .done: end(.refunded)
        case .pending:
            record.refundAccepted = true
            retry()
        case .notFound:
            (record.refundAccepted, record.phase) = (false, .refund)
            record.state == .stuck ? hourly() : retry()
        case .failed(let failure):
            if record.state == .revoking { return stick(failure) }
            forgetRefund()
            hourly()
        case .unknown: retry()
        }
    }
}
