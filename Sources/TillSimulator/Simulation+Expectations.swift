// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// What must be on a plug-in's disk after one input: stated from the specification, without a look at the table.
struct Expectation {
    let place: Int
    let allowed: JournalKind?
    var needsAlarm = false
    let words: StaticString
}

extension Simulation {
    // MARK: - Answers of the clouds

    func expectation(of delivery: Delivery, _ message: Message) -> Expectation? {
        guard let place = message.place, lanes[message.register].outstandingID == message.call.id,
            !payments[place].isExempt
        else { return nil }
        let durable = payments[place].durable
        switch delivery.result {
        case .payment(let reply):
            guard durable == .intent else { return nil }
            return expectation(of: reply, place)
        case .undo(let reply): return expectation(of: reply, place, durable, message.register)
        case .heartbeat, .hello, .confirm, .refund, .failed: return nil
        }
    }

    private var hasTimeFaults: Bool {
        options[.jumpAhead] > 0 || options[.jumpBack] > 0 || options[.frozenMachine] > 0 || options[.pause] > 0
    }

    private func expectation(of reply: PaymentReply, _ place: Int) -> Expectation? {
        let facts = payments[place]
        let isEarly = now - facts.begunAt < 40_000 && !hasTimeFaults
        switch reply.state {
        case .paid(let paid):
            guard paid.amount.fen == facts.amount else {
                return Expectation(place: place, allowed: .revoke, needsAlarm: true, words: "another amount was paid")
            }
            return isEarly ? Expectation(place: place, allowed: .paid, words: "a success came in time") : nil
        case .declined:
            return isEarly ? Expectation(place: place, allowed: .declined, words: "a decline came in time") : nil
        case .refused:
            guard reply.cloud == facts.home else { return nil }
            return Expectation(place: place, allowed: .unsent, words: "the paying cloud refused")
        case .conflict:
            return Expectation(place: place, allowed: .revoke, needsAlarm: true, words: "a cloud saw a conflict")
        case .revoking, .revoked:
            return Expectation(place: place, allowed: .revoke, words: "a cloud is undoing")
        case .pending, .unknown: return nil
        }
    }

    private func expectation(
        of reply: UndoReply,
        _ place: Int,
        _ durable: JournalKind,
        _ register: Int
    ) -> Expectation? {
        let isOpen = durable == .revoke || durable == .duty || durable == .released
        switch reply.state {
        case .revoked:
            return isOpen ? Expectation(place: place, allowed: .final, words: "a cloud said FINAL") : nil
        case .duty:
            guard durable == .revoke, lanes[register].dutyOrReleased < 3 else { return nil }
            return Expectation(place: place, allowed: .duty, words: "a cloud said DUTY")
        case .confirmed(let kept):
            guard isOpen || durable == .final || durable == .declined, !payments[place].isClosed else { return nil }
            let next: JournalKind? = isOpen && kept ? .final : nil
            return Expectation(place: place, allowed: next, needsAlarm: true, words: "a cloud refused the undo")
        case .stuck:
            guard isOpen, payments[place].stuckLife != registers[register].life else { return nil }
            return Expectation(place: place, allowed: nil, needsAlarm: true, words: "an undo is stuck")
        case .revoking: return nil
        }
    }

    // MARK: - Calls of the register

    func expectation(of call: RegisterCall, _ register: Int) -> Expectation? {
        switch call {
        case .cancel(let sale): return newest(sale, from: .intent, to: .revoke, "the cashier stopped")
        case .acknowledge(let sale): return newest(sale, from: .paid, to: .acked, "the register acknowledged")
        case .disown(let sale): return newest(sale, from: .paid, to: .revoke, "the register disowned")
        case .release(let code, _):
            guard code == Supervisor.code, registers[register].knowsSupervisors, !registers[register].laneIsRed,
                now >= registers[register].releaseLockedUntil,
                // An attempt of which the disk has lost a record may be the one that blocks the lane.
                !registers[register].open.contains(where: { payments[$0].isExempt })
            else { return nil }
            if let paid = registers[register].open.first(where: { payments[$0].durable == .paid }) {
                return Expectation(place: paid, allowed: .revoke, words: "a supervisor released a paid sale")
            }
            guard !hasTimeFaults,
                lanes[register].dutyOrReleased < 3,
                let place = registers[register].open.first(where: { payments[$0].durable == .revoke }),
                now - payments[place].revokedAt > 130_000,
                payments[place].revokeLife == registers[register].life
            else { return nil }
            return Expectation(place: place, allowed: .released, words: "a supervisor released the lane")
        case .pay, .status, .refund, .refundStatus, .laneStatus: return nil
        }
    }

    private func newest(
        _ reference: SaleReference,
        from: JournalKind,
        to next: JournalKind,
        _ words: StaticString
    ) -> Expectation? {
        guard let sale = Simulation.sale(of: reference.bytes[...]), let place = sales[sale].attempts.last,
            payments[place].durable == from, !payments[place].isExempt
        else { return nil }
        return Expectation(place: place, allowed: next, words: words)
    }

    // MARK: - Judging

    mutating func check(_ expectation: Expectation, alarmsBefore: Int) {
        let place = expectation.place
        guard !payments[place].isExempt else { return }
        if let allowed = expectation.allowed, payments[place].durable != allowed {
            violation(
                .transition,
                place,
                "\(expectation.words), and \(name(place)) is \(payments[place].durable), not \(allowed)"
            )
        }
        if expectation.needsAlarm, alarms == alarmsBefore {
            violation(.told, place, "\(expectation.words) for \(name(place)), and nobody was told")
        }
    }

    /// L2 for whoever asks: at once, or for a pay within 60 s.
    mutating func checkAnswered(_ call: RegisterCall, token: UInt64, register: Int) {
        guard !answered.contains(token) else { return }
        switch call {
        case .pay: registers[register].owed.append(SimulatedRegister.Owed(token: token, at: now))
        case .refund: break
        case .status, .acknowledge, .disown, .cancel, .release, .refundStatus, .laneStatus:
            violation(.answerInTime, nil, "register \(register) got no answer to \(call.word)")
        }
    }

    /// What an earlier life left undecided is decided when nobody has asked for it some seconds after the start.
    mutating func checkLeftOver(_ register: Int) {
        let limit = registers[register].startedAt + times.reattachAfterRestart + 1_000
        guard now > limit, !registers[register].wasAsked, !registers[register].laneIsRed, !hasTimeFaults,
            let place = registers[register].open.first(where: { payments[$0].durable == .intent }),
            payments[place].life != registers[register].life, !payments[place].isExempt
        else { return }
        violation(.transition, place, "\(name(place)) is undecided \(now - limit) ms after a start, and nobody asks")
    }

    /// Calls to pay that have waited too long.
    mutating func checkOwed(_ register: Int) {
        guard let first = registers[register].owed.first, now - first.at > 60_000 else { return }
        if registers[register].stoppedUntil < first.at {
            violation(.answerInTime, nil, "register \(register) has owed an answer for \(now - first.at) ms")
        }
        registers[register].owed.removeFirst()
    }
}

extension RegisterCall {
    var word: String {
        switch self {
        case .pay: "pay"
        case .status: "status"
        case .acknowledge: "acknowledge"
        case .disown: "disown"
        case .cancel: "cancel"
        case .release: "release"
        case .refund: "refund"
        case .refundStatus: "refund status"
        case .laneStatus: "lane status"
        }
    }
}
