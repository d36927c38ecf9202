// Part of Tillbridge. See LICENSE.
import TillDomain

/// What a row does besides changing the state. The machine stores the record before any of it is seen outside.
package enum CloudActionKind: UInt8, WireName, Hashable {
    // Answers.
    /// The state as it is now, in the form the request wants.
    case answer
    case answerNotHome
    case answerBusy
    /// To pay and query CONFLICT, to revoke STUCK, to confirm nothing.
    case answerConflict
    /// No answer, so that the plug-in repeats; an alarm once the payment is 30 minutes old.
    case answerNothing
    /// What this query says, to whoever asked; nothing is stored.
    case tell
    case answerRefund
    case refuseRefund
    case answerRefundElsewhere

    // The one pay call.
    /// The claim: the lease of the sender begins.
    case claim
    /// Send pay once.
    case pay
    /// `unsent` := yes, with the reason.
    case refuse
    /// The code belongs to no wallet: `unsent` := yes, declined as unsupported.
    case declineUnsupported
    case recordTrade
    case markWaiting
    /// Keep the definite error code, `unsent` := yes.
    case storeCandidate

    /// Queries. Without a known route there is nobody to ask, and nothing happens.
    case askPoll, askTell, askConfirm, askWatch
    /// The next poll of UNKNOWN at the wallet's cadence.
    case schedulePoll
    /// The next second look, or none.
    case scheduleWatch
    /// The same look again soon, a bounded number of times.
    case repeatWatch
    /// Declined with the stored code.
    case declineByCode
    /// Declined because the wallet closed the order.
    case declineClosed
    /// Declined because nothing exists after F + 5 s.
    case declineNeverExisted

    // The undo.
    /// Begin: wait for the earliest reversal, then look.
    case beginUndo
    /// The undo that was final begins anew.
    case reopenUndo
    /// `unsent` := yes.
    case proveUnsent
    /// The wallet call of the current phase.
    case continueUndo
    case callCancel
    case callVerify
    case callRefund
    case callFollow
    case noteCancel
    case noteAccepted
    /// The wallet itself gives the whole amount back; the phase stays, because only the order's state shows the end.
    case noteReturning
    /// The undo's refund is not known at the wallet any more.
    case forgetAccepted
    /// The undo's refund has failed, so nothing comes of it any more.
    case forgetRefund
    /// Wait, then the same phase again.
    case repeatLater
    /// Wait, then look, cancel and verify again.
    case lookAgainLater
    /// Look, cancel and verify again, now.
    case lookAgain
    case sleepUntilProof
    case finishUnsent, finishNeverExisted, finishClosed, finishRefunded
    /// A person is needed: page, queue, hourly retry.
    case stick
    case stickDiffers
    case retryHourly

    // The end, refunds, persons.
    case confirmByRegister, confirmByPersons, keep
    case addRefund
    case adopt
    case childWork
    /// Into the persons' queue, with a page.
    case queue
    /// Into the persons' queue 30 minutes from now.
    case queueLater
    /// Into the persons' queue: what the register confirmed is not at the wallet.
    case queueUnproven
    /// Nothing is left to do, and no person is needed.
    case settle

    // Signals.
    /// Something that changes nothing: counted.
    case count
    /// `conflictSeen` := yes, with an alarm.
    case conflict
    case alarmOtherData, alarmForeignTrade, alarmPaidAfterDecline, alarmPaidAfterRefusal, alarmContradiction
    case alarmRevokeOfConfirmed
    /// A paid trade older than 10 minutes is being revoked.
    case alarmIfOld
    case alarmAdmission
    /// Money at the wallet after a final answer (S1').
    case pageMoneyAfterFinal

    package var wireName: StaticString {
        switch self {
        case .answer: "answer"
        case .answerNotHome: "answer-not-home"
        case .answerBusy: "answer-busy"
        case .answerConflict: "answer-conflict"
        case .answerNothing: "answer-nothing"
        case .tell: "tell"
        case .answerRefund: "answer-refund"
        case .refuseRefund: "refuse-refund"
        case .answerRefundElsewhere: "answer-refund-elsewhere"
        case .claim: "claim"
        case .pay: "pay"
        case .refuse: "refuse"
        case .declineUnsupported: "decline-unsupported"
        case .recordTrade: "record-trade"
        case .markWaiting: "mark-waiting"
        case .storeCandidate: "store-candidate"
        case .askPoll: "ask-poll"
        case .askTell: "ask-tell"
        case .askConfirm: "ask-confirm"
        case .askWatch: "ask-watch"
        case .schedulePoll: "schedule-poll"
        case .scheduleWatch: "schedule-watch"
        case .repeatWatch: "repeat-watch"
        case .declineByCode: "decline-by-code"
        case .declineClosed: "decline-closed"
        case .declineNeverExisted: "decline-never-existed"
        case .beginUndo: "begin-undo"
        case .reopenUndo: "reopen-undo"
        case .proveUnsent: "prove-unsent"
        case .continueUndo: "continue-undo"
        case .callCancel: "call-cancel"
        case .callVerify: "call-verify"
        case .callRefund: "call-refund"
        case .callFollow: "call-follow"
        case .noteCancel: "note-cancel"
        case .noteAccepted: "note-accepted"
        case .noteReturning: "note-returning"
        case .forgetAccepted: "forget-accepted"
        case .forgetRefund: "forget-refund"
        case .repeatLater: "repeat-later"
        case .lookAgainLater: "look-again-later"
        case .lookAgain: "look-again"
        case .sleepUntilProof: "sleep-until-proof"
        case .finishUnsent: "finish-unsent"
        case .finishNeverExisted: "finish-never-existed"
        case .finishClosed: "finish-closed"
        case .finishRefunded: "finish-refunded"
        case .stick: "stick"
        case .stickDiffers: "stick-differs"
        case .retryHourly: "retry-hourly"
        case .confirmByRegister: "confirm-by-register"
        case .confirmByPersons: "confirm-by-persons"
        case .keep: "keep"
        case .addRefund: "add-refund"
        case .adopt: "adopt"
        case .childWork: "child-work"
        case .queue: "queue"
        case .queueLater: "queue-later"
        case .queueUnproven: "queue-unproven"
        case .settle: "settle"
        case .count: "count"
        case .conflict: "conflict"
        case .alarmOtherData: "alarm-other-data"
        case .alarmForeignTrade: "alarm-foreign-trade"
        case .alarmPaidAfterDecline: "alarm-paid-after-decline"
        case .alarmPaidAfterRefusal: "alarm-paid-after-refusal"
        case .alarmContradiction: "alarm-contradiction"
        case .alarmRevokeOfConfirmed: "alarm-revoke-of-confirmed"
        case .alarmIfOld: "alarm-if-old"
        case .alarmAdmission: "alarm-admission"
        case .pageMoneyAfterFinal: "page-money-after-final"
        }
    }
}
