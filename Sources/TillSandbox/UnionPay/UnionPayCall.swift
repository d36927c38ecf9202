// Part of Tillbridge. See LICENSE.

/// A call to UnionPay that passed every check at the door.
package struct UnionPayCall: WalletCall {
    package enum Content: Equatable, Sendable {
        case consume(PayRequest)
        case query(UnionPayWallet.Reference)
        case reverse(number: String, time: String)
        /// A void or a refund.
        case giveBack(UnionPayWallet.GiveBackRequest)
        /// The settlement file of a day, `MMdd`.
        case bill(settleDate: String)
    }

    package let content: Content
    /// Fields that every answer repeats, by their name.
    package let echoes: [String: String]

    package var operation: SandboxOperation {
        switch content {
        case .consume: .pay
        case .query: .query
        case .reverse: .cancel
        case .giveBack: .refund
        case .bill: .bill
        }
    }

    package var payRequest: PayRequest? {
        guard case .consume(let request) = content else { return nil }
        return request
    }

    package var merchantOrderNumber: String? {
        switch content {
        case .consume(let request): request.merchantOrderNumber
        case .reverse(let number, _), .query(.order(let number, _)): number
        case .giveBack(let request):
            if case .order(let number, _) = request.original { number } else { nil }
        case .query(.queryID), .bill: nil
        }
    }
}
