// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillEngine
import TillReference

/// Every state with every event under every condition that the table knows: what is expected is a second reading of the
/// protocol's text, written as a switch that shares nothing with the table.
@Suite("Cloud: the product of states and events")
struct CloudProductTests {
    static let intent = CloudSample.intent()

    /// Records that a payment of this state can have, in the variety that guards look at.
    static func records(_ state: CloudState, home: Bool) -> [CloudRecord] {
        var base = CloudRecord()
        base.state = state
        base.version = 3
        base.createdAt = CloudSample.start
        base.stateSince = CloudSample.start + 20_000
        base.changedAt = CloudSample.start + 20_000
        let trade = CloudSample.trade()
        var records: [CloudRecord] = []
        func add(_ change: (inout CloudRecord) -> Void) {
            var record = base
            change(&record)
            records.append(record)
        }
        let stored = CloudTrade(transaction: trade.transaction, payer: trade.payer)
        let ahead = CloudSample.start + 3_000_000
        switch state {
        case .none: records = [CloudRecord()]
        case .sending: add { ($0.sentAt, $0.dueAt) = (CloudSample.start, CloudSample.start + 15_000) }
        case .unknown:
            base.sentAt = CloudSample.start
            add { $0.dueAt = CloudSample.start + 15_000 }
            add { ($0.changedAt, $0.lastLook, $0.dueAt) = (ahead, ahead, ahead) }
            add { ($0.conflictSeen, $0.dueAt, $0.lastLook) = (true, CloudSample.start + 15_000, CloudSample.start) }
            add {
                $0.declineCandidate = .risk
                ($0.unsent, $0.unsentSince) = (true, CloudSample.start + 30_000)
                $0.dueAt = CloudSample.start + 15_000
            }
        case .paid:
            add { ($0.trade, $0.personAt) = (stored, CloudSample.start + 1_800_000) }
            add { ($0.trade, $0.queued, $0.refundsAdopted) = (stored, true, true) }
        case .declined:
            add { ($0.declineReason, $0.unsent) = (.risk, home) }
            add { $0.declineReason = .closed }
        // Only the paying cloud refuses, and so has tombstones.
        case .tomb where !home: break
        case .tomb:
            add { ($0.unsent, $0.refusalReason) = (true, .late) }
            add { $0.dueAt = CloudSample.start + 125_500 }
        case .revoking:
            base.revokeReason = .timeout
            base.dueAt = CloudSample.start + 60_000
            for phase in UndoPhase.allCases where phase != .idle {
                // What the cancel said is kept until the next one.
                let asks = phase == .verify || phase == .look
                let cancels = asks ? [CancelResult.closed, .refunded, .notFound, .refused, nil] : [nil]
                for cancel in cancels {
                    for (unsent, since) in [(false, Int64(0)), (true, 0), (true, 60_000)] {
                        add {
                            ($0.phase, $0.cancelResult, $0.unsent) = (phase, cancel, unsent)
                            if since > 0 { $0.unsentSince = CloudSample.start + since }
                        }
                    }
                }
            }
            for phase in [UndoPhase.look, .verify, .follow] { add { ($0.phase, $0.refundAccepted) = (phase, true) } }
            // Planned by a clock that ran ahead.
            add { ($0.phase, $0.changedAt, $0.dueAt) = (.early, ahead, ahead) }
        case .revoked:
            base.revokeReason = .timeout
            add { $0.undoKind = .neverExisted }
            // Ended by a clock that ran ahead.
            add { ($0.undoKind, $0.stateSince) = (.closed, ahead) }
        case .stuck:
            base.revokeReason = .timeout
            base.dueAt = CloudSample.start + 3_600_000
            add { ($0.phase, $0.refundAccepted, $0.stuckReason, $0.queued) = (.follow, true, .limit, true) }
            for phase in [UndoPhase.look, .refund, .follow] {
                for sent in [false, true] {
                    add {
                        ($0.phase, $0.stuckReason, $0.queued) = (phase, .merchantBalance, true)
                        $0.refundSent = sent
                    }
                }
            }
        case .confirmed:
            var child = CloudRefund(
                counter: 1,
                request: CloudSample.request("R0", fen: 80),
                createdAt: CloudSample.start
            )
            child.state = .sent
            add { ($0.trade, $0.confirmedBy, $0.refunds) = (stored, .register, [child]) }
            add { ($0.confirmedBy, $0.revokeReason, $0.undoKind) = (.persons, .timeout, .kept) }
            let (due, person) = (CloudSample.start + 15_000, CloudSample.start + 1_800_000)
            add { ($0.confirmedBy, $0.dueAt, $0.personAt) = (.register, due, person) }
            add { ($0.confirmedBy, $0.dueAt, $0.queued, $0.refundsAdopted) = (.implied, due, true, true) }
        }
        return records
    }

    /// Without a row the admission counts, with one the wallet's answers do.
    static func moments(_ state: CloudState) -> [Int64] {
        state == .none ? [1_000, 8_000, 46_000, 125_500, 2_000_000] : [46_000, 125_500, 700_000_000]
    }

    static func contexts(_ cloud: CloudName, _ state: CloudState) -> [CloudContext] {
        let routes: [CloudRoute] = [.wallet(.alipay, .alipay), .missing, .noWallet]
        let routed =
            routes.map { CloudSample.context(cloud, route: $0) } + [CloudSample.context(cloud, clockTrusted: false)]
        guard state == .none || state == .tomb else { return routed }
        return routed + [
            CloudSample.context(cloud, promoted: CloudSample.start + -5_500),
            CloudSample.context(cloud, promoted: CloudSample.start + -5_501),
            CloudSample.context(cloud, load: .shedding), CloudSample.context(cloud, load: .overloaded),
            CloudSample.context(cloud, walletOn: false),
            CloudSample.context(cloud, highest: 7),
        ]
    }

    static func events(home: CloudName, at now: Timestamp) -> [CloudEvent] {
        var events: [CloudEvent] = []
        for intent in [intent, CloudSample.intent(sale: "OTHER")] {
            events += [
                .pay(intent, home: home), .query(intent, home: home), .revoke(intent, home: home, .timeout),
                .confirm(intent, home: home, implied: false),
            ]
        }
        for (reference, fen): (StaticString, Int64) in [
            ("R0", 80), ("R0", 81), ("R1", 1_200), ("R1", 1_280), ("R1", 0),
        ] {
            events.append(.refund(CloudSample.request(reference, fen: fen), authorised: true))
            events.append(.refund(CloudSample.request(reference, fen: fen), authorised: false))
            for persons in [CloudSample.two, CloudPersons(first: [97])] {
                events.append(.person(.refunds(CloudSample.request(reference, fen: fen)), persons))
            }
        }
        for decision in [CloudPersonDecision.confirms, .revokes, .keeps, .solved, .asks, .adopts] {
            events += [.person(decision, CloudSample.two), .person(decision, CloudPersons(first: [97]))]
        }
        let trades = [CloudSample.trade(), CloudSample.foreignTrade, CloudSample.differentTrade]
        events += trades.map { .payOutcome(.paid($0)) }
        events += [.payOutcome(.waitingForShopper), .payOutcome(.declined(.risk))]
        for cause in [
            UnknownCause.neverLeft, .noAnswer, .badSignature, .malformed, .walletUnsure, .unlistedCode, .alreadyUsed,
        ] {
            events.append(.payOutcome(.unknown(cause)))
        }
        events += [.payUnwritten(.late), .payUnwritten(.noConnection)]
        for purpose in CloudQueryPurpose.allCases {
            for asked in [now, now + -1_000, CloudSample.start + 10_000, .unknown] {
                let query = CloudQuery(purpose: purpose, askedAt: asked)
                events += trades.map { .queryOutcome(.paid($0), query) }
                for outcome in [QueryOutcome.open, .notFound, .payError, .closed, .returning, .unknown(.noAnswer)] {
                    events.append(.queryOutcome(outcome, query))
                }
            }
        }
        for outcome in [CancelOutcome.closed, .refunded, .notFound, .refused, .retry, .unknown(.noAnswer)] {
            events.append(.cancelOutcome(outcome))
        }
        for counter in [0, 1, 5] {
            for outcome in [RefundOutcome.accepted, .done, .failed(.limit), .retry, .unknown(.noAnswer)] {
                events.append(.refundOutcome(outcome, counter: counter))
            }
            for outcome in [RefundQueryOutcome.done, .pending, .notFound, .failed(.limit), .unknown(.noAnswer)] {
                events.append(.refundQueryOutcome(outcome, counter: counter))
            }
        }
        return events + [.due, .refundDue(counter: 1), .refundDue(counter: 5), .aged, .restart, .wake, .notice]
    }

    /// Calls `body` for every record, context, moment and wanted event of a state, until it returns false.
    static func forEachCase(
        of state: CloudState,
        where isWanted: (CloudEvent) -> Bool = { _ in true },
        _ body: (CloudPayment, CloudEvent, Timestamp, CloudContext) -> Bool
    ) {
        for (home, cloud) in [(CloudName.a, CloudName.a), (.a, .b)] {
            for moment in moments(state) {
                let now = CloudSample.start + moment
                // A pay call at a cloud that does not pay is our own mistake: it traps.
                let events = events(home: home, at: now).filter {
                    (home == cloud || !$0.kind.isPayCompletion) && (state != .none || !$0.isOtherData) && isWanted($0)
                }
                for record in records(state, home: home == cloud) {
                    let payment = CloudPayment(intent: intent, home: home, record: record)
                    for context in contexts(cloud, state) {
                        for event in events { guard body(payment, event, now, context) else { return } }
                    }
                }
            }
        }
    }

    @Test("every pair goes where the protocol says, keeps every promise, and no row of the table is dead")
    func product() {
        var taken = Set<Int>()
        for state in CloudState.allCases {
            var seen = Set<CloudEventKind>()
            CloudProductTests.forEachCase(of: state) { before, event, now, context in
                var payment = before
                let effects = payment.handle(event, at: now, context: context)
                seen.insert(event.kind)
                if let place = before.row(for: event, at: now, context: context) { taken.insert(place) }
                let next = CloudOracle(payment: before, event: event, now: now, context: context).next
                let broken =
                    payment.state == next
                    ? CloudPromises.broken(before, payment, event, effects, now, context)
                        ?? CloudReference(before, event, at: now, context).difference(from: payment, effects)
                    : "went to \(payment.state) instead of \(next)"
                guard let broken else { return true }
                Issue.record("\(broken): \(event) at \(now) on \(before.record) with \(context): \(effects)")
                return false
            }
            for event in CloudEventKind.allCases where !seen.contains(event) {
                Issue.record("\(state) never met \(event)")
            }
        }
        for (place, row) in CloudTable.standard.rows.enumerated() where !taken.contains(place) {
            Issue.record("row \(place) is dead: \(row)")
        }
    }

    @Test("every guard and action that exists is in the table")
    func used() {
        let rows = CloudTable.standard.rows
        for condition in CloudGuard.allCases {
            #expect(rows.contains { $0.guards.contains(condition) }, "\(condition)")
        }
        for action in CloudActionKind.allCases {
            #expect(rows.contains { $0.actions.contains(action) }, "\(action)")
        }
    }

    @Test("a pair that is not listed leaves the record, is counted, and a request is answered")
    func unlisted() {
        var unlisted = 0
        for state in CloudState.allCases {
            for event in CloudProductTests.events(home: .a, at: CloudSample.start + 46_000) {
                guard CloudTable.standard.candidates(state, event.kind).isEmpty else { continue }
                unlisted += 1
                for record in CloudProductTests.records(state, home: true) {
                    var payment = CloudPayment(intent: CloudProductTests.intent, home: .a, record: record)
                    let effects = payment.handle(event, at: CloudSample.start + 46_000, context: CloudSample.context())
                    #expect(payment.record == record)
                    #expect(effects.first == .count(state, event.kind))
                    #expect(effects.count == (event.kind.wantsAnswer ? 2 : 1))
                }
            }
        }
        #expect(unlisted > 100)
    }

    @Test("names on the wire and in the database are unique")
    func names() {
        func unique<Word: WireName>(_ type: Word.Type) -> Bool {
            let names = Word.allCases.map { $0.wireName.description }
            return Set(names).count == names.count
        }
        #expect(unique(CloudState.self) && unique(CloudEventKind.self) && unique(CloudGuard.self))
        #expect(unique(CloudActionKind.self) && unique(UndoPhase.self) && unique(CloudDisplay.self))
        #expect(unique(CloudAlarm.self) && unique(CloudRefundState.self) && unique(StuckReason.self))
    }

    @Test("a pay call's end at a cloud that does not pay is our own mistake")
    func foreignPayCompletion() async {
        await #expect(processExitsWith: .failure) {
            var payment = CloudPayment(intent: CloudSample.intent(), home: .a)
            _ = payment.handle(.payUnwritten(.late), at: CloudSample.start, context: CloudSample.context(.b))
        }
    }
}

extension CloudEventKind {
    var isPayCompletion: Bool {
        switch self {
        case .payPaid, .payWaiting, .payDeclined, .payUnknown, .payUnwritten: true
        default: false
        }
    }
}

extension CloudEvent {
    /// A payment without a row is made from the request itself, so there is no other data.
    fileprivate var isOtherData: Bool {
        switch self {
        case .pay(let intent, _), .query(let intent, _), .revoke(let intent, _, _), .confirm(let intent, _, _):
            intent != CloudProductTests.intent
        default: false
        }
    }
}
