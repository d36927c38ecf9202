// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine
import TillStore

/// Payments of one fen that show whether a store can take a wallet. They pass the cloud's own payment machine like a
/// register's, and are undone by the ordinary duty of an undo, whatever became of them.
struct TestPayments: Sendable {
    /// The smallest amount that wallets take.
    private static let amount = Money(fen: 1)
    /// How long a result is waited for. The shopper may have to type a password.
    private static let resultPatience = Duration.seconds(40)
    /// How long the end of the undo is waited for; the undo itself goes on until it is final.
    private static let undoPatience = Duration.seconds(20)
    /// One answer is held back for at most this long.
    private static let hold = Duration.seconds(2)

    let cloud: CloudName
    let service: PaymentService
    let store: any CloudStore
    let directory: Directory
    let clock: any CloudClock

    struct Outcome: Sendable {
        let number: OrderNumber
        let payment: CloudAnswer
        let undo: CloudAnswer
        /// From the request to the last answer about the payment, in milliseconds.
        let milliseconds: Int64
    }

    /// - Parameter subject: What the shopper reads in the wallet, UTF-8.
    /// - Throws: ``StartError`` before anything was sent. If the store fails, a payment that was made is undone when the
    ///   cloud starts again.
    func make(
        at store: String,
        account: AccountDocument,
        code: PaymentCode,
        subject: [UInt8]
    ) async throws -> Outcome {
        let intent = try await intent(at: store, account: account, code: code)
        let details = PaymentService.PayDetails(
            code: code,
            operatorName: Array("test".utf8),
            items: [],
            subject: subject
        )
        // Whoever asked may go away meanwhile: what was begun is undone all the same.
        return try await Task { try await pay(intent, details) }.value
    }

    private func pay(_ intent: Intent, _ details: PaymentService.PayDetails) async throws -> Outcome {
        let number = intent.orderNumber
        let start = ContinuousClock.now
        func request(_ event: CloudEvent, _ details: PaymentService.PayDetails? = nil) -> PaymentService.Request {
            .init(
                number: number,
                event: event,
                fresh: CloudPayment(intent: intent, home: cloud),
                details: details
            )
        }
        var payment = try await service.answer(
            request(.pay(intent, home: cloud), details),
            wait: TestPayments.hold
        )
        while !payment.isSettled, ContinuousClock.now - start < TestPayments.resultPatience {
            // An answer that tells of a waiting shopper comes at once.
            try await Task.sleep(for: .milliseconds(200))
            payment = try await service.answer(request(.query(intent, home: cloud)), wait: TestPayments.hold)
        }
        let taken = ContinuousClock.now - start
        let undoStart = ContinuousClock.now
        let revoke = request(.revoke(intent, home: cloud, .cashier))
        var undo = try await service.answer(revoke, wait: TestPayments.hold)
        while case .undo(.revoking) = undo, ContinuousClock.now - undoStart < TestPayments.undoPatience {
            undo = try await service.answer(revoke, wait: TestPayments.hold)
        }
        return Outcome(
            number: number,
            payment: payment,
            undo: undo,
            milliseconds: Int64(taken / .milliseconds(1))
        )
    }

    private func intent(at store: String, account: AccountDocument, code: PaymentCode) async throws -> Intent {
        let snapshot = directory.snapshot
        guard let register = TestRegister.id(of: store), snapshot.registers["\(register)"] == nil else {
            throw StartError("--store \(store): a register has the number that test payments need.")
        }
        guard let reference = TestRegister.saleReference(account: account.id) else {
            throw StartError("--account \(account.id): its name is too long for a test payment.")
        }
        guard let routing = snapshot.offered else {
            throw StartError("No routing has been published: publish one first, so that codes are known.")
        }
        let now = clock.now()
        let sign = [UInt8](code.secret.prefix(routing.document.signLength))
        let length = code.secret.count
        let found = routing.rule(sign: sign, codeLength: length, store: Array(store.utf8), at: now)
        guard let rule = found?.rule else {
            throw StartError("The code is not of \(account.wallet): no rule begins like it, or its length differs.")
        }
        guard "\(rule.wallet)" == account.wallet else {
            throw StartError("The code is of \(rule.wallet), and account \(account.id) is of \(account.wallet).")
        }
        guard rule.enabled else {
            throw StartError("The rule for codes of \(account.wallet) is off at this store: turn it on first.")
        }
        let highest = try await self.store.highestSequence(of: register)
        return Intent(
            orderNumber: OrderNumber(
                installation: account.sandbox ? .sandbox : .live,
                register: register,
                epoch: .random(in: .min ... .max),
                sequence: highest + 1
            ),
            saleReference: reference,
            amount: TestPayments.amount,
            sign: sign,
            codeLength: length,
            routing: routing.version,
            startedAt: now,
            nonce: Nonce(.random(in: .min ... .max))
        )
    }

    /// Undoes what a crash left between the payment and its undo.
    func resume() async throws {
        for store in directory.snapshot.stores.keys.sorted() {
            guard let register = TestRegister.id(of: store) else { continue }
            for payment in try await self.store.open(of: register) where payment.home == cloud {
                try await service.handle(
                    .init(
                        number: payment.intent.orderNumber,
                        event: .revoke(payment.intent, home: cloud, .restart)
                    )
                )
            }
        }
    }
}
