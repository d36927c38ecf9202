// Part of Tillbridge. See LICENSE.

/// A call to WeChat Pay that passed every check at the door.
package struct WeChatCall: WalletCall {
    package enum Content: Equatable, Sendable {
        case pay(PayRequest)
        case query(OrderReference)
        case reverse(OrderReference)
        case refund(WeChatWallet.RefundRequest)
        case refundQuery(WeChatWallet.RefundReference)
    }

    package let content: Content
    /// Fields that every answer repeats.
    package let echoes: [String: String]
    package let kind: WeChatSignature.Kind

    package var operation: SandboxOperation {
        switch content {
        case .pay: .pay
        case .query: .query
        case .reverse: .cancel
        case .refund: .refund
        case .refundQuery: .refundQuery
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
        case .query(let reference), .reverse(let reference), .refundQuery(.order(let reference)): order = reference
        case .refund(let request): order = request.reference
        case .refundQuery(.refund): return nil
        }
        guard case .merchantNumber(let number) = order else { return nil }
        return number
    }
}
