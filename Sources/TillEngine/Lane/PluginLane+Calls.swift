// Part of Tillbridge. See LICENSE.
import TillDomain

extension PluginLane {
    /// Milliseconds for which a cloud may hold an answer, unscaled.
    static let longPoll: Int64 = 2_500
    /// Beyond `wait`, what an answer may take on its way, in milliseconds.
    static let answerMargin: Int64 = 500

    // MARK: - Time

    /// Decisions and windows that have come.
    mutating func passTime(now: Int64) {
        // From the end: what happens to one of them may take it out of the list, or add another.
        for position in attempts.indices.reversed() {
            switch attempts[position].state {
            case .intent:
                if let decidesAt = decisionMoment(at: position, now: now), now >= decidesAt {
                    var occasion = Occasion()
                    occasion.revokeReason = attempts[position].isOurs ? .timeout : .restart
                    fire(.decisionTime, at: position, occasion, now: now)
                } else if let until = attempts[position].reattachUntil, now >= until {
                    attempts[position].reattachUntil = nil
                    var occasion = Occasion()
                    occasion.revokeReason = .restart
                    fire(.reattachWindowOver, at: position, occasion, now: now)
                }
            case .paid:
                if let moment = attempts[position].implicitlyAckedAt, now >= moment {
                    attempts[position].implicitlyAckedAt = nil
                    fire(.implicitAcknowledgement, at: position, now: now)
                }
            default: break
            }
        }
    }

    // MARK: - Planning

    /// The next pay or query of an undecided attempt.
    mutating func plan(pay: Bool, at position: Int, now: Int64) {
        let asksWithPay = pay && attempts[position].code != nil
        attempts[position].asksWithPay = asksWithPay
        if attempts[position].paySends == 0, asksWithPay {
            attempts[position].asksAt = now
        } else if attempts[position].askFailures > 0 {
            // The first repeat at once, by another proxy; then a little slower each time.
            let pause = times.scaled(min(2_000, 250 * Int64(attempts[position].askFailures - 1)))
            attempts[position].asksAt = now + pause
        } else {
            let jitter = times.queryInterval / 10
            attempts[position].asksAt = max(
                now,
                outstandingSince + times.queryInterval - jitter + random.below(2 * jitter + 1)
            )
        }
        if asksWithPay { attempts[position].askCloud = attempts[position].home }
    }

    /// What may be sent now, most urgent first: money before health, health before housekeeping.
    mutating func pump(now: Int64) {
        if hasOutstanding {
            guard isOutstandingGivenUp, now - outstandingSince >= LaneLink.patience, let call = outstanding.take()
            else { return }
            effects.append(.abandon)
            fail(call, unwritten: false, now: now)
        }
        findNextCall(now: now)
        if nextCall.at <= now { send(nextCall.choice, now: now) }
    }

    /// Whether a call is under way. A comparison with nil would copy it, after every event.
    var hasOutstanding: Bool { if case nil = outstanding { false } else { true } }

    /// A heartbeat or a background call gives way when a payment waits.
    @inline(__always) var isOutstandingGivenUp: Bool {
        // The payment first: one waits seldom, and a call is large.
        guard isPaymentWaiting, let call = outstanding else { return false }
        switch call.kind {
        case .pay, .query: return false
        case .heartbeat, .hello, .confirm, .refund: return true
        case .revoke: return blockingPosition.map { attempts[$0].intent != call.intent } ?? true
        }
    }

    @inline(__always) private var isPaymentWaiting: Bool {
        for position in attempts.indices
        where attempts[position].state == .intent && attempts[position].asksWithPay && attempts[position].paySends == 0
            && attempts[position].asksAt != .max
        {
            return true
        }
        return false
    }

    enum Choice {
        case ask(Int)
        case owed(Int, CloudName)
        case hello(CloudName)
        case refund(Int)
        case heartbeat
    }

    /// The most urgent call that is due, or else the one that is due soonest.
    struct NextCall {
        private(set) var choice = Choice.heartbeat
        private(set) var at = Int64.max

        /// True once a call is due: what was looked at earlier is more urgent.
        mutating func consider(_ choice: Choice, _ dueAt: Int64, now: Int64) -> Bool {
            if dueAt < at {
                self.choice = choice
                at = max(dueAt, now)
            }
            return dueAt <= now
        }
    }

    private mutating func findNextCall(now: Int64) {
        nextCall = NextCall()
        let heartbeatAt = link.lastHeartbeatAt + times.scaled(LaneLink.heartbeatInterval)
        guard link.cloudTime(now: now) != nil else {
            _ = nextCall.consider(.heartbeat, heartbeatAt, now: now)
            return
        }
        // By place, not by value: this runs after every event, and an attempt is large.
        for position in attempts.indices where attempts[position].state == .intent {
            if attempts[position].reattachUntil == nil || attempts[position].isReattached,
                nextCall.consider(.ask(position), attempts[position].asksAt, now: now)
            {
                return
            }
        }
        if let blocking = blockingPosition, considerOwed(blocking, now: now) { return }
        if nextCall.consider(.heartbeat, heartbeatAt, now: now) { return }
        if link.isUp(.a), nextCall.consider(.hello(.a), link.hello.dueA, now: now) { return }
        if link.isUp(.b), nextCall.consider(.hello(.b), link.hello.dueB, now: now) { return }
        for position in attempts.indices where considerOwed(position, now: now) { return }
        for position in refunds.indices
        where !refunds[position].isSettled
            && nextCall.consider(.refund(position), refunds[position].dueAt, now: now)
        {
            return
        }
    }

    private mutating func considerOwed(_ position: Int, now: Int64) -> Bool {
        switch attempts[position].state {
        case .revoke, .duty, .released, .declined, .final, .acked: break
        case .free, .intent, .paid, .unsent: return false
        }
        guard !attempts[position].dutyA.isSettled || !attempts[position].dutyB.isSettled else { return false }
        if attempts[position].state != .acked, !mayRevoke(now: now) {
            // Wakes when the wait for a HELLO is over.
            if red == nil { _ = nextCall.consider(.heartbeat, startedAt + times.helloBeforeRevoke, now: now) }
            return false
        }
        let home = attempts[position].home
        return considerOwed(position, to: home, now: now) || considerOwed(position, to: home.other, now: now)
    }

    private mutating func considerOwed(_ position: Int, to cloud: CloudName, now: Int64) -> Bool {
        let duty = attempts[position][cloud]
        guard !duty.isSettled else { return false }
        var dueAt = duty.dueAt
        if duty.tries > 0, !link.isUp(cloud) { dueAt += times.scaled(LaneLink.downInterval) }
        return nextCall.consider(.owed(position, cloud), dueAt, now: now)
    }

    /// A restored journal may have lost PAID and ACKED: before the first undo after a start, one cloud must have
    /// agreed that the journal is not older than what it has seen. With no answer at all for 30 s it goes on anyway.
    private func mayRevoke(now: Int64) -> Bool {
        red == nil && (link.helloSucceeded || now - startedAt >= times.helloBeforeRevoke)
    }

    // MARK: - Sending

    private mutating func send(_ choice: Choice, now: Int64) {
        switch choice {
        case .ask(let position):
            attempts[position].asksAt = .max
            if attempts[position].asksWithPay, let code = attempts[position].code {
                attempts[position].paySends += 1
                let facts = PayFacts(
                    send: attempts[position].paySends,
                    code: code,
                    operatorName: attempts[position].operatorName,
                    items: attempts[position].items
                )
                send(.pay(facts), to: attempts[position].home, about: position, wait: PluginLane.longPoll, now: now)
            } else {
                send(.query, to: attempts[position].askCloud, about: position, wait: PluginLane.longPoll, now: now)
            }
        case .owed(let position, let cloud):
            if attempts[position].owes == .confirm {
                send(
                    .confirm(implicit: attempts[position].isImplicit, journalIndex: journal.index),
                    to: cloud,
                    about: position,
                    wait: 0,
                    now: now
                )
            } else {
                if !link.helloSucceeded, attempts[position][cloud].tries == 0 {
                    effects.append(.alarm(.revokedWithoutHello, attempts[position].intent.orderNumber))
                }
                send(
                    .revoke(attempts[position].revokeReason),
                    to: cloud,
                    about: position,
                    wait: attempts[position].state == .revoke ? PluginLane.longPoll : 0,
                    now: now
                )
            }
        case .hello(let cloud):
            let facts = HelloFacts(
                epoch: epoch,
                sequence: lastSequence,
                journalIndex: journal.index,
                journalHash: journal.hash,
                open: attempts.map { $0.intent.orderNumber },
                unknown: unknownCodes.rows
            )
            send(.hello(facts), to: cloud, about: nil, wait: 0, now: now)
        case .refund(let position):
            let refund = refunds[position]
            send(.refund(refund.request, refund.orderNumber), to: refund.cloud, about: nil, wait: 0, now: now)
        case .heartbeat:
            link.lastHeartbeatAt = now
            send(.heartbeat(light), to: nil, about: nil, wait: 0, now: now)
        }
    }

    private mutating func send(
        _ kind: LaneCall.Kind,
        to cloud: CloudName?,
        about position: Int?,
        wait: Int64,
        now: Int64
    ) {
        lastCallID += 1
        let wait = times.scaled(wait)
        let call = LaneCall(
            id: lastCallID,
            kind: kind,
            cloud: cloud,
            intent: position.map { attempts[$0].intent },
            home: position.map { attempts[$0].home },
            waitMilliseconds: wait,
            timeoutMilliseconds: max(times.scaled(3_000), wait + PluginLane.answerMargin),
            createdAt: link.cloudTime(now: now) ?? .unknown
        )
        outstanding = call
        outstandingSince = now
        effects.append(.send(call))
    }

    // MARK: - Results

    mutating func finish(id: UInt64, _ result: LaneCallResult, now: Int64) {
        guard outstanding?.id == id, let call = outstanding.take() else {
            countedEvents += 1
            return
        }
        // One after the other: a pair of the two would be a copy of both, and they are large.
        switch result {
        case .heartbeat(let reply):
            guard case .heartbeat = call.kind else { break }
            let back = link.take(reply, sentAt: outstandingSince, now: now, times: times, random: &random)
            for cloud in back { hurry(cloud, now: now) }
            return
        case .hello(let reply):
            guard case .hello(let facts) = call.kind else { break }
            unknownCodes.remove(facts.unknown)
            return finishHello(reply, now: now)
        case .payment(let reply):
            switch call.kind {
            case .pay, .query: return finishPayment(call, reply, now: now)
            case .heartbeat, .hello, .revoke, .confirm, .refund: break
            }
        case .undo(let reply):
            guard case .revoke = call.kind else { break }
            return finishUndo(call, reply, now: now)
        case .confirm(let reply, _):
            guard case .confirm = call.kind else { break }
            return finishConfirm(call, reply, now: now)
        case .refund(let reply):
            guard case .refund(let request, _) = call.kind else { break }
            return finishRefund(request, reply, now: now)
        case .failed(let unwritten): return fail(call, unwritten: unwritten, now: now)
        }
        // An answer to something else.
        fail(call, unwritten: false, now: now)
    }

    /// What is owed to a cloud that came back goes there within two seconds, spread at random.
    private mutating func hurry(_ cloud: CloudName, now: Int64) {
        for position in attempts.indices where attempts[position].owes != nil {
            attempts[position][cloud].hurry(latest: now + random.below(times.scaled(2_000)))
        }
    }

    private mutating func finishPayment(_ call: LaneCall, _ reply: PaymentReply, now: Int64) {
        link.takeContact(now: now)
        guard let number = call.intent?.orderNumber, let position = position(of: number) else {
            countedEvents += 1
            return
        }
        if case .pay = call.kind { attempts[position].everLeft = true }
        attempts[position].askFailures = 0
        attempts[position].askCloud = reply.cloud
        var occasion = Occasion()
        occasion.payment = reply
        occasion.revokeReason = .conflict
        // An answer about another number says nothing about this one but that something is wrong.
        guard reply.orderNumber == number else {
            occasion.revokeReason = .mismatch
            fire(.conflictReply, at: position, occasion, now: now)
            return
        }
        switch reply.state {
        case .paid:
            occasion.revokeReason = holds(.dataDiffer, at: position, occasion, now: now) ? .mismatch : .timeout
            fire(.paidReply, at: position, occasion, now: now)
        case .pending(let waitingFor):
            attempts[position].waitingFor = waitingFor
            fire(.pendingReply, at: position, occasion, now: now)
        case .unknown: fire(.unknownReply, at: position, occasion, now: now)
        case .declined: fire(.declinedReply, at: position, occasion, now: now)
        case .refused: fire(.refusedReply, at: position, occasion, now: now)
        case .conflict: fire(.conflictReply, at: position, occasion, now: now)
        case .revoking, .revoked: fire(.revokingReply, at: position, occasion, now: now)
        }
        // Declined too late, or refused by a cloud that is not the paying one: ask on until the decision.
        if let position = self.position(of: number), attempts[position].state == .intent,
            attempts[position].asksAt == .max
        {
            plan(pay: false, at: position, now: now)
        }
    }

    private mutating func finishUndo(_ call: LaneCall, _ reply: UndoReply, now: Int64) {
        link.takeContact(now: now)
        guard let number = call.intent?.orderNumber, let cloud = call.cloud, let position = position(of: number),
            reply.orderNumber == number
        else {
            fail(call, unwritten: false, now: now)
            return
        }
        var occasion = Occasion()
        occasion.undo = reply
        var event = LaneEventKind.undoPending
        switch reply.state {
        case .revoking(_, let nextSeconds): attempts[position].nextSeconds = nextSeconds
        case .duty(let nextSeconds):
            attempts[position].nextSeconds = nextSeconds
            event = .undoDuty
        case .revoked(let kind):
            occasion.undoKind = kind
            attempts[position][cloud].settle()
            event = .undoFinal
        case .confirmed(let kept):
            occasion.undoKind = kept ? .kept : nil
            // An ended attempt is settled by this answer too; a person has been told.
            if attempts[position].state == .declined || attempts[position].state == .final {
                attempts[position][cloud].settle()
            }
            event = kept ? .undoKept : .undoConfirmed
        case .stuck: event = .undoStuck
        }
        if !attempts[position][cloud].isSettled {
            attempts[position][cloud].backOff(now: now, times: times, random: &random)
            // The lane is shut, and this cloud has said when it will know more. An hour is a bound on what is believed.
            if case .revoking(_, let seconds?) = reply.state, attempts[position].state == .revoke {
                let pause = min(max(1, seconds), 3_600) * 1_000 + random.below(times.scaled(1_000))
                attempts[position][cloud].hurry(latest: now + pause)
            }
        }
        fire(event, at: position, occasion, now: now)
        closeIfSettled(number, now: now)
    }

    private mutating func finishConfirm(_ call: LaneCall, _ reply: CloudConfirmAnswer, now: Int64) {
        link.takeContact(now: now)
        guard let number = call.intent?.orderNumber, let cloud = call.cloud, let position = position(of: number)
        else { return }
        let isFirst = attempts[position][cloud].tries == 0
        if reply != .confirmed, reply == .revoked || isFirst { effects.append(.alarm(.confirmRefused, number)) }
        if reply == .revoking {
            attempts[position][cloud].backOff(now: now, times: times, random: &random)
        } else {
            attempts[position][cloud].settle()
            closeIfSettled(number, now: now)
        }
    }

    /// Both clouds have answered: the attempt owes nothing any more.
    private mutating func closeIfSettled(_ number: OrderNumber, now: Int64) {
        guard let position = position(of: number), attempts[position].dutyA.isSettled,
            attempts[position].dutyB.isSettled
        else { return }
        switch attempts[position].state {
        case .acked: fire(.confirmedByBoth, at: position, now: now)
        case .declined, .final: fire(.finalByBoth, at: position, now: now)
        case .free, .intent, .paid, .unsent, .revoke, .duty, .released: break
        }
    }

    private mutating func finishHello(_ reply: HelloReply, now: Int64) {
        link.takeContact(now: now)
        // The cloud has seen records that this journal does not hold: it was rolled back, or the disk was cloned.
        foreignIndex = max(foreignIndex, reply.journalIndex)
        if reply.journalIndex > max(journal.index, comparedIndex) {
            if red == nil { effects.append(.alarm(.journalRolledBack, nil)) }
            red = .journalDamaged
        }
        lastSequence = max(lastSequence, reply.sequence)
        link.take(reply)
        for number in reply.open where position(of: number) == nil && !isKnown(number) {
            effects.append(.alarm(.unknownOpenPayment, number))
        }
    }

    private func isKnown(_ number: OrderNumber) -> Bool {
        memory.latest(epoch: number.epoch, sequence: number.sequence) != nil
    }

    /// Silence, an error, or an answer that did not verify.
    mutating func fail(_ call: LaneCall, unwritten: Bool, now: Int64) {
        switch call.kind {
        case .heartbeat: break
        case .hello: if let cloud = call.cloud { link.hello.failed(cloud, now: now, times: times) }
        case .pay, .query:
            guard let number = call.intent?.orderNumber, let position = position(of: number) else { return }
            if case .pay = call.kind, !unwritten { attempts[position].everLeft = true }
            attempts[position].askFailures += 1
            if case .query = call.kind { attempts[position].askCloud = attempts[position].askCloud.other }
            fire(unwritten ? .neverLeft : .transportError, at: position, now: now)
        case .revoke, .confirm:
            guard let number = call.intent?.orderNumber, let cloud = call.cloud, let position = position(of: number)
            else { return }
            if !attempts[position][cloud].isSettled {
                attempts[position][cloud].backOff(now: now, times: times, random: &random)
            }
            if attempts[position].owes == .revoke { fire(.transportError, at: position, now: now) }
        case .refund(let request, _): failRefund(request, now: now)
        }
    }
}
