// Part of Tillbridge. See LICENSE.
import TillDomain

@testable import TillEngine

/// What may differ when an event meets an attempt: the facts that the specification's guards speak of.
struct LaneSituation {
    var state: LaneState
    var event: LaneEventKind

    /// The paid answer's number, amount and currency are the intent's.
    var dataEqual = true
    /// 44.999 s after the start by the plug-in's clock, and not 45.000 s.
    var beforeDecision = true
    /// The same, by the time in the cloud's answer.
    var answeredBeforeDecision = true
    var fromPayingCloud = true
    /// Begun by this process, with the payment code in memory.
    var isOurs = true
    var everLeft = false
    var beforePayDeadline = true
    var isReattached = false
    var isSupervisor = true
    var acknowledges = true
    /// Attempts that are DUTY or RELEASED beside this one.
    var others = 0
    var lockedLongEnough = true
    /// Why a new payment may not start.
    var refusal: AnswerReason?
    /// The other cloud takes payments, and four seconds have not passed.
    var mayTryAgain = true
    /// A person has been called for this undo.
    var isStuck = false

    /// The call of the register that brings the event; nil where a cloud or the clock does.
    static let token: UInt64 = 900
    /// The call that has been waiting for the attempt since it began.
    static let waiting: UInt64 = 800

    var isFromRegister: Bool {
        switch event {
        case .payNew, .paySameSale, .payOtherSale, .status, .acknowledge, .disown, .cancel, .release: true
        default: false
        }
    }
}

/// What the plug-in does then, as far as anybody outside could tell.
struct LaneOutcome: Equatable {
    /// What is asked of the clouds next, because of this event.
    enum Begun: Equatable { case nothing, pay, query, undo, confirm }

    /// Of the attempt; nil when it is closed and forgotten.
    var state: LaneState?
    /// What the memory of ended sales keeps of it then.
    var remembered: LaneState?
    /// With their flags.
    var records: [String] = []
    /// Nothing is told before its record is on its way to the disk.
    var writesAhead = true
    var answers: [String] = []
    var alarms: [LaneAlarm] = []
    var begun = Begun.nothing
    /// A further attempt began, at the other cloud or for the other sale.
    var further = false
    var counted = 0
}

/// The specification's table once more, read from the prose and written as plain decisions. It shares nothing with
/// ``LaneTable``: where the two differ, one of them is wrong.
struct LaneReference {
    private let given: LaneSituation
    private(set) var outcome: LaneOutcome

    init(_ given: LaneSituation) {
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
    }

    private mutating func answer(_ text: String) {
        if given.isFromRegister { outcome.answers.append("\(LaneSituation.token) \(text)") }
    }

    /// Whoever has been waiting since the beginning hears the outcome too.
    private mutating func answerAll(_ text: String) {
        answer(text)
        if given.state == .intent { outcome.answers.append("\(LaneSituation.waiting) \(text)") }
    }

    private mutating func close(as state: LaneState) {
        outcome.state = nil
        outcome.remembered = state
    }

    /// Not foreseen here: counted, and a register learns the state.
    private mutating func ignore() {
        outcome.counted = 1
        answer("refused wrongState")
    }

    private mutating func go(_ state: LaneState, _ record: String, _ begun: LaneOutcome.Begun = .nothing) {
        outcome.state = state
        outcome.records.append(record)
        outcome.begun = begun
    }

    private mutating func free() {
        guard given.event == .payNew else { return ignore() }
        switch given.refusal {
        case nil:
            outcome.records = ["intent"]
            outcome.begun = .pay
            outcome.further = true
        case .declined(let reason)?: answer("declined \(reason.wireName)")
        case let reason?: answer("unavailable \(reason.wireName)")
        }
    }

    private mutating func cancel(_ reason: RevokeReason) {
        go(.revoke, "revoke", .undo)
        answerAll("cancelled \(reason.wireName)")
    }

    private mutating func intent() {
        let inTime = given.beforeDecision && given.answeredBeforeDecision
        switch given.event {
        case .paidReply:
            if !given.dataEqual {
                cancel(.mismatch)
                outcome.alarms = [.answerDataDiffer]
            } else if inTime {
                go(.paid, "paid")
                answerAll("paid")
            } else {
                cancel(.timeout)
            }
        case .declinedReply:
            guard inTime else { return ignore() }
            go(.declined, "declined", .undo)
            answerAll("declined insufficient-funds")
        case .refusedReply:
            guard given.fromPayingCloud else { return ignore() }
            unsent("late")
        case .neverLeft:
            if given.isOurs && !given.everLeft { unsent("offline") } else { repeatOrAsk() }
        case .transportError: repeatOrAsk()
        case .pendingReply, .unknownReply: outcome.begun = .query
        case .revokingReply: cancel(.conflict)
        case .conflictReply:
            cancel(.conflict)
            outcome.alarms = [.conflict]
        case .decisionTime: cancel(.timeout)
        case .cancel: cancel(.cashier)
        case .paySameSale, .status: answer("waiting")
        case .payOtherSale: answer("busy")
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
    private mutating func unsent(_ reason: String) {
        close(as: .unsent)
        outcome.records = ["unsent"]
        if given.mayTryAgain && given.isOurs {
            outcome.records.append("intent")
            outcome.begun = .pay
            outcome.further = true
        } else {
            answerAll("unavailable \(reason)")
        }
    }

    private mutating func paid() {
        switch given.event {
        case .acknowledge:
            go(.acked, "acked", .confirm)
            answer("paid")
        case .implicitAcknowledgement: go(.acked, "acked implicit", .confirm)
        case .status, .paySameSale, .cancel: answer("paid")
        case .disown:
            go(.revoke, "revoke", .undo)
            answer("cancelled disowned")
        case .release:
            guard given.isSupervisor else { return answer("refused wrongState") }
            go(.revoke, "revoke supervisor", .undo)
            answer("released cancelled disowned")
        case .payOtherSale:
            guard !given.acknowledges else { return answer("unacknowledged") }
            go(.acked, "acked implicit", .confirm)
            outcome.records.append("intent")
            outcome.further = true
        case .revokingReply: outcome.alarms = [.revokedWhilePaid]
        case .restart: outcome.counted = 1
        default: ignore()
        }
    }

    private mutating func acked() {
        switch given.event {
        case .paySameSale, .status, .cancel, .acknowledge: answer("paid")
        case .disown: answer("refused wrongState")
        case .confirmedByBoth:
            outcome.records = ["closed"]
            close(as: given.state)
        case .restart: outcome.begun = .confirm
        case .revokingReply: outcome.alarms = [.revokedWhilePaid]
        default: ignore()
        }
    }

    private mutating func ended() {
        let stored =
            switch given.state {
            case .declined: "declined insufficient-funds"
            case .unsent: "unavailable offline"
            default: "cancelled timeout"
            }
        switch given.event {
        case .paySameSale, .status, .cancel, .disown: answerAll(stored)
        case .acknowledge: answer("refused wrongState")
        case .restart where given.state != .unsent: outcome.begun = .undo
        case .finalByBoth where given.state != .unsent:
            outcome.records = ["closed"]
            close(as: given.state)
        // The other cloud says that the sale is confirmed: a person must know.
        case .undoConfirmed where given.state != .unsent: outcome.alarms = [.undoRefused]
        case .undoKept where given.state != .unsent: outcome.alarms = [.undoRefused]
        default: ignore()
        }
    }

    private mutating func undoing() {
        switch given.event {
        case .undoFinal: go(.final, "final")
        case .undoDuty:
            if given.state == .revoke, given.others < 3 { go(.duty, "duty") } else { outcome.begun = .undo }
        case .undoPending, .transportError, .neverLeft, .restart: outcome.begun = .undo
        case .undoStuck:
            outcome.begun = .undo
            if !given.isStuck { outcome.alarms = [.undoStuck] }
        case .undoConfirmed:
            outcome.begun = .undo
            outcome.alarms = [.undoRefused]
        case .undoKept:
            outcome.records = ["final"]
            outcome.alarms = [.undoRefused]
            close(as: .final)
        case .status, .paySameSale, .cancel, .acknowledge, .disown: answerAll("cancelled timeout")
        case .payOtherSale:
            // Behind an undo that a cloud has taken over the lane is free, and the event goes to the free lane.
            guard given.state == .revoke else { return ignore() }
            answer("busy timeout")
        case .release where given.state == .revoke:
            guard given.isSupervisor, given.lockedLongEnough, given.others < 3 else {
                return answer("refused notReleasable")
            }
            go(.released, "released supervisor")
            answerAll("released cancelled timeout")
        default: ignore()
        }
    }
}
