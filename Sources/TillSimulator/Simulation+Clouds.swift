// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// A cloud's timers, its life and death.
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
        let moment = cloudTime(cloud)
        // Each event is judged on the row as it is by then.
        for _ in 0..<8 {
            guard let payment = clouds[cloud].rows[place].payment else { return }
            guard let event = payment.timerEvents(at: moment).first else {
                if let next = payment.nextWork(at: moment) { schedule(cloud, place, at: next) }
                return
            }
            let version = clouds[cloud].rows[place].version
            handle(event, cloud, place, payment.intent, payment.home, nil)
            if bug == .twoSweepers, case .due = event, clouds[cloud].slowUntil > now {
                // The second sweeper has read the same row.
                handle(event, cloud, place, payment.intent, payment.home, nil)
            }
            guard clouds[cloud].life == life, clouds[cloud].isUp, report.isUnbroken else { return }
            // Not stored yet, or not at all.
            if clouds[cloud].rows[place].version == version { return sweep(cloud, place) }
        }
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
            switch clouds[cloud].rows[place].state {
            case .sending, .unknown, .revoking, .stuck:
                guard let payment = clouds[cloud].rows[place].payment else { continue }
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
            guard clouds[cloud].rows[place].hasWork else { continue }
            let moment = cloudTime(cloud)
            if let next = clouds[cloud].rows[place].payment?.nextWork(at: moment) { schedule(cloud, place, at: next) }
        }
        guard clouds[cloud].restartsLeft > 0 else { return }
        clouds[cloud].restartsLeft -= 1
        noteAll(.restartLoop, cloud: cloud)
        crashCloud(cloud)
    }
}
