// Part of Tillbridge. See LICENSE.

extension CloudTable {
    private static let stored: [CloudState] = [
        .sending, .unknown, .paid, .declined, .tomb, .revoking, .revoked, .stuck, .confirmed,
    ]

    /// PAY, QUERY, REVOKE and CONFIRM of the register.
    // swift-format-ignore
    static let requestRows: [CloudRow] = [
        // The same number with other data: never a wallet call (S6).
        CloudRow(
            stored, [.pay, .query, .revoke, .confirm], if: [.otherData], do: [.answerConflict, .alarmOtherData],
            "S6: a number's data never change"),

        // PAY.
        CloudRow([.none], [.pay], if: [.notHome], do: [.answerNotHome], "proves nothing"),
        CloudRow([.none], [.pay], if: [.overloaded], do: [.answerBusy], "no row, so it proves nothing"),
        CloudRow(
            [.none], [.pay], if: [.noWallet], to: .declined, do: [.declineUnsupported, .answer],
            "the wallet is a function of the intent: no cloud ever sends"),
        CloudRow(
            [.none], [.pay], if: [.promotedSince], to: .tomb, do: [.scheduleWatch, .answer],
            "M-promo: a missing row may be a lost one, so nothing is proven"),
        CloudRow([.none], [.pay], if: [.pastDeadline], to: .tomb, do: [.refuse, .answer], "D at admission"),
        CloudRow(
            [.none], [.pay], if: [.routingMissing], to: .tomb, do: [.refuse, .answer],
            "without the version no wallet is known"),
        CloudRow([.none], [.pay], if: [.notAdmitted], to: .tomb, do: [.refuse, .alarmAdmission, .answer]),
        CloudRow(
            [.none], [.pay], to: .sending, do: [.claim, .answer, .pay],
            "M-claim: this commit is the right to send, once; the commit itself is guarded by D"),
        CloudRow(
            stored, [.pay], do: [.answer], "the same intent again is answered, never sent again, with whatever code"),

        // QUERY.
        CloudRow(
            [.none], [.query], do: [.answer, .askTell],
            "M-arb: the wallet is asked if the route is known, and nothing is stored"),
        CloudRow([.unknown], [.query], if: [.lookDue], do: [.answer, .askPoll]),
        CloudRow(stored, [.query], do: [.answer]),

        // REVOKE: the plug-in's signed one. Besides it only a person's order starts an undo.
        CloudRow(
            [.none, .declined], [.revoke], if: [.noWallet, .canProveUnsent], to: .revoked,
            do: [.finishUnsent, .answer], "no wallet to ask, and none was ever sent"),
        CloudRow(
            [.none, .declined], [.revoke], if: [.noWallet], to: .revoked, do: [.finishNeverExisted, .answer],
            "the wallet is a function of the intent: no cloud ever sends"),
        CloudRow(
            [.none, .tomb], [.revoke], if: [.canProveUnsent], to: .revoking, do: [.proveUnsent, .beginUndo, .answer],
            "M-tomb: from here on a pay is refused"),
        CloudRow([.none, .tomb], [.revoke], to: .revoking, do: [.beginUndo, .answer]),
        CloudRow([.paid], [.revoke], to: .revoking, do: [.alarmIfOld, .beginUndo, .answer]),
        CloudRow(
            [.sending, .unknown, .declined], [.revoke], to: .revoking, do: [.beginUndo, .answer], "`unsent` is kept"),
        CloudRow(
            [.revoking], [.revoke], if: [.writtenAhead], do: [.continueUndo, .answer],
            "the clock ran ahead when the row's work was planned: it goes on now"),
        CloudRow([.revoking, .stuck, .revoked], [.revoke], do: [.answer], "no second worker"),
        CloudRow(
            [.confirmed], [.revoke], do: [.alarmRevokeOfConfirmed, .answer], "S9: no cloud undoes a CONFIRMED payment"),

        // CONFIRM.
        CloudRow([.paid], [.confirm], to: .confirmed, do: [.confirmByRegister, .answer]),
        CloudRow([.confirmed], [.confirm], do: [.answer]),
        CloudRow([.none], [.confirm], if: [.noWallet], do: [.answerNothing], "nobody can have paid"),
        CloudRow(
            [.none], [.confirm], to: .confirmed, do: [.confirmByRegister, .schedulePoll, .queueLater, .answer],
            "M-conf: from here on a revoke is refused; the record is rebuilt when the wallet agrees"),
        CloudRow(
            [.sending, .unknown, .declined, .tomb], [.confirm], do: [.answerNothing, .askConfirm],
            "the record is rebuilt when the wallet agrees; until then the plug-in repeats"),
        CloudRow([.revoking, .stuck, .revoked], [.confirm], do: [.alarmContradiction, .answer]),
    ]
}
