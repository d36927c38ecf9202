// Part of Tillbridge. See LICENSE.
import TillEngine

/// The bugs that are a changed row.
extension PlantedBug {
    var cloudTable: CloudTable {
        switch self {
        case .nothingFoundIsFinal:
            .standard.with(
                first: CloudRow(
                    [.revoking],
                    PlantedBug.nothing,
                    if: [.verifying],
                    to: .revoked,
                    do: [.finishNeverExisted]
                )
            )
        case .nothingFoundIsFinalElsewhere:
            .standard.with(
                first: CloudRow(
                    [.revoking],
                    PlantedBug.nothing,
                    if: [.verifying, .notHome],
                    to: .revoked,
                    do: [.finishNeverExisted]
                )
            )
        case .noSecondLookAtF:
            .standard.with(
                first: CloudRow([.revoking], [.due], if: [.sleeping], to: .revoked, do: [.finishNeverExisted])
            )
        case .deadlineNotInClaim:
            CloudTable(rows: CloudTable.standard.rows.filter { !$0.guards.contains(.pastDeadline) })
        case .failWithoutConfirmingQuery:
            .standard.with(
                first: CloudRow(
                    [.sending, .unknown],
                    [.payDeclined],
                    to: .declined,
                    do: [.storeCandidate, .declineByCode, .scheduleWatch]
                )
            )
        case .revokeAfterConfirm:
            .standard.with(first: CloudRow([.confirmed], [.revoke], to: .revoking, do: [.beginUndo, .answer]))
        case .cloudRevokesMissingRecord:
            .standard.with(first: CloudRow([.none], [.query], to: .revoking, do: [.beginUndo, .answer]))
        case .earlyReversalCounts:
            .standard.with(
                first: CloudRow(
                    [.revoking],
                    [.cancelClosed, .cancelRefunded],
                    to: .revoked,
                    do: [.noteCancel, .finishClosed]
                )
            )
        case .pollFlipsFinal:
            .standard.with(
                first: CloudRow([.revoked], [.queryPaid], if: [.stale, .tradeOurs], to: .paid, do: [.recordTrade])
            )
        case .queryElsewhereStoresDeclined:
            .standard.with(
                first: CloudRow([.none], [.queryNotFound], to: .declined, do: [.declineNeverExisted, .tell])
            )
        case .undoWhenDataDiffer:
            .standard.with(
                first: CloudRow([.sending, .unknown], [.payPaid], if: [.tradeOurs], to: .paid, do: [.recordTrade]),
                CloudRow([.unknown], [.queryPaid], if: [.tradeOurs], to: .paid, do: [.recordTrade]),
                CloudRow([.sending, .unknown], [.payPaid, .queryPaid], to: .revoking, do: [.conflict, .beginUndo])
            )
        case .systemErrorIsDefinite:
            CloudTable.standard.with(
                first: CloudRow([.revoking], [.payUnknown], if: [.sleeping], do: [.proveUnsent, .lookAgain]),
                CloudRow([.revoking], [.payUnknown], do: [.proveUnsent])
            )
        case .refundAcceptedIsFinal:
            .standard.with(
                first: CloudRow(
                    [.revoking],
                    [.refundAccepted, .refundShownPending],
                    to: .revoked,
                    do: [.finishRefunded]
                )
            )
        default: .standard
        }
    }

    private static let nothing: [CloudEventKind] = [.queryNotFound, .queryPayError]

    var laneTable: [LaneRow] {
        switch self {
        case .successAfterRevoke:
            LaneTable.rows.with(
                first: LaneRow(
                    [.revoke],
                    .paidReply,
                    if: .equalAndBeforeDecision,
                    to: .paid,
                    do: [.journal, .answerPaid]
                )
            )
        case .newPayWhileRevokeOpen:
            LaneTable.rows.with(first: LaneRow([.revoke], .payOtherSale, to: .released, do: [.journal, .again]))
        case .secondAttemptAfterUnknown:
            LaneTable.rows.with(
                first: LaneRow([.intent], .unknownReply, to: .unsent, do: [.journal, .trySecondAttempt])
            )
        case .releaseDropsDuty:
            LaneTable.rows.with(
                first: LaneRow(
                    [.revoke],
                    .release,
                    if: .releasable,
                    to: .released,
                    do: [.journal, .answerReleased, .journalClosed],
                    closes: true
                )
            )
        case .stopsAtFirstFinal:
            LaneTable.rows.with(
                first: LaneRow(
                    [.revoke, .duty, .released],
                    .undoFinal,
                    to: .final,
                    do: [.journal, .journalClosed],
                    closes: true
                )
            )
        default: LaneTable.rows
        }
    }
}

extension CloudTable {
    /// This table with rows before all others.
    func with(first rows: CloudRow...) -> CloudTable { CloudTable(rows: rows + self.rows) }
}

extension [LaneRow] {
    func with(first rows: LaneRow...) -> [LaneRow] { rows + self }
}
