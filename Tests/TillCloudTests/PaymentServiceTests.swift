// Part of Tillbridge. See LICENSE.
import Logging
import ServiceLifecycle
import Synchronization
import Testing
import TillDomain
import TillEngine
import TillStore

@testable import TillCloud

@Suite struct PaymentServiceTests {
    private let clock = ManualClock()
    private let rows = MemoryRows()

    private func service(_ wallets: FakeWallets, signals: PaymentService.Signals = .init()) -> PaymentService {
        PaymentService(
            cloud: .a,
            times: ProtocolTimes(),
            rows: rows,
            wallets: wallets,
            clock: clock,
            signals: signals
        )
    }

    /// Runs a service while `body` runs.
    private func running(_ service: PaymentService, _ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.run() }
            try await body()
            group.cancelAll()
        }
    }

    private func pay(_ intent: Intent, home: CloudName = .a) -> PaymentService.Request {
        .init(
            number: intent.orderNumber,
            event: .pay(intent, home: home),
            fresh: CloudPayment(intent: intent, home: home),
            details: Sample.details
        )
    }

    private func query(_ intent: Intent, home: CloudName = .a) -> PaymentService.Request {
        .init(
            number: intent.orderNumber,
            event: .query(intent, home: home),
            fresh: CloudPayment(intent: intent, home: home)
        )
    }

    private func revoke(_ intent: Intent, home: CloudName = .a) -> PaymentService.Request {
        .init(
            number: intent.orderNumber,
            event: .revoke(intent, home: home, .timeout),
            fresh: CloudPayment(intent: intent, home: home)
        )
    }

    private func waitUntil(_ condition: @Sendable () -> Bool) async {
        while !condition() { await Task.yield() }
    }

    @Test("a hundred copies of one PAY lead to one wallet call, and all hear the same answer")
    func claimRace() async throws {
        let wallets = FakeWallets()
        let service = service(wallets)
        let intent = Sample.intent(at: clock.now())
        try await running(service) {
            try await withThrowingTaskGroup(of: CloudAnswer.self) { group in
                for _ in 0..<100 {
                    group.addTask { try await service.answer(pay(intent), wait: .seconds(120)) }
                }
                for try await answer in group {
                    guard case .payment(.paid(let trade)) = answer else {
                        Issue.record("\(answer)")
                        continue
                    }
                    #expect(trade.transaction == WalletTrade.of(WalletOrder(intent)).transaction)
                }
            }
        }
        #expect(wallets.calls.pay == 1)
        #expect(rows.commits.filter { $0.to == .sending }.count == 1)
    }

    @Test("the claim is stored before the wallet is called, and the outcome before it is answered")
    func order() async throws {
        let rows = rows
        let wallets = FakeWallets(pay: { payment, mayWrite in
            #expect(rows.stored(payment.order.number)?.state == .sending)
            #expect(mayWrite())
            #expect(!mayWrite(), "the right to write is spent")
            return .outcome(.paid(.of(payment.order)))
        })
        let service = service(wallets)
        let intent = Sample.intent(at: clock.now())
        try await running(service) {
            _ = try await service.answer(pay(intent), wait: .seconds(120))
            #expect(rows.stored(intent.orderNumber)?.state == .paid)
        }
        #expect(wallets.calls.pay == 1)
    }

    @Test("the wallet's request is made while the claim is being stored, and leaves after it", .timeLimit(.minutes(1)))
    func draftBesideClaim() async throws {
        let wallets = FakeWallets()
        let service = service(wallets)
        let intent = Sample.intent(at: clock.now())
        let paidTooEarly = Mutex(false)
        rows.beforeNextCommit {
            while wallets.calls.draft == 0 { await Task.yield() }
            paidTooEarly.withLock { $0 = wallets.calls.pay > 0 }
        }
        try await running(service) {
            _ = try await service.answer(pay(intent), wait: .seconds(50))
            #expect(wallets.calls.draft == 1 && wallets.calls.pay == 1)
            #expect(!paidTooEarly.withLock { $0 })
        }
    }

    @Test("what a register confirmed at the cloud that did not pay is proven at the wallet afterwards")
    func provenLater() async throws {
        let isShown = Atomic<Bool>(false)
        let wallets = FakeWallets(call: { operation in
            guard case .query(let order) = operation, isShown.load(ordering: .relaxed) else {
                return .nothing(for: operation)
            }
            return .query(.paid(.of(order)))
        })
        let service = service(wallets)
        let rows = rows
        let intent = Sample.intent(at: clock.now())
        let confirm = PaymentService.Request(
            number: intent.orderNumber,
            event: .confirm(intent, home: .b, implied: false),
            fresh: CloudPayment(intent: intent, home: .b)
        )
        try await running(service) {
            let answer = try await service.answer(confirm, wait: .zero)
            #expect(answer == .confirm(.confirmed))
            #expect(wallets.calls.query == 0 && rows.stored(intent.orderNumber)?.record.isUnproven == true)
            clock.advance(3_000)
            await service.work(on: intent.orderNumber)
            await waitUntil { rows.commits.count == 3 }
            #expect(rows.stored(intent.orderNumber)?.record.isUnproven == true, "the wallet's query lags")
            isShown.store(true, ordering: .relaxed)
            clock.advance(3_000)
            await service.work(on: intent.orderNumber)
            await waitUntil { rows.stored(intent.orderNumber)?.record.trade != nil }
            #expect(rows.stored(intent.orderNumber)?.record.nextWork == nil)
        }
        #expect(wallets.calls.pay == 0 && wallets.calls.query == 2)
    }

    @Test("where the wallet only says that a refund exists, all refunds of the order decide what is still held")
    func refundExists() async throws {
        let shown = Mutex<[QueryOutcome]>([.unknown(.refundExists), .returning, .closed])
        let wallets = FakeWallets(call: { operation in
            switch operation {
            case .query: .query(.unknown(.refundExists))
            case .returns: .query(shown.withLock { $0.isEmpty ? .closed : $0.removeFirst() })
            default: .nothing(for: operation)
            }
        })
        let service = service(wallets)
        let rows = rows
        let intent = Sample.intent(at: clock.now())
        try await running(service) {
            _ = try await service.answer(pay(intent), wait: .seconds(120))
            let first = try await service.answer(revoke(intent), wait: .zero)
            #expect(first == .undo(.revoking(.cancelling, nextSeconds: 15)))
            // Part of it is back, then all of it is on its way, then it is done.
            var answers: [CloudAnswer] = []
            for round in 1...2 {
                await waitUntil { rows.stored(intent.orderNumber)?.record.attempts == round }
                answers.append(try await service.answer(revoke(intent), wait: .zero))
                clock.advance(16_000)
                await service.work(on: intent.orderNumber)
            }
            guard case .undo(.revoking) = answers[0], case .undo(.duty(.refunding, _)) = answers[1] else {
                Issue.record("\(answers)")
                return
            }
            await waitUntil { rows.stored(intent.orderNumber)?.state == .revoked }
            #expect(rows.stored(intent.orderNumber)?.record.undoKind == .refunded)
        }
        #expect(wallets.calls.returns == 3 && wallets.calls.cancel == 0 && wallets.calls.refund == 0)
    }

    @Test(
        "where the wallet says paid for ever, money that went back is not given back again",
        arguments: [QueryOutcome.closed, .returning, .unknown(.noAnswer), .unknown(.refundExists)]
    )
    func paidForEver(returns: QueryOutcome) async throws {
        let wallets = FakeWallets(call: { operation in
            switch operation {
            case .query(let order): .query(.paid(.of(order)))
            case .returns: .query(returns)
            case .cancel: .cancel(.refused)
            case .refund: .refund(.accepted)
            case .refundQuery: .refundQuery(.done)
            case .pay: .nothing(for: operation)
            }
        })
        let service = service(wallets)
        let rows = rows
        let intent = Sample.intent(at: clock.now())
        try await running(service) {
            _ = try await service.answer(pay(intent), wait: .seconds(120))
            _ = try await service.answer(revoke(intent), wait: .zero)
            await waitUntil { rows.stored(intent.orderNumber)?.record.refundAccepted == true }
            clock.advance(16_000)
            await service.work(on: intent.orderNumber)
            await waitUntil { rows.stored(intent.orderNumber)?.state == .revoked }
            #expect(wallets.calls.refund == 1 && wallets.calls.returns == 0)
            let before = rows.commits.count
            clock.advance(130_000)
            await service.work(on: intent.orderNumber)
            await waitUntil { rows.commits.count >= before + 2 }
            // Only where the wallet says that the refund is not there, the money is held after all.
            let isHeld = returns == .unknown(.refundExists)
            #expect(wallets.calls.returns >= 1)
            #expect((rows.stored(intent.orderNumber)?.state == .revoked) == !isHeld)
        }
    }

    @Test("a commit that nobody can vouch for sends nothing and answers nothing")
    func unclearCommit() async throws {
        let wallets = FakeWallets()
        let service = service(wallets)
        let intent = Sample.intent(at: clock.now())
        try await running(service) {
            rows.failNext(.failure(.unclear("the connection broke")))
            await #expect(throws: StoreError.self) {
                try await service.answer(pay(intent), wait: .seconds(1))
            }
            #expect(wallets.calls.pay == 0)
        }
    }

    @Test("a claim past D in the store is decided again, and refused")
    func tooLate() async throws {
        let wallets = FakeWallets()
        let service = service(wallets)
        let intent = Sample.intent(at: clock.now())
        rows.failNext(.success(.tooLate))
        clock.advance(8_000)
        let answer = try await service.answer(pay(intent), wait: .zero)
        #expect(answer == .payment(.refused(.late)))
        #expect(wallets.calls.pay == 0)
    }

    @Test("a payment whose register hung up is stored all the same")
    func hungUp() async throws {
        let gate = ChangeBoard<Int, Bool>()
        let ticket = gate.ticket(for: 0)
        let wallets = FakeWallets(pay: { payment, mayWrite in
            #expect(mayWrite())
            _ = await gate.wait(ticket, for: .seconds(60))
            return .outcome(.paid(.of(payment.order)))
        })
        let service = service(wallets)
        let intent = Sample.intent(at: clock.now())
        let rows = rows
        try await running(service) {
            let request = Task { try await service.answer(pay(intent), wait: .seconds(60)) }
            await waitUntil { wallets.calls.pay == 1 }
            request.cancel()
            _ = try? await request.value
            gate.post(true, for: 0)
            await waitUntil { rows.stored(intent.orderNumber)?.state == .paid }
        }
    }

    @Test("a lost reply becomes UNKNOWN, is asked for at the wallet's cadence, and comes back as paid")
    func rescue() async throws {
        let wallets = FakeWallets(
            pay: { _, mayWrite in mayWrite() ? .outcome(.unknown(.noAnswer)) : .unwritten(.late) },
            call: { operation in
                guard case .query(let order) = operation else { return .nothing(for: operation) }
                return .query(.paid(.of(order)))
            }
        )
        let service = service(wallets)
        let intent = Sample.intent(at: clock.now())
        let rows = rows
        try await running(service) {
            _ = try await service.answer(pay(intent), wait: .zero)
            await waitUntil { rows.stored(intent.orderNumber)?.state == .unknown }
            #expect(wallets.calls.query == 0)
            clock.advance(3_000)
            await waitUntil { rows.stored(intent.orderNumber)?.state == .paid }
        }
        #expect(wallets.calls.pay == 1 && wallets.calls.query == 1)
    }

    @Test("after a restart a payment that was being sent is asked for and never sent again")
    func restart() async throws {
        let intent = Sample.intent(at: clock.now())
        do {
            // The first process dies between claim and outcome.
            let dying = service(FakeWallets())
            _ = try await dying.answer(pay(intent), wait: .zero)
        }
        #expect(rows.stored(intent.orderNumber)?.state == .sending)
        let wallets = FakeWallets(call: { operation in
            guard case .query(let order) = operation else { return .nothing(for: operation) }
            return .query(.paid(.of(order)))
        })
        let service = service(wallets)
        let rows = rows
        try await running(service) {
            try await service.resume()
            #expect(rows.stored(intent.orderNumber)?.state == .unknown)
            _ = try await service.answer(pay(intent), wait: .zero)
            clock.advance(3_000)
            await waitUntil { rows.stored(intent.orderNumber)?.state == .paid }
            let answer = try await service.answer(pay(intent), wait: .zero)
            #expect(
                answer
                    == .payment(
                        .paid(CloudTrade(transaction: WalletTrade.of(WalletOrder(intent)).transaction, payer: []))
                    )
            )
        }
        #expect(wallets.calls.pay == 0)
    }

    @Test("a QUERY about a payment without a row asks the wallet, tells, and stores nothing")
    func tell() async throws {
        let wallets = FakeWallets(call: { operation in
            guard case .query(let order) = operation else { return .nothing(for: operation) }
            return .query(.paid(.of(order)))
        })
        let service = service(wallets)
        let intent = Sample.intent(at: clock.now())
        try await running(service) {
            let answer = try await service.answer(query(intent, home: .b), wait: .seconds(120))
            guard case .payment(.paid) = answer else {
                Issue.record("\(answer)")
                return
            }
        }
        #expect(rows.stored(intent.orderNumber) == nil && rows.commits.isEmpty)
    }

    @Test(
        "a revoke of a number nobody has seen is final at once at the paying cloud, and a later pay is refused",
        .timeLimit(.minutes(1))
    )
    func revokeUnseen() async throws {
        let wallets = FakeWallets()
        let service = service(wallets)
        let intent = Sample.intent(at: clock.now())
        try await running(service) {
            let undo = try await service.answer(revoke(intent), wait: .seconds(120))
            #expect(undo == .undo(.revoked(.unsent)))
            let late = try await service.answer(pay(intent), wait: .zero)
            #expect(late == .payment(.revoked))
            // The wallet is looked at in the background, behind the answer.
            await waitUntil { wallets.calls.query == 2 && wallets.calls.cancel == 1 }
        }
        #expect(wallets.calls.pay == 0 && wallets.calls.query == 2 && wallets.calls.cancel == 1)
    }

    @Test("the other cloud does not believe that nothing was found before F + 5 s, and then looks again")
    func revokeElsewhere() async throws {
        let wallets = FakeWallets()
        let service = service(wallets)
        let intent = Sample.intent(at: clock.now())
        let rows = rows
        try await running(service) {
            _ = try await service.answer(revoke(intent, home: .b), wait: .zero)
            await waitUntil { rows.stored(intent.orderNumber)?.record.phase == .sleeping }
            let before = wallets.calls.cancel
            clock.advance(125_501)
            await waitUntil { rows.stored(intent.orderNumber)?.state == .revoked }
            #expect(rows.stored(intent.orderNumber)?.record.undoKind == .neverExisted)
            #expect(wallets.calls.cancel > before)
        }
    }

    @Test("two workers that find the same due row make one wallet call")
    func twoWorkers() async throws {
        let wallets = FakeWallets(
            pay: { _, mayWrite in mayWrite() ? .outcome(.unknown(.noAnswer)) : .unwritten(.late) },
            call: { operation in
                try? await Task.sleep(for: .milliseconds(50))
                return .nothing(for: operation)
            }
        )
        let service = service(wallets)
        let intent = Sample.intent(at: clock.now())
        let rows = rows
        try await running(service) {
            _ = try await service.answer(pay(intent), wait: .zero)
            await waitUntil { rows.stored(intent.orderNumber)?.state == .unknown }
            service.timers.cancel(intent.orderNumber)
            clock.advance(3_000)
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<20 { group.addTask { await service.work(on: intent.orderNumber) } }
            }
            await waitUntil { wallets.calls.query >= 1 }
        }
        #expect(wallets.calls.query == 1)
    }

    @Test("a shutdown waits for a pay call that is out and stores its outcome")
    func shutdown() async throws {
        let gate = ChangeBoard<Int, Bool>()
        let ticket = gate.ticket(for: 0)
        let wallets = FakeWallets(pay: { payment, mayWrite in
            #expect(mayWrite())
            _ = await gate.wait(ticket, for: .seconds(60))
            return .outcome(.paid(.of(payment.order)))
        })
        let service = service(wallets)
        let intent = Sample.intent(at: clock.now())
        let group = ServiceGroup(services: [service], logger: .init(label: "test"))
        async let run: Void = group.run()
        _ = try await service.answer(pay(intent), wait: .zero)
        await waitUntil { wallets.calls.pay == 1 }
        await group.triggerGracefulShutdown()
        gate.post(true, for: 0)
        try await run
        #expect(rows.stored(intent.orderNumber)?.state == .paid)
    }
}
