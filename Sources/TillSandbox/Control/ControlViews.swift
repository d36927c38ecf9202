// Part of Tillbridge. See LICENSE.

/// A trade as the control interface shows it: the wallet's truth. Amounts in fen.
struct TradeView: Encodable, Sendable {
    struct Refund: Encodable, Sendable {
        let number: String
        let amount: Int64
        let state: RefundState
    }

    let wallet: SandboxWallet
    let merchantOrderNumber: String
    let walletNumber: String
    let amount: Int64
    let state: TradeState
    let closing: Closing?
    /// The phone asks for the password.
    let asks: Bool
    /// Back at the shopper.
    let refunded: Int64
    /// Gone from the merchant, not yet at the shopper.
    let inFlight: Int64
    /// What the shopper has paid and not got back.
    let net: Int64
    let subject: String
    let shopper: String
    let createdAt: Int64
    let expiresAt: Int64
    let paidAt: Int64?
    let refunds: [Refund]
    let history: [HistoryEntry]

    init(_ trade: Trade) {
        wallet = trade.wallet
        merchantOrderNumber = trade.merchantOrderNumber
        walletNumber = trade.walletNumber
        amount = trade.amount
        state = trade.state
        closing = trade.closing
        asks = trade.confirmable
        refunded = trade.refundDone
        inFlight = trade.inFlight
        net = trade.net
        subject = trade.subject
        shopper = trade.shopper
        createdAt = trade.createdAt
        expiresAt = trade.expiresAt
        paidAt = trade.paidAt
        refunds = trade.refunds.map { Refund(number: $0.number, amount: $0.amount, state: $0.state) }
        history = trade.history
    }
}

struct CodeView: Encodable, Sendable {
    let code: String
    let wallet: SandboxWallet
    let expiresAt: Int64
    let issuedAt: Int64
    let behaviour: Behaviour
    let shopper: String
    let usedBy: String?
    let trade: TradeView?

    init(_ code: IssuedCode, trade: Trade?) {
        self.code = code.code
        wallet = code.wallet
        expiresAt = code.expiresAt
        issuedAt = code.issuedAt
        behaviour = code.behaviour
        shopper = code.shopper
        usedBy = code.usedBy
        self.trade = trade.map(TradeView.init)
    }
}

/// Totals of the double-entry ledger. `sum` is zero, or the sandbox is broken.
struct LedgerView: Encodable, Sendable {
    struct Totals: Encodable, Sendable {
        var shoppers: Int64 = 0
        var merchant: Int64 = 0
        var inFlight: Int64 = 0
        var sum: Int64 = 0
    }

    var wallets: [String: Totals] = [:]
    var shoppers: Int64 = 0
    var merchant: Int64 = 0
    var inFlight: Int64 = 0
    var sum: Int64 = 0

    init(_ state: SandboxState) {
        for wallet in SandboxWallet.allCases {
            let ledger = state[wallet].ledger
            let totals = Totals(
                shoppers: ledger.shoppers,
                merchant: ledger.balance(of: .merchant),
                inFlight: ledger.balance(of: .inFlight),
                sum: ledger.sum
            )
            wallets[wallet.rawValue] = totals
            shoppers += totals.shoppers
            merchant += totals.merchant
            inFlight += totals.inFlight
            sum += totals.sum
        }
    }
}

struct ShopperView: Encodable, Sendable {
    let wallet: SandboxWallet
    let shopper: String
    let balance: Int64
    let trades: [TradeView]
}

struct ClockView: Encodable, Sendable {
    /// Milliseconds since 1970 by the sandbox's clock.
    let now: Int64
    /// Milliseconds it is ahead of the real clock.
    let offset: Int64
}
