// Part of Tillbridge. See LICENSE.

/// Fifty bugs, each selectable at run time, each to be found by an oracle. They live here alone: as changed tables, or
/// as a simulated shell that does what production's shell must not. Nothing that ships links this target.
package enum PlantedBug: UInt8, CaseIterable, Sendable {
    case sendBeforeSync = 1
    case paidToldBeforeSync
    case noSyncAtAll
    case successAfterRevoke
    case newPayWhileRevokeOpen
    case payAgainAfterRestart
    case nothingFoundIsFinal
    case nothingFoundIsFinalElsewhere
    case noSecondLookAtF
    case deadlineNotInClaim
    case deadlineNotBeforeWrite
    case sendingResumed
    case proxyTriesOtherCloud
    case secondAttemptAfterUnknown
    case tombstoneNotWritten
    case tombstoneLostAtFailover
    case freshRefundNumber
    case twoSweepers
    case alreadyPaidIsPaid
    case alreadyPaidIsDeclined
    case unknownCodeIsDeclined
    case failWithoutConfirmingQuery
    case amountNotCompared
    case epochNotRedrawn
    case registerNotChecked
    case revokeAfterConfirm
    case confirmDropped
    case cloudRevokesMissingRecord
    case releaseDropsDuty
    case earlyReversalCounts
    case refundNotFollowed
    case tornTailIsRecord
    case clockOffsetIgnored
    case secondInstanceRuns
    case retryWithoutCap
    case pollFlipsFinal
    case queryElsewhereStoresDeclined
    case revokeRacesClaim
    case laneLockInMemory
    case unboundedProxyQueue
    case undoWhenDataDiffer
    case missingAfterPromotionIsUnsent
    case claimUnknownSentAnyway
    case nonceNotCompared
    case refusalNotStored
    case ackedSaleStartsAgain
    case stopsAtFirstFinal
    case promotionWithoutMargin
    case systemErrorIsDefinite
    case refundAcceptedIsFinal

    package var words: String {
        switch self {
        case .sendBeforeSync: "the plug-in sends before it syncs"
        case .paidToldBeforeSync: "the register hears paid before PAID is synced"
        case .noSyncAtAll: "the plug-in never syncs"
        case .successAfterRevoke: "a success is accepted after REVOKE"
        case .newPayWhileRevokeOpen: "the next sale pushes an open undo aside"
        case .payAgainAfterRestart: "a restarted plug-in sends its last pay again"
        case .nothingFoundIsFinal: "a cancel that found nothing is final"
        case .nothingFoundIsFinalElsewhere: "a cancel that found nothing is final at the cloud that does not pay"
        case .noSecondLookAtF: "at F the undo is final without another look"
        case .deadlineNotInClaim: "the claim does not look at D"
        case .deadlineNotBeforeWrite: "nobody looks at D before the pay request is written"
        case .sendingResumed: "a restarted cloud goes on sending"
        case .proxyTriesOtherCloud: "the proxy takes a pay to the other cloud"
        case .secondAttemptAfterUnknown: "after an unknown the other cloud is tried with a new number"
        case .tombstoneNotWritten: "a revoke of an unknown number leaves no row"
        case .tombstoneLostAtFailover: "a pay looks at no promotion"
        case .freshRefundNumber: "each retry of a refund draws a new number"
        case .twoSweepers: "two sweepers work on one row without its version"
        case .alreadyPaidIsPaid: "the code 'already paid' is read as paid"
        case .alreadyPaidIsDeclined: "the code 'already paid' is read as declined"
        case .unknownCodeIsDeclined: "an unlisted code is read as declined"
        case .failWithoutConfirmingQuery: "an error code is believed without a query"
        case .amountNotCompared: "the wallet's amount is not compared"
        case .epochNotRedrawn: "the epoch stays over a restart"
        case .registerNotChecked: "the register's identity is not compared with the number"
        case .revokeAfterConfirm: "a confirmed payment is revoked"
        case .confirmDropped: "a confirm that a cloud did not take counts as taken"
        case .cloudRevokesMissingRecord: "a cloud undoes what it has no record of"
        case .releaseDropsDuty: "a release ends the undo"
        case .earlyReversalCounts: "a reversal before its time is believed"
        case .refundNotFollowed: "an accepted refund is not followed"
        case .tornTailIsRecord: "a torn tail is read as a record"
        case .clockOffsetIgnored: "the register's own clock gives t0"
        case .secondInstanceRuns: "a second plug-in runs on the same journal"
        case .retryWithoutCap: "failed calls are repeated at once, without a limit"
        case .pollFlipsFinal: "an old query's answer turns a final row to paid"
        case .queryElsewhereStoresDeclined: "a cloud without a record stores declined"
        case .revokeRacesClaim: "claim and revoke do not look at the row's version"
        case .laneLockInMemory: "the lane's lock is forgotten at a restart"
        case .unboundedProxyQueue: "a proxy's queue has no bound"
        case .undoWhenDataDiffer: "a cloud undoes unasked when the data differ"
        case .missingAfterPromotionIsUnsent: "a row that a promotion lost is read as unsent"
        case .claimUnknownSentAnyway: "pay is sent though nobody knows whether the claim was stored"
        case .nonceNotCompared: "the wallet's nonce is not compared"
        case .refusalNotStored: "a refusal is answered and not stored"
        case .ackedSaleStartsAgain: "an acknowledged sale starts a new attempt"
        case .stopsAtFirstFinal: "the plug-in stops at the first FINAL"
        case .promotionWithoutMargin: "t0 is compared with a promotion without its margin"
        case .systemErrorIsDefinite: "a system error counts as the end of the pay call"
        case .refundAcceptedIsFinal: "an accepted refund is final"
        }
    }
}
