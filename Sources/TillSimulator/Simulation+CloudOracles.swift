// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// The promises at the clouds and at the wallets' ledger.
extension Simulation {
    // MARK: - Rows

    mutating func checkCommit(
        _ commit: CloudCommit,
        from before: CloudPayment?,
        to after: CloudPayment,
        _ cloud: Int,
        _ place: Int
    ) {
        // S10: every change follows the one before it.
        if after.record.version != (before?.record.version ?? 0) + 1 || commit.from != before?.state ?? .none {
            violation(.audit, place, "\(clouds[cloud].name) overwrites a change of \(name(place)) that it has not seen")
        }
        if let before, before.intent != after.intent { violation(.fixedData, place, "\(name(place))'s data changed") }
        let undone = commit.from == .revoking || commit.from == .revoked || commit.from == .stuck
        if undone, commit.to == .paid {
            violation(.oneWayDoor, place, "\(name(place)) became paid at \(clouds[cloud].name) after a revoke")
        }
        if commit.to == .sending { checkClaim(after, cloud, place) }
        if commit.to == .revoking, commit.from != .revoking { checkUndoBegins(commit, after, cloud, place) }
        if commit.to == .revoked, commit.from != .revoked { checkRevoked(cloud, place) }
        if commit.from == .none, commit.cause == .revoke, after.record.unsent {
            checkPromotion(after, cloud, place, "calls it unsent")
        }
    }

    private mutating func checkClaim(_ after: CloudPayment, _ cloud: Int, _ place: Int) {
        if after.home != clouds[cloud].name {
            violation(.onePayer, place, "\(clouds[cloud].name) claims \(name(place)), which it does not pay")
        }
        if trueTime >= after.intent.startedAt + times.payDeadline {
            violation(.deadline, place, "\(clouds[cloud].name) claims \(name(place)) after D")
        }
        checkPromotion(after, cloud, place, "claims it")
        if payments[place].payWrites > 0 { violation(.onePayer, place, "\(name(place)) is claimed again") }
    }

    /// M-promo: where t0 is not clearly later than the promotion, a missing row proves nothing.
    private mutating func checkPromotion(_ after: CloudPayment, _ cloud: Int, _ place: Int, _ deed: String) {
        guard let promoted = clouds[cloud].promotedAt else { return }
        let safe = promoted + Simulation.epochStart + times.futureMargin + 2 * times.clockError
        if after.intent.startedAt.milliseconds <= safe {
            violation(
                .promotion,
                place,
                "\(clouds[cloud].name) has no row of \(name(place)) since its promotion, and \(deed)"
            )
        }
    }

    private mutating func checkUndoBegins(_ commit: CloudCommit, _ after: CloudPayment, _ cloud: Int, _ place: Int) {
        if commit.from == .confirmed {
            violation(.noUndoAfterHandOver, place, "\(clouds[cloud].name) undoes the confirmed \(name(place))")
        }
        if commit.cause == .personRevokes, payments[place].undoOrdered {
            // From here on it has a refund's authority over the money, and over nothing else: what is called final must
            // be so.
            payments[place].orderStored = true
            payments[place].authorised = payments[place].amount
            return
        }
        guard !payments[place].isExempt else { return }
        switch payments[place].durable {
        case .revoke, .duty, .released, .final, .declined: break
        default:
            violation(
                .noUndoAfterHandOver,
                place,
                "\(clouds[cloud].name) undoes \(name(place)) and nobody asked for it"
            )
        }
    }

    private mutating func checkRevoked(_ cloud: Int, _ place: Int) {
        let held = wallet.held(place)
        if held != 0, !payments[place].isExempt {
            violation(
                .agreement,
                place,
                "\(clouds[cloud].name) calls \(name(place)) final, and the wallet holds \(held)"
            )
        }
    }

    /// A cloud says nothing that its row does not say.
    mutating func checkAnswer(_ answer: CloudAnswer, _ cloud: Int, _ place: Int, _ message: Message, isTold: Bool) {
        // An answer that was held back while a failover lost its row. It promises nothing yet.
        let mayHaveLost = clouds[cloud].promotedAt != nil && options[.failoverWithLoss] > 0
        if case .undo(.revoking) = answer, mayHaveLost { return }
        guard let payment = clouds[cloud].rows[place].payment else {
            switch answer {
            case .payment(.refused), .payment(.declined), .undo, .confirm:
                violation(
                    .writeAhead,
                    place,
                    "\(clouds[cloud].name) answers \(answer.word) without a row of \(name(place))"
                )
            default: break
            }
            return
        }
        let state = payment.state
        let fits: Bool
        switch answer {
        case .payment(.paid): fits = isTold || state == .paid || state == .confirmed
        case .payment(.declined): fits = state == .declined
        case .payment(.refused): fits = state == .tomb && payment.record.unsent
        case .payment(.revoked), .undo(.revoked): fits = state == .revoked
        case .undo(.revoking): fits = state == .revoking
        case .undo(.duty): fits = state == .revoking || state == .stuck
        case .undo(.confirmed), .confirm(.confirmed): fits = state == .confirmed
        default: fits = true
        }
        if !fits {
            violation(.writeAhead, place, "\(clouds[cloud].name) answers \(answer.word) for \(name(place)) at \(state)")
        }
        if case .payment(.paid) = answer, payment.record.revokeReason != nil, !isTold {
            violation(.oneWayDoor, place, "\(clouds[cloud].name) answers paid for \(name(place)) after a revoke")
        }
    }

    /// A request arrives at the cloud that it names, and at no other.
    mutating func checkHome(_ message: Message) {
        guard let named = message.call.cloud, index(named) != message.arrivesAt else { return }
        violation(
            .home,
            message.place,
            "a \(message.call.word) for \(named) was taken to \(clouds[message.arrivesAt].name)"
        )
    }

    // MARK: - Calls to the wallets

    mutating func checkPayWritten(_ cloud: Int, _ place: Int) {
        payments[place].payWrites += 1
        if payments[place].payWrites > 1 { violation(.onePayer, place, "pay for \(name(place)) was written twice") }
        if payments[place].home != clouds[cloud].name {
            violation(
                .onePayer,
                place,
                "pay for \(name(place)) was written by \(clouds[cloud].name), which does not pay it"
            )
        }
        if payments[place].isClaimUnknown {
            violation(
                .onePayer,
                place,
                "pay for \(name(place)) was written, and nobody knows whether the claim was stored"
            )
        }
        guard let deadline = payments[place].intent.map({ $0.startedAt + times.payDeadline }) else { return }
        // A frozen machine does not know better; the wallet's own limit (W3) bounds it.
        if trueTime >= deadline + times.clockError, clouds[cloud].frozenUntil < now - 3_000 {
            violation(.deadline, place, "pay for \(name(place)) was written after D")
        }
    }

    mutating func checkErrand(_ errand: Errand) {
        guard let intent = payments[errand.place].intent else { return }
        if errand.order.amount != intent.amount || errand.order.nonce != intent.nonce {
            violation(
                .fixedData,
                errand.place,
                "a wallet call for \(name(errand.place)) has other data than its intent"
            )
        }
    }

    /// S11: a stranger's trade is never touched.
    mutating func checkUndo(_ errand: Errand) {
        if wallet[errand.place]?.isStranger == true {
            violation(.rightMoney, errand.place, "an undo of \(name(errand.place)) meets a stranger's trade")
        }
    }

    /// M-idem: the undo's refund has one number, for ever.
    mutating func checkRefundNumber(_ place: Int, counter: Int) {
        // From 1 to 99 are refunds by authority; only the planted bug goes beyond them.
        guard counter == 0 || counter > 99 else { return }
        if let known = payments[place].undoCounter, known != counter {
            violation(.undoneOnce, place, "the undo of \(name(place)) refunds under another number")
        }
        payments[place].undoCounter = counter
    }

    // MARK: - The ledger

    mutating func afterLedger(_ place: Int, heldBefore: Int64) {
        let held = wallet.held(place)
        if wallet.shoppers + wallet.merchant != 0 { violation(.ledger, place, "the books do not balance") }
        guard held != heldBefore else { return }
        if held < 0 { violation(.undoneOnce, place, "more was given back for \(name(place)) than was paid") }
        if held > heldBefore {
            checkBooked(place)
        } else {
            let facts = payments[place]
            let stands = facts.toldPaid && !facts.disowned || facts.durable == .acked
            if stands, !facts.isExempt, held < facts.amount - facts.authorised {
                violation(.agreement, place, "\(name(place)) was told paid, and its money went back")
            }
        }
    }

    /// S1 and S2: money came. That it would be found and returned later does not count: repair is for wallets that
    /// break their word.
    private mutating func checkBooked(_ place: Int) {
        let facts = payments[place]
        guard !facts.isExempt else { return }
        switch facts.durable {
        case .final, .unsent, .declined:
            violation(.agreement, place, "\(name(place)) was booked after the plug-in called it \(facts.durable)")
        default: break
        }
        for cloud in clouds.indices where place < clouds[cloud].rows.count {
            guard let payment = clouds[cloud].rows[place].payment else { continue }
            let isNever = payment.state == .tomb && payment.record.unsent
            if payment.state == .revoked || payment.state == .declined || isNever {
                violation(
                    .agreement,
                    place,
                    "\(name(place)) was booked after \(clouds[cloud].name) called it \(payment.state)"
                )
            }
        }
        var sum: Int64 = 0
        for attempt in sales[facts.sale].attempts where payments[attempt].isStanding && !payments[attempt].isExempt {
            sum += wallet.held(attempt)
        }
        if sum > facts.amount {
            violation(.noDoubleCharge, place, "sale \(facts.sale) was charged \(sum) of \(facts.amount)")
        }
    }
}
