// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// Faults that have a place, a beginning and an end.
extension Simulation {
    private enum Part { case register(Int), cloud(Int), proxy(Int) }

    mutating func episode(_ kind: FaultKind) {
        guard faultsOn else { return }
        plan(.episode(kind), after: span(kind))
        switch kind {
        case .oneWayCut: cut(kind, bothWays: false)
        case .twoWayCut: cut(kind, bothWays: true)
        case .clog:
            let proxy = Int(draw(kind, 2))
            proxies[proxy].cloggedUntil = now + 500 + draw(kind, 15_000)
            coverage.meet(kind)
            if traces { tell(nil, "proxy \(proxy) is clogged") }
        case .crash: crash(part(kind))
        case .pause: pause(part(kind), for: 1_000 + draw(kind, 90_000))
        case .restartLoop: loop(kind)
        case .secondInstance: secondInstance(anyRegister(kind))
        case .diskFull:
            let register = anyRegister(kind)
            registers[register].disk.fullUntil = now + 5_000 + draw(kind, 60_000)
            noteAll(kind, register: register)
        case .rollback:
            let register = anyRegister(kind)
            if registers[register].disk.image == nil || draw(kind, 2) == 0 {
                registers[register].disk.takeImage(now: now)
            } else {
                crashPlugin(register)
                rollBack(register)
            }
        case .skew:
            let cloud = Int(draw(kind, 2))
            guard clouds[cloud].isClockTrusted, clouds[cloud].clockError.magnitude <= 250 else { return }
            clouds[cloud].clockError = draw(kind, 501) - 250
            noteAll(kind, cloud: cloud)
        case .jumpAhead: jump(kind, 1)
        case .jumpBack: jump(kind, -1)
        case .frozenMachine: freeze(kind)
        case .failover, .failoverWithLoss: failOver(kind)
        case .readOnly:
            let cloud = Int(draw(kind, 2))
            clouds[cloud].readOnlyUntil = now + 1_000 + draw(kind, 30_000)
            noteAll(kind, cloud: cloud)
            if traces { tell(nil, "\(clouds[cloud].name)'s database is read-only") }
        case .slowDatabase:
            let cloud = Int(draw(kind, 2))
            clouds[cloud].slowUntil = now + 2_000 + draw(kind, 60_000)
            noteAll(kind, cloud: cloud)
            if traces { tell(nil, "\(clouds[cloud].name)'s database is slow") }
        case .powerCycle:
            let register = anyRegister(kind)
            noteAll(kind, register: register)
            crashPlugin(register, restartAfter: 3_000 + draw(kind, 60_000))
        default: preconditionFailure("no episode")
        }
    }

    private mutating func anyRegister(_ kind: FaultKind) -> Int { Int(draw(kind, Int64(registers.count))) }

    private mutating func part(_ kind: FaultKind) -> Part {
        switch draw(kind, 10) {
        case 0..<4: .register(anyRegister(kind))
        case 4..<8: .cloud(Int(draw(kind, 2)))
        default: .proxy(Int(draw(kind, 2)))
        }
    }

    /// Most outages are short, some are not.
    private mutating func lasting(_ kind: FaultKind) -> Int64 { draw(kind, 6) == 0 ? 400_000 : 60_000 }

    // MARK: - Network

    private mutating func cut(_ kind: FaultKind, bothWays: Bool) {
        let link: Int
        switch draw(kind, 3) {
        case 0:
            let register = anyRegister(kind)
            link = Links.store(register)
            noteAll(kind, register: register)
        case 1:
            let cloud = Int(draw(kind, 2))
            link = Links.cloud(cloud, from: Int(draw(kind, 2)))
            noteAll(kind, cloud: cloud)
        default:
            let cloud = Int(draw(kind, 2))
            link = Links.wallet(from: cloud)
            noteAll(kind, cloud: cloud)
        }
        let out = bothWays || draw(kind, 2) == 0
        links.cut(link, out: out, back: bothWays || !out, until: now + 500 + draw(kind, lasting(kind)))
        if traces { tell(nil, "line \(link) is cut \(bothWays ? "both ways" : out ? "outwards" : "backwards")") }
    }

    // MARK: - Processes

    private mutating func crash(_ part: Part) {
        switch part {
        case .register(let register):
            noteAll(.crash, register: register)
            crashPlugin(register)
        case .cloud(let cloud):
            noteAll(.crash, cloud: cloud)
            crashCloud(cloud, restartAfter: 200 + draw(.crash, lasting(.crash)))
        case .proxy(let proxy):
            coverage.meet(.crash)
            guard proxies[proxy].isUp else { return }
            proxies[proxy].isUp = false
            proxies[proxy].life += 1
            if traces { tell(nil, "proxy \(proxy) dies") }
            plan(.startProxy(proxy), after: 500 + draw(.crash, 20_000))
        }
    }

    private mutating func pause(_ part: Part, for span: Int64) {
        switch part {
        case .register(let register):
            noteAll(.pause, register: register)
            registers[register].stoppedUntil = max(registers[register].stoppedUntil, now + span)
            if traces { tell(nil, "register \(register)'s plug-in is paused") }
        case .cloud(let cloud):
            guard clouds[cloud].isUp else { return }
            noteAll(.pause, cloud: cloud)
            clouds[cloud].stoppedUntil = max(clouds[cloud].stoppedUntil, now + span)
            if traces { tell(nil, "cloud \(clouds[cloud].name) is paused") }
        case .proxy(let proxy):
            coverage.meet(.pause)
            proxies[proxy].stoppedUntil = now + span / 8
        }
    }

    private mutating func loop(_ kind: FaultKind) {
        let times = 2 + Int(draw(kind, 4))
        if draw(kind, 2) == 0 {
            let register = anyRegister(kind)
            guard registers[register].isRunning else { return }
            registers[register].restartsLeft = times
            crashPlugin(register)
        } else {
            let cloud = Int(draw(kind, 2))
            guard clouds[cloud].isUp else { return }
            clouds[cloud].restartsLeft = times
            crashCloud(cloud)
        }
    }

    /// Another plug-in is started on the same journal. The lock turns it away.
    private mutating func secondInstance(_ register: Int) {
        guard registers[register].isRunning else { return }
        noteAll(.secondInstance, register: register)
        guard bug == .secondInstanceRuns else { return }
        let epoch = Base32.encode(world.next(), count: 7)
        registers[register].disk.append(JournalEntry(kind: .start, time: trueTime, fields: [[49], epoch]))
        registers[register].disk.sync()
    }

    // MARK: - Clocks

    /// A clock jumps. The clock daemon and the comparison with the monotonic clock notice at once (M2); it is right
    /// again some time later.
    private mutating func jump(_ kind: FaultKind, _ sign: Int64) {
        let cloud = Int(draw(kind, 2))
        guard clouds[cloud].isClockTrusted, clouds[cloud].isUp else { return }
        noteAll(kind, cloud: cloud)
        let span = draw(kind, 2) == 0 ? 2_500 + draw(kind, 200_000) : draw(kind, 7_200_000) + 2_500
        clouds[cloud].clockError += sign * span
        clouds[cloud].isClockTrusted = false
        if traces { tell(nil, "\(clouds[cloud].name)'s clock jumps by \(sign * span) ms") }
        plan(.clockCorrected(cloud, life: clouds[cloud].clockError), after: 3_000 + draw(kind, 120_000))
    }

    /// A virtual machine stands still, its clocks with it, and does not know.
    private mutating func freeze(_ kind: FaultKind) {
        let span = 3_000 + draw(kind, 200_000)
        if draw(kind, 2) == 0 {
            let register = anyRegister(kind)
            guard registers[register].isRunning, registers[register].stoppedUntil <= now else { return }
            noteAll(kind, register: register)
            registers[register].stoppedUntil = now + span
            registers[register].frozen += span
            if traces { tell(nil, "register \(register)'s machine is frozen for \(span) ms") }
        } else {
            let cloud = Int(draw(kind, 2))
            guard clouds[cloud].isUp, clouds[cloud].isClockTrusted, clouds[cloud].stoppedUntil <= now else { return }
            noteAll(kind, cloud: cloud)
            clouds[cloud].stoppedUntil = now + span
            clouds[cloud].frozenUntil = now + span
            clouds[cloud].clockError -= span
            if traces { tell(nil, "cloud \(clouds[cloud].name)'s machine is frozen for \(span) ms") }
            // It works on for a moment with a clock that is late, before anybody suspects it.
            plan(.clockSuspected(cloud, clouds[cloud].clockError), after: span + 200 + draw(kind, 1_500))
        }
    }

    mutating func clockSuspected(_ cloud: Int, error: Int64) {
        guard clouds[cloud].clockError == error else { return }
        clouds[cloud].isClockTrusted = false
        plan(.clockCorrected(cloud, life: error), after: faultsOn ? 1_000 + draw(.frozenMachine, 20_000) : 500)
    }

    mutating func clockCorrected(_ cloud: Int, error: Int64) {
        guard clouds[cloud].clockError == error else { return }
        clouds[cloud].clockError = clouds[cloud].baseError
        clouds[cloud].isClockTrusted = true
        if traces { tell(nil, "\(clouds[cloud].name)'s clock is right again") }
        afterClockChange(cloud)
    }

    /// Timers were set by the clock that was wrong; the sweep looks at every row again.
    private mutating func afterClockChange(_ cloud: Int) {
        guard clouds[cloud].isUp else { return }
        for place in clouds[cloud].rows.indices where clouds[cloud].rows[place].timerAt != .max {
            sweep(cloud, place)
        }
    }

    // MARK: - Databases

    private mutating func failOver(_ kind: FaultKind) {
        let cloud = Int(draw(kind, 2))
        guard clouds[cloud].databaseDownUntil <= now else { return }
        noteAll(kind, cloud: cloud)
        let span = 1_000 + draw(kind, 30_000)
        clouds[cloud].databaseDownUntil = now + span
        clouds[cloud].primary += 1
        let lost = kind == .failoverWithLoss ? now - draw(kind, 6_000) : nil
        plan(.failoverEnds(cloud, since: lost), after: span)
        if traces { tell(nil, "\(clouds[cloud].name)'s database fails over") }
    }

    /// A new primary. With loss: what was stored after `since` is gone.
    mutating func failoverEnds(_ cloud: Int, since: Int64?) {
        clouds[cloud].lastPromotion = trueTime
        clouds[cloud].promotedAt = now
        // What was decided meanwhile knew nothing of the promotion, and had no connection to the new primary.
        clouds[cloud].primary += 1
        guard let since else { return }
        while let last = clouds[cloud].redo.last, last.at > since {
            clouds[cloud].redo.removeLast()
            note(.failoverWithLoss, last.place)
            clouds[cloud].rows[last.place].payment = last.before
            let isOpen = last.before.map { SimulatedCloud.isOpen($0.state) } ?? false
            clouds[cloud].open.removeAll { $0 == last.place }
            if isOpen { clouds[cloud].open.append(last.place) }
            if traces {
                tell(last.place, "\(clouds[cloud].name) has lost a change and is at \(last.before?.state ?? .none)")
            }
            if last.before != nil { sweep(cloud, last.place) }
        }
        clouds[cloud].redo.removeAll()
    }

    // MARK: - Load

    mutating func loadEpisode() {
        guard faultsOn else { return }
        plan(.load, after: 1 + worldSpan(2 * Int64(options.load)))
        let cloud = Int(worldSpan(2))
        let span = 2_000 + worldSpan(20_000)
        switch worldSpan(4) {
        case 0: setLoad(.shedding, cloud, until: now + span)
        case 1: setLoad(.overloaded, cloud, until: now + span)
        case 2:
            clouds[cloud].walletOffUntil = now + span
            plan(.walletBack(cloud), after: span)
        default: clouds[cloud].routingMissingUntil = now + span
        }
    }

    private mutating func setLoad(_ load: CloudLoad, _ cloud: Int, until end: Int64) {
        clouds[cloud].load = load
        clouds[cloud].loadUntil = end
        plan(.walletBack(cloud), after: end - now)
    }

    /// Load has passed, and the wallet's breaker has closed: what waits for it goes on now.
    mutating func walletBack(_ cloud: Int) {
        if clouds[cloud].loadUntil <= now { clouds[cloud].load = .normal }
        guard clouds[cloud].isUp, clouds[cloud].stoppedUntil <= now, clouds[cloud].databaseDownUntil <= now
        else { return }
        for place in clouds[cloud].open {
            guard let payment = clouds[cloud].rows[place].payment, payment.state != .paid else { continue }
            handle(.wake, cloud, place, payment.intent, payment.home, nil)
            guard clouds[cloud].isUp, report.isUnbroken else { return }
        }
    }

    /// The shop closes and opens again.
    mutating func lunch(ends: Bool) {
        if ends {
            for register in registers.indices where registers[register].isOff {
                registers[register].isOff = false
                plan(.startPlugin(register, life: registers[register].life), after: 1_000 + worldSpan(30_000))
            }
            return
        }
        guard faultsOn, report.attempts < options.payments else { return }
        for register in registers.indices {
            registers[register].isOff = true
            crashPlugin(register)
        }
        plan(.lunch(ends: true), after: 2_400_000)
    }
}
