// Part of Tillbridge. See LICENSE.

extension CloudTable {
    /// The outcome of the own pay call.
    // swift-format-ignore
    static let payRows: [CloudRow] = [
        CloudRow([.sending, .unknown], [.payPaid], if: [.tradeOurs], to: .paid, do: [.recordTrade], "S11"),
        CloudRow(
            [.sending, .unknown], [.payPaid], to: .unknown, do: [.conflict, .schedulePoll], "never undone unasked"),
        CloudRow([.sending, .unknown], [.payWaiting], to: .unknown, do: [.markWaiting, .schedulePoll]),
        CloudRow(
            [.sending, .unknown], [.payDeclined], to: .unknown, do: [.storeCandidate, .askPoll],
            "definite after one confirming query"),
        CloudRow([.sending], [.payUnknown], to: .unknown, do: [.schedulePoll], "never resent"),
        CloudRow(
            [.sending, .unknown], [.payUnwritten], to: .tomb, do: [.refuse],
            "the last clock check failed, or no connection before a byte: provably unwritten"),
        CloudRow(
            [.revoking], [.payDeclined, .payUnwritten], if: [.sleeping], do: [.proveUnsent, .lookAgain],
            "the pay call has ended: what is found now is final"),
        CloudRow([.revoking], [.payDeclined, .payUnwritten], do: [.proveUnsent]),
        CloudRow(
            [.revoking], [.payPaid, .payWaiting], if: [.sleeping], do: [.count, .lookAgain],
            "proves nothing, but the trade can be seen and undone now"),
        CloudRow(
            [.none, .paid, .declined, .tomb, .revoking, .revoked, .stuck, .confirmed],
            [.payPaid, .payWaiting, .payDeclined, .payUnknown, .payUnwritten], do: [.count],
            "a late reply decides nothing; the wallet is asked if needed"),
    ]

    /// Queries outside an undo.
    // swift-format-ignore
    static let queryRows: [CloudRow] = [
        CloudRow(
            [.sending, .unknown, .declined, .tomb], [.queryPaid], if: [.forConfirm, .tradeOurs], to: .confirmed,
            do: [.recordTrade, .confirmByRegister], "the record is rebuilt"),
        CloudRow(
            [.sending, .unknown, .declined, .tomb],
            [.queryOpen, .queryNotFound, .queryPayError, .queryClosed, .queryReturning, .queryUnknown],
            if: [.forConfirm], do: [.count]),
        CloudRow(
            [.confirmed], [.queryPaid], if: [.unproven, .tradeOurs], do: [.recordTrade, .settle],
            "the record is rebuilt, whatever the query was for"),
        CloudRow([.confirmed], [.queryPaid], if: [.unproven], do: [.alarmForeignTrade, .schedulePoll]),
        CloudRow(
            [.confirmed],
            [.queryOpen, .queryNotFound, .queryPayError, .queryClosed, .queryReturning, .queryUnknown],
            if: [.unproven], do: [.schedulePoll], "the query lags, or the register's word is wrong: a person hears of it"),
        CloudRow([.none], [.queryPaid], if: [.tradeOurs], do: [.tell]),
        CloudRow([.none], [.queryPaid], do: [.alarmForeignTrade, .tell]),
        CloudRow(
            [.none], [.queryOpen, .queryNotFound, .queryPayError, .queryClosed, .queryReturning, .queryUnknown],
            do: [.tell]),

        CloudRow([.unknown], [.queryPaid], if: [.tradeOurs], to: .paid, do: [.recordTrade]),
        CloudRow([.unknown], [.queryPaid], do: [.conflict, .schedulePoll], "never undone unasked"),
        CloudRow(
            [.unknown], [.queryOpen, .queryNotFound, .queryPayError], if: [.declineAgreed], to: .declined,
            do: [.declineByCode, .scheduleWatch]),
        CloudRow([.unknown], [.queryClosed], to: .declined, do: [.declineClosed, .scheduleWatch]),
        CloudRow(
            [.unknown], [.queryNotFound], if: [.absenceProven], to: .declined,
            do: [.declineNeverExisted, .scheduleWatch], "W3, W4: no first pay after F, and a truthful query"),
        CloudRow([.unknown], [.queryOpen], do: [.markWaiting, .schedulePoll], "never declined before"),
        CloudRow(
            [.unknown], [.queryNotFound, .queryPayError, .queryReturning, .queryUnknown], do: [.schedulePoll],
            "never declined before"),

        CloudRow(
            [.declined], [.queryPaid], if: [.tradeOurs], to: .paid, do: [.recordTrade, .alarmPaidAfterDecline],
            "the plug-in's REVOKE or CONFIRM decides"),
        CloudRow([.declined, .tomb], [.queryPaid], if: [.tradeForeign], do: [.alarmForeignTrade, .scheduleWatch]),
        CloudRow(
            [.declined], [.queryPaid], do: [.alarmForeignTrade, .repeatWatch],
            "ours by the nonce, but of another amount: the answer may be wrong"),
        CloudRow([.tomb], [.queryPaid], do: [.alarmPaidAfterRefusal, .queueLater, .scheduleWatch]),
        CloudRow(
            [.declined, .tomb, .revoked], [.queryOpen, .queryNotFound, .queryPayError, .queryClosed],
            do: [.scheduleWatch]),
        CloudRow(
            [.declined, .tomb, .revoked], [.queryReturning, .queryUnknown], do: [.repeatWatch],
            "a return that runs is looked at until it is done"),
        CloudRow([.revoked], [.queryPaid], if: [.stale], do: [.count], "asked before the undo was final"),
        CloudRow(
            [.revoked], [.queryPaid], if: [.tradeOurs, .windowOver], to: .revoking,
            do: [.pageMoneyAfterFinal, .reopenUndo, .recordTrade, .callRefund], "S1': the money goes back"),
        CloudRow(
            [.revoked], [.queryPaid], if: [.tradeOurs], to: .revoking,
            do: [.pageMoneyAfterFinal, .reopenUndo, .recordTrade, .callCancel], "S1': the money goes back"),
        CloudRow([.revoked], [.queryPaid], if: [.tradeForeign], do: [.alarmForeignTrade, .scheduleWatch]),
        CloudRow(
            [.revoked], [.queryPaid], do: [.alarmForeignTrade, .repeatWatch],
            "ours by the nonce, but of another amount: the answer may be wrong"),
    ]
}
