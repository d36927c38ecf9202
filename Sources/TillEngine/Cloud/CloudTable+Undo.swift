// Part of Tillbridge. See LICENSE.

extension CloudTable {
    private static let queries: [CloudEventKind] = [
        .queryPaid, .queryOpen, .queryNotFound, .queryPayError, .queryClosed, .queryReturning, .queryUnknown,
    ]
    private static let cancels: [CloudEventKind] = [
        .cancelClosed, .cancelRefunded, .cancelNotFound, .cancelRefused, .cancelUnclear,
    ]
    private static let refunds: [CloudEventKind] = [.refundAccepted, .refundDone, .refundFailed, .refundUnclear]
    private static let follows: [CloudEventKind] = [
        .refundShownDone, .refundShownPending, .refundShownNotFound, .refundShownFailed, .refundShownUnclear,
    ]

    /// REVOKING: query, cancel, query, judge; refund where the cancel is refused or too late.
    // swift-format-ignore
    static let undoRows: [CloudRow] = [
        CloudRow(
            [.revoking, .stuck], queries + cancels + refunds + follows, if: [.stale], do: [.count],
            "a completion that the phase does not wait for"),

        CloudRow([.revoking], [.queryClosed], to: .revoked, do: [.finishClosed], "no money is held, for ever (W2)"),
        CloudRow(
            [.revoking], [.queryPaid], if: [.tradeForeign, .unsentProof], to: .revoked,
            do: [.alarmForeignTrade, .finishUnsent], "a stranger's trade counts as nothing found and is never undone"),
        CloudRow(
            [.revoking], [.queryPaid], if: [.tradeForeign, .absenceProven], to: .revoked,
            do: [.alarmForeignTrade, .finishNeverExisted]),
        CloudRow(
            [.revoking], [.queryPaid], if: [.tradeForeign, .unsentSinceQuery],
            do: [.alarmForeignTrade, .lookAgainLater]),
        CloudRow([.revoking], [.queryPaid], if: [.tradeForeign], do: [.alarmForeignTrade, .sleepUntilProof]),

        // Money that is ours.
        CloudRow(
            [.revoking], [.queryPaid], if: [.tradeOurs, .verifying, .cancelRefused], do: [.recordTrade, .callRefund],
            "the cancel was refused"),
        CloudRow(
            [.revoking], [.queryPaid], if: [.tradeOurs, .verifying], do: [.recordTrade, .lookAgainLater],
            "cancel and query do not agree"),
        CloudRow(
            [.revoking], [.queryPaid], if: [.tradeOurs, .windowOver], do: [.alarmIfOld, .recordTrade, .callRefund],
            "the reversal window is over"),
        CloudRow([.revoking], [.queryPaid], if: [.tradeOurs], do: [.alarmIfOld, .recordTrade, .callCancel]),
        CloudRow([.revoking], [.queryPaid], to: .stuck, do: [.stickDiffers], "S11: not our money, not undone"),
        CloudRow(
            [.revoking], [.queryReturning], do: [.noteReturning, .repeatLater],
            "the whole amount is on its way back: DUTY from here on, not FINAL"),
        CloudRow([.revoking], [.queryUnknown], do: [.repeatLater]),

        // No money seen: after the cancel it is judged, before it the cancel comes.
        CloudRow(
            [.revoking], [.queryPayError], if: [.verifying, .cancelDone], to: .revoked, do: [.finishClosed],
            "cancelled, and the query agrees"),
        CloudRow([.revoking], [.queryOpen], if: [.verifying], do: [.lookAgainLater], "cancel and query do not agree"),
        CloudRow(
            [.revoking], [.queryNotFound, .queryPayError], if: [.verifying, .absenceProven, .unsentProof], to: .revoked,
            do: [.finishUnsent]),
        CloudRow(
            [.revoking], [.queryNotFound, .queryPayError], if: [.verifying, .absenceProven], to: .revoked,
            do: [.finishNeverExisted], "W3, W4: no first pay after F, and a truthful query"),
        CloudRow(
            [.revoking], [.queryNotFound, .queryPayError], if: [.verifying, .cancelRefused], do: [.lookAgainLater],
            "what cannot be found cannot refuse: the query lags"),
        CloudRow(
            [.revoking], [.queryNotFound, .queryPayError], if: [.verifying, .unsentProof], to: .revoked,
            do: [.finishUnsent], "the paying cloud itself says that it never sends"),
        CloudRow(
            [.revoking], [.queryNotFound, .queryPayError], if: [.verifying, .unsentSinceQuery], do: [.lookAgainLater],
            "the pay call ended after this query was asked"),
        CloudRow(
            [.revoking], [.queryNotFound], if: [.verifying, .cancelDone], do: [.lookAgainLater],
            "what was cancelled was there: the query lags"),
        CloudRow(
            [.revoking], [.queryNotFound, .queryPayError], if: [.verifying], do: [.sleepUntilProof],
            "a cancel that found nothing proves nothing"),
        CloudRow([.revoking], [.queryOpen, .queryNotFound, .queryPayError], do: [.callCancel]),

        CloudRow(
            [.revoking], [.cancelClosed, .cancelRefunded, .cancelNotFound, .cancelRefused],
            do: [.noteCancel, .callVerify], "believed when a query agrees"),
        CloudRow([.revoking], [.cancelUnclear], do: [.lookAgainLater], "the query may show that it was done"),

        CloudRow([.revoking], [.refundAccepted], do: [.noteAccepted, .repeatLater], "DUTY from here on, not FINAL"),
        CloudRow([.revoking], [.refundDone], do: [.noteAccepted, .callFollow], "believed when a refund query agrees"),
        CloudRow([.revoking], [.refundFailed], to: .stuck, do: [.stick]),
        CloudRow([.revoking], [.refundUnclear], do: [.repeatLater], "the same call, the same number"),
        CloudRow([.revoking], [.refundShownDone], to: .revoked, do: [.finishRefunded]),
        CloudRow([.revoking], [.refundShownPending], do: [.noteAccepted, .repeatLater]),
        CloudRow(
            [.revoking], [.refundShownNotFound], do: [.forgetAccepted, .repeatLater], "the same call, the same number"),
        CloudRow([.revoking], [.refundShownFailed], to: .stuck, do: [.stick], "accepted, then failed"),
        CloudRow([.revoking], [.refundShownUnclear], do: [.repeatLater]),
    ]

    /// STUCK: every hour the same again, with the same number.
    // swift-format-ignore
    static let stuckRows: [CloudRow] = [
        CloudRow([.stuck], [.queryClosed], to: .revoked, do: [.finishClosed]),
        CloudRow([.stuck], [.queryPaid], if: [.tradeOurs], do: [.recordTrade, .callRefund]),
        CloudRow(
            [.stuck],
            [.queryPaid, .queryOpen, .queryNotFound, .queryPayError, .queryReturning, .queryUnknown],
            do: [.retryHourly]),
        CloudRow([.stuck], [.refundAccepted], do: [.noteAccepted, .repeatLater]),
        CloudRow([.stuck], [.refundDone], do: [.noteAccepted, .callFollow]),
        CloudRow([.stuck], [.refundFailed], do: [.forgetRefund, .retryHourly]),
        CloudRow([.stuck], [.refundUnclear], do: [.retryHourly]),
        CloudRow([.stuck], [.refundShownDone], to: .revoked, do: [.finishRefunded]),
        CloudRow([.stuck], [.refundShownPending], do: [.noteAccepted, .repeatLater]),
        CloudRow([.stuck], [.refundShownNotFound], do: [.forgetAccepted, .retryHourly]),
        CloudRow([.stuck], [.refundShownFailed], do: [.forgetRefund, .retryHourly]),
        CloudRow([.stuck], [.refundShownUnclear], do: [.repeatLater]),
    ]
}
