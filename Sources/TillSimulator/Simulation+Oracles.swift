// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// The promises at the plug-in: judged from what is durable on its disk, what leaves it and what the register hears.
extension Simulation {
    // MARK: - Records

    /// A record is durable now.
    mutating func becomeDurable(_ entry: JournalEntry, register: Int) {
        mix(UInt64(entry.kind.rawValue) << 48 | UInt64(register))
        if entry.kind == .intent { return begin(entry, register: register) }
        guard entry.kind.isOfPayment, let place = numbers.place(of: entry.payload) else { return }
        if traces { tell(place, "register \(register) has \(entry.kind) on disk") }
        payments[place].durableAt = now
        let held = wallet.held(place)
        let isExempt = payments[place].isExempt
        switch entry.kind {
        case .paid:
            if payments[place].hadRevoke, !isExempt {
                violation(.oneWayDoor, place, "PAID is durable after REVOKE for \(name(place))")
            }
        case .acked: payments[place].hadAcked = true
        case .revoke:
            payments[place].hadRevoke = true
            payments[place].revokedAt = now
            payments[place].revokeLife = registers[register].life
            checkAsked(entry, place, register: register)
        case .duty:
            if !payments[place].dutySaid, !isExempt {
                violation(.laneLock, place, "DUTY is durable for \(name(place)), and no cloud said so")
            }
        case .released:
            if registers[register].releasedAt != now, !isExempt {
                violation(.laneLock, place, "\(name(place)) is RELEASED, and no supervisor asked for it")
            }
        case .final:
            payments[place].finalAt = now
            let isKept = entry.fields.last.map { UndoKind.kept.wireName.matches($0) } ?? false
            if isKept { payments[place].decidedByPersons = true }
            if held != 0, !isKept, !isExempt {
                violation(.agreement, place, "\(name(place)) is FINAL, and the wallet holds \(held)")
            }
        case .unsent, .declined:
            if held != 0, !isExempt {
                violation(.agreement, place, "\(name(place)) is \(entry.kind), and the wallet holds \(held)")
            }
        case .closed:
            payments[place].isClosed = true
            registers[register].open.removeAll { $0 == place }
            return
        case .intent, .start, .checkpoint, .refund: break
        }
        payments[place].durable = entry.kind
        if entry.kind == .paid || entry.kind == .revoke, rare(.restored) {
            registers[register].disk.takeImage(now: now)
            plan(.restoreDisk(register, image: now), after: 1 + rareSpan(500))
        }
        switch entry.kind {
        case .acked, .declined, .unsent, .final: registers[register].open.removeAll { $0 == place }
        default: if !registers[register].open.contains(place) { registers[register].open.append(place) }
        }
    }

    /// An attempt that runs into its decision was asked for to the end.
    private mutating func checkAsked(_ entry: JournalEntry, _ place: Int, register: Int) {
        guard entry.fields.count > 1, RevokeReason.timeout.wireName.matches(entry.fields[1]),
            payments[place].life == registers[register].life,
            registers[register].stoppedUntil < payments[place].begunAt
        else { return }
        let silence = now - payments[place].lastSentAt
        if payments[place].messages == 0 || silence > 15_000 {
            violation(
                .transition,
                place,
                "nothing was asked about \(name(place)) for \(silence) ms before its decision"
            )
        }
    }

    /// INTENT: `1|n|saleRef|amount|…`.
    private mutating func begin(_ entry: JournalEntry, register: Int) {
        let payload = entry.payload
        guard numbers.place(of: payload, at: 2) == nil else {
            return violation(.uniqueNumbers, numbers.place(of: payload, at: 2), "two attempts share one number")
        }
        guard let saleEnd = payload[27...].firstIndex(of: 124),
            let amountEnd = payload[(saleEnd + 1)...].firstIndex(of: 124),
            let sale = Simulation.sale(of: payload[27..<saleEnd]),
            let amount = Decimal.parse(payload[(saleEnd + 1)..<amountEnd])
        else { return violation(.journal, nil, "an INTENT that cannot be read") }
        let place = payments.count
        payments.append(
            PaymentFacts(
                number: Array(payload[2..<26]),
                register: register,
                sale: sale,
                amount: amount,
                begunAt: now,
                life: registers[register].life
            )
        )
        numbers.set(place, for: payload, at: 2)
        report.attempts += 1
        if traces { tell(place, "register \(register) has the intent of sale \(sale) on disk, \(amount) fen") }
        for earlier in sales[sale].attempts
        where payments[earlier].durable == .acked && !payments[earlier].isExempt {
            violation(.noDoubleCharge, place, "sale \(sale) was acknowledged and begins again as \(name(place))")
        }
        let isFirst = sales[sale].attempts.isEmpty
        sales[sale].attempts.append(place)
        registers[register].open.append(place)
        let silence = now - registers[register].contactAt
        if isFirst, silence > 3_000, registers[register].stoppedUntil < now - 3_000 {
            violation(.unavailableShown, place, "\(name(place)) begins after \(silence) ms without contact")
        }
    }

    /// The disk and the machine agree about the chain.
    mutating func checkJournalHead(_ register: Int) {
        guard registers[register].isRunning else { return }
        let head = lanes[register].journalHead.index
        let last = registers[register].disk.lastIndex
        if head != last {
            violation(.audit, nil, "register \(register): the journal ends with \(last), the plug-in with \(head)")
        }
    }

    mutating func checkEpoch(_ epoch: UInt64, register: Int) {
        if registers[register].epochs.contains(epoch) {
            violation(.uniqueNumbers, nil, "register \(register) starts with an epoch that it had before")
        }
        registers[register].epochs.append(epoch)
    }

    /// What a start reads is what was durable, but for a record in which a bit has flipped.
    mutating func checkRead(_ found: [JournalEntry], _ durable: [JournalEntry], register: Int) {
        var expected = durable
        if let flipped = registers[register].flipped { expected.remove(at: flipped) }
        if found != expected {
            violation(
                .journal,
                nil,
                "register \(register) reads \(found.count) records, \(expected.count) were durable"
            )
        }
    }

    /// No payment code in any record.
    mutating func checkSecret(_ entry: JournalEntry, register: Int) {
        guard entry.kind == .intent, let code = codes.last?.digits, code.count > 12 else { return }
        let marked = code.suffix(12)
        let payload = entry.payload
        for start in payload.indices.dropLast(11) where payload[start] == marked[marked.startIndex] {
            if payload[start..<start + 12] == marked {
                violation(.secret, nil, "a payment code is in the journal of register \(register)")
            }
        }
    }

    // MARK: - Requests

    /// S3, S4, S9, S12 and the bounds, at the moment a request leaves the plug-in.
    mutating func checkSending(_ call: LaneCall, _ place: Int?, register: Int) {
        guard let intent = call.intent else { return }
        guard let place else {
            if case .pay = call.kind {
                violation(.writeAhead, nil, "a pay left register \(register) before its intent was durable")
            }
            return
        }
        countMessage(call, place)
        let durable = payments[place].durable
        let isExempt = payments[place].isExempt
        if payments[place].intent == nil {
            payments[place].intent = intent
            payments[place].routing = Simulation.routing(intent)
            payments[place].home = call.home ?? .a
            checkStart(intent, place, register: register)
        } else if call.id & 15 == 0, payments[place].intent != intent || payments[place].home != call.home {
            violation(.fixedData, place, "the intent of \(name(place)) has changed")
        }
        switch call.kind {
        case .pay(let facts):
            if payments[place].code.number < 0 { showCode(facts.code.secret, place) }
            registers[register].lastPay = bug == nil ? nil : call
            if durable != .intent { violation(.writeAhead, place, "pay for \(name(place)) left at \(durable)") }
            if payments[place].life != registers[register].life {
                violation(.onePayer, place, "pay for \(name(place)) left after a restart")
            }
            checkLane(place, register: register)
        case .revoke:
            if durable == .acked, !isExempt {
                violation(.noUndoAfterHandOver, place, "revoke for \(name(place)) after ACKED")
            }
            if durable == .intent || durable == .paid, !isExempt {
                violation(.writeAhead, place, "revoke for \(name(place)) left at \(durable)")
            }
        case .confirm:
            if durable != .acked, !isExempt {
                violation(.writeAhead, place, "confirm for \(name(place)) left at \(durable)")
            }
        case .heartbeat, .hello, .query, .refund: break
        }
    }

    private mutating func checkLane(_ place: Int, register: Int) {
        var owed = 0
        for other in registers[register].open where other != place && !payments[other].isExempt {
            switch payments[other].durable {
            case .intent, .paid, .revoke:
                violation(.laneLock, place, "pay for \(name(place)) while \(name(other)) is \(payments[other].durable)")
            default: owed += 1
            }
        }
        if owed > 3 { violation(.laneLock, place, "\(owed) attempts are DUTY or RELEASED") }
    }

    /// The first request of an attempt: t0 is the clouds' time, and now and then a stranger is there already.
    private mutating func checkStart(_ intent: Intent, _ place: Int, register: Int) {
        let error = intent.startedAt.milliseconds - Simulation.epochStart - payments[place].begunAt
        let hasClockFaults =
            options[.jumpAhead] > 0 || options[.jumpBack] > 0 || options[.frozenMachine] > 0 || options[.pause] > 0
        if !hasClockFaults, error.magnitude > 2_600 {
            violation(.clock, place, "t0 of \(name(place)) is \(error) ms beside the clouds' time")
        }
        if rare(.backOffice) {
            plan(.backOffice(Int(rareSpan(2)), place: place, isRefund: false), after: officeDelay())
        }
        if rare(.lateStranger) { plan(.stranger(place), after: rareDelay(upTo: 200_000)) }
        guard options.strangers > 0, faultsOn, worldSpan(1_000) < options.strangers else { return }
        placeStranger(intent, place)
    }

    private mutating func showCode(_ digits: [UInt8], _ place: Int) {
        let number = digits.dropFirst(2).reduce(Int64(0)) { $0 * 10 + Int64($1) - 48 }
        guard codes.indices.contains(Int(number)) else { return }
        payments[place].code = codes[Int(number)]
    }

    /// At most 200 requests about a payment, and one more every five seconds of its life.
    mutating func countMessage(_ call: LaneCall, _ place: Int?) {
        guard let place else { return }
        payments[place].messages += 1
        payments[place].lastSentAt = now
        // For ever, every 15 s to either cloud, and once more whenever a cloud answers again: on a line that lets
        // little through this may be every few seconds.
        let limit = 200 + (now - payments[place].begunAt) / 2_000
        if payments[place].messages > limit {
            violation(.messages, place, "\(payments[place].messages) requests about \(name(place))")
        }
    }

    mutating func noteDelivery(_ delivery: Delivery, of message: Message) {
        let register = message.register
        if delivery.isFailed { return }
        if delivery.isDuty, let place = message.place { payments[place].dutySaid = true }
        registers[register].contactAt = now
    }

    // MARK: - The register's paper log

    mutating func noteTold(_ answer: RegisterAnswer, register: Int) {
        switch answer {
        case .status(let status): managerAnswer = status
        case .sale(let sale): note(sale, register: register)
        case .released(let sale):
            note(sale, register: register)
            if let place = sale.orderNumber.flatMap({ numbers.place(of: $0.bytes) }), !payments[place].isExempt,
                payments[place].durable != .released,
                payments[place].durable != .revoke
                    || payments[place].revokedAt != now
            {
                violation(.writeAhead, place, "\(name(place)) is called released at \(payments[place].durable)")
            }
        case .refund, .refused: break
        }
    }

    /// Who acknowledges hears so only when ACKED is durable.
    mutating func checkAcknowledged(_ answer: RegisterAnswer, token: UInt64) {
        guard token == acknowledgeToken, case .sale(let sale) = answer, sale.outcome == .paid,
            let place = sale.orderNumber.flatMap({ numbers.place(of: $0.bytes) }), !payments[place].isExempt,
            payments[place].durable != .acked
        else { return }
        violation(.writeAhead, place, "\(name(place)) is called acknowledged at \(payments[place].durable)")
    }

    private mutating func note(_ sale: SaleAnswer, register: Int) {
        guard let number = sale.orderNumber, sale.blockedBy == nil, let place = numbers.place(of: number.bytes)
        else { return }
        let isExempt = payments[place].isExempt
        let held = wallet.held(place)
        switch sale.outcome {
        case .paid:
            let durable = payments[place].durable
            if !isExempt, durable != .paid, durable != .acked {
                violation(.writeAhead, place, "\(name(place)) is told paid at \(durable)")
            }
            if payments[place].toldNotPaid, !isExempt {
                violation(.oneWayDoor, place, "\(name(place)) is told paid after not paid")
            }
            if !payments[place].toldPaid {
                payments[place].toldPaid = true
                report.paid += 1
                if traces { tell(place, "register \(register) hears paid") }
                if !isExempt, held < payments[place].amount - payments[place].authorised {
                    let oracle = wallet[place]?.isStranger == true ? Oracle.rightMoney : .agreement
                    violation(oracle, place, "\(name(place)) is told paid, and the wallet holds \(held)")
                }
            }
        case .declined, .cancelled, .unavailable:
            if traces { tell(place, "register \(register) hears \(sale.outcome)\(sale.isFinal ? ", final" : "")") }
            payments[place].toldNotPaid = true
            let durable = payments[place].durable
            if !isExempt, durable == .intent || durable == .paid || durable == .acked {
                violation(.writeAhead, place, "\(name(place)) is told \(sale.outcome) at \(durable)")
            }
            if payments[place].toldPaid, !payments[place].disowned, !isExempt {
                violation(.agreement, place, "\(name(place)) is told \(sale.outcome) after paid")
            }
            let isOver = sale.outcome != .cancelled || sale.isFinal
            if isOver, held != 0, !isExempt {
                violation(.agreement, place, "\(name(place)) is told \(sale.outcome), and the wallet holds \(held)")
            }
        case .busy, .unacknowledged, .waiting: break
        }
    }

    /// L2: every call to pay is answered within 60 s.
    mutating func checkPatience(_ register: Int) {
        let cashier = registers[register].cashier
        guard cashier.isPay, cashier.askedLife == registers[register].life,
            registers[register].stoppedUntil < cashier.askedAt
        else { return }
        let waited = now - cashier.askedAt
        if waited > 60_000 { violation(.answerInTime, nil, "register \(register) waited \(waited) ms for an answer") }
    }
}
