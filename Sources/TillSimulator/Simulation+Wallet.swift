// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// Calls to the wallets: out, what the wallet does, and back.
extension Simulation {
    private static let callTimeout: Int64 = 5_000

    // MARK: - Pay

    /// The claim is stored: the request is signed and then written once.
    mutating func claimed(_ call: CloudPayCall, _ cloud: Int, _ place: Int) {
        clouds[cloud].rows[place].payCall = call
        if bug == .sendingResumed { clouds[cloud].rows[place].resumable = call }
        // Between claim and write a process may be stopped for as long as it pleases the machine.
        if options[.pause] > 0, faultsOn, draw(.pause, 250) == 0 {
            note(.pause, place)
            clouds[cloud].stoppedUntil = max(clouds[cloud].stoppedUntil, now + 1_000 + draw(.pause, 60_000))
        }
        if violationIfClaimUnknown == place { payments[place].isClaimUnknown = true }
        violationIfClaimUnknown = nil
        let wait = rare(.starvedSender) ? rareSpan(12_000) : 0
        plan(.writePay(cloud, life: clouds[cloud].life, place: place), after: 1 + worldSpan(4) + wait)
    }

    mutating func writePay(_ cloud: Int, life: Int, place: Int) {
        guard clouds[cloud].life == life, clouds[cloud].isUp else { return }
        guard clouds[cloud].stoppedUntil <= now else {
            return queue.add(.writePay(cloud, life: life, place: place), at: clouds[cloud].stoppedUntil)
        }
        guard var call = clouds[cloud].rows[place].payCall, let intent = payments[place].intent else { return }
        let moment = cloudTime(cloud)
        var may = clouds[cloud].isClockTrusted && call.mayWrite(at: moment)
        clouds[cloud].rows[place].payCall = nil
        if bug == .deadlineNotBeforeWrite { may = true }
        guard may else {
            return handle(.payUnwritten(.late), cloud, place, intent, payments[place].home, nil)
        }
        let link = Links.wallet(from: cloud)
        if links.out[link] > now, worldSpan(2) == 0 {
            return handle(.payUnwritten(.noConnection), cloud, place, intent, payments[place].home, nil)
        }
        checkPayWritten(cloud, place)
        if traces { tell(place, "\(clouds[cloud].name) writes pay") }
        let errand = makeErrand(.pay(call), cloud, place, intent, payments[place].home)
        if links.out[link] > now || chance(.loss, place) {
            return plan(.fromWallet(errand), after: times.walletPayTimeout)
        }
        takePay(errand)
    }

    // Mutating, because it would have the whole simulation copied to it otherwise.
    private mutating func makeErrand(
        _ kind: Errand.Kind,
        _ cloud: Int,
        _ place: Int,
        _ intent: Intent,
        _ home: CloudName
    ) -> Errand {
        Errand(
            kind: kind,
            cloud: cloud,
            life: clouds[cloud].life,
            place: place,
            order: WalletOrder(intent),
            wallet: wallet(place) ?? .alipay,
            intent: intent,
            home: home
        )
    }

    /// The request is at the wallet's door.
    private mutating func takePay(_ errand: Errand) {
        let place = errand.place
        var manner = ReferenceWallet.Manner()
        let begun = payments[place].begunAt
        if chance(.queryLag, place) { manner.lag = draw(.queryLag, 20_000) }
        if errand.wallet == .weChatPay, chance(.autoClose, place) { manner.closesAt = now + 45_000 }
        if chance(.offlineCode, place) { manner.offline = true }
        if rare(.failedOrder) { manner.failure = rareSpan(2) == 0 ? .untilClosed : .forGood }
        var span = 20 + worldSpan(180)
        if rare(.slowAnswer) { span = max(span, rareSpan(5_000)) }
        if chance(.latePay, place) {
            // In flight for long, but not beyond F.
            let latest = max(1, begun + times.firstPayBound - 1_500 - now)
            plan(.fromWallet(errand), after: times.walletPayTimeout)
            return plan(.executePay(errand, manner, answered: false), after: 1 + draw(.latePay, latest))
        }
        plan(.executePay(errand, manner, answered: true), after: span)
    }

    mutating func executePay(_ errand: Errand, manner: ReferenceWallet.Manner, answered: Bool) {
        let place = errand.place
        var manner = manner
        // From F + 5 s on a query is truthful (W4), however late the call was executed.
        manner.lag = min(manner.lag, max(0, payments[place].begunAt + times.firstPayBound + 4_000 - now))
        // A definite error code is true, or the money can be seen at once (W5).
        let pays = payments[place].code.shopper == .pays
        let failsThoughPaid = answered && pays && chance(.failThoughPaid, place)
        if failsThoughPaid { manner.lag = 0 }
        let isUnsure = answered && !failsThoughPaid && chance(.errorThoughPaid, place)
        if isUnsure, draw(.errorThoughPaid, 3) == 0 {
            // An error of the wallet's own, and nothing was done.
            return answer(errand, .payOutcome(.unknown(unsure())))
        }
        let held = wallet.held(place)
        var outcome = pay(errand, manner)
        // The request comes twice, and the caller hears of the second.
        if answered, chance(.duplicate, place) { outcome = pay(errand, manner) }
        if traces { tell(place, "the wallet: pay \(outcome.word), it holds \(wallet.held(place))") }
        afterLedger(place, heldBefore: held)
        planWalletChange(place)
        if case .declined = outcome { mayBreakWord(place, within: 200_000) }
        if case .paid = outcome, options.variedShoppers, worldSpan(8) == 0 { notice(place) }
        guard answered else { return }
        if isUnsure {
            answer(errand, .payOutcome(.unknown(unsure())))
        } else if failsThoughPaid {
            answer(errand, .payOutcome(.declined(draw(.failThoughPaid, 2) == 0 ? .risk : .codeInvalid)))
        } else {
            answer(errand, .payOutcome(outcome))
        }
    }

    private mutating func unsure() -> UnknownCause {
        switch draw(.errorThoughPaid, 3) {
        case 0: .walletUnsure
        case 1: .unlistedCode
        default: .malformed
        }
    }

    private mutating func pay(_ errand: Errand, _ manner: ReferenceWallet.Manner) -> PayOutcome {
        let place = errand.place
        return wallet.pay(
            errand.order,
            code: payments[place].code,
            wallet: errand.wallet,
            at: place,
            until: payments[place].begunAt + times.firstPayBound,
            manner: manner,
            now: now
        )
    }

    // MARK: - Other calls

    mutating func send(_ kind: Errand.Kind, _ cloud: Int, _ place: Int, _ payment: CloudPayment) {
        let errand = makeErrand(kind, cloud, place, payment.intent, payment.home)
        checkErrand(errand)
        let link = Links.wallet(from: cloud)
        if links.out[link] > now || chance(.loss, place) {
            return plan(.fromWallet(errand), after: Simulation.callTimeout)
        }
        var span = 10 + worldSpan(60)
        if chance(.delay, place) { span += draw(.delay, 3_000) }
        plan(.atWallet(errand), after: span)
    }

    mutating func atWallet(_ errand: Errand) {
        let place = errand.place
        let held = wallet.held(place)
        let event: CloudEvent
        switch errand.kind {
        case .pay: return
        case .query(let query): event = .queryOutcome(wallet.query(at: place, wallet: errand.wallet, now: now), query)
        case .cancel:
            checkUndo(errand)
            event = .cancelOutcome(wallet.cancel(at: place, manner: cancelManner(errand), now: now))
            if case .cancelOutcome(.closed) = event { mayBreakWord(place, within: 100_000) }
        case .refund(let refund, let counter):
            checkUndo(errand)
            checkRefundNumber(place, counter: counter)
            let isStubborn = rare(.stubborn)
            if isStubborn, rareSpan(4) == 0 {
                event = .refundOutcome(.retry, counter: counter)
                break
            }
            let isOdd = chance(.refundFails, place)
            let slowly = isStubborn ? rareSpan(2) == 0 : isOdd && draw(.refundFails, 3) > 0
            event = .refundOutcome(
                wallet.refund(
                    refund,
                    counter: counter,
                    at: place,
                    pendingFor: slowly ? 1_000 + draw(.refundFails, 60_000) : nil,
                    willFail: isStubborn ? rareSpan(3) > 0 : isOdd && draw(.refundFails, 2) == 0,
                    hiddenFor: rare(.refundLag) ? rareSpan(20_000) : 0,
                    now: now
                ),
                counter: counter
            )
            planWalletChange(place)
        case .refundQuery(_, let counter):
            if rare(.stubborn), rareSpan(8) == 0 {
                event = .refundQueryOutcome(.unknown(.walletUnsure), counter: counter)
                break
            }
            event = .refundQueryOutcome(wallet.refundQuery(counter: counter, at: place, now: now), counter: counter)
        }
        if traces { tell(place, "the wallet: \(event.word), it holds \(wallet.held(place))") }
        afterLedger(place, heldBefore: held)
        answer(errand, event)
    }

    private mutating func cancelManner(_ errand: Errand) -> ReferenceWallet.CancelManner {
        let place = errand.place
        if errand.wallet == .weChatPay, let trade = wallet[place], now - trade.createdAt < 15_000,
            chance(.earlyReversal, place)
        {
            // Before its time: an error, or a success that is none.
            return draw(.earlyReversal, 2) == 0 ? .tooEarly : .hollow
        }
        if bug == .earlyReversalCounts, let trade = wallet[place], trade.paid > 0, now - trade.createdAt < 15_000,
            errand.wallet == .weChatPay
        {
            return .tooEarly
        }
        if chance(.hollowCancel, place) { return .hollow }
        if rare(.stubborn) { return .refused }
        // A wallet that refunds slowly is one that refuses reversals.
        if options[.refundFails] > 0, faultsOn, draw(.refundFails, 3) > 0 { return .refused }
        return .plain
    }

    private mutating func answer(_ errand: Errand, _ event: CloudEvent) {
        if links.back[Links.wallet(from: errand.cloud)] > now || chance(.replyLost, errand.place) {
            return plan(.fromWallet(errand), after: Simulation.callTimeout)
        }
        errand.outcome = event
        if options.forgeries > 0, faultsOn, worldSpan(1_000) < options.forgeries { errand.outcome = mumbled(event) }
        var span = 5 + worldSpan(50)
        if chance(.delay, errand.place) { span += draw(.delay, 4_000) }
        if rare(.slowAnswer) { span = max(span, rareSpan(Simulation.callTimeout - 500)) }
        plan(.fromWallet(errand), after: span)
    }

    /// Once in a while a wallet speaks of another amount. Nobody may take that for the payment (S11).
    private func mumbled(_ event: CloudEvent) -> CloudEvent {
        switch event {
        case .payOutcome(.paid(let trade)): .payOutcome(.paid(trade.with(amount: Money(fen: trade.amount.fen + 1))))
        case .queryOutcome(.paid(let trade), let query):
            .queryOutcome(.paid(trade.with(amount: Money(fen: trade.amount.fen + 1))), query)
        default: event
        }
    }

    mutating func fromWallet(_ errand: Errand) {
        let cloud = errand.cloud
        guard clouds[cloud].life == errand.life, clouds[cloud].isUp else { return }
        guard clouds[cloud].stoppedUntil <= now else {
            return queue.add(.fromWallet(errand), at: clouds[cloud].stoppedUntil)
        }
        // The outcome cannot be stored; the row's lease ends, and the sweep takes it up.
        guard clouds[cloud].databaseDownUntil <= now else { return sweep(cloud, errand.place) }
        handle(read(errand.outcome ?? errand.unanswered, errand), cloud, errand.place, errand.intent, errand.home, nil)
    }

    /// The adapter. A planted bug misreads here.
    private func read(_ event: CloudEvent, _ errand: Errand) -> CloudEvent {
        guard let bug else { return event }
        switch (bug, event) {
        case (.alreadyPaidIsPaid, .payOutcome(.unknown(.alreadyUsed))):
            guard let transaction = WalletTransactionID([49]) else { return event }
            return .payOutcome(
                .paid(
                    WalletTrade(
                        orderNumber: errand.order.number,
                        amount: errand.order.amount,
                        transaction: transaction,
                        nonce: errand.order.nonce,
                        payer: []
                    )
                )
            )
        case (.alreadyPaidIsDeclined, .payOutcome(.unknown(.alreadyUsed))): return .payOutcome(.declined(.codeUsed))
        case (.unknownCodeIsDeclined, .payOutcome(.unknown(.unlistedCode))),
            (.unknownCodeIsDeclined, .payOutcome(.unknown(.walletUnsure))):
            return .payOutcome(.declined(.risk))
        case (.amountNotCompared, .payOutcome(.paid(let trade))):
            return .payOutcome(.paid(trade.with(amount: errand.order.amount)))
        case (.amountNotCompared, .queryOutcome(.paid(let trade), let query)):
            return .queryOutcome(.paid(trade.with(amount: errand.order.amount)), query)
        case (.nonceNotCompared, .payOutcome(.paid(let trade))): return .payOutcome(.paid(trade.withoutNonce()))
        case (.nonceNotCompared, .queryOutcome(.paid(let trade), let query)):
            return .queryOutcome(.paid(trade.withoutNonce()), query)
        default: return event
        }
    }

    // MARK: - Time at the wallet

    mutating func planWalletChange(_ place: Int) {
        if let at = wallet.nextChange(place) { queue.add(.walletChanges(place), at: max(now + 1, at)) }
    }

    mutating func walletChanges(_ place: Int) {
        let held = wallet.held(place)
        wallet.settle(place, now: now)
        guard wallet.held(place) != held else { return }
        if traces { tell(place, "the wallet holds \(wallet.held(place))") }
        afterLedger(place, heldBefore: held)
        if worldSpan(3) == 0 { notice(place) }
    }

    /// The wallet's own message. It triggers a query and nothing else.
    private mutating func notice(_ place: Int) {
        guard let intent = payments[place].intent else { return }
        for cloud in clouds.indices {
            guard clouds[cloud].isUp, clouds[cloud].stoppedUntil <= now, clouds[cloud].databaseDownUntil <= now,
                place < clouds[cloud].rows.count, clouds[cloud].rows[place].payment != nil
            else { continue }
            handle(.notice, cloud, place, intent, payments[place].home, nil)
        }
    }

    private mutating func mayBreakWord(_ place: Int, within span: Int64) {
        if options.brokenWords > 0, faultsOn, worldSpan(1_000) < options.brokenWords {
            plan(.breakWord(place), after: 500 + worldSpan(span))
        } else if rare(.breach) {
            plan(.breakWord(place), after: rareDelay(upTo: span))
        }
    }

    /// A cloud has called a payment declined or refused, and the wallet shows money under its number before the
    /// plug-in's undo is there.
    mutating func tempt(_ place: Int) {
        // No wallet takes money for an order that it never got.
        if payments[place].payWrites > 0, rare(.breach) { plan(.breakWord(place), after: rareDelay(upTo: 100)) }
        if rare(.lateStranger) { plan(.stranger(place), after: rareDelay(upTo: 100)) }
    }

    /// A wallet breaks its word (W2, W5): money is taken for an order that it had closed or refused.
    mutating func breakWord(_ place: Int) {
        guard faultsOn, let intent = payments[place].intent, wallet.held(place) == 0,
            now < payments[place].begunAt + times.firstPayBound + times.secondLook - 20_000
        else { return }
        payments[place].wordBroken = true
        wallet.breakWord(WalletOrder(intent), at: place, now: now)
        if traces { tell(place, "the wallet breaks its word and takes the money") }
        if options[.breach] > 0, rareSpan(2) == 0 { notice(place) }
    }

    // MARK: - Strangers

    /// Another shop's sale under our number (S11).
    mutating func placeStranger(_ intent: Intent, _ place: Int) {
        let echoes = wallet(place).map { wallet.echoesNonce($0) } ?? true
        let amount = intent.amount.fen + (echoes && worldSpan(2) == 0 ? 0 : 100)
        wallet.placeStranger(WalletOrder(intent), amount: amount, nonce: Nonce(world.next()), at: place, now: now)
        if traces { tell(place, "a stranger's trade of \(amount) fen lies under this number") }
    }

    /// It comes after our own request. An undo that has looked already cannot know of it, so none is open.
    mutating func strangerComes(_ place: Int) {
        guard faultsOn, let intent = payments[place].intent, wallet[place] == nil else { return }
        for cloud in clouds.indices where place < clouds[cloud].rows.count {
            switch clouds[cloud].rows[place].payment?.state {
            case .revoking, .stuck: return
            default: break
            }
        }
        placeStranger(intent, place)
        notice(place)
    }
}

extension WalletTrade {
    func with(amount: Money) -> WalletTrade {
        WalletTrade(orderNumber: orderNumber, amount: amount, transaction: transaction, nonce: nonce, payer: payer)
    }

    func withoutNonce() -> WalletTrade {
        WalletTrade(orderNumber: orderNumber, amount: amount, transaction: transaction, nonce: nil, payer: payer)
    }
}

extension PayOutcome {
    var word: String {
        switch self {
        case .paid: "paid"
        case .waitingForShopper: "waits for the shopper"
        case .declined(let reason): "declined (\(reason))"
        case .unknown(let cause): "unknown (\(cause))"
        }
    }
}

extension CloudEvent {
    var word: String {
        switch self {
        case .payOutcome(let outcome): "pay \(outcome.word)"
        case .queryOutcome(.paid, let query): "query (\(query.purpose)) paid"
        case .queryOutcome(let outcome, let query): "query (\(query.purpose)) \(outcome)"
        case .cancelOutcome(let outcome): "cancel \(outcome)"
        case .refundOutcome(let outcome, let counter): "refund \(counter) \(outcome)"
        case .refundQueryOutcome(let outcome, let counter): "refund query \(counter) \(outcome)"
        default: "\(kind)"
        }
    }
}
