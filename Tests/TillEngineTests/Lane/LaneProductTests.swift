// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillReference

@testable import TillEngine

/// Every event in every state of an attempt, listed in the table or not, under facts drawn at random: the machine does
/// what ``LaneReference`` says, no more and no less.
@Suite("Lane: every state with every event")
struct LaneProductTests {
    @Test(
        "state, records, answers, alarms and what is sent next agree with the specification",
        arguments: LaneState.allCases
    )
    func agrees(state: LaneState) {
        LaneProductTests.forEachSituation(of: state) { given in
            let expected = LaneReference(given).outcome
            let step = LaneProductTests.step(given, table: LaneTable.rows)
            let seen = LaneOutcome(step)
            #expect(seen == expected, "\(given)")
            // What the step itself says of the situation leads to the same.
            #expect(LaneReference.difference(from: step) == nil, "\(given)")
            return seen == expected
        }
    }

    /// Calls `body` with situations of one state until it says stop; equal on every run.
    static func forEachSituation(
        of state: LaneState,
        where wanted: (LaneEventKind) -> Bool = { _ in true },
        _ body: (LaneSituation) -> Bool
    ) {
        var random = LaneRandom(seed: 20_261_123)
        for event in LaneEventKind.allCases where wanted(event) {
            for _ in 0..<96 {
                func coin() -> Bool { random.below(2) == 0 }
                var given = LaneSituation(state: state, event: event)
                given.dataEqual = coin()
                given.beforeDecision = coin()
                given.answeredBeforeDecision = coin()
                given.fromPayingCloud = coin()
                given.isOurs = coin()
                given.everLeft = coin()
                given.beforePayDeadline = coin()
                given.isReattached = coin()
                given.isSupervisor = coin()
                given.acknowledges = coin()
                given.others = Int(random.below(4))
                given.lockedLongEnough = coin()
                given.refusal = [nil, .declined(.codeUsed), .offline, .journalFull][Int(random.below(4))]
                given.mayTryAgain = coin()
                given.isStuck = coin()
                given.reason = reason(of: state)
                given.replied = replied(to: event)
                guard body(given) else { return }
            }
        }
    }

    // MARK: - The machine in a situation

    /// A lane that is connected and has begun one attempt, for sale T1.
    private static let begun: (acknowledging: LaneBench, not: LaneBench) = {
        func bench(_ acknowledges: Bool) -> LaneBench {
            var bench = LaneBench(acknowledges: acknowledges)
            bench.housekeeping()
            _ = bench.pay("T1")
            return bench
        }
        return (bench(true), bench(false))
    }()

    /// The call of the register that brings the event; nil where a cloud or the clock does.
    private static let caller: UInt64 = 900
    /// The call that has been waiting for the attempt since it began.
    private static let waiting: UInt64 = 800

    private static func reason(of state: LaneState) -> AnswerReason? {
        switch state {
        case .declined: .declined(.insufficientFunds)
        case .unsent: .offline
        case .revoke, .duty, .released, .final: .revoked(.timeout)
        case .free, .intent, .paid, .acked: nil
        }
    }

    private static func replied(to event: LaneEventKind) -> AnswerReason? {
        switch event {
        case .declinedReply: .declined(.insufficientFunds)
        case .refusedReply: .refused(.late)
        default: nil
        }
    }

    static func outcome(_ given: LaneSituation, table: [LaneRow]) -> LaneOutcome {
        LaneOutcome(step(given, table: table))
    }

    private static func step(_ given: LaneSituation, table: [LaneRow]) -> LaneStep {
        let bench = given.acknowledges ? begun.acknowledging : begun.not
        var lane = bench.lane
        lane.table = table
        let now = bench.now + (given.beforePayDeadline ? 0 : lane.times.payDeadline)
        lane.link.takeContact(now: now)
        lane.outstanding = nil
        if given.state == .free { lane.attempts = [] } else { place(given, in: &lane, now: now) }
        let others = (0..<given.others).map { other(UInt64(100 + $0), like: bench.lane.attempts[0]) }
        lane.attempts += others
        lane.steps = []
        lane.fire(given.event, at: given.state == .free ? nil : 0, occasion(given, lane, now: now), now: now)
        return certain(lane.steps?.last)
    }

    private static func place(_ given: LaneSituation, in lane: inout PluginLane, now: Int64) {
        let first = lane.attempts[0]
        var attempt = LaneAttempt(
            intent: first.intent,
            home: first.home,
            codeHash: first.codeHash,
            journalIndex: first.journalIndex,
            isOurs: given.isOurs
        )
        attempt.state = given.state
        attempt.everLeft = given.everLeft
        attempt.paySends = 1
        attempt.decidesAt = now + (given.beforeDecision ? 1 : 0)
        attempt.isReattached = given.isReattached
        attempt.secondAttemptUntil = now + (given.mayTryAgain ? 1 : 0)
        attempt.lockedAt = now - lane.times.releaseAfter + (given.lockedLongEnough ? 0 : 1)
        attempt.isStuck = given.isStuck
        switch given.state {
        case .intent:
            if given.isOurs { attempt.code = first.code }
            attempt.token = waiting
        case .paid, .acked: attempt.paid = paid(first.intent.amount)
        case .free, .declined, .unsent, .revoke, .duty, .released, .final: break
        }
        attempt.reason = given.reason
        lane.attempts = [attempt]
    }

    /// An earlier attempt whose undo a cloud has taken over.
    private static func other(_ sequence: UInt64, like first: LaneAttempt) -> LaneAttempt {
        let intent = Intent(
            orderNumber: OrderNumber(
                installation: .sandbox,
                register: LaneBench.register,
                epoch: first.intent.orderNumber.epoch,
                sequence: sequence
            ),
            saleReference: certain(SaleReference(Array("T\(sequence)".utf8))),
            amount: first.intent.amount,
            sign: first.intent.sign,
            codeLength: first.intent.codeLength,
            routing: first.intent.routing,
            startedAt: first.intent.startedAt,
            nonce: first.intent.nonce
        )
        var attempt = LaneAttempt(
            intent: intent,
            home: first.home,
            codeHash: first.codeHash,
            journalIndex: first.journalIndex,
            isOurs: true
        )
        attempt.state = sequence % 2 == 0 ? .duty : .released
        attempt.startDuty(now: 0)
        return attempt
    }

    private static func paid(_ amount: Money) -> PaidReply {
        PaidReply(
            amount: amount,
            isCNY: true,
            wallet: .alipay,
            transaction: certain(WalletTransactionID(Array("2026112222001400000000000001".utf8))),
            payer: []
        )
    }

    private static func occasion(_ given: LaneSituation, _ lane: PluginLane, now: Int64) -> PluginLane.Occasion {
        var occasion = PluginLane.Occasion()
        if given.isFromRegister { occasion.token = caller }
        switch given.event {
        case .payNew, .payOtherSale: occasion.sale = LaneBench.sale("T2", code: LaneBench.otherCode)
        case .paySameSale: occasion.sale = LaneBench.sale("T1")
        default: break
        }
        if given.event == .payNew { occasion.refusal = given.refusal }
        if given.event == .release, given.isSupervisor { occasion.supervisor = Array("anna".utf8) }
        occasion.revokeReason =
            switch given.event {
            case .disown, .release: .disowned
            case .cancel: .cashier
            case .paidReply: given.dataEqual ? .timeout : .mismatch
            case .conflictReply, .revokingReply: .conflict
            case .reattachWindowOver: .restart
            case .decisionTime: given.isOurs ? .timeout : .restart
            default: .timeout
            }
        guard let intent = lane.attempts.first?.intent else { return occasion }
        let cloud: CloudName = given.fromPayingCloud ? .a : .b
        if let state = paymentState(given, intent) {
            let late = intent.startedAt + lane.times.decision
            occasion.payment = PaymentReply(
                cloud: cloud,
                time: given.answeredBeforeDecision ? late + -1 : late,
                orderNumber: intent.orderNumber,
                state: state
            )
        }
        if let state = undoState(given.event) {
            occasion.undo = UndoReply(
                cloud: cloud,
                time: intent.startedAt,
                orderNumber: intent.orderNumber,
                state: state
            )
        }
        return occasion
    }

    private static func paymentState(_ given: LaneSituation, _ intent: Intent) -> PaymentReply.State? {
        switch given.event {
        case .paidReply: .paid(paid(given.dataEqual ? intent.amount : Money(fen: intent.amount.fen + 1)))
        case .declinedReply: .declined(.insufficientFunds)
        case .refusedReply: .refused(.late)
        case .pendingReply: .pending(.shopper)
        case .unknownReply: .unknown
        case .revokingReply: .revoking
        case .conflictReply: .conflict
        default: nil
        }
    }

    private static func undoState(_ event: LaneEventKind) -> UndoReply.State? {
        switch event {
        case .undoFinal: .revoked(.closed)
        case .undoDuty: .duty(nextSeconds: nil)
        case .undoPending: .revoking(.cancelling, nextSeconds: nil)
        case .undoStuck: .stuck
        case .undoKept: .confirmed(kept: true)
        case .undoConfirmed: .confirmed(kept: false)
        default: nil
        }
    }
}
