// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

extension CloudReference {
    mutating func work() {
        switch (record.state, event) {
        case (.sending, .due), (.sending, .restart):
            become(.unknown)
            pollLater()
        case (.unknown, .restart): pollLater()
        case (.confirmed, .due) where isUnseen, (.confirmed, .notice) where isUnseen: poll()
        case (.unknown, _): poll()
        case (.declined, .due), (.tomb, .due), (.revoked, .due), (.declined, .notice), (.tomb, .notice),
            (.revoked, .notice):
            look()
        case (.revoking, _): isWithoutWallet ? end(.neverExisted) : goOn()
        case (.stuck, .due), (.stuck, .notice): goOn()
        default: count()
        }
    }

    mutating func look() {
        switch context.route {
        case .missing: return watchAgain()
        case .noWallet: return watchLater()
        case .wallet: break
        }
        record.lastLook = now
        lease()
        ask(.watch)
    }

    mutating func aged() {
        if isUnseen {
            (record.queued, record.personAt) = (true, nil)
            return alarm(.unprovenConfirm)
        }
        guard [.sending, .unknown, .paid, .revoking, .stuck, .tomb].contains(record.state) else { return count() }
        (record.queued, record.personAt) = (true, nil)
        alarm(.aged)
    }

    mutating func person(_ decision: CloudPersonDecision, _ persons: CloudPersons) {
        switch (decision, record.state) {
        case (.asks, .unknown): poll()
        case (.asks, .confirmed) where isUnseen: poll()
        case (.confirms, .confirmed) where isUnseen && persons.areTwo:
            record.confirmedBy = .persons
            (record.dueAt, record.personAt, record.queued) = (nil, nil, false)
        case (.asks, .declined), (.asks, .tomb), (.asks, .revoked): look()
        case (.asks, .revoking): isWithoutWallet ? end(.neverExisted) : goOn()
        case (.asks, .stuck): goOn()
        case (.confirms, .paid) where persons.areTwo, (.confirms, .declined) where persons.areTwo,
            (.confirms, .tomb) where persons.areTwo:
            become(.confirmed)
            record.confirmedBy = .persons
        case (.refunds(let request), .paid): give(request, persons)
        case (.revokes, .sending), (.revokes, .unknown), (.revokes, .paid): order()
        case (.keeps, .stuck) where record.refundSent || record.refundAccepted,
            (.solved, .stuck) where record.refundSent || record.refundAccepted:
            goOn()
        case (.keeps, .stuck) where persons.areTwo:
            become(.confirmed)
            (record.confirmedBy, record.undoKind) = (.persons, .kept)
        case (.solved, .stuck) where persons.areTwo: end(.refunded)
        case (.adopts, .paid) where persons.areTwo, (.adopts, .confirmed) where persons.areTwo:
            record.refundsAdopted = true
        default: count()
        }
    }

    /// A register that is in contact decides within 60 s, and confirms what is paid within five minutes more.
    mutating func order() {
        let silence: Int64 = record.state == .paid ? 360_000 : 60_000
        guard context.clockTrusted, now >= start + silence else { return count() }
        become(.revoking)
        undo(.ordered)
    }

    mutating func give(_ request: CloudRefundRequest, _ persons: CloudPersons) {
        guard isPaying || record.refundsAdopted else { return answer(.notHome) }
        guard (1...intent.amount.fen).contains(request.amount.fen), !record.conflictSeen || record.trade != nil else {
            return answer(status(.refused, nil))
        }
        guard persons.areTwo else { return count() }
        become(.confirmed)
        record.confirmedBy = .persons
        open(request)
    }

    mutating func child() {
        guard record.state == .confirmed, let place = event.child(in: record.refunds) else { return count() }
        var refund = record.refunds[place]
        let order = intent.orderNumber
        let call = WalletRefund(
            order: payment.order,
            number: order.refundNumber(refund.counter),
            requestedAt: refund.createdAt,
            amount: refund.amount,
            reason: refund.request.reason
        )
        refund.changedAt = now
        let isOver = refund.state == .done || refund.state == .failed
        let isFollowed = refund.state == .accepted
        func later() {
            refund.dueAt = now + pause(refund.attempts)
            refund.attempts += 1
        }
        switch event {
        case .refundDue where isFollowed:
            refund.dueAt = now + 15_000
            if context.schedule != nil { add(.refundQuery(call, counter: refund.counter)) }
        case .refundDue where !isOver:
            (refund.state, refund.dueAt) = (.sent, now + 15_000)
            if context.schedule != nil { add(.refund(call, counter: refund.counter)) }
        case .refundOutcome(.accepted, _) where !isOver && !isFollowed, .refundQueryOutcome(.pending, _) where !isOver:
            refund.state = .accepted
            later()
        case .refundOutcome(.done, _) where !isOver && !isFollowed:
            (refund.state, refund.dueAt) = (.accepted, now + 15_000)
            if context.schedule != nil { add(.refundQuery(call, counter: refund.counter)) }
        case .refundOutcome(.failed(let failure), _) where !isOver,
            .refundQueryOutcome(.failed(let failure), _) where !isOver:
            (refund.state, refund.dueAt, refund.failure) = (.failed, nil, failure)
            alarm(.refundFailed)
        case .refundOutcome(.retry, _) where !isOver && !isFollowed,
            .refundOutcome(.unknown, _) where !isOver && !isFollowed,
            .refundQueryOutcome(.notFound, _) where isFollowed:
            refund.state = .unknown
            later()
        case .refundQueryOutcome(.unknown, _) where isFollowed: later()
        case .refundQueryOutcome(.done, _) where !isOver: (refund.state, refund.dueAt) = (.done, nil)
        case .refundQueryOutcome(.done, _) where refund.state == .failed,
            .refundOutcome(.done, _) where refund.state == .failed:
            (refund.state, refund.dueAt, refund.failure) = (.done, nil, nil)
            alarm(.refundAfterFailure)
        default: return count()
        }
        record.refunds[place] = refund
    }
}

extension CloudEvent {
    fileprivate func child(in refunds: [CloudRefund]) -> Int? {
        switch self {
        case .refundDue(let counter), .refundOutcome(_, let counter), .refundQueryOutcome(_, let counter):
            refunds.firstIndex { $0.counter == counter }
        default: nil
        }
    }
}
