// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// The plug-in's shell: it performs the lane's effects as production's loop does, over a simulated disk.
extension Simulation {
    mutating func give(_ input: LaneInput, to register: Int, expecting given: Expectation? = nil) {
        guard registers[register].isRunning, registers[register].stoppedUntil <= now else { return }
        checkOwed(register)
        checkLeftOver(register)
        var expected = given
        if case .register(let call, _) = input {
            registers[register].wasAsked = true
            if case .release(let code, _) = call { registers[register].countTry(code, now: now) }
            let hasRoom = ensureRoom(register)
            lanes[register].journalHasRoom = hasRoom
            expected = expectation(of: call, register)
        }
        let life = registers[register].life
        let alarmsBefore = alarms
        let effects = lanes[register].handle(input, now: registers[register].monotonic(now))
        judgeSteps(of: register)
        perform(effects, at: register)
        guard registers[register].life == life, registers[register].isRunning else { return }
        if let expected { check(expected, alarmsBefore: alarmsBefore) }
        if case .register(let call, let token) = input { checkAnswered(call, token: token, register: register) }
    }

    /// A timer of the lane, or the end of the outstanding call.
    mutating func wake(_ register: Int) {
        guard registers[register].wakeAt == now, registers[register].isRunning else { return }
        registers[register].wakeAt = .max
        guard registers[register].stoppedUntil <= now else {
            return wakeRegister(register, at: registers[register].stoppedUntil)
        }
        if registers[register].callEndsAt <= now, let late = registers[register].call {
            if registers[register].hasLeft { nextProxy(register) }
            registers[register].call = nil
            registers[register].callEndsAt = .max
            if bug == .retryWithoutCap, late.place != nil { return repeatWithoutCap(late) }
            give(.result(id: late.call.id, .failed(unwritten: !registers[register].hasLeft)), to: register)
        } else if lanes[register].nextWake > monotonic(register) {
            // Its clock is slower than was reckoned: the lane would find nothing to do. Who is owed an answer waits on.
            checkOwed(register)
            checkLeftOver(register)
            planWake(register)
        } else {
            give(.tick, to: register)
        }
    }

    private mutating func repeatWithoutCap(_ late: Message) {
        for _ in 0..<40 { countMessage(late.call, late.place) }
        give(.result(id: late.call.id, .failed(unwritten: false)), to: late.register)
    }

    private mutating func wakeRegister(_ register: Int, at moment: Int64) {
        let at = max(now + 1, moment)
        guard at < registers[register].wakeAt else { return }
        registers[register].wakeAt = at
        queue.add(.wake(register), at: at)
    }

    private mutating func planWake(_ register: Int) {
        let wake = lanes[register].nextWake
        var at = registers[register].callEndsAt
        if wake != .max { at = min(at, registers[register].trueTime(wake)) }
        if at != .max { wakeRegister(register, at: at) }
    }

    // MARK: - Effects

    /// A record is durable before the effect behind it begins; records in a row share one sync. A crash between two
    /// effects loses the rest and the process.
    mutating func perform(_ given: [LaneEffect], at register: Int) {
        var effects = given
        switch bug {
        case .sendBeforeSync: effects = given.filter { $0.isSend } + given.filter { !$0.isSend }
        case .paidToldBeforeSync: effects = given.filter { $0.isAnswer } + given.filter { !$0.isAnswer }
        default: break
        }
        guard !effects.isEmpty else { return planWake(register) }
        var dies = Int.max
        if chance(.crashAtEffect) {
            noteAll(.crashAtEffect, register: register)
            dies = Int(draw(.crashAtEffect, Int64(effects.count + 1)))
        }
        let life = registers[register].life
        var journals = false
        for step in effects.indices {
            if step == dies {
                // The dying write may or may not have reached the disk.
                if case .journal(let entry) = effects[step], draw(.crashAtEffect, 2) == 0 {
                    registers[register].disk.append(entry)
                }
                return crashPlugin(register)
            }
            if case .journal(let entry) = effects[step] {
                journals = true
                registers[register].disk.append(entry)
                checkSecret(entry, register: register)
                continue
            }
            guard sync(register) else { return }
            switch effects[step] {
            case .journal: break
            case .send(let call): send(call, from: register)
            case .abandon:
                registers[register].call = nil
                registers[register].callEndsAt = .max
                if registers[register].hasLeft { registers[register].isConnected = false }
            case .answer(let token, let answer): told(answer, token: token, register: register)
            case .alarm(let alarm, let number): noteAlarm(alarm, number, register: register)
            }
            // An answer may have made somebody switch the machine off.
            guard registers[register].life == life, report.isUnbroken else { return }
        }
        guard sync(register) else { return }
        if dies != .max { return crashPlugin(register) }
        if journals { checkJournalHead(register) }
        planWake(register)
    }

    private mutating func noteAlarm(_ alarm: LaneAlarm, _ number: OrderNumber?, register: Int) {
        mix(UInt64(alarm.name.utf8CodeUnitCount))
        alarms += 1
        let place = number.flatMap { numbers.place(of: $0.bytes) }
        if traces { tell(place, "register \(register) raises \(alarm)") }
        switch alarm {
        case .journalRolledBack, .journalDamaged: registers[register].laneIsRed = true
        case .undoStuck: if let place { payments[place].stuckLife = registers[register].life }
        default: break
        }
    }

    /// - Returns: False where the disk failed: the process ends at once.
    private mutating func sync(_ register: Int) -> Bool {
        guard !registers[register].disk.isSynced, bug != .noSyncAtAll else { return true }
        if chance(.syncError) {
            noteAll(.syncError, register: register)
            if traces { tell(nil, "register \(register): sync fails, the plug-in stops") }
            crashPlugin(register)
            return false
        }
        for entry in registers[register].disk.unsynced { becomeDurable(entry, register: register) }
        registers[register].disk.sync()
        return true
    }

    /// Whether the worst case of one payment fits; goes on to a new segment where it does not.
    private mutating func ensureRoom(_ register: Int) -> Bool {
        if registers[register].disk.hasRoom { return true }
        guard registers[register].disk.fullUntil <= now else {
            noteAll(.diskFull, register: register)
            return false
        }
        let monotonic = registers[register].monotonic(now)
        let checkpoint = lanes[register].checkpoint(now: monotonic)
        let needed = lanes[register].oldestNeededIndex
        registers[register].disk.append(checkpoint)
        registers[register].disk.sync()
        registers[register].disk.beginSegment()
        // Production keeps a week; three segments hold what a cashier can still ask for.
        let last = registers[register].disk.lastIndex
        let kept = UInt64(3 * SimulatedDisk.segmentRecords)
        if last > kept { registers[register].disk.delete(before: min(needed, last - kept)) }
        return true
    }

    // MARK: - Life and death

    mutating func crashPlugin(_ register: Int, restartAfter: Int64? = nil) {
        guard registers[register].isRunning else { return }
        report.crashes += 1
        if traces { tell(nil, "register \(register): the plug-in dies") }
        takeRows(of: register)
        registers[register].isRunning = false
        registers[register].life += 1
        registers[register].wakeAt = .max
        registers[register].call = nil
        registers[register].callEndsAt = .max
        registers[register].isConnected = false
        registers[register].knowsSupervisors = false
        registers[register].stoppedUntil = 0
        registers[register].owed = []
        loseUnsynced(register)
        cashierSeesCrash(register)
        guard !registers[register].isOff else { return }
        var pause = restartAfter ?? 100 + draw(.crash, 20_000)
        if registers[register].restartsLeft > 0 { pause = 50 + draw(.restartLoop, 1_500) }
        plan(.startPlugin(register, life: registers[register].life), after: pause)
    }

    /// What was not synced: all of it is there, or chance decides.
    private mutating func loseUnsynced(_ register: Int) {
        let unsynced = Array(registers[register].disk.unsynced)
        guard !unsynced.isEmpty, bug != .noSyncAtAll else { return }
        var kept = unsynced.count
        if chance(.lostUnsynced) {
            noteAll(.lostUnsynced, register: register)
            kept = Int(draw(.lostUnsynced, Int64(unsynced.count)))
        }
        if kept < unsynced.count || kept > 0, chance(.tornTail) {
            noteAll(.tornTail, register: register)
            kept = min(kept, unsynced.count - 1)
            registers[register].torn = unsynced[kept]
        }
        // What is on the disk counts, synced or not: the next start reads it.
        for entry in unsynced.prefix(kept) { becomeDurable(entry, register: register) }
        registers[register].disk.lose(keeping: kept)
    }

    func monotonic(_ register: Int) -> Int64 { registers[register].monotonic(now) }

    mutating func takeRows(of register: Int) {
        if countsRows, registers[register].isRunning { coverage.take(laneRows: lanes[register].rowsTaken) }
    }
}

extension LaneEffect {
    var isSend: Bool { if case .send = self { true } else { false } }
    var isAnswer: Bool { if case .answer = self { true } else { false } }
}
