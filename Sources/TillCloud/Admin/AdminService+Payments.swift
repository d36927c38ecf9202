// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine
import TillProtocol
import TillStore

/// Refunds, persons' decisions, lists.
extension AdminService {
    func refund(
        _ number: String,
        amount: Int64,
        reference: String,
        reason: String,
        person: String
    ) async throws -> AdminReply {
        let order = try self.order(number)
        guard amount > 0 else { throw StartError("--amount \(amount): give fen above 0.") }
        guard (1...40).contains(reference.utf8.count) else {
            throw StartError("--reference: give 1 to 40 characters; the same reference is the same refund.")
        }
        let request = CloudRefundRequest(
            reference: Array(reference.utf8),
            amount: Money(fen: amount),
            reason: Array(reason.utf8),
            operatorName: Array(try checked(name: person, "--operator").utf8)
        )
        let answer = try await core.service.answer(
            .init(number: order, event: .refund(request, authorised: true)),
            wait: .seconds(2)
        )
        switch answer {
        case .refund(let refund):
            guard refund.status != .refused, let refundNumber = refund.number else {
                throw StartError(
                    "Payment \(order) was not refunded: it must be confirmed, and refunds must not exceed what was paid."
                )
            }
            let state = "\(refund.status)"
            return AdminReply(
                text: "Refund \(refundNumber): \(state); \(refund.refunded.fen) fen of this payment given back in all.",
                json: json { json in
                    json.identifier("n", order)
                    json.identifier("refundNumber", refundNumber)
                    json.string("state", Array(state.utf8))
                    json.money("refunded", refund.refunded)
                }
            )
        case .notHome:
            throw StartError(
                "Payment \(order) was paid through the other cloud: run this command there.",
                isElsewhere: true
            )
        case .nothing:
            throw StartError(
                "Payment \(order) is not known at this cloud: run this command at the other one.",
                isElsewhere: true
            )
        case .payment, .undo, .confirm, .busy: throw StartError("Payment \(order) cannot be refunded now: try again.")
        }
    }

    func resolve(_ resolution: AdminRequest.Resolution) async throws -> AdminReply {
        let order = try self.order(resolution.number)
        let persons = CloudPersons(
            first: Array(try checked(name: resolution.first, "--first").utf8),
            second: Array(resolution.second.utf8),
            evidence: Array(resolution.evidence.utf8)
        )
        try check(persons, for: resolution.decision)
        guard let before = try await core.store.payment(order) else {
            throw StartError(
                "Payment \(order) is not known at this cloud: run this command at the other one.",
                isElsewhere: true
            )
        }
        let decision: CloudPersonDecision =
            switch resolution.decision {
            case .confirm: .confirms
            case .revoke: .revokes
            case .keep: .keeps
            case .solved: .solved
            case .ask: .asks
            case .adopt: .adopts
            case .refund:
                .refunds(
                    CloudRefundRequest(
                        reference: Array("resolve-\(order.sequence)".utf8),
                        amount: before.intent.amount,
                        reason: persons.evidence,
                        operatorName: persons.first
                    )
                )
            }
        if decision == .revokes, try isUndone(before) {
            return AdminReply(text: "Payment \(order) is \(before.state.text) already.", json: row(before))
        }
        let answer = try await core.service.answer(
            .init(number: order, event: .person(decision, persons)),
            wait: .zero
        )
        let after = try await core.store.payment(order)
        switch decision {
        case .keeps where before.record.refundMayArrive, .solved where before.record.refundMayArrive:
            guard before.state == .stuck, after?.state == .stuck else { break }
            throw StartError(
                "Payment \(order): its refund may still arrive, so nothing was decided. The wallet is being asked; return the money another way only when the payment is revoke_failed."
            )
        default: break
        }
        guard let after, after.record.version != before.record.version else {
            throw StartError(
                answer == .notHome
                    ? "Payment \(order) was paid through the other cloud: run this command there."
                    : "Payment \(order) is \(before.state.text): '\(resolution.decision.rawValue)' does not apply.",
                isElsewhere: answer == .notHome
            )
        }
        return AdminReply(text: "Payment \(order) is \(after.state.text) now.", json: row(after))
    }

    /// Who decides about money says what it rests on, and most decisions take two.
    private func check(_ persons: CloudPersons, for decision: AdminRequest.Resolution.Decision) throws(StartError) {
        switch decision {
        case .ask: break
        case .revoke:
            guard !persons.evidence.isEmpty else { throw StartError("--evidence: say why the payment is undone.") }
        case .confirm, .refund, .keep, .solved, .adopt:
            guard persons.areTwo, !persons.evidence.isEmpty else {
                throw StartError(
                    "--first, --second, --evidence: this decision takes two different persons and their evidence."
                )
            }
        }
    }

    /// Whether an order to undo it is carried out already.
    /// - Throws: Where the order cannot be given: at the other cloud, or while the register decides.
    private func isUndone(_ payment: CloudPayment) throws(StartError) -> Bool {
        let order = payment.intent.orderNumber
        guard payment.home == core.settings.name else {
            throw StartError(
                "Payment \(order) was paid through the other cloud: run this command there.",
                isElsewhere: true
            )
        }
        switch payment.state {
        case .revoking, .stuck, .revoked: return true
        case .none, .sending, .unknown, .paid, .declined, .tomb, .confirmed: break
        }
        let bound = payment.revocableFrom(core.settings.times)
        if [.sending, .unknown, .paid].contains(payment.state), core.clock.now() < bound {
            throw StartError(
                "Payment \(order): its register decides by itself until \(UTCText.text(bound)); nothing was ordered."
            )
        }
        return false
    }

    func payments(_ search: AdminRequest.PaymentSearch) async throws -> AdminReply {
        var filter = PaymentFilter()
        filter.text = search.text
        filter.store = search.store?.uppercased()
        filter.queuedOnly = search.queuedOnly
        guard (1...1000).contains(search.limit) else { throw StartError("--limit \(search.limit): give 1 to 1000.") }
        filter.limit = search.limit
        if let register = search.register {
            guard let id = RegisterID(register.uppercased().utf8) else {
                throw StartError("--register \(register): give the 9 characters of a register.")
            }
            filter.register = id
        }
        let payments = try await core.store.payments(filter)
        var lines = ["order number              state            fen        wallet     sale"]
        for payment in payments {
            let wallet = payment.record.wallet?.description ?? "-"
            lines.append(
                "\(payment.intent.orderNumber)  \(payment.display.text.padding(16)) "
                    + "\("\(payment.intent.amount.fen)".padding(10)) \(wallet.padding(10)) \(payment.intent.saleReference)"
            )
        }
        return AdminReply(
            text: payments.isEmpty ? "No payments." : lines.joined(separator: "\n"),
            json: #"{"payments":["# + payments.map { row($0) }.joined(separator: ",") + "]}"
        )
    }

    func promote(_ person: String) async throws -> AdminReply {
        let now = core.clock.now()
        try await core.store.promote(
            at: now,
            by: AuditNote(actor: try checked(name: person, "--operator"), action: "promoted")
        )
        return AdminReply(
            text:
                "The database is marked as restored at \(now.milliseconds): what is missing from it before then proves "
                + "nothing. Restart the cloud.",
            json: json { $0.time("promotedAt", now) }
        )
    }

    private func order(_ text: String) throws(StartError) -> OrderNumber {
        guard let order = OrderNumber(text.uppercased().utf8) else {
            throw StartError(
                "Order number \(text): give the 24 characters on the receipt; the last one checks the others."
            )
        }
        return order
    }

    private func row(_ payment: CloudPayment) -> String {
        json { json in
            json.identifier("n", payment.intent.orderNumber)
            json.identifier("saleRef", payment.intent.saleReference)
            json.money("amount", payment.intent.amount)
            json.name("home", payment.home)
            json.name("state", payment.state)
            json.name("display", payment.display)
            if let wallet = payment.record.wallet { json.identifier("wallet", wallet) }
            if let trade = payment.record.trade { json.identifier("walletTransaction", trade.transaction) }
            if let reason = payment.record.declineReason { json.name("reason", reason) }
            if let kind = payment.record.undoKind { json.name("undo", kind) }
            json.money("refunded", payment.record.refunded)
            json.bool("queued", payment.record.queued)
            json.time("createdAt", payment.record.createdAt)
        }
    }
}
