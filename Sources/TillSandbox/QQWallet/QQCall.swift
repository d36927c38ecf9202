// Part of Tillbridge. See LICENSE.

/// A call to QQ Wallet that passed every check at the door.
package struct QQCall: WalletCall {
    package enum Content: Equatable, Sendable {
        case pay(PayRequest)
        case query(OrderReference)
        case reverse(number: String)
        case refund(KeyedRefundRequest)
        case refundQuery(KeyedRefundReference)
        case bill(QQStatement.Request)
    }

    package let content: Content
    /// Fields that every answer repeats.
    package let echoes: [String: String]

    package var operation: SandboxOperation {
        switch content {
        case .pay: .pay
        case .query: .query
        case .reverse: .cancel
        case .refund: .refund
        case .refundQuery: .refundQuery
        case .bill: .bill
        }
    }

    package var payRequest: PayRequest? {
        guard case .pay(let request) = content else { return nil }
        return request
    }

    package var merchantOrderNumber: String? {
        let order: OrderReference
        switch content {
        case .pay(let request): return request.merchantOrderNumber
        case .reverse(let number): return number
        case .query(let reference), .refundQuery(.order(let reference)): order = reference
        case .refund(let request): order = request.reference
        case .refundQuery(.refund), .bill: return nil
        }
        guard case .merchantNumber(let number) = order else { return nil }
        return number
    }
}
