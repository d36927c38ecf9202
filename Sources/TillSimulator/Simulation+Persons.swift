// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// The persons who work for a cloud: those whom it calls or who look at its problem board, and a back office that acts
/// unasked.
extension Simulation {
    // MARK: - Pages and the board

    mutating func raise(_ alarm: CloudAlarm, _ cloud: Int, _ place: Int) {
        mix(UInt64(alarm.rawValue) + 1)
        if traces { tell(place, "\(clouds[cloud].name) raises \(alarm)") }
        switch alarm {
        case .stuck, .aged, .unprovenConfirm, .moneyAfterFinal, .paidAfterDecline, .paidAfterRefusal, .refundFailed,
            .refundAfterFailure:
            payments[place].wasPaged = true
            call(cloud, place, alarm, after: 20_000 + worldSpan(400_000))
        case .otherData, .tradeDiffers, .foreignTrade, .contradiction, .revokeOfConfirmed, .lateRevoke,
            .sequenceReused, .merchantConfiguration:
            break
        }
    }

    /// Somebody takes the payment up, unless somebody has already: however often a cloud pages for it.
    private mutating func call(_ cloud: Int, _ place: Int, _ alarm: CloudAlarm, after span: Int64) {
        guard !clouds[cloud].rows[place].hasPerson else { return }
        clouds[cloud].rows[place].hasPerson = true
        plan(.person(cloud, place: place, alarm), after: span)
    }

    /// The problem board shows what is stored, so a page that was lost with its process is found there. As in
    /// `tillbridge admin payments --open` it is every row that waits for persons, in whatever state.
    mutating func lookAtBoard() {
        plan(.board, after: 600_000)
        for cloud in clouds.indices where !clouds[cloud].isDead {
            for place in clouds[cloud].rows.indices where clouds[cloud].rows[place].isQueued {
                payments[place].wasPaged = true
                call(cloud, place, .aged, after: 10_000 + worldSpan(200_000))
            }
        }
    }

    /// Somebody looks at the problem board, at the register's paper log and at the wallet's own console.
    mutating func personActs(_ cloud: Int, place: Int, _ alarm: CloudAlarm) {
        clouds[cloud].rows[place].hasPerson = false
        guard takesDecisions(cloud) else {
            guard !clouds[cloud].isDead else { return }
            return call(cloud, place, alarm, after: 60_000)
        }
        guard let payment = clouds[cloud].rows[place].payment, let decision = decide(payment, cloud, place) else {
            return
        }
        // Now and then one tries it alone.
        let persons =
            worldSpan(6) == 0
            ? CloudPersons(first: [65], evidence: [69]) : CloudPersons(first: [65], second: [66], evidence: [69])
        let isRefused = !persons.areTwo
        let isRunning = payment.state == .stuck && payment.display != .revokeFailed
        if !isRefused, !isRunning { noteDecision(decision, place) }
        handle(.person(decision, persons), cloud, place, payment.intent, payment.home, nil)
        if isRefused {
            call(cloud, place, alarm, after: 30_000)
        } else if payment.state == .stuck, rare(.stubborn) {
            call(cloud, place, alarm, after: 1_000 + rareSpan(20_000))
        }
    }

    private func takesDecisions(_ cloud: Int) -> Bool {
        clouds[cloud].isUp && clouds[cloud].stoppedUntil <= now && clouds[cloud].databaseDownUntil <= now
            && clouds[cloud].readOnlyUntil <= now
    }

    private mutating func decide(_ payment: CloudPayment, _ cloud: Int, _ place: Int) -> CloudPersonDecision? {
        let tookTender =
            payments[place].durable == .acked
            || sales[payments[place].sale].taken == place && !payments[place].disowned
        switch payment.state {
        case .paid:
            guard payment.record.queued else { return .asks }
            if tookTender || payments[place].toldPaid && !payments[place].disowned { return .confirms }
            // The register will have its undo; persons give back only what nobody will ask for.
            guard payments[place].forgotten else { return .asks }
            return place.isMultiple(of: 2) ? .refunds(refundByPersons(place)) : .revokes
        case .stuck:
            // Two who have not looked, or have looked at another payment.
            if rare(.backOffice) {
                payments[place].decidedByPersons = true
                return rareSpan(2) == 0 ? .keeps : .solved
            }
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
            if payment.record.isUnproven {
                // The paying cloud is thought to be gone, and the goods come back.
                if rare(.backOffice) {
                    plan(.backOffice(cloud, place: place, isRefund: true), after: rareDelay(upTo: 60_000))
                    return .adopts
                }
                return tookTender ? .confirms : .asks
            }
            return worldSpan(2) == 0 ? .adopts : nil
        case .declined, .tomb: return payments[place].durable == .acked ? .confirms : .asks
        case .unknown, .revoking, .revoked, .sending: return .asks
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
        // Who adopts does not know what the other cloud has given back under the same authority.
        case .keeps, .adopts: payments[place].decidedByPersons = true
        case .revokes: payments[place].undoOrdered = true
        case .confirms, .solved, .asks: break
        }
    }
    // MARK: - The back office

    /// Somebody decides about a payment without being asked: right, wrong, too late, or at the wrong cloud.
    mutating func backOfficeActs(_ cloud: Int, place: Int, isRefund: Bool) {
        guard faultsOn, takesDecisions(cloud), place < clouds[cloud].rows.count,
            let payment = clouds[cloud].rows[place].payment
        else { return }
        if isRefund { return refundUnasked(payment, cloud, place) }
        var decision: CloudPersonDecision
        switch rareSpan(9) {
        case 0, 1: return refundUnasked(payment, cloud, place)
        case 2: decision = .refunds(anyRefund(payment, place))
        case 3: decision = .confirms
        case 4: decision = .keeps
        case 5: decision = .solved
        case 6: decision = .adopts
        case 7: decision = .revokes
        default: decision = .asks
        }
        // Most of them have looked at the state at least.
        if rareSpan(4) > 0 {
            switch payment.state {
            case .paid:
                switch rareSpan(4) {
                case 0: decision = .confirms
                case 1: decision = .revokes
                default: decision = .refunds(anyRefund(payment, place))
                }
            case .sending, .unknown: decision = .revokes
            case .declined, .tomb: decision = .confirms
            case .stuck: decision = rareSpan(2) == 0 ? .keeps : .solved
            case .confirmed where payment.record.isUnproven: decision = .adopts
            default: break
            }
        }
        if decision == .adopts {
            plan(.backOffice(cloud, place: place, isRefund: true), after: rareDelay(upTo: 10_000))
        }
        if case .refunds(let request) = decision { noteAuthority(request.amount.fen, place) }
        if decision == .revokes {
            payments[place].undoOrdered = true
            // Too early the cloud refuses; whoever wants it done tries again.
            plan(.backOffice(cloud, place: place, isRefund: false), after: 60_000 + rareSpan(340_000))
        }
        noteUnasked(decision, payment, cloud, place)
        let persons =
            decision == .revokes
            ? CloudPersons(first: [67], evidence: [69]) : CloudPersons(first: [67], second: [68], evidence: [])
        handle(.person(decision, persons), cloud, place, payment.intent, payment.home, nil)
    }

    /// Whoever decides about money unasked answers for it from then on. While a decision is being stored slowly, the row
    /// may become one that it fits.
    private mutating func noteUnasked(
        _ decision: CloudPersonDecision,
        _ payment: CloudPayment,
        _ cloud: Int,
        _ place: Int
    ) {
        let fits =
            switch decision {
            case .confirms:
                payment.state == .paid || payment.state == .declined || payment.state == .tomb
                    || payment.record.isUnproven
            case .refunds: payment.state == .paid
            case .keeps, .solved: payment.state == .stuck
            case .adopts: true
            case .asks, .revokes: false
            }
        if fits || clouds[cloud].slowUntil > now { payments[place].decidedByPersons = true }
    }

    private mutating func refundUnasked(_ payment: CloudPayment, _ cloud: Int, _ place: Int) {
        let request = anyRefund(payment, place)
        let isAuthorised = rareSpan(8) > 0
        if isAuthorised { noteAuthority(request.amount.fen, place) }
        handle(.refund(request, authorised: isAuthorised), cloud, place, payment.intent, payment.home, nil)
    }

    /// All, a part, nothing or too much, under one of two references.
    private mutating func anyRefund(_ payment: CloudPayment, _ place: Int) -> CloudRefundRequest {
        let paid = payments[place].amount
        let amount =
            switch rareSpan(4) {
            case 0: paid + 1
            case 1: Int64(0)
            case 2: 1 + rareSpan(paid)
            default: paid
            }
        return CloudRefundRequest(
            reference: [79, 48 + UInt8(rareSpan(2))] + Decimal.text(Int64(place)),
            amount: Money(fen: amount),
            reason: [],
            operatorName: [67]
        )
    }

    /// Most of them while the sale is made.
    mutating func officeDelay() -> Int64 { rareDelay(upTo: rareSpan(3) > 0 ? 10_000 : 4_000_000) }

    private mutating func noteAuthority(_ amount: Int64, _ place: Int) {
        payments[place].authorised = min(payments[place].amount, payments[place].authorised + amount)
    }
}
