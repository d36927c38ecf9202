// Part of Tillbridge. See LICENSE.
import TillDomain

extension PluginLane {
    /// Answers the call that caused this event, and the call that has been waiting for the attempt's outcome.
    mutating func tell(_ action: LaneActionKind, at position: Int?, _ occasion: Occasion, now: Int64) {
        guard let position else {
            tellFree(action, occasion, now: now)
            return
        }
        let current = answer(at: position, now: now)
        switch action {
        case .answerWaiting:
            if let token = occasion.token { effects.append(.answer(token: token, .sale(current))) }
            return
        case .answerBusy, .answerUnacknowledged:
            tellBlocked(by: current, action, occasion)
            return
        case .answerReleased:
            if let token = occasion.token { effects.append(.answer(token: token, .released(current))) }
        default:
            if let token = occasion.token { effects.append(.answer(token: token, .sale(current))) }
        }
        if let waiting = attempts[position].token, waiting != occasion.token {
            effects.append(.answer(token: waiting, .sale(current)))
        }
        if action == .answerPaid { attempts[position].paidToken = occasion.token ?? attempts[position].token }
        attempts[position].token = nil
    }

    /// A new payment that does not start.
    private mutating func tellFree(_ action: LaneActionKind, _ occasion: Occasion, now: Int64) {
        guard let token = occasion.token, let sale = occasion.sale else { return }
        var answer = SaleAnswer(
            outcome: action == .answerDeclined ? .declined : .unavailable,
            saleReference: sale.saleReference,
            amount: sale.amount,
            lane: light
        )
        answer.reason = occasion.refusal
        if action != .answerDeclined { answer.retryAfterSeconds = 3 }
        effects.append(.answer(token: token, .sale(answer)))
    }

    /// Another sale is in the way: its own facts, under the name of the sale that was asked for.
    private mutating func tellBlocked(by blocking: SaleAnswer, _ action: LaneActionKind, _ occasion: Occasion) {
        guard let token = occasion.token, let sale = occasion.sale else { return }
        var answer = blocking
        answer.outcome = action == .answerBusy ? .busy : .unacknowledged
        answer.blockedBy = blocking.saleReference
        answer.saleReference = sale.saleReference
        answer.amount = sale.amount
        if action == .answerBusy {
            answer.retryAfterSeconds = max(1, blocking.retryAfterSeconds ?? blocking.decidesInSeconds ?? 1)
        }
        effects.append(.answer(token: token, .sale(answer)))
    }

    mutating func refuse(at position: Int, token: UInt64, now: Int64) {
        let refusal: RegisterRefusal
        if attempts[position].state == .revoke {
            let left = max(0, times.releaseAfter - lockedFor(at: position, now: now))
            refusal = .notReleasable(afterSeconds: (left + 999) / 1000)
        } else {
            refusal = .wrongState
        }
        effects.append(.answer(token: token, .refused(refusal, answer(at: position, now: now))))
    }

    /// What the register is told of an attempt in its present state.
    func answer(at position: Int, now: Int64) -> SaleAnswer {
        var answer = SaleAnswer(
            outcome: .waiting,
            saleReference: attempts[position].intent.saleReference,
            amount: attempts[position].intent.amount,
            lane: light
        )
        answer.orderNumber = attempts[position].intent.orderNumber
        answer.reason = attempts[position].reason
        switch attempts[position].state {
        case .free, .intent:
            answer.waitingFor = attempts[position].waitingFor ?? .wallet
            if let decidesAt = decisionMoment(at: position, now: now) {
                answer.decidesInSeconds = max(0, (decidesAt - now + 999) / 1000)
            }
        case .paid, .acked:
            answer.outcome = .paid
            answer.reason = nil
            answer.wallet = attempts[position].paid?.wallet
            answer.transaction = attempts[position].paid?.transaction
            answer.payer = attempts[position].paid?.payer ?? []
        case .declined: answer.outcome = .declined
        case .unsent: answer.outcome = .unavailable
        case .revoke, .duty, .released:
            answer.outcome = .cancelled
            answer.retryAfterSeconds =
                attempts[position].state == .revoke ? max(1, attempts[position].nextSeconds ?? 5) : nil
        case .final:
            answer.outcome = .cancelled
            answer.isFinal = attempts[position].kind != .kept
        }
        return answer
    }

    /// What the register is told of a sale that has ended for good.
    func answer(for ended: EndedSale, sale: SaleReference, now: Int64) -> SaleAnswer {
        let outcome: SaleOutcome
        switch ended.state {
        case .acked: outcome = .paid
        case .declined: outcome = .declined
        case .unsent: outcome = .unavailable
        default: outcome = .cancelled
        }
        var answer = SaleAnswer(outcome: outcome, saleReference: sale, amount: ended.amount, lane: light)
        answer.orderNumber = OrderNumber(
            installation: settings.installation,
            register: settings.register,
            epoch: ended.epoch,
            sequence: UInt64(ended.sequence)
        )
        answer.wallet = ended.wallet
        answer.transaction = ended.transaction
        answer.reason = ended.reason
        answer.isFinal = ended.state == .final
        return answer
    }

    /// The busy and unacknowledged answers are about the attempt in the way.
    var light: LaneLight {
        if red != nil { return .red }
        guard let blocking = blockingPosition else { return .free }
        switch attempts[blocking].state {
        case .paid: return .unacknowledged
        case .revoke: return .revoking
        default: return .waiting
        }
    }

    func laneStatus(now: Int64) -> LaneStatus {
        let reason = unavailability(now: now)
        return LaneStatus(
            light: light,
            available: reason == nil && blockingPosition == nil,
            unavailableReason: reason,
            wallets: wallets(now: now),
            journalIndex: journal.index,
            secondsSinceContact: link.contactAt.map { (now - $0) / 1000 },
            blockingSale: blockingPosition.map { answer(at: $0, now: now) },
            openAttempts: attempts.count,
            dutyOrReleased: dutyCount
        )
    }

    /// The wallets that are on at this moment, in the order of the table.
    private func wallets(now: Int64) -> [Wallet] {
        guard let routing = link.routing else { return [] }
        let moment = link.cloudTime(now: now) ?? .unknown
        var wallets: [Wallet] = []
        for rule in routing.rules where rule.enabled && rule.isEffective(at: moment) {
            if !link.dark.contains(rule.wallet), !wallets.contains(rule.wallet) { wallets.append(rule.wallet) }
        }
        return wallets
    }
}
