// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// A cloud's timers, its life and death, and the persons who work for it.
extension Simulation {
    // MARK: - Timers

    mutating func schedule(_ cloud: Int, _ place: Int, at moment: Timestamp) {
        let at = moment.milliseconds - Simulation.epochStart - clouds[cloud].clockError
        setTimer(cloud, place, at: max(now + 1, at))
    }

    private mutating func setTimer(_ cloud: Int, _ place: Int, at: Int64) {
        guard at < clouds[cloud].rows[place].timerAt else { return }
        clouds[cloud].rows[place].timerAt = at
        queue.add(.cloudTimer(cloud, place: place), at: at)
    }

    /// What a failed store left undone is found by the sweep, five seconds later.
    mutating func sweep(_ cloud: Int, _ place: Int) {
        clouds[cloud].rows[place].timerAt = .max
        setTimer(cloud, place, at: now + 5_000)
    }

    mutating func cloudTimer(_ cloud: Int, place: Int) {
        guard clouds[cloud].rows[place].timerAt == now else { return }
        clouds[cloud].rows[place].timerAt = .max
        guard clouds[cloud].isUp else { return }
        if clouds[cloud].stoppedUntil > now { return setTimer(cloud, place, at: clouds[cloud].stoppedUntil) }
        if clouds[cloud].databaseDownUntil > now { return setTimer(cloud, place, at: now + 5_000) }
        let life = clouds[cloud].life
        // Each event is judged on the row as it is by then.
        for _ in 0..<8 {
            guard let payment = clouds[cloud].rows[place].payment,
                let event = payment.timerEvents(at: cloudTime(cloud)).first
            else { break }
            let version = payment.record.version
            handle(event, cloud, place, payment.intent, payment.home, nil)
            if bug == .twoSweepers, case .due = event, clouds[cloud].slowUntil > now {
                // The second sweeper has read the same row.
                handle(event, cloud, place, payment.intent, payment.home, nil)
            }
            guard clouds[cloud].life == life, clouds[cloud].isUp, report.isUnbroken else { return }
            // Not stored yet, or not at all.
            if clouds[cloud].rows[place].payment?.record.version == version { return sweep(cloud, place) }
        }
        let moment = cloudTime(cloud)
        if let next = clouds[cloud].rows[place].payment?.nextWork(at: moment) { schedule(cloud, place, at: next) }
    }

    // MARK: - Life and death

    mutating func crashCloud(_ cloud: Int, restartAfter: Int64? = nil) {
        guard clouds[cloud].isUp else { return }
        report.crashes += 1
        if traces { tell(nil, "cloud \(clouds[cloud].name) dies") }
        clouds[cloud].isUp = false
        clouds[cloud].life += 1
        clouds[cloud].stoppedUntil = 0
        for place in clouds[cloud].rows.indices {
            if !clouds[cloud].rows[place].waiters.isEmpty { clouds[cloud].rows[place].waiters = [] }
            clouds[cloud].rows[place].payCall = clouds[cloud].rows[place].resumable
            clouds[cloud].rows[place].timerAt = .max
        }
        guard !clouds[cloud].isDead else { return }
        var pause = restartAfter ?? 200 + draw(.crash, 60_000)
        if clouds[cloud].restartsLeft > 0 { pause = 100 + draw(.restartLoop, 2_000) }
        plan(.startCloud(cloud, life: clouds[cloud].life), after: pause)
    }

    mutating func startCloud(_ cloud: Int, life: Int) {
        guard !clouds[cloud].isUp, !clouds[cloud].isDead, clouds[cloud].life == life else { return }
        clouds[cloud].isUp = true
        clouds[cloud].life += 1
        let newLife = clouds[cloud].life
        if traces { tell(nil, "cloud \(clouds[cloud].name) starts") }
        for place in clouds[cloud].rows.indices {
            guard let payment = clouds[cloud].rows[place].payment else { continue }
            switch payment.state {
            case .sending, .unknown, .revoking, .stuck:
                if bug == .sendingResumed, payment.state == .sending {
                    plan(.writePay(cloud, life: newLife, place: place), after: 20)
                    continue
                }
                // Without its database the start waits; the sweep finds the rows.
                guard clouds[cloud].databaseDownUntil <= now, clouds[cloud].readOnlyUntil <= now else {
                    sweep(cloud, place)
                    continue
                }
                handle(.restart, cloud, place, payment.intent, payment.home, nil)
                guard clouds[cloud].life == newLife, report.isUnbroken else { return }
            default: break
            }
            let moment = cloudTime(cloud)
            if let next = clouds[cloud].rows[place].payment?.nextWork(at: moment) { schedule(cloud, place, at: next) }
        }
        guard clouds[cloud].restartsLeft > 0 else { return }
        clouds[cloud].restartsLeft -= 1
        noteAll(.restartLoop, cloud: cloud)
        crashCloud(cloud)
    }

    // MARK: - Persons

    mutating func raise(_ alarm: CloudAlarm, _ cloud: Int, _ place: Int) {
        mix(UInt64(alarm.rawValue) + 1)
        if traces { tell(place, "\(clouds[cloud].name) raises \(alarm)") }
        switch alarm {
        case .stuck, .aged, .unprovenConfirm, .moneyAfterFinal, .paidAfterDecline, .paidAfterRefusal, .refundFailed,
            .refundAfterFailure:
            payments[place].wasPaged = true
            plan(.person(cloud, place: place, alarm), after: 20_000 + worldSpan(400_000))
        case .otherData, .tradeDiffers, .foreignTrade, .contradiction, .revokeOfConfirmed, .lateRevoke,
            .sequenceReused, .merchantConfiguration:
            break
        }
    }

    /// The problem board shows what is stored, so a page that was lost with its process is found there. As in
    /// `tillbridge admin payments --open` it is every row that waits for persons, in whatever state.
    mutating func lookAtBoard() {
        plan(.board, after: 600_000)
        for cloud in clouds.indices where !clouds[cloud].isDead {
            for place in clouds[cloud].rows.indices
            where clouds[cloud].rows[place].payment?.record.queued == true {
                payments[place].wasPaged = true
                plan(.person(cloud, place: place, .aged), after: 10_000 + worldSpan(200_000))
            }
        }
    }

    /// Somebody looks at the problem board, at the register's paper log and at the wallet's own console.
    mutating func personActs(_ cloud: Int, place: Int, _ alarm: CloudAlarm) {
        guard clouds[cloud].isUp, clouds[cloud].stoppedUntil <= now, clouds[cloud].databaseDownUntil <= now,
            clouds[cloud].readOnlyUntil <= now
        else {
            guard !clouds[cloud].isDead else { return }
            return plan(.person(cloud, place: place, alarm), after: 60_000)
        }
        guard let payment = clouds[cloud].rows[place].payment, let decision = decide(payment, place) else { return }
        // Now and then one tries it alone.
        let persons =
            worldSpan(6) == 0
            ? CloudPersons(first: [65], evidence: [69]) : CloudPersons(first: [65], second: [66], evidence: [69])
        let isRefused = !persons.areTwo
        let isRunning = payment.state == .stuck && payment.display != .revokeFailed
        if !isRefused, !isRunning { noteDecision(decision, place) }
        handle(.person(decision, persons), cloud, place, payment.intent, payment.home, nil)
        if isRefused { plan(.person(cloud, place: place, alarm), after: 30_000) }
    }

    private mutating func decide(_ payment: CloudPayment, _ place: Int) -> CloudPersonDecision? {
        let tookTender =
            payments[place].durable == .acked
            || sales[payments[place].sale].taken == place && !payments[place].disowned
        switch payment.state {
        case .paid:
            guard payment.record.queued else { return .asks }
            if tookTender || payments[place].toldPaid && !payments[place].disowned { return .confirms }
            // The register will have its undo; persons give back only what nobody will ask for.
            guard payments[place].forgotten else { return .asks }
            return .refunds(refundByPersons(place))
        case .stuck:
            if wallet.held(place) == 0 { return .solved }
            // While the undo goes on by itself, nobody gives anything back; now and then one says so all the same.
            if payment.display != .revokeFailed {
                guard worldSpan(4) == 0 else { return .asks }
                return tookTender ? .keeps : .solved
            }
            switch worldSpan(8) {
            case 0..<4: return .asks
            // The goods are gone, and the shopper agrees.
            case 4: return .keeps
            case 5: return tookTender ? .keeps : .asks
            default:
                let held = wallet.held(place)
                payments[place].decidedByPersons = true
                wallet.returnByHand(at: place)
                afterLedger(place, heldBefore: held)
                return wallet.held(place) == 0 ? .solved : .asks
            }
        case .confirmed:
            if payment.record.isUnproven { return tookTender ? .confirms : .asks }
            return worldSpan(2) == 0 ? .adopts : nil
        case .unknown, .revoking, .declined, .tomb, .revoked, .sending: return .asks
        case .none: return nil
        }
    }

    private func refundByPersons(_ place: Int) -> CloudRefundRequest {
        CloudRefundRequest(
            reference: [80] + Decimal.text(Int64(place)),
            amount: Money(fen: payments[place].amount),
            reason: [],
            operatorName: [65]
        )
    }

    private mutating func noteDecision(_ decision: CloudPersonDecision, _ place: Int) {
        switch decision {
        case .refunds(let request):
            payments[place].authorised += request.amount.fen
            payments[place].decidedByPersons = true
        case .keeps: payments[place].decidedByPersons = true
        case .confirms, .solved, .asks, .adopts: break
        }
    }
}
