// Part of Tillbridge. See LICENSE.
package import TillDomain

/// What the record answers now. A shell that holds an answer back asks again after each change.
extension CloudPayment {
    package func answer(to event: CloudEvent, at now: Timestamp, context: CloudContext) -> CloudAnswer {
        switch event {
        case .revoke: .undo(undoAnswer(at: now, context: context))
        case .confirm: confirmAnswer.map { .confirm($0) } ?? .nothing
        case .refund(let request, _): .refund(refundAnswer(reference: request.reference))
        default: .payment(paymentAnswer)
        }
    }

    package var paymentAnswer: CloudPaymentAnswer {
        switch record.state {
        case .none: .unknown
        case .sending: .pending(.wallet)
        case .unknown: record.conflictSeen ? .conflict : record.waiting ? .pending(.shopper) : .unknown
        case .paid: record.trade.map { .paid($0) } ?? .unknown
        // S5: a cloud that has stored a revoke never answers paid again, not even when the sale stands after all.
        case .confirmed: record.revokeReason == nil ? record.trade.map { .paid($0) } ?? .unknown : .revoking
        case .declined: .declined(record.declineReason ?? .closed)
        case .tomb: record.unsent ? .refused(record.refusalReason ?? .overload) : .revoking
        case .revoking, .stuck: .revoking
        case .revoked: .revoked
        }
    }

    package func undoAnswer(at now: Timestamp, context: CloudContext) -> CloudUndoAnswer {
        switch record.state {
        case .revoked: return .revoked(record.undoKind ?? .closed)
        case .confirmed: return .confirmed(kept: record.confirmedBy == .persons)
        case .stuck: return .stuck(record.stuckReason ?? .refundFailed)
        case .none, .sending, .unknown, .paid, .declined, .tomb, .revoking: break
        }
        if record.refundAccepted { return .duty(.refunding, nextSeconds: seconds(until: record.dueAt, from: now)) }
        if let schedule = context.schedule, schedule.gateOpensOn == .duty,
            let earliest = earliestReversal(context), now < earliest
        {
            return .duty(.tooEarly, nextSeconds: seconds(until: earliest, from: now))
        }
        return .revoking(record.phase.step, nextSeconds: seconds(until: record.dueAt, from: now))
    }

    package var confirmAnswer: CloudConfirmAnswer? {
        switch record.state {
        case .confirmed: .confirmed
        case .revoking, .stuck: .revoking
        case .revoked: .revoked
        case .none, .sending, .unknown, .paid, .declined, .tomb: nil
        }
    }

    package func refundAnswer(reference: [UInt8]) -> CloudRefundAnswer {
        for refund in record.refunds where refund.request.reference == reference {
            return CloudRefundAnswer(
                status: refund.status,
                number: refund.number(of: intent.orderNumber),
                refunded: record.refunded
            )
        }
        return CloudRefundAnswer(status: .refused, number: nil, refunded: record.refunded)
    }

    private func seconds(until moment: Timestamp?, from now: Timestamp) -> Int64 {
        guard let moment, moment > now else { return 0 }
        return (moment - now + 999) / 1000
    }
}

extension UndoPhase {
    package var step: UndoStep {
        switch self {
        case .idle, .early: .tooEarly
        case .look, .cancel: .cancelling
        case .verify: .verifying
        case .refund, .follow: .refunding
        case .sleeping: .untilF
        }
    }
}

/// How much a wallet still holds is a second question where it says only that a refund exists, and where it says *paid*
/// for ever, whatever is refunded later: that is no news of an order whose undo ended with a refund.
extension CloudPayment {
    /// Whether ``WalletOperation/returns(_:)`` is asked after this answer to a query.
    package func asksForReturns(after query: QueryOutcome) -> Bool {
        switch query {
        case .unknown(.refundExists): true
        case .paid: record.undoKind == .refunded
        default: false
        }
    }

    /// What the two answers say together.
    package func held(_ query: QueryOutcome, returns: QueryOutcome) -> QueryOutcome {
        if case .paid = query, returns == .unknown(.refundExists) { query } else { returns }
    }
}
