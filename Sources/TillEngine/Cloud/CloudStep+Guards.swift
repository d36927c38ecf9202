// Part of Tillbridge. See LICENSE.
import TillDomain

extension CloudStep {
    func holds(_ condition: CloudGuard) -> Bool {
        switch condition {
        case .otherData: isOtherData
        case .notHome: !isHome
        case .overloaded: context.load == .overloaded
        case .routingMissing: context.route == .missing
        case .noWallet: context.route == .noWallet
        case .promotedSince: !context.isSafe(intent.startedAt)
        case .pastDeadline: now >= intent.startedAt + times.payDeadline
        case .notAdmitted: admissionRefusal != nil
        case .tradeOurs: trade?.isPayment(of: WalletOrder(intent)) ?? false
        case .tradeForeign: trade?.nonce.map { $0 != intent.nonce } ?? false
        case .unproven: record.isUnproven
        case .forConfirm: query?.purpose == .confirm
        case .stale: isStale
        case .declineAgreed: record.declineCandidate != nil && askedAt >= record.unsentSince
        case .absenceProven: askedAt >= intent.startedAt + times.absenceProof
        case .lookDue: isLookDue
        case .writtenAhead: isWrittenAhead
        case .verifying: record.phase == .verify
        case .sleeping: record.phase == .sleeping
        case .unsentProof: isHome && record.unsent && askedAt >= record.unsentSince
        case .unsentSinceQuery: isHome && record.unsent && askedAt < record.unsentSince
        case .canProveUnsent: isHome && (record.unsent || context.isSafe(intent.startedAt))
        case .windowOver: isWindowOver
        case .cancelRefused: record.cancelResult == .refused
        case .cancelDone: record.cancelResult == .closed || record.cancelResult == .refunded
        case .twoPersons: areTwoPersons
        case .registerSilent: isRegisterSilent
        case .refundMayArrive: record.refundMayArrive
        case .refundKnown: knownRefund.map { $0.amount == refundRequest?.amount } ?? false
        case .refundElsewhere: !isHome && !record.refundsAdopted
        case .refundNotAllowed: !isRefundAllowed
        }
    }

    private var isOtherData: Bool {
        switch event {
        case .pay(let intent, let home), .query(let intent, let home), .revoke(let intent, let home, _),
            .confirm(let intent, let home, _):
            intent != self.intent || home != self.home
        default: false
        }
    }

    /// Why a payment that this cloud should pay is not taken, besides D and the routing.
    var admissionRefusal: RefusalReason? {
        if intent.startedAt > now + times.futureMargin || !context.clockTrusted { return .clock }
        if intent.orderNumber.sequence <= context.highestSequence { return .sequence }
        if !context.walletOn { return .walletDark }
        if context.load != .normal { return .overload }
        return nil
    }

    private var isStale: Bool {
        switch event {
        case .queryOutcome(_, let query):
            if record.state == .revoked {
                guard query.purpose == .watch else { return true }
                // Without a moment that can be compared it may be an old answer: the question was asked by a clock
                // that is not trusted, or the state began by one that ran ahead. An undo that looks again does no
                // harm; money that is overlooked does.
                let isComparable = query.askedAt != .unknown && record.stateSince <= now
                return isComparable && query.askedAt < record.stateSince
            }
            switch query.purpose {
            case .look: return record.phase != .look
            case .verify: return record.phase != .verify
            case .poll, .tell, .confirm, .watch: return true
            }
        case .cancelOutcome: return record.phase != .cancel
        case .refundOutcome: return record.phase != .refund
        case .refundQueryOutcome: return record.phase != .follow
        default: return false
        }
    }

    /// The row was changed by a clock that ran ahead: when its work goes on, it says by that clock.
    private var isWrittenAhead: Bool { context.clockTrusted && record.changedAt > now + 2 * times.clockError }

    private var isLookDue: Bool {
        guard let schedule = context.schedule else { return false }
        if isWrittenAhead { return true }
        if record.lastLook == .unknown {
            return now >= sent + times.scaled(schedule.firstQuery)
        }
        return now - record.lastLook >= schedule.pause(sent: sent, look: record.lastLook, times)
    }

    private var isWindowOver: Bool {
        guard let schedule = context.schedule else { return false }
        return now >= schedule.reversalEnd(ofPaymentAt: intent.startedAt, times)
    }

    private var areTwoPersons: Bool {
        if case .person(_, let persons) = event { return persons.areTwo }
        return false
    }

    private var isRegisterSilent: Bool { context.clockTrusted && now >= payment.revocableFrom(context.times) }

    var knownRefund: CloudRefund? {
        guard let reference = refundRequest?.reference else { return nil }
        for refund in record.refunds where refund.request.reference == reference { return refund }
        return nil
    }

    private var isRefundAllowed: Bool {
        guard let request = refundRequest, knownRefund == nil, request.amount > .zero,
            record.refunds.count < CloudStep.mostRefunds, let sum = record.refunded.adding(request.amount)
        else { return false }
        if case .refund(_, authorised: false) = event { return false }
        // Persons may let a sale stand under whose number only another's money was seen: it is not ours to give back.
        if record.conflictSeen, record.trade == nil { return false }
        return sum <= intent.amount
    }
}
