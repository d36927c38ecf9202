// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// Values that the cloud payment's tests share. Times are unscaled unless a test says otherwise.
enum CloudSample {
    static let start = Timestamp(milliseconds: 1_795_343_400_000)
    static let times = ProtocolTimes()
    static let amount = Money(fen: 1_280)

    static func register() -> RegisterID {
        guard let register = RegisterID(("QF000K703" as StaticString).bytes) else { preconditionFailure("sample") }
        return register
    }

    static func intent(
        sequence: UInt64 = 7,
        amount: Money = amount,
        nonce: UInt64 = 0x9f86_d081_884c_7d65,
        sale: StaticString = "T000123"
    ) -> Intent {
        guard let reference = SaleReference(sale.bytes) else { preconditionFailure("sample") }
        let number = OrderNumber(installation: .sandbox, register: register(), epoch: 1 << 30, sequence: sequence)
        return Intent(
            orderNumber: number,
            saleReference: reference,
            amount: amount,
            sign: [50, 56],
            codeLength: 18,
            routing: 12,
            startedAt: start,
            nonce: Nonce(nonce)
        )
    }

    static func trade(
        _ intent: Intent = intent(),
        amount: Money? = nil,
        nonce: Nonce?? = .none
    ) -> WalletTrade {
        guard let transaction = WalletTransactionID(("2026112222001400000000000001" as StaticString).bytes) else {
            preconditionFailure("sample")
        }
        return WalletTrade(
            orderNumber: intent.orderNumber,
            amount: amount ?? intent.amount,
            transaction: transaction,
            nonce: nonce ?? intent.nonce,
            payer: ("138****0001" as StaticString).bytes
        )
    }

    static var foreignTrade: WalletTrade { trade(nonce: Nonce(1)) }
    static var differentTrade: WalletTrade { trade(amount: Money(fen: 99)) }

    static let qqWallet = WalletSchedule(
        firstQuery: 5_000,
        thenEvery: 10_000,
        earliestReversal: 300_000,
        reversalWindow: .span(604_800_000),
        gateOpensOn: .duty
    )

    static func context(
        _ cloud: CloudName = .a,
        route: CloudRoute = .wallet(.alipay, .alipay),
        promoted: Timestamp? = nil,
        load: CloudLoad = .normal,
        walletOn: Bool = true,
        clockTrusted: Bool = true,
        highest: UInt64 = 6,
        random: UInt64 = 500
    ) -> CloudContext {
        CloudContext(
            cloud: cloud,
            times: times,
            route: route,
            lastPromotion: promoted,
            load: load,
            walletOn: walletOn,
            clockTrusted: clockTrusted,
            highestSequence: highest,
            random: random
        )
    }

    static func request(_ reference: StaticString = "R1", fen: Int64 = 1_280) -> CloudRefundRequest {
        CloudRefundRequest(
            reference: reference.bytes,
            amount: Money(fen: fen),
            reason: ("returned" as StaticString).bytes,
            operatorName: ("anna" as StaticString).bytes
        )
    }

    static let two = CloudPersons(
        first: ("anna" as StaticString).bytes,
        second: ("bo" as StaticString).bytes,
        evidence: ("receipt" as StaticString).bytes
    )
}

/// One payment, driven event by event like a shell that performs no effect.
struct CloudDrive {
    var payment: CloudPayment
    var now = CloudSample.start + 100
    var context: CloudContext
    var effects: [CloudEffect] = []
    let home: CloudName
    let intent: Intent

    init(
        home: CloudName = .a,
        at cloud: CloudName = .a,
        context: CloudContext? = nil,
        intent: Intent = CloudSample.intent()
    ) {
        self.home = home
        self.intent = intent
        self.context = context ?? CloudSample.context(cloud)
        payment = CloudPayment(intent: intent, home: home)
    }

    var state: CloudState { payment.state }
    var record: CloudRecord { payment.record }

    @discardableResult
    mutating func handle(_ event: CloudEvent) -> [CloudEffect] {
        effects = payment.handle(event, at: now, context: context)
        return effects
    }

    mutating func wait(until moment: Timestamp) { if moment > now { now = moment } }
    mutating func wait(_ milliseconds: Int64) { now = now + milliseconds }

    mutating func pay() { handle(.pay(intent, home: home)) }
    mutating func query() { handle(.query(intent, home: home)) }
    mutating func revoke(_ reason: RevokeReason = .timeout) { handle(.revoke(intent, home: home, reason)) }
    mutating func confirm(implied: Bool = false) { handle(.confirm(intent, home: home, implied: implied)) }

    /// Answers the query that the last effects ask, or one of this purpose.
    mutating func queryAnswers(_ outcome: QueryOutcome, _ purpose: CloudQueryPurpose? = nil, askedAt: Timestamp? = nil)
    {
        let asked = effects.query ?? CloudQuery(purpose: .poll, askedAt: now)
        let query = CloudQuery(
            purpose: purpose ?? asked.purpose,
            askedAt: askedAt ?? (purpose == nil ? asked.askedAt : now),
            implied: asked.implied
        )
        handle(.queryOutcome(outcome, query))
    }
    mutating func cancelAnswers(_ outcome: CancelOutcome) { handle(.cancelOutcome(outcome)) }
    mutating func refundAnswers(_ outcome: RefundOutcome) { handle(.refundOutcome(outcome, counter: 0)) }
    mutating func refundQueryAnswers(_ outcome: RefundQueryOutcome) {
        handle(.refundQueryOutcome(outcome, counter: 0))
    }
    /// Goes on to the moment the row wants, and lets it work.
    mutating func due() {
        if let due = record.dueAt { wait(until: due) }
        handle(.due)
    }
}

extension [CloudEffect] {
    var commit: CloudCommit? {
        for case .commit(let commit) in self { return commit }
        return nil
    }
    var answer: CloudAnswer? {
        for case .answer(let answer, _) in self { return answer }
        return nil
    }
    var payCall: CloudPayCall? {
        for case .pay(let call) in self { return call }
        return nil
    }
    var query: CloudQuery? {
        for case .query(let query) in self { return query }
        return nil
    }
    var told: CloudPaymentAnswer? {
        for case .tell(let answer) in self { return answer }
        return nil
    }
    var cancels: Bool { contains(.cancel) }
    var refund: (WalletRefund, Int)? {
        for case .refund(let refund, let counter) in self { return (refund, counter) }
        return nil
    }
    var refundQuery: (WalletRefund, Int)? {
        for case .refundQuery(let refund, let counter) in self { return (refund, counter) }
        return nil
    }
    var alarms: [CloudAlarm] {
        var alarms: [CloudAlarm] = []
        for case .alarm(let alarm) in self { alarms.append(alarm) }
        return alarms
    }
    var counted: Bool {
        for case .count in self { return true }
        return false
    }
}
