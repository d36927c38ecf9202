// Part of Tillbridge. See LICENSE.

/// A call to Alipay's gateway that passed every check at the door.
package struct AlipayCall: WalletCall {
    package enum Content: Equatable, Sendable {
        case pay(PayRequest)
        case query(OrderReference)
        case cancel(OrderReference)
        case close(OrderReference)
        case refund(OrderReference, number: String?, amount: Int64, reason: String)
        case refundQuery(OrderReference, number: String)
        case bill(AlipayBillRequest)
    }

    package let content: Content
    package let envelope: AlipayEnvelope

    package var operation: SandboxOperation {
        switch content {
        case .pay: .pay
        case .query: .query
        case .cancel, .close: .cancel
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
        switch content {
        case .pay(let request): request.merchantOrderNumber
        case .query(let order), .cancel(let order), .close(let order), .refund(let order, _, _, _),
            .refundQuery(let order, _):
            if case .merchantNumber(let number) = order { number } else { nil }
        case .bill: nil
        }
    }
}

/// What every reply repeats from the request: where it goes and how it is written and signed.
package struct AlipayEnvelope: Equatable, Sendable {
    package let nodeName: String
    package let charset: Charset
    package let kind: AlipaySignature.Kind

    package static let error = AlipayEnvelope(nodeName: "error_response", charset: .utf8, kind: .rsa2)

    package init(nodeName: String, charset: Charset, kind: AlipaySignature.Kind) {
        self.nodeName = nodeName
        self.charset = charset
        self.kind = kind
    }
}
