// Part of Tillbridge. See LICENSE.
import Synchronization
import TillDomain
import TillEngine
import TillProtocol
import TillStore

/// PAY, QUERY, REVOKE, CONFIRM, REFUND: from the wire to the payment logic and back.
extension CloudGateway {
    func pay(_ body: [UInt8], _ signed: SignedRequest, _ slot: AdmissionSlot) async throws -> GatewayAnswer {
        let message = try PayRequest(decoding: body)
        try concern(signed, message.intent)
        let snapshot = directory.snapshot
        guard message.intent.orderNumber.installation == snapshot.installation else {
            throw ProblemError(.notYours, "This number belongs to an installation of the other kind, sandbox or live.")
        }
        guard message.intent.amount.fen <= snapshot.chain.amountLimit else {
            throw ProblemError(.malformed, "The amount is above the chain's limit.")
        }
        if message.send == 1, directory.routing(message.intent.routing)?.classify(message.intent) == .notAPaymentCode {
            unknownCodes.count(message.intent)
        }
        let store = String(decoding: message.intent.orderNumber.register.store, as: UTF8.self)
        let details = PaymentService.PayDetails(
            code: message.code,
            operatorName: message.operatorName,
            items: message.items,
            subject: Array((snapshot.stores[store]?.name ?? store).utf8)
        )
        let request = PaymentService.Request(
            number: message.intent.orderNumber,
            event: .pay(message.intent, home: message.home),
            fresh: CloudPayment(intent: message.intent, home: message.home),
            details: details
        )
        return try await answer(request, about: message.intent, message.id, wait: message.wait, signed, slot)
    }

    func query(_ body: [UInt8], _ signed: SignedRequest, _ slot: AdmissionSlot) async throws -> GatewayAnswer {
        let message = try QueryRequest(decoding: body)
        try concern(signed, message.intent)
        let request = PaymentService.Request(
            number: message.intent.orderNumber,
            event: .query(message.intent, home: message.home),
            fresh: CloudPayment(intent: message.intent, home: message.home)
        )
        return try await answer(request, about: message.intent, message.id, wait: message.wait, signed, slot)
    }

    /// - Parameter wait: Milliseconds.
    private func answer(
        _ request: PaymentService.Request,
        about intent: Intent,
        _ id: MessageID,
        wait: Int64,
        _ signed: SignedRequest,
        _ slot: AdmissionSlot
    ) async throws -> GatewayAnswer {
        let draft = Mutex<(of: CloudAnswer, sealed: GatewayAnswer)?>(nil)
        let answer = try await service.answer(
            request,
            wait: .milliseconds(wait),
            prepare: { likely in
                guard let body = try? paymentAnswer(likely, intent, id) else { return }
                let made = sealed(body, signed)
                draft.withLock { $0 = (likely, made) }
            },
            onHold: { slot.leave() }
        )
        if let draft = draft.withLock({ $0 }), draft.of == answer { return draft.sealed }
        return try sealed(paymentAnswer(answer, intent, id), signed)
    }

    func revoke(_ body: [UInt8], _ signed: SignedRequest, _ slot: AdmissionSlot) async throws -> [UInt8] {
        let message = try RevokeRequest(decoding: body)
        try concern(signed, message.intent)
        // A reason of a newer plug-in is as good as any: it is for people. An order is a person's alone.
        let named = message.reason.value ?? .timeout
        let reason = named == .ordered ? .timeout : named
        let request = PaymentService.Request(
            number: message.intent.orderNumber,
            event: .revoke(message.intent, home: message.home, reason),
            fresh: CloudPayment(intent: message.intent, home: message.home)
        )
        let answer = try await service.answer(request, wait: .milliseconds(message.wait), onHold: { slot.leave() })
        guard case .undo(let undo) = answer else { throw CloudGateway.unexpected(answer) }
        return UndoAnswer(
            head: head(message.id),
            orderNumber: message.intent.orderNumber,
            state: UndoState(undo)
        ).encode()
    }

    func confirm(_ body: [UInt8], _ signed: SignedRequest) async throws -> [UInt8] {
        let message = try ConfirmRequest(decoding: body)
        try concern(signed, message.intent)
        var journal: JournalMark?
        if case .register(_, let generation) = signed.keyID {
            journal = JournalMark(generation: generation, index: message.journalIndex)
        }
        let request = PaymentService.Request(
            number: message.intent.orderNumber,
            event: .confirm(message.intent, home: message.home, implied: message.isImplicit),
            fresh: CloudPayment(intent: message.intent, home: message.home),
            journal: journal
        )
        // An answer that needs the wallet first is worth a moment: it saves the plug-in a repetition.
        let answer = try await service.answer(request, wait: .milliseconds(1_000))
        guard case .confirm(let state) = answer else {
            throw ProblemError(.busy, "Not proven yet; confirm again.")
        }
        return ConfirmAnswer(
            head: head(message.id),
            orderNumber: message.intent.orderNumber,
            state: .known(ConfirmState(state))
        ).encode()
    }

    func refund(_ body: [UInt8], _ signed: SignedRequest) async throws -> [UInt8] {
        let message = try RefundRequest(decoding: body)
        guard signed.mayConcern(message.orderNumber) else { throw CloudGateway.foreign }
        let limit = directory.snapshot.chain.refundLimit
        let request = CloudRefundRequest(
            reference: message.reference.bytes,
            amount: message.amount,
            reason: message.reason,
            operatorName: message.operatorName
        )
        let answer = try await service.answer(
            PaymentService.Request(
                number: message.orderNumber,
                event: .refund(request, authorised: message.amount.fen <= limit)
            ),
            wait: .milliseconds(1_000)
        )
        let refund: CloudRefundAnswer
        switch answer {
        case .refund(let known): refund = known
        case .nothing: refund = CloudRefundAnswer(status: .refused, number: nil, refunded: .zero)
        default: throw CloudGateway.unexpected(answer)
        }
        let reason: StaticString =
            refund.status == .refused ? "not confirmed, above the limit, or more than is left" : ""
        return RefundAnswer(
            head: head(message.id),
            orderNumber: message.orderNumber,
            reference: message.reference,
            refundNumber: refund.number,
            state: .known(TillProtocol.RefundState(refund.status)),
            reason: reason.bytes,
            refunded: refund.refunded
        ).encode()
    }

    /// A register speaks about its own payments alone.
    private func concern(_ signed: SignedRequest, _ intent: Intent) throws {
        guard signed.mayConcern(intent.orderNumber) else { throw CloudGateway.foreign }
    }

    private static let foreign = ProblemError(.notYours, "A register's key speaks for its own register only.")

    private func paymentAnswer(_ answer: CloudAnswer, _ intent: Intent, _ id: MessageID) throws -> [UInt8] {
        guard case .payment(let payment) = answer else { throw CloudGateway.unexpected(answer) }
        return PaymentAnswer(
            head: head(id),
            orderNumber: intent.orderNumber,
            state: state(payment, of: intent)
        ).encode()
    }

    private func state(_ answer: CloudPaymentAnswer, of intent: Intent) -> PaymentState {
        switch answer {
        case .paid(let trade):
            // The wallet follows from the intent; a routing that is not here any more would be our own fault.
            guard case .wallet(let wallet, _) = service.wallets.route(intent) else { return .unknown }
            return .paid(
                PaidFacts(
                    amount: intent.amount,
                    wallet: wallet,
                    transaction: trade.transaction,
                    payer: trade.payer
                )
            )
        case .pending(let waiting): return .pending(waiting)
        case .unknown: return .unknown
        case .declined(let reason): return .declined(.known(reason))
        case .refused(let reason): return .refused(.known(reason))
        case .conflict: return .conflict
        case .revoking: return .revoking
        case .revoked: return .revoked
        }
    }

    /// Answers that are problems, and those that cannot be.
    private static func unexpected(_ answer: CloudAnswer) -> ProblemError {
        switch answer {
        case .notHome: ProblemError(.notHome, "The other cloud is the paying one; this says nothing about the payment.")
        case .busy: ProblemError(.busy, "Nothing was stored; try again.")
        case .payment, .undo, .confirm, .refund, .nothing:
            ProblemError(.internalError, "This says nothing about the payment; ask again.")
        }
    }
}

extension UndoState {
    fileprivate init(_ answer: CloudUndoAnswer) {
        switch answer {
        case .revoking(let step, let seconds): self = .revoking(step: .known(step), nextSeconds: seconds)
        case .duty(_, let seconds): self = .duty(nextSeconds: seconds)
        case .revoked(let kind): self = .revoked(kind: .known(kind))
        case .confirmed(kept: true): self = .revoked(kind: .known(.kept))
        case .confirmed(kept: false): self = .confirmed
        case .stuck(let reason): self = .stuck(reason: reason.wireBytes)
        }
    }
}

extension ConfirmState {
    fileprivate init(_ answer: CloudConfirmAnswer) {
        switch answer {
        case .confirmed: self = .confirmed
        case .revoking: self = .revoking
        case .revoked: self = .revoked
        }
    }
}

extension TillProtocol.RefundState {
    fileprivate init(_ status: CloudRefundStatus) {
        switch status {
        case .accepted: self = .accepted
        case .done: self = .done
        case .failed: self = .failed
        case .refused: self = .refused
        }
    }
}
