// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// Answers of a cloud: at once, or held back until a change or the end of the wait.
extension Simulation {
    mutating func answerRequest(
        _ answer: CloudAnswer,
        mayHold: Bool,
        _ event: CloudEvent,
        _ cloud: Int,
        _ place: Int,
        _ message: Message?
    ) {
        guard let message else { return }
        let wait = message.call.waitMilliseconds
        guard mayHold, wait > 0 else { return sendAnswer(answer, cloud, place, message) }
        let id = clouds[cloud].nextWaiter
        clouds[cloud].nextWaiter += 1
        clouds[cloud].rows[place].waiters.append(
            SimulatedCloud.Waiter(id: id, message: message, event: event, first: answer)
        )
        plan(.holdEnds(cloud, life: clouds[cloud].life, place: place, waiter: id), after: wait)
    }

    mutating func holdEnds(_ cloud: Int, life: Int, place: Int, waiter: Int) {
        guard clouds[cloud].life == life, clouds[cloud].isUp,
            let position = clouds[cloud].rows[place].waiters.firstIndex(where: { $0.id == waiter })
        else { return }
        guard clouds[cloud].stoppedUntil <= now else {
            return queue.add(
                .holdEnds(cloud, life: life, place: place, waiter: waiter),
                at: clouds[cloud].stoppedUntil
            )
        }
        let waiting = clouds[cloud].rows[place].waiters.remove(at: position)
        sendAnswer(present(waiting, cloud, place) ?? waiting.first, cloud, place, waiting.message)
    }

    private mutating func present(_ waiter: SimulatedCloud.Waiter, _ cloud: Int, _ place: Int) -> CloudAnswer? {
        guard let payment = clouds[cloud].rows[place].payment else { return nil }
        let context = context(cloud, place, waiter.event)
        return payment.answer(to: waiter.event, at: cloudTime(cloud), context: context)
    }

    /// The row has changed: who waits is told if it settles the matter, or if the shopper is being asked now.
    mutating func answerWaiters(changed payment: CloudPayment, _ cloud: Int, _ place: Int) {
        let waiters = clouds[cloud].rows[place].waiters
        clouds[cloud].rows[place].waiters = []
        for waiter in waiters {
            let answer = present(waiter, cloud, place) ?? waiter.first
            var isNews = answer.isSettled
            if case .payment(.pending(.shopper)) = answer, answer != waiter.first { isNews = true }
            if isNews {
                sendAnswer(answer, cloud, place, waiter.message)
            } else {
                clouds[cloud].rows[place].waiters.append(waiter)
            }
        }
    }

    /// What the wallet said of a payment without a row.
    mutating func answerWaiters(told: CloudPaymentAnswer, _ cloud: Int, _ place: Int) {
        let waiters = clouds[cloud].rows[place].waiters
        clouds[cloud].rows[place].waiters = []
        for waiter in waiters {
            guard waiter.message.call.isQuery else {
                clouds[cloud].rows[place].waiters.append(waiter)
                continue
            }
            sendAnswer(.payment(told), cloud, place, waiter.message, isTold: true)
        }
    }

    private mutating func sendAnswer(
        _ answer: CloudAnswer,
        _ cloud: Int,
        _ place: Int,
        _ message: Message,
        isTold: Bool = false
    ) {
        checkAnswer(answer, cloud, place, message, isTold: isTold)
        if traces { tell(place, "\(clouds[cloud].name) answers \(answer.word)") }
        guard var result = result(answer, cloud, place) else { return }
        if options.forgeries > 0, faultsOn, worldSpan(1_000) < options.forgeries { falsify(&result) }
        reply(result, to: message, from: cloud)
    }

    /// A cloud that is out of its mind signs another amount.
    private func falsify(_ result: inout LaneCallResult) {
        guard case .payment(let reply) = result, case .paid(let paid) = reply.state else { return }
        let other = PaidReply(
            amount: Money(fen: paid.amount.fen + 1),
            isCNY: true,
            wallet: paid.wallet,
            transaction: paid.transaction,
            payer: paid.payer
        )
        result = .payment(
            PaymentReply(cloud: reply.cloud, time: reply.time, orderNumber: reply.orderNumber, state: .paid(other))
        )
    }

    private func result(_ answer: CloudAnswer, _ cloud: Int, _ place: Int) -> LaneCallResult? {
        let name = clouds[cloud].name
        let time = cloudTime(cloud)
        let payment = clouds[cloud].rows[place].payment
        guard let intent = payment?.intent ?? payments[place].intent else { return nil }
        switch answer {
        case .payment(let answer):
            let state: PaymentReply.State
            switch answer {
            case .paid(let trade):
                state = .paid(
                    PaidReply(
                        amount: intent.amount,
                        isCNY: true,
                        wallet: wallet(place) ?? .alipay,
                        transaction: trade.transaction,
                        payer: trade.payer
                    )
                )
            case .pending(let waiting): state = .pending(waiting)
            case .unknown: state = .unknown
            case .declined(let reason): state = .declined(reason)
            case .refused(let reason): state = .refused(reason)
            case .conflict: state = .conflict
            case .revoking: state = .revoking
            case .revoked: state = .revoked
            }
            return .payment(PaymentReply(cloud: name, time: time, orderNumber: intent.orderNumber, state: state))
        case .undo(let answer):
            let state: UndoReply.State
            switch answer {
            case .revoking(let step, let seconds): state = .revoking(step, nextSeconds: seconds)
            case .duty(_, let seconds): state = .duty(nextSeconds: seconds)
            case .revoked(.kept): state = .confirmed(kept: true)
            case .revoked(let kind): state = .revoked(kind)
            case .confirmed(let kept): state = .confirmed(kept: kept)
            case .stuck: state = .stuck
            }
            return .undo(UndoReply(cloud: name, time: time, orderNumber: intent.orderNumber, state: state))
        case .confirm(let answer): return .confirm(answer, time: time)
        case .refund(let answer):
            let state: RefundState =
                switch answer.status {
                case .accepted: .accepted
                case .done: .done
                case .failed: .failed
                case .refused: .refused
                }
            return .refund(
                RefundReply(
                    cloud: name,
                    time: time,
                    state: state,
                    refundNumber: answer.number,
                    refunded: answer.refunded,
                    reason: []
                )
            )
        case .notHome, .busy, .nothing: return .failed(unwritten: false)
        }
    }
}

extension LaneCall {
    var isQuery: Bool { if case .query = kind { true } else { false } }
}

extension CloudAnswer {
    var word: String {
        switch self {
        case .payment(.paid): "paid"
        case .payment(let answer): "\(answer)"
        case .undo(let answer): "undo \(answer)"
        case .confirm(let answer): "confirm \(answer)"
        case .refund(let answer): "refund \(answer.status)"
        case .notHome: "not-home"
        case .busy: "busy"
        case .nothing: "nothing"
        }
    }
}
