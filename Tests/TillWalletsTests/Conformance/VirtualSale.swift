// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine
import TillWallets

/// One sale in virtual time: a register that asks as the plug-in does, one cloud's machine, an adapter, a wallet.
struct VirtualSale {
    /// What the register does besides waiting for the end.
    enum Course {
        /// Takes *paid* for what it is.
        case sells
        /// Never hears an answer, and undoes at the decision time.
        case hearsNothing
        /// Gives a part back, then the rest.
        case givesBack
    }

    enum Told: Equatable { case paid, notPaid }

    private enum Step {
        case event(CloudEvent)
        case register
        case refund(Int64)
    }

    let course: Course
    let account: WalletAccount
    let schedule: WalletSchedule
    let intent: Intent
    let start: Timestamp
    private(set) var wallet: any KitWallet
    private(set) var payment: CloudPayment
    private(set) var told: Told?
    private var code: PaymentCode
    private var now: Timestamp
    private var steps: [(at: Timestamp, step: Step)] = []
    private var generator: SeededGenerator
    private var revokes = false
    private var isOver = false

    static let amount: Int64 = 1290

    init(
        _ course: Course,
        account: WalletAccount,
        schedule: WalletSchedule,
        wallet: any KitWallet,
        code: String,
        intent: Intent
    ) throws {
        self.course = course
        self.account = account
        self.schedule = schedule
        self.wallet = wallet
        self.intent = intent
        guard let code = PaymentCode(scanned: code.utf8) else { throw WalletError.malformed(field: "code") }
        self.code = code
        start = intent.startedAt
        now = start
        payment = CloudPayment(intent: intent, home: .a)
        generator = SeededGenerator(seed: 1)
    }

    /// Plays to the end, or for six hours.
    mutating func play() {
        plan(.event(.pay(intent, home: .a)), after: 20)
        plan(.register, after: 3_000)
        while now < start + 6 * 3_600_000 {
            let due = payment.nextWork(at: now)
            let index = steps.indices.min { steps[$0].at < steps[$1].at }
            if let index, due.map({ steps[index].at <= $0 }) ?? true {
                let (at, step) = steps.remove(at: index)
                now = max(now, at)
                take(step)
            } else if let due, due < start + 6 * 3_600_000 {
                now = max(now, due)
                guard let event = payment.timerEvents(at: now).first else { return }
                handle(event)
            } else {
                return
            }
        }
    }

    /// What the wallet holds of the sale in the end.
    var held: Int64 { wallet.held(intent.orderNumber) }

    private mutating func plan(_ step: Step, after span: Int64) { steps.append((now + span, step)) }

    private mutating func take(_ step: Step) {
        switch step {
        case .event(let event): handle(event)
        case .register: ask()
        case .refund(let amount):
            handle(
                .refund(
                    CloudRefundRequest(
                        reference: [UInt8]("R\(amount)".utf8),
                        amount: Money(fen: amount),
                        reason: [UInt8]("returned".utf8),
                        operatorName: [UInt8]("anna".utf8)
                    ),
                    authorised: true
                )
            )
        }
    }

    // MARK: The register

    private mutating func ask() {
        guard !isOver else { return }
        if now >= start + ProtocolTimes().decision { revokes = true }
        if revokes { told = .notPaid }
        handle(revokes ? .revoke(intent, home: .a, .timeout) : .query(intent, home: .a))
        plan(.register, after: revokes ? 5_000 : 3_000)
    }

    private mutating func hear(_ answer: CloudAnswer) {
        guard !isOver else { return }
        switch answer {
        case .payment(.paid):
            guard course != .hearsNothing, !revokes else { return }
            told = .paid
            isOver = true
            plan(.event(.confirm(intent, home: .a, implied: false)), after: 300)
            if course == .givesBack {
                plan(.refund(290), after: 60_000)
                plan(.refund(1_000), after: 180_000)
            }
        case .payment(.declined), .payment(.refused):
            guard course != .hearsNothing, !revokes else { return }
            told = .notPaid
            isOver = true
        case .payment(.conflict): revokes = true
        case .undo(.revoked): isOver = true
        case .payment, .undo, .confirm, .refund, .notHome, .busy, .nothing: break
        }
    }

    // MARK: The cloud

    private mutating func handle(_ event: CloudEvent) {
        let context = CloudContext(
            cloud: .a,
            times: ProtocolTimes(),
            route: .wallet(account.wallet, schedule),
            random: generator.next()
        )
        for effect in payment.handle(event, at: now, context: context) {
            switch effect {
            case .answer(.payment(let answer), _): hear(.payment(answer))
            case .answer(let answer, _): hear(answer)
            case .tell(let answer): hear(.payment(answer))
            case .pay:
                call(
                    .pay(
                        WalletPayment(
                            order: payment.order,
                            code: code,
                            subject: [UInt8]("示例门店".utf8),
                            operatorName: [UInt8]("c07".utf8),
                            items: []
                        )
                    )
                ) { .payOutcome($0.asPay) }
            case .query(let query): call(.query(payment.order)) { .queryOutcome($0.asQuery, query) }
            case .cancel: call(.cancel(payment.order)) { .cancelOutcome($0.asCancel) }
            case .refund(let refund, let counter):
                call(.refund(refund)) { .refundOutcome($0.asRefund, counter: counter) }
            case .refundQuery(let refund, let counter):
                call(.refundQuery(refund)) { .refundQueryOutcome($0.asRefundQuery, counter: counter) }
            case .commit, .schedule, .alarm, .count: break
            }
        }
    }

    private mutating func call(_ operation: WalletOperation, _ completion: (WalletOutcome) -> CloudEvent) {
        var (outcome, span) = exchange(operation)
        // As the cloud's service does it.
        if case .query(let order) = operation, payment.asksForReturns(after: outcome.asQuery) {
            let (returns, more) = exchange(.returns(order))
            outcome = .query(payment.held(outcome.asQuery, returns: returns.asQuery))
            span += more
        }
        plan(.event(completion(outcome)), after: span + 40)
    }

    private mutating func exchange(_ operation: WalletOperation) -> (WalletOutcome, Int64) {
        let message = MessageID(generator.next(), generator.next())
        do throws(WalletError) {
            let request = try account.adapter.request(for: operation, at: now, message: message)
            switch wallet.call(request, at: now) {
            case .response(let response, let span):
                return (account.adapter.outcome(of: operation, from: response), span)
            case .nothing(let span): return (operation.unknown(.noAnswer), span)
            }
        } catch {
            return (operation.unknown(.noAnswer), 0)
        }
    }
}
