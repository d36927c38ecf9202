// Part of Tillbridge. See LICENSE.
package import TillDomain

/// One payment at one cloud: an event goes in, effects come out, another layer performs them. It does no I/O and
/// knows no clock; what it decides is in ``CloudTable``.
///
/// The shell loads the record (or makes one without a row), handles the event, stores the changed record under a
/// compare-and-set on its version, and only then performs the other effects. Completions of effects are events and
/// are handled on the record as it is stored by then.
package struct CloudPayment: Equatable, Sendable {
    package let intent: Intent
    /// The one cloud that may ever send pay for this number.
    package let home: CloudName
    package internal(set) var record: CloudRecord

    /// A payment without a row.
    package init(intent: Intent, home: CloudName) {
        self.intent = intent
        self.home = home
        record = CloudRecord()
    }

    /// A payment as stored.
    package init(intent: Intent, home: CloudName, record: CloudRecord) {
        self.intent = intent
        self.home = home
        self.record = record
    }

    package var state: CloudState { record.state }
    package var order: WalletOrder { WalletOrder(intent) }

    /// - Parameters:
    ///   - now: The cloud's time; for a claim, the database's.
    ///   - table: Another table is for tests that plant bugs.
    /// - Returns: Effects in the order in which they are performed; ``CloudEffect/commit(_:)`` first, if the record
    ///   changed.
    package mutating func handle(
        _ event: CloudEvent,
        at now: Timestamp,
        context: CloudContext,
        table: CloudTable = .standard
    ) -> [CloudEffect] {
        // A failover can take a row back while its calls are out, so only the intent tells what was never asked for.
        precondition(
            !event.isPayCompletion || home == context.cloud,
            "a pay call of a payment that this cloud does not pay"
        )
        let kind = event.kind
        var step = CloudStep(payment: self, event: event, now: now, context: context)
        step.effects.reserveCapacity(4)
        if let place = step.place(in: table) {
            if let next = table.rows[place].next { step.enter(next) }
            for action in table.rows[place].actions { step.perform(action) }
        } else {
            step.effects.append(.count(state, kind))
            if kind.wantsAnswer { step.perform(.answer) }
        }
        guard step.record.state != .none else { return step.effects }
        var isChanged = step.record != record
        let latest = now + context.times.personAfter
        if isChanged, context.clockTrusted, let personAt = step.record.personAt, personAt > latest {
            // Planned by a clock that ran ahead: nobody waits longer than that for a person to hear of it.
            step.record.personAt = latest
            isChanged = step.record != record
        }
        if let next = step.record.nextWork, next != record.nextWork { step.effects.append(.schedule(next)) }
        guard isChanged else { return step.effects }
        step.record.version = record.version + 1
        step.record.changedAt = now
        let commit = CloudCommit(
            from: state,
            to: step.record.state,
            cause: kind,
            actor: event.actor,
            at: now,
            before: state == .none && step.record.state == .sending
                ? intent.startedAt + context.times.payDeadline : nil
        )
        record = step.record
        step.effects.insert(.commit(commit), at: 0)
        return step.effects
    }

    /// From when on a person may order the undo: a plug-in in contact has decided by then, and what it holds as paid it
    /// has confirmed.
    package func revocableFrom(_ times: ProtocolTimes) -> Timestamp {
        intent.startedAt + (state == .paid ? times.confirmBound : times.answerBound)
    }

    /// The place in the table of the row that `handle` would take, for documentation and tests. Nil: not listed.
    package func row(
        for event: CloudEvent,
        at now: Timestamp,
        context: CloudContext,
        table: CloudTable = .standard
    ) -> Int? {
        CloudStep(payment: self, event: event, now: now, context: context).place(in: table)
    }

    /// What time asks of this row at `now`. The shell handles them one after the other.
    package func timerEvents(at now: Timestamp) -> [CloudEvent] {
        // What a clock that ran ahead has planned is due as soon as the clock is right again.
        let isAhead = isAhead(of: now)
        var events: [CloudEvent] = []
        if let due = record.dueAt, due <= now || isAhead { events.append(.due) }
        for refund in record.refunds {
            if let due = refund.dueAt, due <= now || isAhead { events.append(.refundDue(counter: refund.counter)) }
        }
        if let personAt = personAt(at: now), personAt <= now { events.append(.aged) }
        return events
    }

    /// The earliest moment at which this row wants to be worked on, as it looks at `now`. Differs from
    /// ``CloudRecord/nextWork`` where a clock ran ahead when that was planned.
    package func nextWork(at now: Timestamp) -> Timestamp? {
        guard isAhead(of: now) else { return record.nextWork }
        let works = record.dueAt != nil || record.refundPending != nil
        return works ? now : personAt(at: now)
    }

    private func isAhead(of now: Timestamp) -> Bool { record.changedAt > now + 2 * ProtocolTimes().clockError }

    private func personAt(at now: Timestamp) -> Timestamp? {
        guard let personAt = record.personAt, isAhead(of: now) else { return record.personAt }
        return min(personAt, intent.startedAt + ProtocolTimes().personAfter)
    }
}

extension CloudEvent {
    var isPayCompletion: Bool {
        switch self {
        case .payOutcome, .payUnwritten: true
        default: false
        }
    }

    var actor: CloudActor {
        switch self {
        case .pay, .query, .revoke, .confirm: .register
        case .refund(let request, _): .caller(request.operatorName)
        case .payOutcome, .payUnwritten, .queryOutcome, .cancelOutcome, .refundOutcome, .refundQueryOutcome, .notice:
            .wallet
        case .due, .refundDue, .aged, .restart, .wake: .cloud
        case .person(_, let persons): .persons(persons)
        }
    }
}
