// Part of Tillbridge. See LICENSE.
import Logging
import ServiceLifecycle
import Synchronization
import TillDomain
import TillEngine
import TillStore

/// Calls that go out, and work that time brings.
extension PaymentService {
    /// The one pay call. What it needs dies with it, so that a restart cannot repeat it.
    func pay(_ call: CloudPayCall, _ draft: PayDraft, payment: CloudPayment) {
        let right = PayRight(call: call)
        let (clock, trusted) = (clock, signals.clockTrusted)
        jobs.submit {
            let (result, note) = await self.wallets.pay(
                draft,
                deadline: call.deadline,
                mayWrite: { trusted() && right.use(at: clock.now()) }
            )
            switch result {
            case .outcome(let outcome): await self.complete(payment, .payOutcome(outcome), [note])
            case .unwritten(let cause): await self.complete(payment, .payUnwritten(cause), [note])
            }
        }
    }

    /// A call that may be repeated: the machine decides when.
    func start(
        _ operation: WalletOperation,
        of payment: CloudPayment,
        completion: @escaping @Sendable (WalletOutcome) -> CloudEvent
    ) {
        jobs.submit {
            var (outcome, note) = await self.wallets.perform(operation, intent: payment.intent)
            var notes = [note]
            if case .query(let order) = operation, payment.asksForReturns(after: outcome.asQuery) {
                let returns: WalletOutcome
                (returns, note) = await self.wallets.perform(.returns(order), intent: payment.intent)
                outcome = .query(payment.held(outcome.asQuery, returns: returns.asQuery))
                notes.append(note)
            }
            await self.complete(payment, completion(outcome), notes)
        }
    }

    /// Stores what a call brought. If the store fails the row's lease ends and the sweep takes it up.
    private func complete(_ payment: CloudPayment, _ event: CloudEvent, _ notes: [WalletCallNote?]) async {
        let number = payment.intent.orderNumber
        // A payment without a row is asked for without storing anything; its completion needs no row either.
        let withoutRow = payment.state == .none ? payment : nil
        do {
            var request = Request(number: number, event: event, fresh: withoutRow)
            request.calls = notes.compactMap(\.self)
            try await handle(request, known: payment)
        } catch {
            signals.logger.error("outcome not stored", metadata: ["n": "\(number)", "error": "\(error)"])
        }
    }

    /// What time asks of one row now.
    func work(on number: OrderNumber) async {
        do {
            // Each event is judged on the row as it is by then: another worker may have done it.
            for _ in 0..<128 {
                guard let payment = try await rows.payment(number) else { return }
                guard let event = payment.timerEvents(at: clock.now()).first else {
                    if let next = payment.nextWork(at: clock.now()) { timers.schedule(number, at: next) }
                    return try await rows.release(number)
                }
                try await handleOnce(event, on: payment)
            }
        } catch {
            signals.logger.error("work failed", metadata: ["n": "\(number)", "error": "\(error)"])
        }
    }

    /// Work that was due when the process started, or that an alarm missed.
    func sweep() async {
        do {
            for number in try await rows.due(at: clock.now(), limit: 500) {
                jobs.submit { await self.work(on: number) }
            }
        } catch {
            signals.logger.error("sweep failed", metadata: ["error": "\(error)"])
        }
    }

    /// After a start and after every leap of the clock: the clock may have been ahead while rows were written.
    func replan() async {
        let now = clock.now()
        do {
            let count = try await rows.replan(changedAfter: now + 2 * times.clockError, at: now)
            if count > 0 {
                signals.logger.warning("a clock that ran ahead had planned work", metadata: ["rows": "\(count)"])
            }
        } catch {
            signals.logger.error("work is not planned again", metadata: ["error": "\(error)"])
        }
    }

    /// What a restart finds: a row that was being sent becomes UNKNOWN and is never sent again; open work goes on.
    func resume() async throws {
        for number in try await rows.unfinished() { try await handle(Request(number: number, event: .restart)) }
    }

    /// A wallet is back: what waits for it goes on now.
    func wake() async {
        do {
            for number in try await rows.unfinished() {
                jobs.submit { _ = try? await self.handle(Request(number: number, event: .wake)) }
            }
        } catch {
            signals.logger.error("wake failed", metadata: ["error": "\(error)"])
        }
    }
}

extension PaymentService: Service {
    /// Runs calls, alarms and the sweep. On shutdown no new work is begun, and calls that are out come home.
    func run() async throws {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.jobs.run() }
                group.addTask {
                    while let number = await self.timers.next() { self.jobs.submit { await self.work(on: number) } }
                    self.jobs.finish()
                }
                group.addTask { await self.sweepForEver() }
            }
        } onGracefulShutdown: {
            self.timers.close()
        }
    }

    private func sweepForEver() async {
        let pause = Duration.milliseconds(max(200, times.scaled(5_000)))
        var leaps = -1
        do {
            while true {
                try await cancelWhenGracefulShutdown { try await Task.sleep(for: pause) }
                let leapsByNow = signals.clockLeaps()
                if leaps != leapsByNow {
                    leaps = leapsByNow
                    await replan()
                }
                await sweep()
            }
        } catch {
            // Cancelled: the service ends.
        }
    }
}

/// The right to write, used from the thread that writes.
private final class PayRight: Sendable {
    private let call: Mutex<CloudPayCall>

    init(call: CloudPayCall) { self.call = Mutex(call) }

    func use(at now: Timestamp) -> Bool { call.withLock { $0.mayWrite(at: now) } }
}
