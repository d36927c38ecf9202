// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// A cloud's gateway and the shell of its payment machine: load a row, let the machine decide, store, then act.
extension Simulation {
    static let routing: SignFlagTable = {
        do {
            return try SignFlagTable.standard(version: 1)
        } catch {
            preconditionFailure("the standard table is valid")
        }
    }()

    /// UnionPay's, soon before the settlement day ends.
    static let lateSchedule = {
        var schedule = WalletSchedule.unionPay
        schedule.reversalWindow = .span(50_000)
        return schedule
    }()

    private static let routes: [CloudRoute] = [
        .noWallet, .wallet(.alipay, .alipay), .wallet(.weChatPay, .weChatPay), .wallet(.qqWallet, .qqWallet),
        .wallet(.unionPay, lateSchedule),
    ]
    private static let wallets: [Wallet?] = [nil, .alipay, .weChatPay, .qqWallet, .unionPay]

    /// The place in the lists of routes and wallets: a pure function of the intent.
    static func routing(_ intent: Intent) -> Int {
        let sign = intent.sign
        guard let first = sign.first, let last = sign.last else { return 0 }
        return switch (first, last) {
        case (50, 56): 1
        case (49, 51): 2
        case (57, 49): 3
        case (54, 50): 4
        default: 0
        }
    }

    func wallet(_ place: Int) -> Wallet? { Simulation.wallets[payments[place].routing] }

    // MARK: - Requests

    mutating func arrive(_ message: Message) {
        let cloud = message.arrivesAt
        release(message)
        guard proxies[message.proxy].life == message.proxyLife, clouds[cloud].isUp else { return }
        let stopped = clouds[cloud].stoppedUntil
        guard stopped <= now else { return queue.add(.atCloud(message), at: stopped) }
        checkHome(message)
        if options.forgeries > 0, faultsOn, worldSpan(1_000) < options.forgeries { forge(message, at: cloud) }
        goAstray(message, from: cloud)
        accept(message, at: cloud, sender: message.register, key: registers[message.register].key)
    }

    /// What a cloud hears that is not the paying one, in a good seal.
    private mutating func goAstray(_ message: Message, from cloud: Int) {
        let other = 1 - cloud
        guard case .pay = message.call.kind, let intent = message.call.intent, let home = message.call.home,
            let place = message.place, clouds[other].isUp, clouds[other].stoppedUntil <= now,
            clouds[other].databaseDownUntil <= now
        else { return }
        if rare(.misrouted) { handle(.pay(intent, home: home), other, place, intent, home, nil) }
        // Harmless where there is no wallet, and only there: elsewhere a register's word about its tender is believed.
        if wallet(place) == nil, clouds[other].routingMissingUntil <= now, rare(.strayConfirm) {
            handle(.confirm(intent, home: home, implied: false), other, place, intent, home, nil)
        }
    }

    /// The gateway: seal, register, then the message itself.
    private mutating func accept(_ message: Message, at cloud: Int, sender: Int, key: UInt64) {
        let call = message.call
        guard message.seal == Simulation.seal(key: key, call: call) else { return }
        if let place = message.place, payments[place].register != sender, bug != .registerNotChecked { return }
        guard clouds[cloud].databaseDownUntil <= now else {
            return reply(.failed(unwritten: false), to: message, from: cloud)
        }
        if traces { tell(message.place, "\(clouds[cloud].name) hears \(call.word)") }
        guard let intent = call.intent, let home = call.home, let place = message.place else {
            switch call.kind {
            case .hello(let facts): hello(facts, at: cloud, message)
            case .refund(let request, let number): refund(request, number, at: cloud, message)
            default: break
            }
            return
        }
        switch call.kind {
        case .pay: handle(.pay(intent, home: home), cloud, place, intent, home, message)
        case .query: handle(.query(intent, home: home), cloud, place, intent, home, message)
        case .revoke(let reason): handle(.revoke(intent, home: home, reason), cloud, place, intent, home, message)
        case .confirm(let implicit, let journalIndex):
            let sender = payments[place].register
            clouds[cloud].journalIndex[sender] = max(clouds[cloud].journalIndex[sender], journalIndex)
            handle(.confirm(intent, home: home, implied: implicit), cloud, place, intent, home, message)
        case .heartbeat, .hello, .refund: break
        }
    }

    /// A request that is not what it seems: another register's, a changed copy, or one with a wrong seal.
    private mutating func forge(_ message: Message, at cloud: Int) {
        guard let intent = message.call.intent, let home = message.call.home, let place = message.place else { return }
        switch worldSpan(3) {
        case 0:
            // Another register of the chain asks for an undo, under its own good seal.
            guard registers.count > 1 else { return }
            let other = (message.register + 1) % registers.count
            let call = LaneCall(
                id: message.call.id,
                kind: .revoke(.timeout),
                cloud: message.call.cloud,
                intent: intent,
                home: home,
                waitMilliseconds: 0,
                timeoutMilliseconds: 3_000,
                createdAt: message.call.createdAt
            )
            let key = registers[other].key
            let forged = Message(
                call: call,
                register: other,
                life: -1,
                place: place,
                seal: Simulation.seal(key: key, call: call)
            )
            accept(forged, at: cloud, sender: other, key: key)
        case 1:
            // The same number with another amount: only where the cloud holds the true one (S6).
            guard place < clouds[cloud].rows.count, clouds[cloud].rows[place].payment != nil else { return }
            let changed = Intent(
                orderNumber: intent.orderNumber,
                saleReference: intent.saleReference,
                amount: Money(fen: intent.amount.fen + 1),
                sign: intent.sign,
                codeLength: intent.codeLength,
                routing: intent.routing,
                startedAt: intent.startedAt,
                nonce: intent.nonce
            )
            let event: CloudEvent =
                switch message.call.kind {
                case .pay: .pay(changed, home: home)
                case .revoke(let reason): .revoke(changed, home: home, reason)
                case .confirm: .confirm(changed, home: home, implied: false)
                default: .query(changed, home: home)
                }
            handle(event, cloud, place, intent, home, nil)
        default:
            let forged = Message(
                call: message.call,
                register: message.register,
                life: -1,
                place: place,
                seal: message.seal ^ 1
            )
            accept(forged, at: cloud, sender: message.register, key: registers[message.register].key)
        }
    }

    private mutating func hello(_ facts: HelloFacts, at cloud: Int, _ message: Message) {
        let register = message.register
        guard clouds[cloud].readOnlyUntil <= now else {
            return reply(.failed(unwritten: false), to: message, from: cloud)
        }
        var open: [OrderNumber] = []
        for place in clouds[cloud].open where payments[place].register == register {
            if let number = payments[place].intent?.orderNumber { open.append(number) }
        }
        let answer = HelloReply(
            cloud: clouds[cloud].name,
            time: cloudTime(cloud),
            sequence: max(facts.sequence, clouds[cloud].highestSequence[register]),
            journalIndex: max(facts.journalIndex, clouds[cloud].journalIndex[register]),
            open: open,
            routing: Simulation.routing,
            configuration: Supervisor.configuration
        )
        clouds[cloud].highestSequence[register] = max(clouds[cloud].highestSequence[register], facts.sequence)
        clouds[cloud].journalIndex[register] = answer.journalIndex
        reply(.hello(answer), to: message, from: cloud)
    }

    private mutating func refund(_ request: RefundRequest, _ number: OrderNumber, at cloud: Int, _ message: Message) {
        guard let place = numbers.place(of: number.bytes), place < clouds[cloud].rows.count,
            let row = clouds[cloud].rows[place].payment
        else { return reply(.failed(unwritten: false), to: message, from: cloud) }
        let asked = CloudRefundRequest(
            reference: request.reference.bytes,
            amount: request.amount,
            reason: request.reason,
            operatorName: request.operatorName
        )
        handle(.refund(asked, authorised: true), cloud, place, row.intent, row.home, message)
    }

    // MARK: - The machine

    mutating func context(_ cloud: Int, _ place: Int, _ event: CloudEvent) -> CloudContext {
        var promotion = clouds[cloud].lastPromotion
        if let moment = promotion {
            switch (bug, event) {
            case (.tombstoneLostAtFailover, .pay), (.missingAfterPromotionIsUnsent, .revoke): promotion = nil
            case (.promotionWithoutMargin, _): promotion = moment + -5_500
            default: break
            }
        }
        var highest: UInt64 = 0
        if case .pay = event { highest = clouds[cloud].highestSequence[payments[place].register] }
        var route = Simulation.routes[payments[place].routing]
        if clouds[cloud].routingMissingUntil > now { route = .missing }
        if bug == .earlyReversalCounts, case .wallet(let wallet, var schedule) = route {
            schedule.earliestReversal = 0
            route = .wallet(wallet, schedule)
        }
        return CloudContext(
            cloud: clouds[cloud].name,
            times: times,
            route: route,
            lastPromotion: promotion,
            load: clouds[cloud].load,
            walletOn: clouds[cloud].walletOffUntil <= now,
            clockTrusted: clouds[cloud].isClockTrusted,
            highestSequence: highest,
            random: world.next()
        )
    }

    mutating func handle(
        _ event: CloudEvent,
        _ cloud: Int,
        _ place: Int,
        _ intent: Intent,
        _ home: CloudName,
        _ message: Message?
    ) {
        clouds[cloud].makeRow(place)
        var payment = clouds[cloud].rows[place].payment ?? CloudPayment(intent: intent, home: home)
        let version = payment.record.version
        let context = context(cloud, place, event)
        if countsRows, let row = payment.row(for: event, at: cloudTime(cloud), context: context, table: cloudTable) {
            coverage.take(cloudRow: row)
        }
        let before = options.judgesSteps ? payment : nil
        let effects = payment.handle(event, at: cloudTime(cloud), context: context, table: cloudTable)
        if let before { judgeStep(from: before, to: payment, event, effects, cloud, place, context) }
        if case .commit? = effects.first, clouds[cloud].slowUntil > now, draw(.slowDatabase, 3) > 0 {
            note(.slowDatabase, place)
            let pending = PendingCommit(
                cloud: cloud,
                life: clouds[cloud].life,
                primary: clouds[cloud].primary,
                place: place,
                event: event,
                payment: payment,
                version: version,
                effects: effects,
                message: message
            )
            return plan(.commit(pending), after: 20 + draw(.slowDatabase, 3_000))
        }
        perform(effects, of: payment, event, cloud, place, message)
    }

    /// A commit that the slow database has got round to: refused where another writer was first.
    mutating func commitLate(_ pending: PendingCommit) {
        let cloud = pending.cloud
        guard clouds[cloud].isUp, clouds[cloud].life == pending.life else { return }
        guard clouds[cloud].stoppedUntil <= now else {
            return queue.add(.commit(pending), at: clouds[cloud].stoppedUntil)
        }
        // A failover breaks the connection: nobody knows, and here it was not stored.
        guard clouds[cloud].databaseDownUntil <= now, clouds[cloud].primary == pending.primary else {
            return sweep(cloud, pending.place)
        }
        let stored = clouds[cloud].rows[pending.place].version
        var blind = false
        if bug == .twoSweepers, case .due = pending.event { blind = true }
        if bug == .revokeRacesClaim {
            switch pending.event {
            case .pay, .revoke: blind = true
            default: break
            }
        }
        if stored == pending.version || blind {
            perform(
                pending.effects,
                of: pending.payment,
                pending.event,
                cloud,
                pending.place,
                pending.message
            )
        } else if case .due = pending.event {
            // Only meant for the row as it was read: somebody else was first.
        } else {
            handle(
                pending.event,
                cloud,
                pending.place,
                pending.payment.intent,
                pending.payment.home,
                pending.message
            )
        }
    }

    private mutating func perform(
        _ effects: [CloudEffect],
        of payment: CloudPayment,
        _ event: CloudEvent,
        _ cloud: Int,
        _ place: Int,
        _ message: Message?
    ) {
        var dies = Int.max
        if !effects.isEmpty, chance(.crashAtEffect, place) {
            dies = Int(draw(.crashAtEffect, Int64(effects.count + 1)))
        }
        for step in effects.indices {
            if step == dies {
                if case .commit(let commit) = effects[step], draw(.crashAtEffect, 2) == 0,
                    commit.before.map({ trueTime < $0 }) ?? true
                {
                    _ = store(payment, commit, cloud, place)
                }
                return crashCloud(cloud)
            }
            switch effects[step] {
            case .commit(let commit):
                guard commitRow(payment, commit, event, cloud, place, message) else { return }
            case .answer(let answer, let mayHold): answerRequest(answer, mayHold: mayHold, event, cloud, place, message)
            case .tell(let answer): answerWaiters(told: answer, cloud, place)
            case .pay(let call): claimed(call, cloud, place)
            case .query(let query): send(.query(query), cloud, place, payment)
            case .cancel: send(.cancel, cloud, place, payment)
            case .refund(let refund, let counter): sendRefund(refund, counter: counter, cloud, place, payment)
            case .refundQuery(let refund, let counter):
                if bug == .refundNotFollowed, counter == 0 { break }
                send(.refundQuery(refund, counter: counter), cloud, place, payment)
            case .schedule(let moment): schedule(cloud, place, at: moment)
            case .alarm(let alarm): raise(alarm, cloud, place)
            case .count: break
            }
            guard report.isUnbroken else { return }
        }
        if dies != .max { crashCloud(cloud) }
    }

    /// - Returns: Whether what follows may happen: the commit is known to have succeeded.
    private mutating func commitRow(
        _ payment: CloudPayment,
        _ commit: CloudCommit,
        _ event: CloudEvent,
        _ cloud: Int,
        _ place: Int,
        _ message: Message?
    ) -> Bool {
        guard clouds[cloud].readOnlyUntil <= now else {
            note(.readOnly, place)
            if let message { reply(.failed(unwritten: false), to: message, from: cloud) }
            sweep(cloud, place)
            return false
        }
        // The claim is guarded by the database's own time.
        if let before = commit.before, trueTime >= before, bug != .deadlineNotInClaim {
            // Past D the machine itself refuses, unless its clock is late: then nothing is known and nothing is said.
            if cloudTime(cloud) >= before {
                handle(event, cloud, place, payment.intent, payment.home, message)
            } else if let message {
                reply(.failed(unwritten: false), to: message, from: cloud)
            }
            return false
        }
        if chance(.commitUnknown, place) {
            if traces { tell(place, "\(clouds[cloud].name): nobody knows whether \(commit.to) was stored") }
            if draw(.commitUnknown, 2) == 0 { _ = store(payment, commit, cloud, place) }
            sweep(cloud, place)
            guard bug == .claimUnknownSentAnyway, commit.to == .sending else { return false }
            violationIfClaimUnknown = place
            return true
        }
        switch bug {
        case .tombstoneNotWritten: if commit.from == .none, commit.to == .revoking { return true }
        case .refusalNotStored: if commit.from == .none, commit.to == .tomb { return true }
        default: break
        }
        return store(payment, commit, cloud, place)
    }

    private mutating func store(
        _ payment: CloudPayment,
        _ commit: CloudCommit,
        _ cloud: Int,
        _ place: Int
    ) -> Bool {
        let wasOpen = SimulatedCloud.isOpen(clouds[cloud].rows[place].state)
        var before: CloudPayment? = payment
        swap(&before, &clouds[cloud].rows[place].payment)
        checkCommit(commit, from: before, to: payment, cloud, place)
        if clouds[cloud].keepsRedo {
            clouds[cloud].redo.append(SimulatedCloud.Redo(at: now, place: place, before: before))
        }
        if traces {
            tell(
                place,
                "\(clouds[cloud].name) stores \(commit.from) → \(commit.to) (\(commit.cause), \(payment.record.phase))"
            )
        }
        mix(UInt64(commit.to.rawValue) << 40 | UInt64(cloud) << 32 | UInt64(place))
        if commit.to != commit.from, commit.to == .declined || commit.to == .tomb { tempt(place) }
        let isOpen = SimulatedCloud.isOpen(payment.state)
        if isOpen, !wasOpen { clouds[cloud].open.append(place) }
        if wasOpen, !isOpen { clouds[cloud].open.removeAll { $0 == place } }
        let register = payments[place].register
        clouds[cloud].highestSequence[register] = max(
            clouds[cloud].highestSequence[register],
            payment.intent.orderNumber.sequence
        )
        if !clouds[cloud].rows[place].waiters.isEmpty { answerWaiters(changed: payment, cloud, place) }
        return report.isUnbroken
    }

    private mutating func sendRefund(
        _ refund: WalletRefund,
        counter: Int,
        _ cloud: Int,
        _ place: Int,
        _ payment: CloudPayment
    ) {
        var counter = counter
        if bug == .freshRefundNumber, counter == 0 {
            payments[place].refundTries += 1
            counter = 100 + payments[place].refundTries
        }
        send(.refund(refund, counter: counter), cloud, place, payment)
    }
}
