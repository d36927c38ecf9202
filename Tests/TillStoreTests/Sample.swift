// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine
import TillStore

enum Sample {
    static let start = Timestamp(milliseconds: 1_795_343_400_000)
    static let note = AuditNote(actor: "admin", action: "test")

    static func register(_ name: StaticString = "QF000K703") -> RegisterID {
        guard let register = RegisterID(name.bytes) else { preconditionFailure("sample") }
        return register
    }

    static func intent(
        _ sequence: UInt64,
        register name: StaticString = "QF000K703",
        amount: Int64 = 1_280,
        at offset: Int64 = 0,
        epoch: UInt64 = 1 << 30
    ) -> Intent {
        guard let reference = SaleReference([84] + Decimal.text(Int64(sequence))) else { preconditionFailure("sample") }
        return Intent(
            orderNumber: OrderNumber(
                installation: .sandbox,
                register: register(name),
                epoch: epoch,
                sequence: sequence
            ),
            saleReference: reference,
            amount: Money(fen: amount),
            sign: [50, 56],
            codeLength: 18,
            routing: 12,
            startedAt: start + offset,
            nonce: Nonce(sequence)
        )
    }

    static func context(highest: UInt64 = 0) -> CloudContext {
        CloudContext(
            cloud: .a,
            times: ProtocolTimes(),
            route: .wallet(.alipay, .alipay),
            highestSequence: highest,
            random: 7
        )
    }

    static func trade(_ intent: Intent) -> WalletTrade {
        guard let transaction = WalletTransactionID([50, 48] + intent.orderNumber.bytes) else {
            preconditionFailure("sample")
        }
        return WalletTrade(
            orderNumber: intent.orderNumber,
            amount: intent.amount,
            transaction: transaction,
            nonce: intent.nonce,
            payer: [0xE5, 0xBC, 0xA0, 42]
        )
    }

    static func request(_ reference: StaticString, fen: Int64) -> CloudRefundRequest {
        CloudRefundRequest(
            reference: reference.bytes,
            amount: Money(fen: fen),
            reason: [0xE9, 0x80, 0x80],
            operatorName: ("anna" as StaticString).bytes
        )
    }
}

/// A payment that is driven and stored step by step, as a service would.
struct StoredDrive {
    var payment: CloudPayment
    var now: Timestamp
    let store: any CloudStore

    init(_ intent: Intent, in store: any CloudStore) {
        payment = CloudPayment(intent: intent, home: .a)
        now = intent.startedAt + 100
        self.store = store
    }

    var number: OrderNumber { payment.intent.orderNumber }

    @discardableResult
    mutating func handle(_ event: CloudEvent, _ notes: CommitNotes = CommitNotes()) async throws -> CommitResult? {
        let effects = payment.handle(event, at: now, context: Sample.context())
        guard case .commit(let commit)? = effects.first else { return nil }
        return try await store.commit(payment, commit, notes: notes)
    }

    @discardableResult
    mutating func pay(_ notes: CommitNotes = CommitNotes()) async throws -> CommitResult? {
        try await handle(.pay(payment.intent, home: .a), notes)
    }

    mutating func succeed() async throws {
        try await pay()
        now = now + 200
        try await handle(.payOutcome(.paid(Sample.trade(payment.intent))))
    }

    mutating func confirm() async throws {
        now = now + 200
        try await handle(.confirm(payment.intent, home: .a, implied: false))
    }

    mutating func revoke() async throws {
        now = now + 200
        try await handle(.revoke(payment.intent, home: .a, .timeout))
    }
}
