// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

extension CloudReference {
    mutating func payCall() {
        let isOpen = record.state == .sending || record.state == .unknown
        let isUnwritten = event.kind == .payUnwritten
        if record.state == .revoking {
            if isUnwritten || event.kind == .payDeclined {
                (record.unsent, record.unsentSince) = (true, behindQueries)
                if isUnwritten { record.sentAt = nil }
            } else {
                count()
            }
            if record.phase == .sleeping, event.kind != .payUnknown { call(.look) }
            return
        }
        guard isOpen else { return count() }
        switch event {
        case .payOutcome(.paid(let trade)):
            if isOurs(trade) {
                become(.paid)
                keepTrade(trade)
            } else {
                become(.unknown)
                conflict(trade)
            }
        case .payOutcome(.waitingForShopper):
            become(.unknown)
            record.waiting = record.declineCandidate == nil && !record.conflictSeen
            pollLater()
        case .payOutcome(.declined(let reason)):
            become(.unknown)
            (record.declineCandidate, record.unsent, record.unsentSince, record.waiting) = (
                reason, true, behindQueries, false
            )
            if reason == .merchantConfiguration { alarm(.merchantConfiguration) }
            poll()
        case .payOutcome(.unknown(.neverLeft)): unwritten(.walletDark)
        case .payUnwritten(let cause): unwritten(cause == .late ? .late : .walletDark)
        default:
            if record.state == .unknown { return count() }
            become(.unknown)
            pollLater()
        }
    }

    mutating func unwritten(_ reason: RefusalReason) {
        become(.tomb)
        (record.unsent, record.unsentSince, record.sentAt, record.refusalReason) = (true, .unknown, nil, reason)
    }

    mutating func conflict(_ trade: WalletTrade) {
        (record.conflictSeen, record.waiting) = (true, false)
        alarm(strange(trade))
        pollLater()
    }

    mutating func answered(_ outcome: QueryOutcome, _ query: CloudQuery) {
        var trade: WalletTrade?
        if case .paid(let shown) = outcome { trade = shown }
        if isUnseen { return ofUnseen(trade) }
        if query.purpose == .confirm, [.sending, .unknown, .declined, .tomb].contains(record.state) {
            guard let trade else { return count() }
            if isOurs(trade) {
                become(.confirmed)
                keepTrade(trade)
                record.confirmedBy = query.implied ? .implied : .register
                return
            }
        }
        switch record.state {
        case .none: told(outcome)
        case .sending, .paid, .confirmed: count()
        case .unknown: ofUnknown(outcome, query)
        case .declined, .tomb, .revoked: ofFinal(outcome, query)
        case .revoking, .stuck: ofUndo(outcome, query)
        }
    }

    /// Confirmed on the register's word, and this cloud has not seen the money.
    var isUnseen: Bool { record.state == .confirmed && record.trade == nil && record.confirmedBy != .persons }

    mutating func ofUnseen(_ trade: WalletTrade?) {
        if let trade, isOurs(trade) {
            (record.dueAt, record.personAt, record.queued) = (nil, nil, false)
            return keepTrade(trade)
        }
        if let trade { alarm(strange(trade)) }
        pollLater()
    }

    mutating func told(_ outcome: QueryOutcome) {
        switch outcome {
        case .paid(let trade):
            if isOurs(trade) {
                return add(.tell(.paid(CloudTrade(transaction: trade.transaction, payer: trade.payer))))
            }
            alarm(strange(trade))
            add(.tell(.conflict))
        case .open: add(.tell(.pending(.shopper)))
        case .notFound, .payError, .closed, .returning, .unknown: add(.tell(.unknown))
        }
    }

    mutating func ofUnknown(_ outcome: QueryOutcome, _ query: CloudQuery) {
        func isAgreed() -> Bool { record.declineCandidate != nil && query.askedAt >= record.unsentSince }
        switch outcome {
        case .paid(let trade):
            guard isOurs(trade) else { return conflict(trade) }
            become(.paid)
            keepTrade(trade)
        case .closed: decline(record.declineCandidate ?? .closed)
        case .open, .notFound, .payError:
            if isAgreed(), let reason = record.declineCandidate { return decline(reason) }
            if outcome == .notFound, query.askedAt >= proof { return decline(.closed) }
            if outcome == .open { record.waiting = record.declineCandidate == nil && !record.conflictSeen }
            pollLater()
        case .returning, .unknown: pollLater()
        }
    }

    mutating func decline(_ reason: DeclineReason) {
        become(.declined)
        record.declineReason = reason
        watchLater()
    }

    mutating func ofFinal(_ outcome: QueryOutcome, _ query: CloudQuery) {
        guard case .paid(let trade) = outcome else {
            switch outcome {
            case .returning, .unknown: return watchAgain()
            default: return watchLater()
            }
        }
        if record.state == .revoked {
            if query.purpose != .watch { return count() }
            let asked = query.askedAt
            if now >= record.stateSince, asked < record.stateSince, asked != .unknown { return count() }
            guard isOurs(trade) else {
                alarm(strange(trade))
                return hasOurNonce(trade) ? watchAgain() : watchLater()
            }
            alarm(.moneyAfterFinal)
            become(.revoking)
            (record.attempts, record.cancelResult, record.undoKind) = (0, nil, nil)
            (record.refundSent, record.refundAccepted) = (false, false)
            keepTrade(trade)
            return call(isWindowOver ? .refund : .cancel)
        }
        if record.state == .declined, isOurs(trade) {
            become(.paid)
            alarm(.paidAfterDecline)
            return keepTrade(trade)
        }
        if record.state == .tomb, hasOurNonce(trade) {
            alarm(.paidAfterRefusal)
            if !record.queued, record.personAt == nil { record.personAt = now + 1_800_000 }
        } else {
            alarm(strange(trade))
            if hasOurNonce(trade) { return watchAgain() }
        }
        watchLater()
    }

    /// What was no answer to go by is asked for again: twenty times at once, then every half hour of the first day.
    mutating func watchAgain() {
        if record.attempts < 20 { return retry() }
        watchLater()
        guard record.dueAt == nil, now - start < 24 * 3_600_000 else { return }
        record.attempts = 20
        record.dueAt = now + drawn(1_800_000, from: 800)
    }
}
