// Part of Tillbridge. See LICENSE.

extension CloudTable {
    private static let open: [CloudState] = [.sending, .unknown, .paid, .revoking, .stuck]

    /// Time, restarts, wakes and notices.
    // swift-format-ignore
    static let timerRows: [CloudRow] = [
        CloudRow([.sending], [.due, .restart], to: .unknown, do: [.schedulePoll], "the sender is gone: never resent"),
        CloudRow([.unknown], [.due, .notice, .wake, .personAsks], do: [.askPoll]),
        CloudRow([.unknown], [.restart], do: [.schedulePoll]),
        CloudRow([.declined, .tomb, .revoked], [.due, .notice, .personAsks], do: [.askWatch]),
        CloudRow(
            [.revoking], [.due, .restart, .wake, .notice, .personAsks], if: [.noWallet], to: .revoked,
            do: [.finishNeverExisted], "the routing version has come, and it has no wallet for the code"),
        CloudRow(
            [.revoking], [.due, .restart, .wake, .notice, .personAsks], do: [.continueUndo],
            "the phase is durable: the same call again"),
        CloudRow(
            [.stuck], [.due, .notice, .personAsks], do: [.continueUndo],
            "every hour, or when a person or the wallet asks"),
        CloudRow(open, [.aged], do: [.queue], "L6: no row is open for 30 minutes without a person told; work goes on"),
        CloudRow([.tomb], [.aged], do: [.queue], "money under a number that was refused"),
        CloudRow([.confirmed], [.due, .notice, .personAsks], if: [.unproven], do: [.askPoll]),
        CloudRow([.confirmed], [.aged], if: [.unproven], do: [.queueUnproven]),
    ]

    /// Refunds and persons.
    // swift-format-ignore
    static let endRows: [CloudRow] = [
        CloudRow(
            [.confirmed], [.refund], if: [.refundKnown], do: [.answerRefund], "the same reference is the same refund"),
        CloudRow(
            [.confirmed], [.refund], if: [.refundElsewhere], do: [.answerRefundElsewhere],
            "the paying cloud alone draws refund numbers"),
        CloudRow([.confirmed], [.refund], if: [.unproven], do: [.refuseRefund], "S11: no money seen yet"),
        CloudRow([.confirmed], [.refund], if: [.refundNotAllowed], do: [.refuseRefund], "S8: never more than was paid"),
        CloudRow([.confirmed], [.refund], do: [.addRefund, .answerRefund]),
        CloudRow(
            [.none, .sending, .unknown, .paid, .declined, .tomb, .revoking, .revoked, .stuck], [.refund],
            do: [.refuseRefund]),
        CloudRow([.confirmed], [.child], do: [.childWork]),
        CloudRow(
            [.paid], [.personConfirms], if: [.twoPersons], to: .confirmed, do: [.confirmByPersons],
            "PAID without CONFIRM: a person has seen the receipt"),
        CloudRow(
            [.declined, .tomb], [.personConfirms], if: [.twoPersons], to: .confirmed, do: [.confirmByPersons],
            "acknowledged, and given back through the other cloud before its money was seen here"),
        CloudRow(
            [.confirmed], [.personConfirms], if: [.unproven, .twoPersons], do: [.confirmByPersons, .settle],
            "the register's word stands without the wallet's"),
        CloudRow([.paid], [.personRefunds], if: [.refundElsewhere], do: [.answerRefundElsewhere]),
        CloudRow([.paid], [.personRefunds], if: [.refundNotAllowed], do: [.refuseRefund]),
        CloudRow(
            [.paid], [.personRefunds], if: [.twoPersons], to: .confirmed,
            do: [.confirmByPersons, .addRefund, .answerRefund],
            "PAID without CONFIRM: given back with authority"),
        CloudRow(
            [.sending, .unknown, .paid], [.personRevokes], if: [.registerSilent], to: .revoking, do: [.beginUndo],
            "the authority of a refund; a register that comes back is told"),
        CloudRow(
            [.stuck], [.personKeeps, .personSolved], if: [.refundMayArrive], do: [.continueUndo],
            "S8: the undo's own refund may still arrive, so the wallet is asked instead"),
        CloudRow([.stuck], [.personKeeps], if: [.twoPersons], to: .confirmed, do: [.keep], "the sale stands"),
        CloudRow([.stuck], [.personSolved], if: [.twoPersons], to: .revoked, do: [.finishRefunded], "returned by hand"),
        CloudRow([.confirmed, .paid], [.personAdopts], if: [.twoPersons], do: [.adopt]),
    ]
}
