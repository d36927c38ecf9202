// Part of Tillbridge. See LICENSE.
import Logging
import Synchronization
import TillDomain
import TillEngine
import TillStore

/// The shell of the cloud payment machine: loads a row, lets the machine decide, stores, and only then acts.
final class PaymentService: Sendable {
    /// What a PAY brings besides its intent. It lives as long as the one pay call, and is stored nowhere but for its
    /// note.
    struct PayDetails: Sendable {
        let code: PaymentCode
        let operatorName: [UInt8]
        let items: [BasketItem]
        /// What the shopper reads in the wallet.
        let subject: [UInt8]

        init(code: PaymentCode, operatorName: [UInt8], items: [BasketItem], subject: [UInt8]) {
            self.code = code
            self.operatorName = operatorName
            self.items = items
            self.subject = subject
        }

        /// What of it is kept with the payment, for people.
        func note(of intent: Intent) -> SaleNote? {
            SaleNote(items: items, codeEnd: SaleNote.codeEnd(of: code, sign: intent.sign))
        }

        func payment(of order: WalletOrder) -> WalletPayment {
            WalletPayment(order: order, code: code, subject: subject, operatorName: operatorName, items: items)
        }
    }

    /// One event and what it needs if there is no row yet.
    struct Request: Sendable {
        let number: OrderNumber
        let event: CloudEvent
        /// A payment without a row, for requests that carry the intent.
        var fresh: CloudPayment?
        var details: PayDetails?
        /// Where the register's journal stood, if the request says.
        var journal: JournalMark?
        /// The calls to the wallet that brought the event.
        var calls: [WalletCallNote] = []

        init(
            number: OrderNumber,
            event: CloudEvent,
            fresh: CloudPayment? = nil,
            details: PayDetails? = nil,
            journal: JournalMark? = nil
        ) {
            self.number = number
            self.event = event
            self.fresh = fresh
            self.details = details
            self.journal = journal
        }
    }

    enum News: Sendable {
        /// The row as it was stored just now, so that who waits for it need not read it again.
        case changed(CloudPayment)
        /// The row as it is being stored: who waits may make the answer meanwhile, and gives it once it is stored.
        case foreseen(CloudPayment)
        /// What the wallet said of a payment without a row.
        case told(CloudPaymentAnswer)
    }

    /// Two writers of one row meet once or twice; this often is a fault.
    private static let mostAttempts = 16

    let cloud: CloudName
    let times: ProtocolTimes
    let rows: any PaymentRows
    let wallets: any PaymentWallets
    let clock: any CloudClock
    let signals: Signals
    let jobs = JobQueue()
    let timers: WorkClock<OrderNumber>
    let board = ChangeBoard<OrderNumber, News>()
    private let sequences = SequenceGuard()

    /// What the service asks of its surroundings, and tells them.
    struct Signals: Sendable {
        var load: @Sendable () -> CloudLoad = { .normal }
        var clockTrusted: @Sendable () -> Bool = { true }
        /// Whether a register may begin a payment: nobody has switched it off.
        var isOn: @Sendable (RegisterID) -> Bool = { _ in true }
        /// How often the clock has leapt since the start.
        var clockLeaps: @Sendable () -> Int = { 0 }
        var lastPromotion: @Sendable () -> Timestamp? = { nil }
        var alarm: @Sendable (CloudAlarm, OrderNumber) -> Void = { _, _ in }
        /// After each stored change.
        var stored: @Sendable (CloudCommit) -> Void = { _ in }
        var count: @Sendable (String) -> Void = { _ in }
        var logger = Logger(label: "tillbridge.cloud.payments")

        init() {}
    }

    init(
        cloud: CloudName,
        times: ProtocolTimes,
        rows: any PaymentRows,
        wallets: any PaymentWallets,
        clock: any CloudClock,
        signals: Signals
    ) {
        self.cloud = cloud
        self.times = times
        self.rows = rows
        self.wallets = wallets
        self.clock = clock
        self.signals = signals
        timers = WorkClock(clock: clock)
    }

    /// Handles a request and holds its answer back for at most `wait`, if waiting may show more.
    ///
    /// - Parameters:
    ///   - prepare: Called with the answer that will be returned if what is being stored is stored.
    ///   - onHold: Called once before the answer is held back: what follows costs nothing but a place.
    /// - Throws: If the store failed, or nobody knows whether it stored. Then nothing is known to have happened.
    func answer(
        _ request: Request,
        wait: Duration,
        prepare: @Sendable (CloudAnswer) -> Void = { _ in },
        onHold: @Sendable () -> Void = {}
    ) async throws -> CloudAnswer {
        let ticket = board.ticket(for: request.number)
        defer { board.drop(ticket) }
        let start = ContinuousClock.now
        var (answer, mayHold) = try await handle(request)
        let first = answer
        if mayHold, !answer.isSettled, wait > .zero { onHold() }
        while mayHold, !answer.isSettled {
            let left = wait - (ContinuousClock.now - start)
            guard left > .zero else { break }
            guard let news = await board.wait(ticket, for: left) else { return try await present(request) ?? answer }
            switch news {
            case .told(let told):
                if case .query = request.event { answer = .payment(told) }
                mayHold = !answer.isSettled
            case .foreseen(let payment):
                if let likely = present(payment, request), likely.isSettled { prepare(likely) }
            case .changed(let payment):
                answer = present(payment, request) ?? answer
            }
            // The shopper is being asked: that is news for the cashier.
            if answer != first, case .payment(.pending(.shopper)) = answer { break }
        }
        return answer
    }

    /// The answer of this moment, or nil without a row.
    private func present(_ request: Request) async throws -> CloudAnswer? {
        try await rows.payment(request.number).flatMap { present($0, request) }
    }

    private func present(_ payment: CloudPayment, _ request: Request) -> CloudAnswer? {
        payment.answer(to: request.event, at: clock.now(), context: context(for: payment))
    }

    /// Handles one event: decides, stores, acts.
    ///
    /// - Parameter known: The row as its last writer knows it, which saves reading it. It is only believed where the
    ///   store can refuse: a commit on a row that has changed since is lost, and then the row is read after all.
    /// - Returns: The answer, if the event wants one, and whether it may be held back.
    @discardableResult
    func handle(_ request: Request, known: CloudPayment? = nil) async throws -> (CloudAnswer, mayHold: Bool) {
        let highest = try await highestSequence(request)
        // Every row's sequence is at or below its register's highest, so a higher one has no row yet.
        let isNew = highest.map { request.number.sequence > $0 } ?? false
        var known = known ?? (isNew ? request.fresh : nil)
        for _ in 0..<PaymentService.mostAttempts {
            let isRead = known == nil
            let stored = if let known { known } else { try await rows.payment(request.number) ?? request.fresh }
            known = nil
            guard var payment = stored else { return (.nothing, false) }
            let context = context(for: payment, event: request.event, highestSequence: highest ?? 0)
            let effects = payment.handle(request.event, at: clock.now(), context: context)
            guard case .commit(let commit)? = effects.first else {
                guard isRead else { continue }
                return perform(effects, of: payment, request: request)
            }
            let (result, draft) = try await store(payment, commit, request: request, before: effects)
            switch result {
            case .stored:
                announce(commit, payment)
                return perform(Array(effects.dropFirst()), of: payment, request: request, draft: draft)
            case .lost, .tooLate:
                // Read again and decide again: past D the machine itself refuses.
                continue
            }
        }
        throw PaymentServiceError.tooManyWriters
    }

    /// Stores a decision. Where it is the claim of the right to send, the request is made and signed meanwhile: RSA
    /// takes about as long as the disk, and neither needs the other. What was signed leaves only after the commit; where
    /// the claim is lost it is thrown away. The same with the answer that says *paid*: it is made while the outcome is
    /// being stored.
    private func store(
        _ payment: CloudPayment,
        _ commit: CloudCommit,
        request: Request,
        before effects: [CloudEffect]
    ) async throws -> (CommitResult, PayDraft?) {
        if payment.state == .paid { board.hint(.foreseen(payment), for: request.number) }
        var notes = CommitNotes(journal: request.journal, calls: request.calls)
        if payment.record.version == 1 { notes.sale = request.details?.note(of: payment.intent) }
        let pays = effects.contains { if case .pay = $0 { true } else { false } }
        guard pays, let details = request.details else {
            return (try await rows.commit(payment, commit, notes: notes), nil)
        }
        async let draft = wallets.draft(details.payment(of: payment.order), intent: payment.intent)
        let result = try await rows.commit(payment, commit, notes: notes)
        return (result, await draft)
    }

    /// Only a PAY looks at its register's sequence.
    private func highestSequence(_ request: Request) async throws -> UInt64? {
        guard case .pay = request.event else { return nil }
        return try await rows.highestSequence(of: request.number.register)
    }

    /// Handles an event that is only meant for the row as it was read. A lost commit means that somebody else was
    /// first; the caller looks again.
    func handleOnce(_ event: CloudEvent, on payment: CloudPayment) async throws {
        var payment = payment
        let context = context(for: payment, event: event)
        let effects = payment.handle(event, at: clock.now(), context: context)
        let request = Request(number: payment.intent.orderNumber, event: event)
        guard case .commit(let commit)? = effects.first else {
            _ = perform(effects, of: payment, request: request)
            return
        }
        guard try await rows.commit(payment, commit, notes: CommitNotes()) == .stored else { return }
        announce(commit, payment)
        _ = perform(Array(effects.dropFirst()), of: payment, request: request)
    }

    private func announce(_ commit: CloudCommit, _ payment: CloudPayment) {
        board.post(.changed(payment), for: payment.intent.orderNumber)
        signals.stored(commit)
    }

    private func context(
        for payment: CloudPayment,
        event: CloudEvent? = nil,
        highestSequence: UInt64 = 0
    ) -> CloudContext {
        // Only a claim looks at the sequence and at what may be taken.
        var highest = highestSequence
        var walletOn = true
        if case .pay = event, payment.state == .none {
            highest = max(highest, sequences.reserve(payment.intent.orderNumber))
            // A promise that n is never sent: the register knows at once that nothing was paid.
            walletOn = signals.isOn(payment.intent.orderNumber.register) && wallets.isOn(payment.intent)
        }
        return CloudContext(
            cloud: cloud,
            times: times,
            route: wallets.route(payment.intent),
            lastPromotion: signals.lastPromotion(),
            load: signals.load(),
            walletOn: walletOn,
            clockTrusted: signals.clockTrusted(),
            highestSequence: highest,
            random: UInt64.random(in: .min ... .max)
        )
    }

    /// Performs what follows a decision. Nothing here may come before its commit.
    private func perform(
        _ effects: [CloudEffect],
        of payment: CloudPayment,
        request: Request,
        draft: PayDraft? = nil
    ) -> (CloudAnswer, mayHold: Bool) {
        var result: (CloudAnswer, mayHold: Bool) = (.nothing, false)
        let number = request.number
        for effect in effects {
            switch effect {
            case .commit: break
            case .answer(let answer, let mayHold): result = (answer, mayHold)
            case .tell(let answer): board.post(.told(answer), for: number)
            case .pay(let call):
                guard let draft else { preconditionFailure("a claim without a request") }
                pay(call, draft, payment: payment)
            case .query(let query):
                start(.query(payment.order), of: payment) { .queryOutcome($0.asQuery, query) }
            case .cancel:
                start(.cancel(payment.order), of: payment) { .cancelOutcome($0.asCancel) }
            case .refund(let refund, let counter):
                start(.refund(refund), of: payment) { .refundOutcome($0.asRefund, counter: counter) }
            case .refundQuery(let refund, let counter):
                start(.refundQuery(refund), of: payment) { .refundQueryOutcome($0.asRefundQuery, counter: counter) }
            case .schedule(let moment): timers.schedule(number, at: moment)
            case .alarm(let alarm): signals.alarm(alarm, number)
            case .count(let state, let event): signals.count("state=\"\(state.text)\",event=\"\(event.text)\"")
            }
        }
        return result
    }
}

enum PaymentServiceError: Error {
    case tooManyWriters
}

/// Two claims of one register at the same moment: only one sequence can be new. The store remembers the highest
/// sequence, but two claims may have read it before either was stored; a clone of a register does just that.
final class SequenceGuard: Sendable {
    private let reserved = Mutex<[RegisterID: OrderNumber]>([:])

    /// Reserves a number's sequence.
    /// - Returns: The highest sequence that another number of the register has reserved; 0 if this one is new.
    func reserve(_ number: OrderNumber) -> UInt64 {
        reserved.withLock { reserved in
            if let other = reserved[number.register], other != number, other.sequence >= number.sequence {
                return other.sequence
            }
            reserved[number.register] = number
            return 0
        }
    }
}
