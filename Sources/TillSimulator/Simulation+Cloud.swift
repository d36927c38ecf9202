// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

extension Simulation {
    static let routing: SignFlagTable = {
        do {
            return try SignFlagTable.standard(version: 1)
        } catch {
            preconditionFailure("the standard table is valid")
        }
    }()

    // MARK: - Requests

    mutating func arrive(at cloud: CloudName, _ address: ReplyAddress) {
        guard clouds[index(cloud)].isUp else { return }
        let call = address.call
        switch call.kind {
        case .heartbeat: break
        case .hello(let facts): hello(facts, cloud, address)
        case .pay(let facts):
            guard let intent = call.intent, let home = call.home else { return }
            codes[intent.orderNumber] = facts.code.secret
            cloudHandles(.pay(intent, home: home), cloud, intent: intent, home: home, reply: address)
        case .query:
            guard let intent = call.intent, let home = call.home else { return }
            cloudHandles(.query(intent, home: home), cloud, intent: intent, home: home, reply: address)
        case .revoke(let reason):
            guard let intent = call.intent, let home = call.home else { return }
            cloudHandles(.revoke(intent, home: home, reason), cloud, intent: intent, home: home, reply: address)
        case .confirm(let implicit, let journalIndex):
            guard let intent = call.intent, let home = call.home else { return }
            note(journalIndex, of: intent.orderNumber.register, at: cloud)
            cloudHandles(
                .confirm(intent, home: home, implied: implicit),
                cloud,
                intent: intent,
                home: home,
                reply: address
            )
        case .refund: break
        }
    }

    private mutating func note(_ journalIndex: UInt64, of register: RegisterID, at cloud: CloudName) {
        let known = clouds[index(cloud)].highestJournalIndex[register] ?? 0
        clouds[index(cloud)].highestJournalIndex[register] = max(known, journalIndex)
    }

    private mutating func hello(_ facts: HelloFacts, _ cloud: CloudName, _ address: ReplyAddress) {
        let register = registers[address.register].id
        let position = index(cloud)
        let known = clouds[position].highestJournalIndex[register] ?? 0
        let open = clouds[position].numbers.filter { number in
            guard number.register == register, let state = clouds[position].rows[number]?.state else { return false }
            return state == .sending || state == .unknown || state == .paid || state == .revoking
        }
        reply(
            .hello(
                HelloReply(
                    cloud: cloud,
                    time: cloudTime(cloud),
                    sequence: clouds[position].highestSequence[register] ?? 0,
                    journalIndex: known,
                    open: open,
                    routing: Simulation.routing,
                    configuration: LaneConfiguration(
                        version: 1,
                        amountLimit: .zero,
                        refundLimit: .zero,
                        supervisors: [],
                        enabled: true
                    )
                )
            ),
            to: address
        )
        note(facts.journalIndex, of: register, at: cloud)
    }

    // MARK: - The machine

    mutating func cloudHandles(
        _ event: CloudEvent,
        _ cloud: CloudName,
        intent: Intent,
        home: CloudName,
        reply address: ReplyAddress?
    ) {
        let position = index(cloud)
        let number = intent.orderNumber
        var payment = clouds[position].rows[number] ?? CloudPayment(intent: intent, home: home)
        let stored = payment
        let wallet: Wallet = intent.sign.first == 50 ? .alipay : .weChatPay
        let context = CloudContext(
            cloud: cloud,
            times: times,
            route: .wallet(wallet, wallet == .alipay ? .alipay : .weChatPayV2),
            highestSequence: clouds[position].highestSequence[number.register] ?? 0,
            random: random.next()
        )
        let effects = payment.handle(event, at: cloudTime(cloud), context: context, table: cloudTable)
        let dies = chance(options.crash) ? Int(faultRandom.next() % UInt64(effects.count + 1)) : Int.max
        for (step, effect) in effects.enumerated() {
            if step == dies {
                if case .commit = effect, faultRandom.next() % 2 == 0 { store(payment, at: position) }
                crashCloud(cloud)
                return
            }
            switch effect {
            case .commit(let commit):
                if let before = commit.before, cloudTime(cloud) >= before { return }
                store(payment, at: position)
                checkCommit(commit, from: stored, to: payment, at: cloud)
            case .answer(let answer, _):
                if let address, let result = result(answer, of: payment, at: cloud, to: address) {
                    reply(result, to: address)
                }
                if case .nothing = answer, let address, address.call.isQuery {
                    clouds[position].tellWaiters[number, default: []].append(address)
                }
            case .tell(let answer):
                for waiter in clouds[position].tellWaiters.removeValue(forKey: number) ?? [] {
                    if let result = result(.payment(answer), of: payment, at: cloud, to: waiter) {
                        reply(result, to: waiter)
                    }
                }
            case .pay(let call):
                clouds[position].payCalls[number] = call
                // Signing takes its time; a paused process takes more.
                let pause = chance(options.crash) ? delay(1, 20_000) : delay(1, 5)
                queue.add(.writePay(cloud, life: clouds[position].life, number), at: now + pause)
            case .query(let query): errand(.query(query), cloud, number)
            case .cancel: errand(.cancel, cloud, number)
            case .refund(let refund, let counter): errand(.refund(refund, counter: counter), cloud, number)
            case .refundQuery(let refund, let counter): errand(.refundQuery(refund, counter: counter), cloud, number)
            case .schedule(let at):
                queue.add(
                    .cloudTimer(cloud, life: clouds[position].life, number),
                    at: max(now + 1, at.milliseconds - epochStart - clouds[position].clockError)
                )
            case .alarm(let alarm): mix(UInt64(alarm.rawValue))
            case .count: break
            }
        }
        if dies != .max { crashCloud(cloud) }
    }

    private mutating func store(_ payment: CloudPayment, at position: Int) {
        let number = payment.intent.orderNumber
        if clouds[position].rows[number] == nil { clouds[position].numbers.append(number) }
        clouds[position].rows[number] = payment
        mix(UInt64(payment.state.rawValue) << 8 | UInt64(position))
        let register = number.register
        if payment.home == clouds[position].name {
            clouds[position].highestSequence[register] = max(
                clouds[position].highestSequence[register] ?? 0,
                number.sequence
            )
        }
    }

    private func result(
        _ answer: CloudAnswer,
        of payment: CloudPayment,
        at cloud: CloudName,
        to address: ReplyAddress
    ) -> LaneCallResult? {
        let number = payment.intent.orderNumber
        let time = cloudTime(cloud)
        switch answer {
        case .payment(let answer):
            let state: PaymentReply.State
            switch answer {
            case .paid(let trade):
                state = .paid(
                    PaidReply(
                        amount: payment.intent.amount,
                        isCNY: true,
                        wallet: .alipay,
                        transaction: trade.transaction,
                        payer: trade.payer
                    )
                )
            case .pending(let waiting): state = .pending(waiting)
            case .unknown: state = .unknown
            case .declined(let reason): state = .declined(reason)
            case .refused(let reason): state = .refused(reason)
            case .conflict: state = .conflict
            case .revoking: state = .revoking
            case .revoked: state = .revoked
            }
            return .payment(PaymentReply(cloud: cloud, time: time, orderNumber: number, state: state))
        case .undo(let answer):
            let state: UndoReply.State
            switch answer {
            case .revoking(let step, let seconds): state = .revoking(step, nextSeconds: seconds)
            case .duty(_, let seconds): state = .duty(nextSeconds: seconds)
            case .revoked(let kind): state = .revoked(kind)
            case .confirmed(let kept): state = .confirmed(kept: kept)
            case .stuck: state = .stuck
            }
            return .undo(UndoReply(cloud: cloud, time: time, orderNumber: number, state: state))
        case .confirm(let answer): return .confirm(confirmed: answer == .confirmed, time: time)
        case .notHome, .busy: return .failed(unwritten: false)
        case .refund, .nothing: return nil
        }
    }

    // MARK: - Life and death

    private mutating func crashCloud(_ cloud: CloudName) {
        report.crashes += 1
        let position = index(cloud)
        clouds[position].isUp = false
        clouds[position].life += 1
        clouds[position].payCalls = [:]
        clouds[position].tellWaiters = [:]
        queue.add(.startCloud(cloud), at: now + delay(200, 60_000))
    }

    mutating func startCloud(_ cloud: CloudName) {
        let position = index(cloud)
        guard !clouds[position].isUp, !clouds[position].isDeadForGood else { return }
        clouds[position].isUp = true
        clouds[position].life += 1
        for number in clouds[position].numbers {
            guard clouds[position].isUp, let row = clouds[position].rows[number] else { continue }
            cloudHandles(.restart, cloud, intent: row.intent, home: row.home, reply: nil)
            guard clouds[position].isUp, let next = clouds[position].rows[number]?.record.nextWork else { continue }
            queue.add(
                .cloudTimer(cloud, life: clouds[position].life, number),
                at: max(now + 1, next.milliseconds - epochStart - clouds[position].clockError)
            )
        }
    }

    mutating func beginOutage() {
        guard faultsOn else { return }
        let cloud: CloudName = faultRandom.next() % 2 == 0 ? .a : .b
        if clouds[index(cloud)].isUp, chance(options.outage * 10) { crashCloud(cloud) }
        queue.add(.outage, at: now + delay(5_000, 60_000))
    }

    mutating func cloudTimer(_ cloud: CloudName, life: Int, _ number: OrderNumber) {
        let position = index(cloud)
        guard clouds[position].life == life, clouds[position].isUp, let row = clouds[position].rows[number]
        else { return }
        for event in row.timerEvents(at: cloudTime(cloud)) {
            guard clouds[position].life == life, clouds[position].isUp, let current = clouds[position].rows[number]
            else { return }
            cloudHandles(event, cloud, intent: current.intent, home: current.home, reply: nil)
        }
    }

    // MARK: - The wallet

    mutating func writePay(_ cloud: CloudName, life: Int, _ number: OrderNumber) {
        let position = index(cloud)
        guard clouds[position].life == life, clouds[position].isUp, var call = clouds[position].payCalls[number],
            let row = clouds[position].rows[number], let code = codes[number]
        else { return }
        let may = call.mayWrite(at: cloudTime(cloud))
        clouds[position].payCalls[number] = call
        guard may else {
            cloudHandles(.payUnwritten(.late), cloud, intent: row.intent, home: row.home, reply: nil)
            return
        }
        checkPayWritten(number)
        queue.add(
            .walletAnswers(cloud, life: life, number, .payOutcome(.unknown(.noAnswer))),
            at: now + times.walletPayTimeout
        )
        if chance(options.lateExecution) {
            // In flight for long, but not beyond F.
            let latest = row.intent.startedAt.milliseconds + times.firstPayBound - epochStart
            let at = min(now + delay(10_000, 115_000), latest - 1_000)
            queue.add(.walletPays(cloud, life: life, number, code: code, answered: false), at: max(now + 1, at))
        } else if !chance(options.loss) {
            let answered = !chance(options.walletReplyLoss)
            queue.add(
                .walletPays(cloud, life: life, number, code: code, answered: answered),
                at: now + delay(20, 400)
            )
        }
    }

    mutating func walletPays(
        _ cloud: CloudName,
        life: Int,
        _ number: OrderNumber,
        code: [UInt8],
        answered: Bool
    ) {
        guard let row = clouds[index(cloud)].rows[number] else { return }
        if chance(options.walletUnsure) {
            // An error of the wallet's own: executed in one half of the cases.
            if faultRandom.next() % 2 == 0 {
                _ = wallet.pay(row.order, shopper: shopper(code), lag: delay(0, 3_000), now: now)
                checkBooked(number)
            }
            queue.add(
                .walletAnswers(cloud, life: life, number, .payOutcome(.unknown(.walletUnsure))),
                at: now + 20
            )
            return
        }
        let outcome = wallet.pay(row.order, shopper: shopper(code), lag: faultsOn ? delay(0, 3_000) : 0, now: now)
        checkBooked(number)
        checkLedger(number)
        if answered {
            queue.add(.walletAnswers(cloud, life: life, number, .payOutcome(outcome)), at: now + delay(5, 100))
        }
    }

    /// The third digit of a code says what its shopper does.
    private func shopper(_ code: [UInt8]) -> ReferenceWallet.Shopper {
        switch code.count > 2 ? code[2] : 48 {
        case 49: .paysAfter(8_000)
        case 50: .never
        case 51: .refused(.insufficientFunds)
        case 52: .refused(.codeExpired)
        case 53: .paysAfter(44_500)
        default: .pays
        }
    }

    private mutating func errand(_ errand: WalletErrand, _ cloud: CloudName, _ number: OrderNumber) {
        let life = clouds[index(cloud)].life
        guard !chance(options.loss) else {
            queue.add(
                .walletAnswers(cloud, life: life, number, unanswered(errand)),
                at: now + times.scaled(5_000)
            )
            return
        }
        queue.add(.walletDoes(cloud, life: life, number, errand), at: now + delay(10, 300))
    }

    private func unanswered(_ errand: WalletErrand) -> CloudEvent {
        switch errand {
        case .query(let query): .queryOutcome(.unknown(.noAnswer), query)
        case .cancel: .cancelOutcome(.unknown(.noAnswer))
        case .refund(_, let counter): .refundOutcome(.unknown(.noAnswer), counter: counter)
        case .refundQuery(_, let counter): .refundQueryOutcome(.unknown(.noAnswer), counter: counter)
        }
    }

    mutating func walletDoes(_ cloud: CloudName, life: Int, _ number: OrderNumber, _ errand: WalletErrand) {
        guard let order = clouds[index(cloud)].rows[number]?.order ?? orderInFlight(number, at: cloud) else { return }
        let event: CloudEvent
        switch errand {
        case .query(let query): event = .queryOutcome(wallet.query(order, now: now), query)
        case .cancel: event = .cancelOutcome(wallet.cancel(order, now: now))
        case .refund(let refund, let counter):
            event = .refundOutcome(
                wallet.refund(refund, slowly: chance(options.slowRefund), now: now),
                counter: counter
            )
        case .refundQuery(let refund, let counter):
            event = .refundQueryOutcome(wallet.refundQuery(refund, now: now), counter: counter)
        }
        checkLedger(number)
        let answered = chance(options.walletReplyLoss) ? unanswered(errand) : event
        let at = now + (answered == event ? delay(5, 100) : times.scaled(5_000))
        if clouds[index(cloud)].rows[number] != nil {
            queue.add(.walletAnswers(cloud, life: life, number, answered), at: at)
        } else {
            tellWithoutRow(answered, cloud, life: life, number)
        }
    }

    /// A QUERY about a number without a row: its intent came with the request that still waits.
    private func orderInFlight(_ number: OrderNumber, at cloud: CloudName) -> WalletOrder? {
        clouds[index(cloud)].tellWaiters[number]?.first?.call.intent.map { WalletOrder($0) }
    }

    private mutating func tellWithoutRow(_ event: CloudEvent, _ cloud: CloudName, life: Int, _ number: OrderNumber) {
        guard clouds[index(cloud)].life == life, clouds[index(cloud)].isUp,
            let call = clouds[index(cloud)].tellWaiters[number]?.first?.call, let intent = call.intent,
            let home = call.home
        else { return }
        cloudHandles(event, cloud, intent: intent, home: home, reply: nil)
    }
}

extension LaneCall {
    var isQuery: Bool { if case .query = kind { true } else { false } }
}
