// Part of Tillbridge. See LICENSE.
import TillDomain

extension CloudStep {
    // MARK: Queries

    mutating func ask(_ purpose: CloudQueryPurpose) {
        guard context.schedule != nil else { return }
        let implied: Bool
        if case .confirm(_, _, true) = event { implied = true } else { implied = false }
        // A clock that is not trusted gives no moment: the answer proves nothing that depends on time (M2).
        let askedAt = context.clockTrusted ? now : Timestamp.unknown
        effects.append(.query(CloudQuery(purpose: purpose, askedAt: askedAt, implied: implied)))
    }

    mutating func askPoll() {
        guard context.schedule != nil else { return repeatLater() }
        record.lastLook = now
        leaseCall()
        ask(.poll)
    }

    mutating func askWatch() {
        // Whom to ask may come yet: then this was no look, not even the last one.
        if context.route == .missing { return repeatWatch() }
        guard context.schedule != nil else { return scheduleWatch() }
        record.lastLook = now
        leaseCall()
        ask(.watch)
    }

    // MARK: The undo

    mutating func beginUndo() {
        switch event {
        case .revoke(_, _, let reason): record.revokeReason = reason
        case .person: record.revokeReason = .ordered
        default: break
        }
        record.attempts = 0
        record.cancelResult = nil
        record.phase = .early
        continueUndo()
    }

    mutating func reopenUndo() {
        record.attempts = 0
        record.cancelResult = nil
        record.undoKind = nil
        forgetRefund()
    }

    /// Later than every query that was asked until now, whatever the clock did meanwhile: a machine that stood still
    /// works on for a moment by a clock that is late.
    var afterAllQueries: Timestamp { max(now, record.lastLook + 1) }

    mutating func proveUnsent() {
        // Where nothing was ever sent, any query confirms it; where a call ended, only a later one.
        record.unsentSince = event.isPayCompletion ? afterAllQueries : .unknown
        record.unsent = true
        if event.kind == .payUnwritten { record.sentAt = nil }
    }

    /// The call of the phase. Nothing is called before the earliest reversal, or without a route.
    mutating func continueUndo() {
        guard let earliest = earliestReversal else {
            return record.state == .stuck ? retryHourly() : repeatLater()
        }
        switch record.phase {
        case .idle, .early:
            guard now >= earliest else {
                record.phase = .early
                record.dueAt = earliest
                return
            }
            call(.look)
        // A cancel whose answer was lost may be long ago; meanwhile another's trade may lie under the number (S11).
        case .look, .sleeping, .cancel: call(.look)
        case .verify, .refund, .follow: call(record.phase)
        }
    }

    mutating func call(_ phase: UndoPhase) {
        record.phase = phase
        leaseCall()
        switch phase {
        case .idle, .early, .sleeping: preconditionFailure("no call in this phase")
        case .look:
            record.lastLook = now
            ask(.look)
        case .verify:
            record.lastLook = now
            ask(.verify)
        case .cancel:
            record.cancelResult = nil
            record.refundAccepted = false
            effects.append(.cancel)
        case .refund:
            record.refundSent = true
            record.refundAccepted = false
            effects.append(.refund(payment.undoRefund, counter: 0))
        case .follow: effects.append(.refundQuery(payment.undoRefund, counter: 0))
        }
    }

    mutating func noteCancel() {
        guard case .cancelOutcome(let outcome) = event else { return }
        record.cancelResult =
            switch outcome {
            case .closed: .closed
            case .refunded: .refunded
            case .notFound: .notFound
            case .refused: .refused
            case .retry, .unknown: nil
            }
    }

    mutating func sleepUntilProof() {
        record.phase = .sleeping
        guard context.clockTrusted else { return repeatLater() }
        let proof = intent.startedAt + times.absenceProof
        record.dueAt = proof > now ? proof : now
    }

    mutating func finish(_ kind: UndoKind) {
        record.undoKind = kind
        record.stuckReason = nil
        record.refundAccepted = false
        record.phase = .idle
        if case .revoke(_, _, let reason) = event { record.revokeReason = reason }
        scheduleWatch()
    }

    mutating func stick() {
        switch event {
        case .refundOutcome(.failed(let failure), _), .refundQueryOutcome(.failed(let failure), _):
            record.stuckReason = StuckReason(failure)
        default: record.stuckReason = .refundFailed
        }
        forgetRefund()
        becomeStuck()
    }

    /// The refund has failed: this number gives nothing back unless it is asked for again.
    mutating func forgetRefund() {
        record.refundSent = false
        record.refundAccepted = false
    }

    mutating func stickDiffers() {
        record.stuckReason = .tradeDiffers
        record.conflictSeen = true
        effects.append(.alarm(.tradeDiffers))
        becomeStuck()
    }

    private mutating func becomeStuck() {
        record.queued = true
        record.personAt = nil
        effects.append(.alarm(.stuck))
        retryHourly()
    }

    // MARK: Refunds by authority

    /// The most refunds of one payment at one cloud: two clouds share the two digits of the number.
    static let mostRefunds = 49

    /// The paying cloud numbers from R01, a cloud that has adopted the refunds from R51. A wallet takes a number that it
    /// knows for the refund that it was: it would say *done* and move no money.
    mutating func addRefund() {
        guard let request = refundRequest else { return }
        let counter = (record.refunds.last?.counter ?? (isHome ? 0 : 50)) + 1
        record.refunds.append(CloudRefund(counter: counter, request: request, createdAt: now))
    }

    mutating func childWork() {
        guard let kind = CloudRefundEventKind(event), let place = event.refundPlace(in: record.refunds),
            let row = CloudRefundTable.row(record.refunds[place].state, kind)
        else { return effects.append(.count(record.state, event.kind)) }
        var refund = record.refunds[place]
        refund.state = row.next
        refund.changedAt = now
        refund.dueAt = nil
        let call = WalletRefund(
            order: WalletOrder(intent),
            number: refund.number(of: intent.orderNumber),
            requestedAt: refund.createdAt,
            amount: refund.amount,
            reason: refund.request.reason
        )
        let canCall = context.schedule != nil
        for action in row.actions {
            switch action {
            case .call, .follow:
                guard canCall else {
                    refund.dueAt = now + times.scaled(CloudStep.callLease)
                    continue
                }
                refund.dueAt = now + times.scaled(CloudStep.callLease)
                effects.append(
                    action == .call
                        ? .refund(call, counter: refund.counter) : .refundQuery(call, counter: refund.counter)
                )
            case .later:
                refund.dueAt = now + backoff(refund.attempts)
                refund.attempts += 1
            case .finish: refund.failure = nil
            case .fail:
                refund.failure = event.refundFailure
                effects.append(.alarm(.refundFailed))
            case .alarmDone: effects.append(.alarm(.refundAfterFailure))
            }
        }
        record.refunds[place] = refund
    }
}

extension CloudEvent {
    func refundPlace(in refunds: [CloudRefund]) -> Int? {
        switch self {
        case .refundDue(let counter), .refundOutcome(_, let counter), .refundQueryOutcome(_, let counter):
            refunds.firstIndex { $0.counter == counter }
        default: nil
        }
    }

    var refundFailure: RefundFailure? {
        switch self {
        case .refundOutcome(.failed(let failure), _), .refundQueryOutcome(.failed(let failure), _): failure
        default: nil
        }
    }
}

extension CloudPayment {
    var undoRefund: WalletRefund { order.undoRefund }
}
