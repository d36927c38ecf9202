// Part of Tillbridge. See LICENSE.
import TillDomain

extension CloudStep {
    mutating func perform(_ action: CloudActionKind) {
        switch action {
        case .answer: answer(payment.answer(to: event, at: now, context: context))
        case .answerNotHome: answer(.notHome)
        case .answerBusy: answer(.busy)
        case .answerConflict: answerConflict()
        case .answerNothing: answerNothing()
        case .tell: effects.append(.tell(told))
        case .answerRefund: answer(.refund(payment.refundAnswer(reference: refundRequest?.reference ?? [])))
        case .refuseRefund:
            answer(.refund(CloudRefundAnswer(status: .refused, number: nil, refunded: record.refunded)))
        case .answerRefundElsewhere: answer(.notHome)
        case .claim: claim()
        case .pay:
            let deadline = intent.startedAt + times.payDeadline
            effects.append(.pay(CloudPayCall(number: intent.orderNumber, deadline: deadline)))
        case .refuse: refuse()
        case .declineUnsupported:
            record.unsent = true
            record.declineReason = .unsupportedCode
        case .recordTrade: recordTrade()
        case .markWaiting: record.waiting = record.declineCandidate == nil && !record.conflictSeen
        case .storeCandidate: storeCandidate()
        case .askPoll: askPoll()
        case .askTell: ask(.tell)
        case .askConfirm: ask(.confirm)
        case .askWatch: askWatch()
        case .schedulePoll: schedulePoll()
        case .scheduleWatch: scheduleWatch()
        case .repeatWatch: repeatWatch()
        case .declineByCode: record.declineReason = record.declineCandidate
        case .declineClosed: record.declineReason = record.declineCandidate ?? .closed
        case .declineNeverExisted: record.declineReason = .closed
        case .beginUndo: beginUndo()
        case .reopenUndo: reopenUndo()
        case .proveUnsent: proveUnsent()
        case .continueUndo: continueUndo()
        case .callCancel: call(.cancel)
        case .callVerify: call(.verify)
        case .callRefund: call(.refund)
        case .callFollow: call(.follow)
        case .noteCancel: noteCancel()
        case .noteAccepted:
            record.refundAccepted = true
            record.phase = .follow
        case .noteReturning: record.refundAccepted = true
        case .forgetAccepted:
            record.refundAccepted = false
            record.phase = .refund
        case .forgetRefund: forgetRefund()
        case .repeatLater: repeatLater()
        case .lookAgainLater:
            record.phase = .look
            repeatLater()
        case .lookAgain: call(.look)
        case .sleepUntilProof: sleepUntilProof()
        case .finishUnsent: finish(.unsent)
        case .finishNeverExisted: finish(.neverExisted)
        case .finishClosed:
            let wasPaid = record.cancelResult == .refunded || record.trade != nil || record.refundAccepted
            finish(wasPaid ? .refunded : .closed)
        case .finishRefunded: finish(.refunded)
        case .stick: stick()
        case .stickDiffers: stickDiffers()
        case .retryHourly: retryHourly()
        case .confirmByRegister: confirmByRegister()
        case .confirmByPersons: record.confirmedBy = .persons
        case .keep:
            record.confirmedBy = .persons
            record.undoKind = .kept
        case .addRefund: addRefund()
        case .adopt: record.refundsAdopted = true
        case .childWork: childWork()
        case .queue: queue()
        case .queueLater: if !record.queued, record.personAt == nil { record.personAt = now + times.personAfter }
        case .queueUnproven:
            record.queued = true
            record.personAt = nil
            effects.append(.alarm(.unprovenConfirm))
        case .settle:
            record.dueAt = nil
            record.personAt = nil
            record.queued = false
        case .count: effects.append(.count(record.state, event.kind))
        case .conflict:
            record.conflictSeen = true
            record.waiting = false
            effects.append(.alarm(holds(.tradeForeign) ? .foreignTrade : .tradeDiffers))
        case .alarmOtherData: effects.append(.alarm(.otherData))
        case .alarmForeignTrade: effects.append(.alarm(holds(.tradeForeign) ? .foreignTrade : .tradeDiffers))
        case .alarmPaidAfterDecline: effects.append(.alarm(.paidAfterDecline))
        case .alarmPaidAfterRefusal: effects.append(.alarm(.paidAfterRefusal))
        case .alarmContradiction: effects.append(.alarm(.contradiction))
        case .alarmRevokeOfConfirmed: effects.append(.alarm(.revokeOfConfirmed))
        case .alarmIfOld: alarmIfOld()
        case .alarmAdmission: if record.refusalReason == .sequence { effects.append(.alarm(.sequenceReused)) }
        case .pageMoneyAfterFinal: effects.append(.alarm(.moneyAfterFinal))
        }
    }

    mutating func answer(_ answer: CloudAnswer) {
        effects.append(.answer(answer, mayHold: !answer.isSettled))
    }

    private mutating func answerConflict() {
        switch event {
        case .revoke: answer(.undo(.stuck(.conflict)))
        case .confirm: answer(.nothing)
        default: answer(.payment(.conflict))
        }
    }

    private mutating func answerNothing() {
        answer(.nothing)
        if now >= intent.startedAt + times.personAfter { effects.append(.alarm(.unprovenConfirm)) }
    }

    private var told: CloudPaymentAnswer {
        guard case .queryOutcome(let outcome, _) = event else { return .unknown }
        switch outcome {
        case .paid(let trade):
            return holds(.tradeOurs)
                ? .paid(CloudTrade(transaction: trade.transaction, payer: trade.payer)) : .conflict
        case .open: return .pending(.shopper)
        case .notFound, .payError, .closed, .returning, .unknown: return .unknown
        }
    }

    private mutating func claim() {
        record.sentAt = now
        leaseCall()
    }

    private mutating func refuse() {
        record.unsent = true
        record.unsentSince = .unknown
        record.sentAt = nil
        record.refusalReason =
            switch event {
            case .payUnwritten(.late): .late
            case .payUnwritten(.noConnection), .payOutcome: .walletDark
            default:
                if holds(.pastDeadline) {
                    .late
                } else if holds(.routingMissing) {
                    .routingUnknown
                } else {
                    admissionRefusal ?? .overload
                }
            }
    }

    private mutating func recordTrade() {
        guard let trade else { return }
        record.trade = CloudTrade(transaction: trade.transaction, payer: trade.payer)
        record.lastLook = now
    }

    private mutating func storeCandidate() {
        guard case .payOutcome(.declined(let reason)) = event else { return }
        record.declineCandidate = reason
        record.unsent = true
        record.unsentSince = afterAllQueries
        record.waiting = false
        if reason == .merchantConfiguration { effects.append(.alarm(.merchantConfiguration)) }
    }

    private mutating func confirmByRegister() {
        let implied =
            switch event {
            case .confirm(_, _, let implied): implied
            case .queryOutcome(_, let query): query.implied
            default: false
            }
        record.confirmedBy = implied ? .implied : .register
    }

    private mutating func queue() {
        record.queued = true
        record.personAt = nil
        effects.append(.alarm(.aged))
    }

    /// A revoke of money that has lain at the wallet for ten minutes may be a forged one.
    private mutating func alarmIfOld() {
        let isNews = record.state == .revoking && record.trade == nil || event.kind == .revoke
        if isNews, now > intent.startedAt + times.scaled(600_000) { effects.append(.alarm(.lateRevoke)) }
    }
}
