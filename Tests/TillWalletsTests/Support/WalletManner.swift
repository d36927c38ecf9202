// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// How the wallets differ in what a shop sees of them.
struct WalletManner: Sendable {
    let wallet: Wallet

    /// The wallets that the sandbox plays, and that are talked to here.
    static let wallets: [Wallet] = [.alipay, .weChatPay, .qqWallet, .unionPay]

    /// Whether the answer to a payment says *paid*. UnionPay only accepts it; a query says what became of it.
    var paysAtOnce: Bool { wallet != .unionPay }

    /// The first answer to a refund.
    var refund: RefundOutcome { wallet == .alipay ? .done : .accepted }

    /// What a query shows of an order of which a part was refunded: paid, or nothing but that a refund exists.
    var showsPaidAfterPart: Bool { wallet == .alipay || wallet == .unionPay }

    /// What a query shows of an order that was refunded in full. Nil where it is paid for ever.
    var refundedOrder: QueryOutcome? {
        switch wallet {
        case .alipay: .closed
        case .weChatPay, .qqWallet: .unknown(.refundExists)
        case .unionPay: nil
        }
    }

    /// The answer to the cancel of a paid order.
    var cancelledAfterPaying: CancelOutcome { wallet == .alipay ? .refunded : .closed }

    /// What a query shows of an order that was paid, then cancelled.
    var cancelledOrder: QueryOutcome { wallet == .weChatPay ? .unknown(.refundExists) : .closed }

    /// Whether the answer to a payment has the reason, or a query shows later that the order failed.
    func declinesAtOnce(_ reason: DeclineReason) -> Bool { wallet != .unionPay || reason == .codeExpired }
}
