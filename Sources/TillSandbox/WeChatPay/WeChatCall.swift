// Part of Tillbridge. See LICENSE.

/// A call to WeChat Pay V2 that passed every check at the door.
package struct WeChatCall: WalletCall {
    package enum Content: Equatable, Sendable {
        case pay(PayRequest)
        case query(OrderReference)
        case reverse(OrderReference)
        case refund(KeyedRefundRequest)
        case refundQuery(KeyedRefundReference)
        case bill(WeChatBillRequest)
    }

    package let content: Content
    /// Fields that every answer repeats.
    package let echoes: [String: String]
    package let kind: WeChatSignature.Kind

    package var operation: SandboxOperation { content.operation }
    package var payRequest: PayRequest? { content.payRequest }
    package var merchantOrderNumber: String? { content.merchantOrderNumber }
}

/// What a call wants of the books, in either version of the protocol.
extension WeChatCall.Content {
    var operation: SandboxOperation {
        switch self {
        case .pay: .pay
        case .query: .query
        case .reverse: .cancel
        case .refund: .refund
        case .refundQuery: .refundQuery
        case .bill: .bill
        }
    }

    var payRequest: PayRequest? {
        guard case .pay(let request) = self else { return nil }
        return request
    }

    var merchantOrderNumber: String? {
        let order: OrderReference
        switch self {
        case .pay(let request): return request.merchantOrderNumber
        case .query(let reference), .reverse(let reference), .refundQuery(.order(let reference)): order = reference
        case .refund(let request): order = request.reference
        case .refundQuery(.refund), .bill: return nil
        }
        guard case .merchantNumber(let number) = order else { return nil }
        return number
    }
}
