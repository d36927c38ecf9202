// Part of Tillbridge. See LICENSE.
package import TillDomain

/// What a wallet says of a trade in which money was taken.
package struct WalletTrade: Equatable, Sendable {
    package let orderNumber: OrderNumber
    package let amount: Money
    package let transaction: WalletTransactionID
    /// Nil where this answer does not echo the order's free data field.
    package let nonce: Nonce?
    /// Masked by the wallet, UTF-8, for the cashier's eyes. Empty where the wallet gives none.
    package let payer: [UInt8]

    package init(
        orderNumber: OrderNumber,
        amount: Money,
        transaction: WalletTransactionID,
        nonce: Nonce?,
        payer: [UInt8]
    ) {
        self.orderNumber = orderNumber
        self.amount = amount
        self.transaction = transaction
        self.nonce = nonce
        self.payer = payer
    }

    /// The right money (invariant S11): number and amount are ours, and the nonce is, where the wallet echoes it.
    package func isPayment(of order: WalletOrder) -> Bool {
        orderNumber == order.number && amount == order.amount && (nonce == nil || nonce == order.nonce)
    }
}

/// Why an answer decides nothing.
package enum UnknownCause: Equatable, Sendable {
    /// No connection, and provably no byte of the request was written.
    case neverLeft
    /// Time ran out, the connection broke, or the body broke off.
    case noAnswer
    /// The answer's signature is missing or wrong.
    case badSignature
    /// Not what the wallet's document describes: HTTP status, syntax, a required field.
    case malformed
    /// The wallet's own "unknown": system error, busy.
    case walletUnsure
    /// A code that is not in our table.
    case unlistedCode
    /// The wallet says that the number is paid or used already. Never a failure and never a success: ask.
    case alreadyUsed
    /// The wallet would not look at the call: signature, permission, format, rate. It decides nothing by itself.
    case notProcessed
    /// The order was paid and a refund of it exists: how much is still held, only ``WalletOperation/returns(_:)`` says.
    /// From that, not the whole amount is back or on its way.
    case refundExists
}

package enum PayOutcome: Equatable, Sendable {
    case paid(WalletTrade)
    case waitingForShopper
    /// A code documented as a definite error. Believed after one confirming query.
    case declined(DeclineReason)
    case unknown(UnknownCause)
}

package enum QueryOutcome: Equatable, Sendable {
    case paid(WalletTrade)
    /// The order exists and may still be paid.
    case open
    /// The wallet knows no such order (yet).
    case notFound
    /// The order exists and its payment failed for good.
    case payError
    /// Closed, revoked or refunded in full: no money is held.
    case closed
    /// The whole amount is on its way back: the wallet has taken the return over and not finished it.
    case returning
    case unknown(UnknownCause)
}

package enum CancelOutcome: Equatable, Sendable {
    /// The wallet closed the unpaid order, or returned the money. Believed when a query agrees.
    case closed
    case refunded
    /// Nothing under this number. It proves nothing until the paying cloud or time does.
    case notFound
    /// The wallet will not cancel this order, ever: too old, frozen, already refunded. A query says what to do.
    case refused
    /// The same call again, later.
    case retry
    case unknown(UnknownCause)
}

package enum RefundFailure: Equatable, Sendable {
    /// The merchant's account at the wallet is empty.
    case merchantBalance
    case tradeFrozen
    case limit
    /// Anything else a person must look at.
    case other
}

package enum RefundOutcome: Equatable, Sendable {
    /// Taken over, not finished. A refund query shows the end.
    case accepted
    case done
    case failed(RefundFailure)
    /// The same number again, later.
    case retry
    case unknown(UnknownCause)
}

package enum RefundQueryOutcome: Equatable, Sendable {
    case done
    case pending
    /// No such refund: repeat it with the same number.
    case notFound
    case failed(RefundFailure)
    case unknown(UnknownCause)
}

/// What a wallet's answer means, for the operation that was asked.
package enum WalletOutcome: Equatable, Sendable {
    case pay(PayOutcome)
    case query(QueryOutcome)
    case cancel(CancelOutcome)
    case refund(RefundOutcome)
    case refundQuery(RefundQueryOutcome)
}

// Whoever made a call knows which outcome it has.
extension WalletOutcome {
    private static func mismatch() -> Never { preconditionFailure("an outcome of another operation") }

    package var asPay: PayOutcome { if case .pay(let outcome) = self { outcome } else { WalletOutcome.mismatch() } }
    package var asQuery: QueryOutcome {
        if case .query(let outcome) = self { outcome } else { WalletOutcome.mismatch() }
    }
    package var asCancel: CancelOutcome {
        if case .cancel(let outcome) = self { outcome } else { WalletOutcome.mismatch() }
    }
    package var asRefund: RefundOutcome {
        if case .refund(let outcome) = self { outcome } else { WalletOutcome.mismatch() }
    }
    package var asRefundQuery: RefundQueryOutcome {
        if case .refundQuery(let outcome) = self { outcome } else { WalletOutcome.mismatch() }
    }
}
