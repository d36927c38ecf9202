// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// The next state by the protocol's text, section 3.4, for one event on one record.
struct CloudOracle {
    let payment: CloudPayment
    let event: CloudEvent
    let now: Timestamp
    let context: CloudContext

    private var state: CloudState { payment.state }
    private var record: CloudRecord { payment.record }
    private var isPayingCloud: Bool { payment.home == context.cloud }
    private var start: Int64 { payment.intent.startedAt.milliseconds }

    var next: CloudState {
        switch event {
        case .pay(let intent, _): state == .none ? afterPay : intent == payment.intent ? state : state
        case .query, .refund: state
        case .revoke(let intent, _, _): intent == payment.intent ? afterRevoke : state
        case .confirm(let intent, _, _): intent == payment.intent ? afterConfirm : state
        case .payOutcome(.unknown(.neverLeft)), .payUnwritten: isSendingOrUnknown ? .tomb : state
        case .payOutcome(.paid(let trade)): isSendingOrUnknown ? (isOurs(trade) ? .paid : .unknown) : state
        case .payOutcome: isSendingOrUnknown ? .unknown : state
        case .queryOutcome(let outcome, let query): after(outcome, query)
        case .cancelOutcome: state
        case .refundOutcome(.failed, counter: 0): state == .revoking && record.phase == .refund ? .stuck : state
        case .refundOutcome: state
        case .refundQueryOutcome(.done, counter: 0): isUndoing && record.phase == .follow ? .revoked : state
        case .refundQueryOutcome(.failed, counter: 0): state == .revoking && record.phase == .follow ? .stuck : state
        case .refundQueryOutcome, .refundDue, .aged: state
        case .due, .restart: state == .sending ? .unknown : afterWork
        case .wake, .notice: afterWork
        case .person(let decision, let persons): after(decision, persons)
        }
    }

    private var isSendingOrUnknown: Bool { state == .sending || state == .unknown }
    private var isUndoing: Bool { state == .revoking || state == .stuck }

    private func isOurs(_ trade: WalletTrade) -> Bool {
        trade.orderNumber == payment.intent.orderNumber && trade.amount == payment.intent.amount
            && (trade.nonce == nil || trade.nonce == payment.intent.nonce)
    }

    /// t0 > last promotion + 5 s + 2 × 250 ms.
    private var isSafe: Bool {
        context.lastPromotion.map { start > $0.milliseconds + 5_500 } ?? true
    }

    private var afterPay: CloudState {
        if !isPayingCloud || context.load == .overloaded { return .none }
        if context.route == .noWallet { return .declined }
        if !isSafe { return .tomb }
        let admitted =
            now.milliseconds < start + 8_000 && start <= now.milliseconds + 5_000
            && payment.intent.orderNumber.sequence > context.highestSequence && context.route != .missing
            && context.walletOn && context.clockTrusted && context.load == .normal
        return admitted ? .sending : .tomb
    }

    private var afterRevoke: CloudState {
        switch state {
        case .confirmed, .revoking, .stuck, .revoked: state
        case .none, .declined: context.route == .noWallet ? .revoked : .revoking
        case .sending, .unknown, .paid, .tomb: .revoking
        }
    }

    /// Without a row the register's word is taken, unless no wallet can have been paid.
    private var afterConfirm: CloudState {
        switch state {
        case .none: context.route == .noWallet ? .none : .confirmed
        case .paid: .confirmed
        default: state
        }
    }

    /// An undo whose routing version came and names no wallet has nothing to undo.
    private var afterWork: CloudState { state == .revoking && context.route == .noWallet ? .revoked : state }

    /// The query was asked after F + 5 s + 2ε.
    private func provesAbsence(_ query: CloudQuery) -> Bool { query.askedAt.milliseconds >= start + 125_500 }

    private func confirmsUnsent(_ query: CloudQuery) -> Bool {
        isPayingCloud && record.unsent && query.askedAt >= record.unsentSince
    }

    private func after(_ outcome: QueryOutcome, _ query: CloudQuery) -> CloudState {
        if query.purpose == .confirm {
            guard [.sending, .unknown, .declined, .tomb].contains(state) else { return state }
            if case .paid(let trade) = outcome, isOurs(trade) { return .confirmed }
            return state
        }
        switch state {
        case .none, .sending, .paid, .confirmed, .tomb: return state
        case .declined:
            if case .paid(let trade) = outcome, isOurs(trade) { return .paid }
            return .declined
        case .revoked:
            let isOld = query.askedAt < record.stateSince && query.askedAt.milliseconds > 0
            guard query.purpose == .watch, !isOld || record.stateSince > now else { return .revoked }
            if case .paid(let trade) = outcome, isOurs(trade) { return .revoking }
            return .revoked
        case .unknown: return ofUnknown(outcome, query)
        case .revoking: return ofRevoking(outcome, query)
        case .stuck:
            return outcome == .closed && query.purpose == .look && record.phase == .look ? .revoked : .stuck
        }
    }

    private func ofUnknown(_ outcome: QueryOutcome, _ query: CloudQuery) -> CloudState {
        let declined = record.declineCandidate != nil && query.askedAt >= record.unsentSince
        switch outcome {
        case .paid(let trade): return isOurs(trade) ? .paid : .unknown
        case .closed: return .declined
        case .open, .payError: return declined ? .declined : .unknown
        case .notFound: return declined || provesAbsence(query) ? .declined : .unknown
        case .returning, .unknown: return .unknown
        }
    }

    private func ofRevoking(_ outcome: QueryOutcome, _ query: CloudQuery) -> CloudState {
        let isLook = query.purpose == .look && record.phase == .look
        let isVerify = query.purpose == .verify && record.phase == .verify
        guard isLook || isVerify else { return .revoking }
        let cancelled = record.cancelResult == .closed || record.cancelResult == .refunded
        switch outcome {
        case .closed: return .revoked
        case .paid(let trade):
            if isOurs(trade) { return .revoking }
            guard trade.nonce != nil, trade.nonce != payment.intent.nonce else { return .stuck }
            return confirmsUnsent(query) || provesAbsence(query) ? .revoked : .revoking
        case .open, .returning, .unknown: return .revoking
        case .payError where isVerify && cancelled: return .revoked
        case .notFound, .payError:
            guard isVerify else { return .revoking }
            if provesAbsence(query) { return .revoked }
            return record.cancelResult != .refused && confirmsUnsent(query) ? .revoked : .revoking
        }
    }

    private var mayReturn: Bool { payment.record.refundSent || payment.record.refundAccepted }

    private func after(_ decision: CloudPersonDecision, _ persons: CloudPersons) -> CloudState {
        switch decision {
        case .asks: return afterWork
        case .adopts: return state
        case .confirms: return [.paid, .declined, .tomb].contains(state) && persons.areTwo ? .confirmed : state
        case .revokes:
            let bound: Int64 = state == .paid ? 360_000 : 60_000
            let isOpen = isSendingOrUnknown || state == .paid
            return isOpen && context.clockTrusted && now.milliseconds >= start + bound ? .revoking : state
        case .keeps: return state == .stuck && persons.areTwo && !mayReturn ? .confirmed : state
        case .solved: return state == .stuck && persons.areTwo && !mayReturn ? .revoked : state
        case .refunds(let request):
            let executes = isPayingCloud || record.refundsAdopted
            let fits = request.amount.fen > 0 && request.amount <= payment.intent.amount
            return state == .paid && persons.areTwo && executes && fits ? .confirmed : state
        }
    }
}

/// What no step may do, whatever the state and the event.
enum CloudPromises {
    /// The first promise that a step broke, or nil.
    static func broken(
        _ before: CloudPayment,
        _ after: CloudPayment,
        _ event: CloudEvent,
        _ effects: [CloudEffect],
        _ now: Timestamp,
        _ context: CloudContext
    ) -> String? {
        let (old, new) = (before.record, after.record)
        if let broken = storage(old, new, effects, now) { return broken }
        if let broken = money(before, after, effects, now, context) { return broken }
        let answers = effects.filter { if case .answer = $0 { true } else { false } }
        if event.kind.wantsAnswer, answers.count != 1 { return "a request got \(answers.count) answers" }
        if !event.kind.wantsAnswer, answers.count > 1 { return "more than one answer" }
        if let answer = effects.answer, let broken = words(answer, after, context) { return broken }
        if case .paid? = effects.told, new.state != .none { return "told paid beside a row" }
        return nil
    }

    private static func storage(
        _ old: CloudRecord,
        _ new: CloudRecord,
        _ effects: [CloudEffect],
        _ now: Timestamp
    ) -> String? {
        let commits = effects.filter { if case .commit = $0 { true } else { false } }
        if old == new { return commits.isEmpty ? nil : "a commit without a change" }
        guard commits.count == 1, case .commit(let commit)? = effects.first else {
            return "changed, but not stored first"
        }
        if commit.from != old.state || commit.to != new.state || commit.at != now { return "the commit says otherwise" }
        if new.version != old.version + 1 || new.changedAt != now { return "the version did not rise by one" }
        if (old.state == .none && new.state == .sending) != (commit.before != nil) { return "the claim's moment" }
        if old.state != .none, new.state == .none || new.state == .sending && old.state != .sending {
            return "a row went back"
        }
        switch new.state {
        case .sending, .unknown, .revoking, .stuck: if new.dueAt == nil { return "an open row that nobody works on" }
        case .paid: if new.personAt == nil, !new.queued { return "a paid row that no person hears of" }
        case .confirmed:
            let byWord = new.confirmedBy != .persons && new.trade == nil
            if byWord, new.dueAt == nil || new.personAt == nil && !new.queued {
                return "a confirmation on the register's word that nobody checks"
            }
        case .none, .declined, .tomb, .revoked: break
        }
        if new.nextWork != old.nextWork, let next = new.nextWork, !effects.contains(.schedule(next)) {
            return "work without a timer"
        }
        return nil
    }

    private static func money(
        _ before: CloudPayment,
        _ after: CloudPayment,
        _ effects: [CloudEffect],
        _ now: Timestamp,
        _ context: CloudContext
    ) -> String? {
        let (old, new) = (before.record, after.record)
        let isHome = before.home == context.cloud
        if effects.payCall != nil, old.state != .none || new.state != .sending || !isHome { return "S12: pay" }
        if effects.payCall != nil, now >= before.intent.startedAt + context.times.payDeadline {
            return "a claim at or after D"
        }
        if old.state != .none, new.state == .sending, old.state != .sending { return "S12: sending again" }
        let undoes = effects.cancels || effects.refund?.1 == 0
        if undoes, new.state != .revoking && new.state != .stuck { return "an undo outside an undo" }
        if undoes, new.revokeReason == nil { return "an undo that nobody asked for" }
        if effects.cancels, effects.refund != nil { return "two undos at once" }
        if old.state == .confirmed, new.state != .confirmed { return "S9: a confirmed payment changed" }
        if new.state == .paid, new.trade == nil { return "paid without a trade" }
        if new.refunds.count > old.refunds.count, new.trade == nil, new.confirmedBy != .persons {
            return "S11: a refund of money that was never seen"
        }
        if new.refunded > after.intent.amount { return "S8: more refunded than paid" }
        if let refund = effects.refund, refund.1 > 0, new.state != .confirmed { return "a refund before the end" }
        if old.revokeReason != nil, new.revokeReason == nil { return "S5: a revoke was forgotten" }
        if old.unsent, !new.unsent { return "a proof was forgotten" }
        if !old.unsent, new.unsent, !isHome { return "only the paying cloud can prove that it did not send" }
        if new.state == .revoked, old.state != .revoked, new.undoKind == nil { return "an end without its kind" }
        return nil
    }

    private static func words(_ answer: CloudAnswer, _ payment: CloudPayment, _ context: CloudContext) -> String? {
        let record = payment.record
        switch answer {
        case .payment(.paid):
            if record.state != .paid && record.state != .confirmed { return "S1: paid without money" }
            if record.revokeReason != nil { return "S5: paid after a revoke" }
        case .payment(.refused):
            if record.state != .tomb || !record.unsent || payment.home != context.cloud { return "refused unproven" }
        case .payment(.declined): if record.state != .declined { return "declined without a stored decline" }
        case .undo(.revoked): if record.state != .revoked { return "FINAL before its end" }
        case .undo(.duty):
            if record.state != .revoking { return "a duty that is not stored" }
        case .confirm(.confirmed): if record.state != .confirmed { return "confirmed without a row" }
        case .payment, .undo, .confirm, .refund, .notHome, .busy, .nothing: break
        }
        return nil
    }
}
