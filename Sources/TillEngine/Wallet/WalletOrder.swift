// Part of Tillbridge. See LICENSE.
package import TillDomain

/// One order at a wallet, as every call about it names it. It follows from the intent alone.
package struct WalletOrder: Equatable, Sendable {
    package let number: OrderNumber
    package let amount: Money
    /// Put into the order's free data field, compared before *paid* and before any undo.
    package let nonce: Nonce
    package let startedAt: Timestamp

    package init(_ intent: Intent) {
        number = intent.orderNumber
        amount = intent.amount
        nonce = intent.nonce
        startedAt = intent.startedAt
    }

    /// The undo's own refund: always the whole amount, always the same number.
    package var undoRefund: WalletRefund {
        WalletRefund(
            order: self,
            number: number.refundNumber(0),
            // Both clouds may send it, so that it has to follow from the intent.
            requestedAt: startedAt,
            amount: amount,
            reason: ("payment revoked" as StaticString).bytes
        )
    }
}

/// The one pay call of an order.
package struct WalletPayment: Sendable {
    package let order: WalletOrder
    package let code: PaymentCode
    /// What the shopper reads in the wallet: UTF-8, for example the store's name.
    package let subject: [UInt8]
    package let operatorName: [UInt8]
    package let items: [BasketItem]

    package init(
        order: WalletOrder,
        code: PaymentCode,
        subject: [UInt8],
        operatorName: [UInt8],
        items: [BasketItem]
    ) {
        self.order = order
        self.code = code
        self.subject = subject
        self.operatorName = operatorName
        self.items = items
    }
}

/// One refund of an order. Repeating it with the same number returns nothing more.
package struct WalletRefund: Equatable, Sendable {
    package let order: WalletOrder
    package let number: RefundNumber
    /// The same with every repetition: for wallets that know a refund by number and time.
    package let requestedAt: Timestamp
    /// Positive, at most the order's amount.
    package let amount: Money
    /// UTF-8, shown to the shopper.
    package let reason: [UInt8]

    package init(
        order: WalletOrder,
        number: RefundNumber,
        requestedAt: Timestamp,
        amount: Money,
        reason: [UInt8]
    ) {
        self.order = order
        self.number = number
        self.requestedAt = requestedAt
        self.amount = amount
        self.reason = reason
    }
}

package enum WalletOperation: Sendable {
    case pay(WalletPayment)
    case query(WalletOrder)
    /// Undo an attempt whose outcome is unclear: cancel, reverse.
    case cancel(WalletOrder)
    case refund(WalletRefund)
    case refundQuery(WalletRefund)
    /// All refunds of an order, after a query that ended with ``UnknownCause/refundExists``. Its outcome is a query's.
    case returns(WalletOrder)
}
