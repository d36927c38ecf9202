// Part of Tillbridge. See LICENSE.
import TillDomain
package import TillEngine

/// What may differ when an event meets an attempt: the facts that the specification's guards speak of.
package struct LaneSituation: Sendable {
    package var state: LaneState
    package var event: LaneEventKind

    /// The paid answer's number, amount and currency are the intent's.
    package var dataEqual = true
    /// 44.999 s after the start by the plug-in's clock, and not 45.000 s.
    package var beforeDecision = true
    /// The same, by the time in the cloud's answer.
    package var answeredBeforeDecision = true
    package var fromPayingCloud = true
    /// Begun by this process, with the payment code in memory.
    package var isOurs = true
    package var everLeft = false
    package var beforePayDeadline = true
    package var isReattached = false
    package var isSupervisor = true
    package var acknowledges = true
    /// Attempts that are DUTY or RELEASED beside this one.
    package var others = 0
    package var lockedLongEnough = true
    /// Why a new payment may not start.
    package var refusal: AnswerReason?
    /// The other cloud takes payments, and four seconds have not passed.
    package var mayTryAgain = true
    /// A person has been called for this undo.
    package var isStuck = false
    /// A call of the register waits for the attempt's outcome.
    package var isAwaited = true
    /// Both clouds are being told already.
    package var isTelling = false
    /// Why the attempt is where it is.
    package var reason: AnswerReason?
    /// What a cloud's answer gives as its reason.
    package var replied: AnswerReason?

    package init(state: LaneState, event: LaneEventKind) {
        self.state = state
        self.event = event
    }

    package var isFromRegister: Bool {
        switch event {
        case .payNew, .paySameSale, .payOtherSale, .status, .acknowledge, .disown, .cancel, .release: true
        default: false
        }
    }
}

extension LaneSituation {
    /// The facts of a step that a lane took. Times are unscaled.
    package init(_ step: LaneStep) {
        self.init(state: step.state, event: step.event)
        acknowledges = step.acknowledges
        others = step.dutyOrReleased
        refusal = step.refusal
        isSupervisor = step.isSupervisor
        isOurs = step.isOurs
        everLeft = step.everLeft
        isStuck = step.isStuck
        isAwaited = step.waiting != nil && step.waiting != step.caller
        isTelling = step.isTelling
        reason = step.reason
        guard let intent = step.intent else { return }
        let decision = intent.startedAt + 45_000
        beforeDecision = step.decidesAt.map { step.now < $0 } ?? step.cloudNow.map { $0 < decision } ?? false
        isReattached = step.isReattached && (step.decidesAt != nil || step.cloudNow != nil)
        beforePayDeadline = step.cloudNow.map { $0 < intent.startedAt + 8_000 } ?? false
        mayTryAgain =
            step.otherCloudIsUp && step.cloudNow != nil && step.secondAttemptUntil.map { step.now < $0 } ?? false
        let lockedByCloud = step.lockedSince == .unknown ? nil : step.cloudNow.map { $0 - step.lockedSince }
        lockedLongEnough = max(step.now - step.lockedAt, lockedByCloud ?? 0) >= 120_000
        guard let payment = step.payment else { return }
        fromPayingCloud = payment.cloud == step.home
        answeredBeforeDecision = payment.time < decision
        switch payment.state {
        case .paid(let paid):
            dataEqual = payment.orderNumber == intent.orderNumber && paid.isCNY && paid.amount == intent.amount
        case .declined(let reason): replied = .declined(reason)
        case .refused(let reason): replied = .refused(reason)
        case .pending, .unknown, .conflict, .revoking, .revoked: break
        }
    }
}

/// What the plug-in does then, as far as anybody outside could tell.
package struct LaneOutcome: Equatable, Sendable {
    /// What is asked of the clouds next, because of this event.
    package enum Begun: Equatable, Sendable { case nothing, pay, query, undo, confirm }

    /// Who hears an answer: the call that brought the event, or the one that has waited since the attempt began.
    package enum Listener: Equatable, Sendable { case caller, waiting, stranger }

    package enum Said: Equatable, Sendable {
        case sale(SaleOutcome, AnswerReason?)
        case released(SaleOutcome, AnswerReason?)
        case wrongState, notReleasable, somethingElse
    }

    package struct Answer: Equatable, Sendable {
        let to: Listener
        let said: Said
    }

    package struct Record: Equatable, Sendable {
        let kind: JournalKind
        /// By a supervisor, or implied.
        var isFlagged = false
    }

    /// Of the attempt; nil when it is closed and forgotten.
    var state: LaneState?
    /// What the memory of ended sales keeps of it then.
    var remembered: LaneState?
    var records: [Record] = []
    /// Nothing is told before its record is on its way to the disk.
    var writesAhead = true
    var answers: [Answer] = []
    var alarms: [LaneAlarm] = []
    var begun = Begun.nothing
    /// A further attempt began at the other cloud, or in the free lane.
    var further = false
    /// The register's call is treated once more.
    var again = false
    var counted = 0
}

extension LaneOutcome {
    /// What a lane did in a step.
    package init(_ step: LaneStep) {
        state = step.nextState
        remembered = step.remembered
        further = step.further
        again = step.again
        counted = step.counted
        if step.tellsAfter, !step.isTelling {
            begun = step.nextState == .acked ? .confirm : .undo
        } else if step.asksAfter, !step.isAsking || step.nextState == nil {
            begun = step.asksWithPay ? .pay : .query
        }
        for effect in step.effects {
            switch effect {
            case .journal(let entry):
                if records.isEmpty { writesAhead = answers.isEmpty && alarms.isEmpty }
                records.append(Record(kind: entry.kind, isFlagged: entry.flags != 0))
            case .answer(let token, let answer):
                let listener: Listener =
                    token == step.caller ? .caller : token == step.waiting ? .waiting : .stranger
                answers.append(Answer(to: listener, said: Said(answer)))
            case .alarm(let alarm, _): alarms.append(alarm)
            case .send, .abandon: writesAhead = false
            }
        }
    }
}

extension LaneOutcome.Said {
    init(_ answer: RegisterAnswer) {
        switch answer {
        case .sale(let sale): self = .sale(sale.outcome, sale.reason)
        case .released(let sale): self = .released(sale.outcome, sale.reason)
        case .refused(.wrongState, _): self = .wrongState
        case .refused(.notReleasable, _): self = .notReleasable
        case .refused, .refund, .status: self = .somethingElse
        }
    }
}

/// The specification's table once more, read from the prose and written as plain decisions. It shares nothing with
/// ``LaneTable``: where the two differ, one of them is wrong.
package struct LaneReference {
    private let given: LaneSituation
    package private(set) var outcome: LaneOutcome

    package init(_ given: LaneSituation) {
        self.given = given
        outcome = LaneOutcome(state: given.state == .free ? nil : given.state)
        switch given.state {
        case .free: free()
        case .intent: intent()
        case .paid: paid()
        case .acked: acked()
        case .declined, .unsent, .final: ended()
        case .revoke, .duty, .released: undoing()
        }
        // Who is telling both clouds goes on with it.
        if given.isTelling, outcome.begun == .undo || outcome.begun == .confirm { outcome.begun = .nothing }
    }

    private mutating func answer(_ said: LaneOutcome.Said) {
        if given.isFromRegister { outcome.answers.append(LaneOutcome.Answer(to: .caller, said: said)) }
    }

    private mutating func answer(_ sale: SaleOutcome, _ reason: AnswerReason? = nil) { answer(.sale(sale, reason)) }

    /// Whoever has been waiting since the beginning hears the outcome too.
    private mutating func answerAll(_ said: LaneOutcome.Said) {
        answer(said)
        if given.isAwaited { outcome.answers.append(LaneOutcome.Answer(to: .waiting, said: said)) }
    }

    private mutating func close(as state: LaneState) {
        outcome.state = nil
        outcome.remembered = state
    }

    private mutating func write(_ kind: JournalKind, flagged: Bool = false) {
        outcome.records.append(LaneOutcome.Record(kind: kind, isFlagged: flagged))
    }

    /// Not foreseen here: counted, and a register learns the state.
    private mutating func ignore() {
        outcome.counted = 1
        answer(.wrongState)
    }

    private mutating func go(
        _ state: LaneState,
        _ record: JournalKind,
        _ begun: LaneOutcome.Begun = .nothing,
        flagged: Bool = false
    ) {
        outcome.state = state
        write(record, flagged: flagged)
        outcome.begun = begun
    }

    private mutating func free() {
        guard given.event == .payNew else { return ignore() }
        switch given.refusal {
        case nil:
            write(.intent)
            outcome.begun = .pay
            outcome.further = true
        case .declined(let reason)?: answer(.declined, .declined(reason))
        case let reason?: answer(.unavailable, reason)
        }
    }

    private mutating func cancel(_ reason: RevokeReason) {
        go(.revoke, .revoke, .undo)
        answerAll(.sale(.cancelled, .revoked(reason)))
    }

    private mutating func intent() {
        let inTime = given.beforeDecision && given.answeredBeforeDecision
        switch given.event {
        case .paidReply:
            if !given.dataEqual {
                cancel(.mismatch)
                outcome.alarms = [.answerDataDiffer]
            } else if inTime {
                go(.paid, .paid)
                answerAll(.sale(.paid, nil))
            } else {
                cancel(.timeout)
            }
        case .declinedReply:
            guard inTime else { return ignore() }
            go(.declined, .declined, .undo)
            answerAll(.sale(.declined, given.replied))
        case .refusedReply:
            guard given.fromPayingCloud else { return ignore() }
            unsent(given.replied)
        case .neverLeft:
            if given.isOurs && !given.everLeft { unsent(.offline) } else { repeatOrAsk() }
        case .transportError: repeatOrAsk()
        case .pendingReply, .unknownReply: outcome.begun = .query
        case .revokingReply: cancel(.conflict)
        case .conflictReply:
            cancel(.conflict)
            outcome.alarms = [.conflict]
        case .decisionTime: cancel(given.isOurs ? .timeout : .restart)
        case .cancel: cancel(.cashier)
        case .paySameSale, .status: answer(.waiting)
        case .payOtherSale: answer(.busy)
        case .restart: outcome.counted = 1
        case .reattachWindowOver:
            if given.isReattached { outcome.begun = .query } else { cancel(.restart) }
        default: ignore()
        }
    }

    private mutating func repeatOrAsk() {
        outcome.begun = given.beforePayDeadline && given.isOurs ? .pay : .query
    }

    /// Nothing was sent under this number, and that is proven: a new number at the other cloud, or the end.
    private mutating func unsent(_ reason: AnswerReason?) {
        close(as: .unsent)
        write(.unsent)
        if given.mayTryAgain && given.isOurs {
            write(.intent)
            outcome.begun = .pay
            outcome.further = true
        } else {
            answerAll(.sale(.unavailable, reason))
        }
    }

    private mutating func paid() {
        switch given.event {
        case .acknowledge:
            go(.acked, .acked, .confirm)
            answer(.paid)
        case .implicitAcknowledgement: go(.acked, .acked, .confirm, flagged: true)
        case .status, .paySameSale, .cancel: answer(.paid)
        case .disown:
            go(.revoke, .revoke, .undo)
            answer(.cancelled, .revoked(.disowned))
        case .release:
            guard given.isSupervisor else { return answer(.wrongState) }
            go(.revoke, .revoke, .undo, flagged: true)
            answer(.released(.cancelled, .revoked(.disowned)))
        case .payOtherSale:
            guard !given.acknowledges else { return answer(.unacknowledged) }
            go(.acked, .acked, .confirm, flagged: true)
            outcome.again = true
        case .revokingReply: outcome.alarms = [.revokedWhilePaid]
        case .restart: outcome.counted = 1
        default: ignore()
        }
    }

    private mutating func acked() {
        switch given.event {
        case .paySameSale, .status, .cancel, .acknowledge: answer(.paid)
        case .disown: answer(.wrongState)
        case .confirmedByBoth:
            write(.closed)
            close(as: given.state)
        case .restart: outcome.begun = .confirm
        case .revokingReply: outcome.alarms = [.revokedWhilePaid]
        default: ignore()
        }
    }

    private mutating func ended() {
        let stored: SaleOutcome =
            switch given.state {
            case .declined: .declined
            case .unsent: .unavailable
            default: .cancelled
            }
        switch given.event {
        case .paySameSale, .status, .cancel, .disown: answer(stored, given.reason)
        case .acknowledge: answer(.wrongState)
        case .restart where given.state != .unsent: outcome.begun = .undo
        case .finalByBoth where given.state != .unsent:
            write(.closed)
            close(as: given.state)
        // The other cloud says that the sale is confirmed: a person must know.
        case .undoConfirmed where given.state != .unsent: outcome.alarms = [.undoRefused]
        case .undoKept where given.state != .unsent: outcome.alarms = [.undoRefused]
        default: ignore()
        }
    }

    private mutating func undoing() {
        switch given.event {
        case .undoFinal: go(.final, .final)
        case .undoDuty:
            if given.state == .revoke, given.others < 3 { go(.duty, .duty) } else { outcome.begun = .undo }
        case .undoPending, .transportError, .neverLeft, .restart: outcome.begun = .undo
        case .undoStuck:
            outcome.begun = .undo
            if !given.isStuck { outcome.alarms = [.undoStuck] }
        case .undoConfirmed:
            outcome.begun = .undo
            outcome.alarms = [.undoRefused]
        case .undoKept:
            write(.final)
            outcome.alarms = [.undoRefused]
            close(as: .final)
        case .status, .paySameSale, .cancel, .acknowledge, .disown: answer(.cancelled, given.reason)
        case .payOtherSale:
            // Behind an undo that a cloud has taken over the lane is free, and the event goes to the free lane.
            guard given.state == .revoke else { return ignore() }
            answer(.busy, given.reason)
        case .release where given.state == .revoke:
            guard given.isSupervisor, given.lockedLongEnough, given.others < 3 else { return answer(.notReleasable) }
            go(.released, .released, flagged: true)
            answer(.released(.cancelled, given.reason))
        default: ignore()
        }
    }
}

extension LaneReference {
    /// Where a step that a lane took differs from this reference, or nil.
    package static func difference(from step: LaneStep) -> String? {
        let seen = LaneOutcome(step)
        let mine = LaneReference(LaneSituation(step)).outcome
        return seen == mine ? nil : "\(step.event) at \(step.state): \(seen) instead of \(mine)"
    }
}
