// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

extension CloudReference {
    mutating func otherData() {
        alarm(.otherData)
        switch event {
        case .revoke: answer(.undo(.stuck(.conflict)))
        case .confirm: answer(.nothing)
        default: answer(.payment(.conflict))
        }
    }

    mutating func request() {
        switch event {
        case .pay: if record.state == .none { return pay() }
        case .query: return query()
        case .revoke: revoke()
        case .confirm: return confirm()
        default: break
        }
        answer(said)
    }

    /// What the record says to this request.
    var said: CloudAnswer {
        CloudPayment(intent: intent, home: payment.home, record: record).answer(to: event, at: now, context: context)
    }

    mutating func pay() {
        if !isPaying { return answer(.notHome) }
        if context.load == .overloaded { return answer(.busy) }
        if isWithoutWallet {
            become(.declined)
            (record.unsent, record.declineReason) = (true, .unsupportedCode)
            return answer(.payment(.declined(.unsupportedCode)))
        }
        if !isSafe {
            become(.tomb)
            watchLater()
            return answer(.payment(.revoking))
        }
        var refusal: RefusalReason?
        if context.load != .normal { refusal = .overload }
        if !context.walletOn { refusal = .walletDark }
        if intent.orderNumber.sequence <= context.highestSequence { refusal = .sequence }
        if !context.clockTrusted || start > now + 5_000 { refusal = .clock }
        if context.route == .missing { refusal = .routingUnknown }
        if now >= start + 8_000 { refusal = .late }
        if let refusal {
            become(.tomb)
            (record.unsent, record.refusalReason) = (true, refusal)
            if refusal == .sequence { alarm(.sequenceReused) }
            return answer(.payment(.refused(refusal)))
        }
        become(.sending)
        record.sentAt = now
        lease()
        answer(.payment(.pending(.wallet)))
        pays = true
    }

    mutating func query() {
        answer(said)
        switch record.state {
        case .none: if context.schedule != nil { ask(.tell) }
        case .unknown:
            guard let schedule = context.schedule else { return }
            let due =
                record.lastLook == .unknown
                ? (record.sentAt ?? start) + schedule.firstQuery
                : record.lastLook + pause(schedule, after: record.lastLook)
            if now >= due || isAhead { poll() }
        default: break
        }
    }

    mutating func revoke() {
        switch record.state {
        case .none, .declined:
            if isWithoutWallet { return end(isPaying && (record.unsent || isSafe) ? .unsent : .neverExisted) }
        case .paid: if now > start + 600_000 { alarm(.lateRevoke) }
        case .confirmed: return alarm(.revokeOfConfirmed)
        case .revoking:
            if isAhead { goOn() }
            return
        case .revoked, .stuck: return
        case .sending, .unknown, .tomb: break
        }
        let hadNoCall = record.state == .none || record.state == .tomb
        if hadNoCall, isPaying, record.unsent || isSafe {
            record.unsent = true
            record.unsentSince = .unknown
        }
        become(.revoking)
        if case .revoke(_, _, let reason) = event { undo(reason) }
    }

    mutating func undo(_ reason: RevokeReason) {
        (record.revokeReason, record.attempts, record.cancelResult, record.phase) = (reason, 0, nil, .early)
        goOn()
    }

    mutating func confirm() {
        switch record.state {
        case .paid:
            become(.confirmed)
            if case .confirm(_, _, let implied) = event { record.confirmedBy = implied ? .implied : .register }
            answer(.confirm(.confirmed))
        case .confirmed: answer(.confirm(.confirmed))
        case .revoking, .stuck, .revoked:
            alarm(.contradiction)
            answer(.confirm(record.state == .revoked ? .revoked : .revoking))
        case .none where !isWithoutWallet:
            become(.confirmed)
            if case .confirm(_, _, let implied) = event { record.confirmedBy = implied ? .implied : .register }
            record.personAt = now + 1_800_000
            pollLater()
            answer(.confirm(.confirmed))
        case .none, .sending, .unknown, .declined, .tomb:
            answer(.nothing)
            if now >= start + 1_800_000 { alarm(.unprovenConfirm) }
            if context.schedule != nil { ask(.confirm) }
        }
    }

    func status(_ status: CloudRefundStatus, _ number: RefundNumber?) -> CloudAnswer {
        .refund(CloudRefundAnswer(status: status, number: number, refunded: record.refunded))
    }

    mutating func refund(_ request: CloudRefundRequest, _ authorised: Bool) {
        guard record.state == .confirmed else { return answer(status(.refused, nil)) }
        if let known = record.refunds.first(where: { $0.request.reference == request.reference }) {
            if known.amount == request.amount {
                return answer(status(known.status, intent.orderNumber.refundNumber(known.counter)))
            }
            return answer(isPaying || record.refundsAdopted ? status(.refused, nil) : .notHome)
        }
        guard isPaying || record.refundsAdopted else { return answer(.notHome) }
        if isUnseen { return answer(status(.refused, nil)) }
        let left = intent.amount.fen - record.refunded.fen
        let isOthers = record.conflictSeen && record.trade == nil
        guard authorised, !isOthers, (1...max(left, 1)).contains(request.amount.fen), left > 0,
            record.refunds.count < 49
        else {
            return answer(status(.refused, nil))
        }
        open(request)
    }

    mutating func open(_ request: CloudRefundRequest) {
        let counter = record.refunds.last.map { $0.counter + 1 } ?? (isPaying ? 1 : 51)
        record.refunds.append(CloudRefund(counter: counter, request: request, createdAt: now))
        answer(status(.accepted, intent.orderNumber.refundNumber(counter)))
    }
}
