// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// The liveness phase: faults stop, but for one part that is dead for good; everything must come to its end.
extension Simulation {
    /// From the end of the faults until every payment is final (L1, L5).
    private static let bound: Int64 = 300_000
    /// Where a wallet forbids an undo for minutes, or persons have to act.
    private static let longBound: Int64 = 5_400_000
    /// The watch looks, and persons' work on what no register waits for.
    private static let aftermath: Int64 = 2_400_000

    mutating func live() {
        faultsOn = false
        isClosing = true
        if traces { tell(nil, "the faults stop; \(options.dead) is dead for good") }
        heal()
        let begin = now
        var nextLook = now + 2_000
        var isJudged = false
        while report.isUnbroken, now < begin + Simulation.longBound {
            guard step() else { break }
            guard now >= nextLook else { continue }
            nextLook = now + 1_000
            if isSettled() { break }
            if !isJudged, now >= begin + Simulation.bound {
                isJudged = true
                judgeOpen()
            }
        }
        guard report.isUnbroken else { return }
        report.settledAfter = now - begin
        judgeSettled()
        guard report.isUnbroken, !options.isFaultFree else { return }
        for register in registers.indices {
            takeRows(of: register)
            registers[register].isOff = true
            registers[register].isRunning = false
            registers[register].life += 1
        }
        let end = now + Simulation.aftermath
        while report.isUnbroken, now < end { guard step() else { break } }
    }

    private mutating func heal() {
        links.heal()
        for proxy in proxies.indices {
            proxies[proxy].cloggedUntil = 0
            proxies[proxy].stoppedUntil = 0
            if !proxies[proxy].isUp { plan(.startProxy(proxy), after: 500) }
        }
        for cloud in clouds.indices {
            clouds[cloud].stoppedUntil = min(clouds[cloud].stoppedUntil, now)
            clouds[cloud].databaseDownUntil = min(clouds[cloud].databaseDownUntil, now)
            clouds[cloud].readOnlyUntil = 0
            clouds[cloud].slowUntil = 0
            clouds[cloud].restartsLeft = 0
            clouds[cloud].load = .normal
            clouds[cloud].walletOffUntil = min(clouds[cloud].walletOffUntil, now)
            clouds[cloud].routingMissingUntil = 0
            plan(.clockCorrected(cloud, life: clouds[cloud].clockError), after: 1_000)
            if !clouds[cloud].isUp { plan(.startCloud(cloud, life: clouds[cloud].life), after: 1_000) }
        }
        switch options.dead {
        case .nothing: break
        case .cloudA: kill(0)
        case .cloudB: kill(1)
        case .proxy:
            proxies[0].isUp = false
            proxies[0].isDead = true
            proxies[0].life += 1
        }
        for register in registers.indices {
            registers[register].isOff = false
            registers[register].restartsLeft = 0
            registers[register].stoppedUntil = min(registers[register].stoppedUntil, now)
            registers[register].disk.fullUntil = 0
            if !registers[register].isRunning {
                plan(.startPlugin(register, life: registers[register].life), after: 1_000)
            }
            plan(.manager(register), after: 2_000 + worldSpan(2_000))
        }
    }

    private mutating func kill(_ cloud: Int) {
        clouds[cloud].isDead = true
        crashCloud(cloud)
    }

    /// A person has to act, or has acted: no bound of the machines.
    private func waitsForPersons(_ place: Int) -> Bool {
        payments[place].wasPaged || payments[place].isExempt
    }

    /// L1 after five minutes: nothing is open but what a wallet forbids to undo, or a person holds.
    private mutating func judgeOpen() {
        for register in registers.indices {
            for place in registers[register].open where !waitsForPersons(place) {
                switch payments[place].durable {
                case .duty, .released: break
                // A fourth duty is not taken.
                case .revoke where registers[register].open.count > 3: break
                default:
                    violation(.finality, place, "\(name(place)) is still \(payments[place].durable) after five minutes")
                }
            }
        }
    }

    /// Whether everything has come to its end. What had not at the last look is looked at first.
    private mutating func isSettled() -> Bool {
        if let unsettled, !isSettled(unsettled, words: nil) { return false }
        unsettled = payments.indices.first { !isSettled($0, words: nil) }
        return unsettled == nil && isSettled(words: nil)
    }

    /// Whether everything has come to its end; otherwise, in words, what has not.
    private func isSettled(words: ((Int, String) -> Void)?) -> Bool {
        var isOver = true
        for register in registers.indices {
            if !registers[register].isRunning { return false }
            for place in registers[register].open where !payments[place].isExempt {
                isOver = false
                guard let words else { return false }
                words(place, "register \(register) still holds \(name(place)) at \(payments[place].durable)")
            }
        }
        for place in payments.indices where !isSettled(place, words: words) {
            isOver = false
            if words == nil { return false }
        }
        return isOver
    }

    private func isSettled(_ place: Int, words: ((Int, String) -> Void)?) -> Bool {
        guard !payments[place].isExempt else { return !owesUndo(place) }
        var isOver = true
        // With both clouds there, nothing is owed to them in the end, and the journal says so.
        if options.dead == .nothing, payments[place].owesClosing {
            isOver = false
            words?(place, "the journal never closed \(name(place)), which is \(payments[place].durable)")
        }
        for cloud in clouds.indices where clouds[cloud].isUp {
            guard let gap = gap(place, cloud) else { continue }
            isOver = false
            words?(place, "\(clouds[cloud].name) holds \(name(place)) at \(gap.state)\(gap.why)")
        }
        return isOver
    }

    /// What a wallet took against its word goes back by the register's undo: a shop does not close for good before a cloud
    /// has heard of it.
    private func owesUndo(_ place: Int) -> Bool {
        let facts = payments[place]
        guard facts.wordBroken, !facts.decidedByPersons, !facts.forgotten else { return false }
        switch facts.durable {
        case .revoke, .duty, .released:
            return clouds.contains { $0.isUp && place < $0.rows.count && $0.rows[place].state == .paid }
        default: return false
        }
    }

    /// What is not yet as it must be at a living cloud.
    private func gap(_ place: Int, _ cloud: Int) -> (state: CloudState, why: StaticString)? {
        let state = place < clouds[cloud].rows.count ? clouds[cloud].rows[place].state : .none
        switch state {
        case .sending, .revoking, .stuck: return (state, "")
        case .none, .unknown, .paid, .declined, .tomb, .revoked, .confirmed: break
        }
        // A failover that lost a suffix may have taken back what a cloud had answered.
        guard options[.failoverWithLoss] == 0 else { return nil }
        switch payments[place].durable {
        case .acked:
            if state == .revoked, payments[place].orderStored { return nil }
            guard state == .confirmed else { return (state, ", and it was acknowledged") }
            let isUnproven = clouds[cloud].rows[place].payment?.record.isUnproven ?? false
            return isUnproven ? (state, ", and it never saw the money") : nil
        case .final, .declined: return state == .revoked || state == .confirmed ? nil : (state, ", and it was undone")
        case .revoke, .duty, .released:
            guard payments[place].isClosed else { return nil }
            return state == .revoked || state == .confirmed ? nil : (state, ", and nobody undoes it any more")
        default: return nil
        }
    }

    private mutating func judgeSettled() {
        var first: (Int, String)?
        _ = isSettled { place, words in if first == nil { first = (place, words) } }
        if let (place, words) = first { violation(.finality, place, "in the end \(words)") }
    }

    // MARK: - The end

    mutating func finish() {
        for register in registers.indices { takeRows(of: register) }
        guard report.isUnbroken else { return }
        var sum: Int64 = 0
        for place in payments.indices {
            wallet.settle(place, now: now)
            let held = wallet.held(place)
            sum += held
            if let trade = wallet[place], trade.isStranger { sum += trade.held }
            judge(place, held)
        }
        if sum != wallet.merchant {
            violation(.ledger, nil, "the merchant holds \(wallet.merchant), the trades \(sum)")
        }
        mix(UInt64(bitPattern: sum))
    }

    /// A living cloud has the row: one died for good, and the other's failover may have lost it. Then only the day's bill
    /// shows what the wallet did afterwards.
    private func isWatched(_ place: Int) -> Bool {
        clouds.contains { !$0.isDead && place < $0.rows.count && $0.rows[place].payment != nil }
    }

    private mutating func judge(_ place: Int, _ held: Int64) {
        let facts = payments[place]
        if facts.wordBroken, !facts.decidedByPersons, !facts.forgotten {
            if !facts.isStanding, held != 0, facts.durable != .unsent, isWatched(place) {
                violation(
                    .repair,
                    place,
                    "the wallet took the money of \(name(place)) against its word and still has it"
                )
            }
            return
        }
        guard !facts.isExempt else { return }
        if facts.toldPaid, !facts.disowned, held < facts.amount - facts.authorised {
            violation(.agreement, place, "\(name(place)) was told paid, the wallet holds \(held) of \(facts.amount)")
        }
        switch facts.durable {
        case .final, .unsent, .declined:
            if held != 0 {
                violation(.agreement, place, "\(name(place)) is \(facts.durable), the wallet holds \(held)")
            }
        case .revoke, .duty, .released:
            if held != 0 {
                violation(.finality, place, "\(name(place)) ends at \(facts.durable), the wallet holds \(held)")
            }
        default: break
        }
    }
}
