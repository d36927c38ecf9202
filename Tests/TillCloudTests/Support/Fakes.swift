// Part of Tillbridge. See LICENSE.
import Synchronization
import TillDomain
import TillEngine
import TillStore

@testable import TillCloud

/// A clock that a test moves.
final class ManualClock: CloudClock {
    private let time: Mutex<Int64>

    init(_ milliseconds: Int64 = 1_795_343_400_000) { time = Mutex(milliseconds) }

    func now() -> Timestamp { Timestamp(milliseconds: time.withLock { $0 }) }
    func advance(_ milliseconds: Int64) { time.withLock { $0 += milliseconds } }
}

/// Rows in memory, with the failures that a test asks for.
final class MemoryRows: PaymentRows {
    private struct State {
        var payments: [OrderNumber: CloudPayment] = [:]
        var commits: [CloudCommit] = []
        var nextResult: Result<CommitResult, StoreError>?
        var beforeCommit: (@Sendable () async -> Void)?
    }

    private let state = Mutex(State())

    var commits: [CloudCommit] { state.withLock { $0.commits } }

    func stored(_ number: OrderNumber) -> CloudPayment? { state.withLock { $0.payments[number] } }
    func put(_ payment: CloudPayment) { state.withLock { $0.payments[payment.intent.orderNumber] = payment } }
    /// The next commit has this result and stores nothing.
    func failNext(_ result: Result<CommitResult, StoreError>) { state.withLock { $0.nextResult = result } }

    /// What the next commit waits for.
    func beforeNextCommit(_ work: @escaping @Sendable () async -> Void) { state.withLock { $0.beforeCommit = work } }

    func payment(_ number: OrderNumber) async throws -> CloudPayment? { stored(number) }

    func commit(_ payment: CloudPayment, _ commit: CloudCommit, notes: CommitNotes) async throws -> CommitResult {
        let work = state.withLock { state in
            defer { state.beforeCommit = nil }
            return state.beforeCommit
        }
        await work?()
        return try state.withLock { state in
            if let result = state.nextResult {
                state.nextResult = nil
                return try result.get()
            }
            let number = payment.intent.orderNumber
            guard (state.payments[number]?.record.version ?? 0) + 1 == payment.record.version else { return .lost }
            state.payments[number] = payment
            state.commits.append(commit)
            return .stored
        }
    }

    func highestSequence(of register: RegisterID) async throws -> UInt64 {
        state.withLock { state in
            state.payments.keys.filter { $0.register == register }.map(\.sequence).max() ?? 0
        }
    }

    func due(at now: Timestamp, limit: Int) async throws -> [OrderNumber] {
        state.withLock { state in
            state.payments.values.filter { $0.record.nextWork.map { $0 <= now } ?? false }.map(\.intent.orderNumber)
        }
    }

    func replan(changedAfter limit: Timestamp, at now: Timestamp) async throws -> Int {
        state.withLock { $0.payments.values.count { $0.record.changedAt > limit } }
    }

    func unfinished() async throws -> [OrderNumber] {
        state.withLock { $0.payments.values.filter { $0.record.nextWork != nil }.map(\.intent.orderNumber) }
    }

    func release(_ number: OrderNumber) async throws {}
}

/// A wallet that answers as a test says and counts its calls.
final class FakeWallets: PaymentWallets {
    struct Calls {
        var draft = 0
        var pay = 0
        var query = 0
        var cancel = 0
        var refund = 0
        var refundQuery = 0
        var returns = 0
    }

    private struct State {
        var calls = Calls()
        var isOn = true
        var route = CloudRoute.wallet(.alipay, .alipay)
    }

    private let state = Mutex(State())
    let onPay: @Sendable (WalletPayment, @Sendable () -> Bool) async -> PayResult
    let onCall: @Sendable (WalletOperation) async -> WalletOutcome

    init(
        pay: @escaping @Sendable (WalletPayment, @Sendable () -> Bool) async -> PayResult = { payment, mayWrite in
            mayWrite() ? .outcome(.paid(.of(payment.order))) : .unwritten(.late)
        },
        call: @escaping @Sendable (WalletOperation) async -> WalletOutcome = { .nothing(for: $0) }
    ) {
        onPay = pay
        onCall = call
    }

    var calls: Calls { state.withLock { $0.calls } }

    func set(isOn: Bool) { state.withLock { $0.isOn = isOn } }
    func set(route: CloudRoute) { state.withLock { $0.route = route } }

    func route(_ intent: Intent) -> CloudRoute { state.withLock { $0.route } }
    func isOn(_ intent: Intent) -> Bool { state.withLock { $0.isOn } }

    func draft(_ payment: WalletPayment, intent: Intent) async -> PayDraft {
        state.withLock { $0.calls.draft += 1 }
        return PayDraft(payment: payment, intent: intent, request: nil)
    }

    func pay(
        _ draft: PayDraft,
        deadline: Timestamp,
        mayWrite: @escaping @Sendable () -> Bool
    ) async -> (result: PayResult, note: WalletCallNote?) {
        state.withLock { $0.calls.pay += 1 }
        return (await onPay(draft.payment, mayWrite), .sample("pay"))
    }

    func perform(_ operation: WalletOperation, intent: Intent) async -> (outcome: WalletOutcome, note: WalletCallNote?)
    {
        state.withLock { state in
            switch operation {
            case .pay: break
            case .query: state.calls.query += 1
            case .returns: state.calls.returns += 1
            case .cancel: state.calls.cancel += 1
            case .refund: state.calls.refund += 1
            case .refundQuery: state.calls.refundQuery += 1
            }
        }
        return (await onCall(operation), .sample(operation.label))
    }
}

extension WalletCallNote {
    static func sample(_ call: String) -> WalletCallNote {
        WalletCallNote(
            call: call,
            account: "alipay",
            host: "127.0.0.1:1",
            target: "POST /gateway.do",
            milliseconds: 12,
            status: 200,
            trouble: nil,
            asked: ["method=alipay.trade.\(call)"],
            answered: ["code=10000"]
        )
    }
}

extension WalletTrade {
    static func of(_ order: WalletOrder) -> WalletTrade {
        let transaction = WalletTransactionID("2026112222001400000000000001".utf8)
        guard let transaction else { preconditionFailure("a valid sample") }
        return WalletTrade(
            orderNumber: order.number,
            amount: order.amount,
            transaction: transaction,
            nonce: order.nonce,
            payer: []
        )
    }
}

extension WalletOutcome {
    /// A wallet that knows nothing of the order.
    static func nothing(for operation: WalletOperation) -> WalletOutcome {
        switch operation {
        case .pay: .pay(.unknown(.noAnswer))
        case .query: .query(.notFound)
        case .returns: .query(.unknown(.refundExists))
        case .cancel: .cancel(.notFound)
        case .refund: .refund(.unknown(.noAnswer))
        case .refundQuery: .refundQuery(.notFound)
        }
    }
}

enum Sample {
    static let register = "QF000K703"
    static let code = "286344382566439412"

    static func registerID(_ text: String = register) -> RegisterID {
        guard let register = RegisterID(text.utf8) else { preconditionFailure("a valid sample") }
        return register
    }

    static func intent(
        sequence: UInt64 = 1,
        at: Timestamp,
        amount: Int64 = 1280,
        register: String = register,
        sale: String = "T000123"
    ) -> Intent {
        guard let sale = SaleReference(sale.utf8) else { preconditionFailure("a valid sample") }
        return Intent(
            orderNumber: OrderNumber(
                installation: .sandbox,
                register: registerID(register),
                epoch: 0x6_4321,
                sequence: sequence
            ),
            saleReference: sale,
            amount: Money(fen: amount),
            sign: Array("28".utf8),
            codeLength: 18,
            routing: 1,
            startedAt: at,
            nonce: Nonce(0x9f86_d081_884c_7d65 ^ sequence)
        )
    }

    static var details: PaymentService.PayDetails {
        guard let code = PaymentCode(scanned: code.utf8) else { preconditionFailure("a valid sample") }
        return PaymentService.PayDetails(code: code, operatorName: [], items: [], subject: Array("Shop".utf8))
    }
}
