// Part of Tillbridge. See LICENSE.
package import TillCloud
package import TillDomain
package import TillEngine
package import TillSandbox
package import TillStore
import TillWallets

/// Plays a day's sales in virtual time: the clouds' payment machine decides, the adapters and the sandbox's wallets talk,
/// and the registers ask, confirm and undo as a plug-in would. Nothing is made up but the shoppers and cashiers.
package struct DayPlayer {
    /// What a cloud stores.
    package typealias Change = (payment: CloudPayment, commit: CloudCommit, notes: CommitNotes)

    private struct Attempt {
        let sale: DaySale
        let code: PaymentCode
        let codeText: String
        var payment: CloudPayment
        /// The register holds a result, or has begun to undo.
        var isDecided = false
    }

    private enum Event {
        case sale(DaySale)
        /// Something reaches the cloud of an attempt.
        case cloud(Int, CloudEvent)
        /// A moment that a row has asked for.
        case wake(Int)
        case declines(Int)
        case gaveUp(Int, RevokeReason)
    }

    private let times = ProtocolTimes()
    private let courier: WalletCourier
    private let directory: Directory
    private var queue = EventQueue<Event>()
    private var attempts: [Attempt] = []
    private var sequences: [RegisterID: UInt64] = [:]
    private var epochs: [RegisterID: UInt64] = [:]
    private var generator: SeededGenerator

    /// The wallets' side, as it is after what was played.
    package private(set) var wallets: SandboxState
    private var changes: [CloudName: [Change]] = [:]

    /// How many payments were begun.
    package var count: Int { attempts.count }

    /// - Parameters:
    ///   - directory: Stores, accounts and routing. What is published while the day runs holds from then on.
    ///   - wallets: The sandbox's books before the day.
    package init(
        _ plan: DayPlan,
        courier: WalletCourier,
        directory: Directory,
        wallets: SandboxState,
        seed: UInt64
    ) {
        self.courier = courier
        self.directory = directory
        self.wallets = wallets
        generator = SeededGenerator(seed: seed)
        for sale in plan.sales { queue.add(.sale(sale), at: sale.at) }
    }

    /// Plays everything up to a moment.
    /// - Throws: ``StartError`` if a sale's register has no store, or no routing; an adapter's error.
    package mutating func play(until limit: Timestamp) throws {
        while let (now, event) = queue.next(until: limit) {
            switch event {
            case .sale(let sale): try begin(sale, at: now)
            case .cloud(let place, let event): try handle(event, place, at: now)
            case .wake(let place): try wake(place, at: now)
            case .declines(let place):
                wallets.settle(until: now.milliseconds)
                // Whoever was not asked, or not in time, has nothing to decline.
                _ = wallets[attempts[place].sale.wallet]
                    .decide(code: attempts[place].codeText, pays: false, at: now.milliseconds)
            case .gaveUp(let place, let reason): undo(place, reason, at: now)
            }
        }
        wallets.settle(until: limit.milliseconds)
    }

    /// What the clouds have to store since the last call, in order.
    package mutating func drainChanges(of cloud: CloudName) -> [Change] { changes.removeValue(forKey: cloud) ?? [] }

    /// What the wallets have to store since the last call, in order.
    package mutating func drainWalletChanges() -> [TillSandbox.Change] { wallets.drainChanges() }

    // MARK: - The register

    private mutating func begin(_ sale: DaySale, at now: Timestamp) throws {
        guard let routing = directory.snapshot.routing else { throw StartError("No routing has been published.") }
        let issued = wallets.issueCode(
            sale.wallet,
            behaviour: sale.course.behaviour,
            shopper: nil,
            balance: nil,
            life: TradeBook.codeLife,
            at: now.milliseconds
        )
        let sequence = sequences[sale.register, default: 0] + 1
        sequences[sale.register] = sequence
        let epoch = epochs[sale.register] ?? generator.next()
        epochs[sale.register] = epoch
        guard let code = PaymentCode(scanned: issued.code.utf8),
            let reference = SaleReference("S\(now.milliseconds / 1000)-\(sequence)".utf8)
        else { throw StartError("A sale of the day has no code or no reference.") }
        let intent = Intent(
            orderNumber: OrderNumber(
                installation: .sandbox,
                register: sale.register,
                epoch: epoch,
                sequence: sequence
            ),
            saleReference: reference,
            amount: sale.amount,
            sign: [UInt8](code.secret.prefix(routing.document.signLength)),
            codeLength: code.secret.count,
            routing: routing.version,
            startedAt: now,
            nonce: Nonce(generator.next())
        )
        let place = attempts.count
        attempts.append(
            Attempt(
                sale: sale,
                code: code,
                codeText: issued.code,
                payment: CloudPayment(intent: intent, home: sale.home)
            )
        )
        let arrival = now + draw(30...120)
        queue.add(.cloud(place, .pay(intent, home: sale.home)), at: arrival)
        switch sale.course {
        case .declines(let after): queue.add(.declines(place), at: now + after)
        case .stopped(let after), .replyLostAndStopped(let after): queue.add(.gaveUp(place, .cashier), at: now + after)
        default: break
        }
        queue.add(.gaveUp(place, .timeout), at: now + times.decision)
    }

    /// What the cloud answers is what the register acts on.
    private mutating func hear(_ place: Int, at now: Timestamp) {
        guard !attempts[place].isDecided else { return }
        let (payment, sale) = (attempts[place].payment, attempts[place].sale)
        switch payment.paymentAnswer {
        case .paid:
            attempts[place].isDecided = true
            guard sale.course != .unacknowledged else { return }
            let confirm = CloudEvent.confirm(payment.intent, home: sale.home, implied: false)
            queue.add(.cloud(place, confirm), at: now + draw(200...1_500))
            guard let comesBack = sale.comesBack else { return }
            let request = CloudRefundRequest(
                reference: Array("DESK-\(payment.intent.saleReference)".utf8),
                amount: comesBack.amount,
                reason: Array(comesBack.reason.utf8),
                operatorName: Array("finance".utf8)
            )
            queue.add(.cloud(place, .refund(request, authorised: true)), at: now + comesBack.after)
        case .conflict: undo(place, .conflict, at: now)
        case .declined, .refused:
            // A plug-in has what was declined undone as well, to be sure.
            undo(place, .hygiene, at: now)
        case .pending, .unknown, .revoking, .revoked: break
        }
    }

    private mutating func undo(_ place: Int, _ reason: RevokeReason, at now: Timestamp) {
        guard !attempts[place].isDecided else { return }
        attempts[place].isDecided = true
        let intent = attempts[place].payment.intent
        queue.add(.cloud(place, .revoke(intent, home: attempts[place].sale.home, reason)), at: now + draw(30...120))
    }

    // MARK: - The cloud

    private mutating func handle(_ event: CloudEvent, _ place: Int, at now: Timestamp) throws {
        let context = context(of: attempts[place].payment)
        let effects = attempts[place].payment.handle(event, at: now, context: context)
        let (payment, sale) = (attempts[place].payment, attempts[place].sale)
        for effect in effects {
            switch effect {
            case .commit(let commit): changes[sale.home, default: []].append((payment, commit, notes(of: place)))
            case .pay: try pay(place, at: now)
            case .query(let query):
                if sale.course == .wrongAmount { strike(.wrongAmount, sale.wallet, .query) }
                var outcome = try ask(.query(payment.order), place, at: now).asQuery
                if payment.asksForReturns(after: outcome) {
                    outcome = payment.held(outcome, returns: try ask(.returns(payment.order), place, at: now).asQuery)
                }
                answer(.queryOutcome(outcome, query), place, at: now)
            case .cancel:
                answer(.cancelOutcome(try ask(.cancel(payment.order), place, at: now).asCancel), place, at: now)
            case .refund(let refund, let counter):
                if counter > 0, sale.comesBack?.fails == true {
                    strike(.refundFailsLater, sale.wallet, .refund)
                }
                let outcome = try ask(.refund(refund), place, at: now).asRefund
                answer(.refundOutcome(outcome, counter: counter), place, at: now)
            case .refundQuery(let refund, let counter):
                let outcome = try ask(.refundQuery(refund), place, at: now).asRefundQuery
                answer(.refundQueryOutcome(outcome, counter: counter), place, at: now)
            case .schedule(let moment): queue.add(.wake(place), at: max(moment, now))
            case .answer, .tell, .alarm, .count: break
            }
        }
        hear(place, at: now)
    }

    /// A payment's first row comes with its basket.
    private func notes(of place: Int) -> CommitNotes {
        let attempt = attempts[place]
        let payment = attempt.payment
        guard payment.record.version == 1 else { return CommitNotes() }
        let end = SaleNote.codeEnd(of: attempt.code, sign: payment.intent.sign)
        return CommitNotes(sale: SaleNote(items: attempt.sale.items, codeEnd: end))
    }

    /// What time asks of a row now.
    private mutating func wake(_ place: Int, at now: Timestamp) throws {
        guard let event = attempts[place].payment.timerEvents(at: now).first else { return }
        try handle(event, place, at: now)
        // Each event is judged on the row as it is by then.
        if !attempts[place].payment.timerEvents(at: now).isEmpty { queue.add(.wake(place), at: now) }
    }

    private func context(of payment: CloudPayment) -> CloudContext {
        let intent = payment.intent
        return CloudContext(
            cloud: payment.home,
            times: times,
            route: route(intent),
            highestSequence: intent.orderNumber.sequence - 1,
            random: intent.orderNumber.epoch &* UInt64(payment.record.version + 1)
        )
    }

    private func route(_ intent: Intent) -> CloudRoute {
        guard let routing = directory.routing(intent.routing) else { return .missing }
        guard let destination = routing.destination(of: intent) else { return .noWallet }
        guard let document = directory.account(destination.account),
            let row = WalletRegistry.standard.row(wallet: destination.wallet, version: document.version)
        else { return .missing }
        return .wallet(destination.wallet, row.schedule)
    }

    // MARK: - The wallet

    private mutating func pay(_ place: Int, at now: Timestamp) throws {
        let (payment, sale) = (attempts[place].payment, attempts[place].sale)
        let store = String(decoding: sale.register.store, as: UTF8.self)
        let call = WalletPayment(
            order: payment.order,
            code: attempts[place].code,
            subject: Array((directory.snapshot.stores[store]?.name ?? store).utf8),
            operatorName: Array("cashier".utf8),
            items: sale.items
        )
        switch sale.course {
        case .replyLost, .replyLostAndStopped, .wrongAmount: strike(.dropReply, sale.wallet, .pay)
        default: break
        }
        if let outcome = try send(.pay(call), place, at: now) {
            answer(.payOutcome(outcome.asPay), place, at: now + draw(100...700))
        } else {
            queue.add(.cloud(place, .payOutcome(.unknown(.noAnswer))), at: now + times.walletPayTimeout)
        }
    }

    /// A call whose answer comes.
    private mutating func ask(_ operation: WalletOperation, _ place: Int, at now: Timestamp) throws -> WalletOutcome {
        guard let outcome = try send(operation, place, at: now) else {
            throw StartError("A wallet of the sandbox does not answer.")
        }
        return outcome
    }

    private mutating func send(_ operation: WalletOperation, _ place: Int, at now: Timestamp) throws -> WalletOutcome? {
        defer {
            if !wallets.faults.isEmpty {
                wallets.faults = []
                wallets.storeSettings()
            }
        }
        return try courier.send(
            operation,
            to: attempts[place].sale.wallet,
            on: &wallets,
            at: now,
            using: &generator
        )
    }

    /// The next call meets a fault.
    private mutating func strike(_ fault: FaultKind, _ wallet: SandboxWallet, _ operation: SandboxOperation) {
        wallets.faults = [
            Fault(
                wallet: wallet,
                operation: operation,
                fault: fault,
                probability: 1,
                count: 1,
                seconds: fault.defaultSeconds,
                hits: 0
            )
        ]
    }

    private mutating func answer(_ event: CloudEvent, _ place: Int, at now: Timestamp) {
        queue.add(.cloud(place, event), at: now + draw(60...260))
    }

    private mutating func draw(_ range: ClosedRange<Int64>) -> Int64 { .random(in: range, using: &generator) }
}

extension DaySale.Course {
    fileprivate var behaviour: Behaviour {
        switch self {
        case .pays, .replyLost, .replyLostAndStopped, .unacknowledged, .wrongAmount: .pays
        case .typesPassword(let seconds): .passwordPaysAfter(seconds: seconds)
        case .declines, .stopped: .password
        case .neverTypes: .never
        case .tooLittleMoney: .insufficient
        case .expiredCode: .expired
        }
    }
}
