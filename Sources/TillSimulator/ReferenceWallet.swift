// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// A wallet as an independent ledger with the worst behaviour that the wallets' documents allow: a cancel of an
/// unknown number leaves no trace, queries lag behind, pay requests arrive late, refunds take their time.
struct ReferenceWallet {
    enum Shopper { case pays, paysAfter(Int64), never, refused(DeclineReason) }

    struct Trade {
        let order: WalletOrder
        var isPaid: Bool
        var isClosed = false
        var refunds: [RefundNumber: Int64] = [:]
        var pendingRefunds: [RefundNumber: Int64] = [:]
        /// Queries see the trade from here on.
        var visibleAt: Int64
        /// When the shopper confirms.
        var paysAt: Int64?
        var refunded: Int64 { refunds.values.reduce(0, +) }
        var net: Int64 { isPaid ? order.amount.fen - refunded : 0 }
    }

    private(set) var trades: [OrderNumber: Trade] = [:]
    /// Numbers in the order in which trades were made: dictionaries are never iterated.
    private(set) var numbers: [OrderNumber] = []
    private(set) var paysExecuted: [OrderNumber: Int] = [:]

    func net(_ number: OrderNumber) -> Int64 { trades[number]?.net ?? 0 }

    private func view(_ trade: Trade) -> WalletTrade {
        WalletTrade(
            orderNumber: trade.order.number,
            amount: trade.order.amount,
            transaction: WalletTransactionID(trade.order.number.bytes) ?? ReferenceWallet.anyTransaction,
            nonce: trade.order.nonce,
            payer: []
        )
    }

    private static let anyTransaction: WalletTransactionID = {
        guard let transaction = WalletTransactionID([49]) else { preconditionFailure("one digit is a transaction") }
        return transaction
    }()

    mutating func pay(_ order: WalletOrder, shopper: Shopper, lag: Int64, now: Int64) -> PayOutcome {
        settle(order.number, now: now)
        if let trade = trades[order.number] {
            return trade.isPaid || trade.isClosed ? .unknown(.alreadyUsed) : .waitingForShopper
        }
        var trade = Trade(order: order, isPaid: false, visibleAt: now + lag)
        switch shopper {
        case .refused(let reason): return .declined(reason)
        case .pays:
            trade.isPaid = true
            paysExecuted[order.number, default: 0] += 1
        case .paysAfter(let span): trade.paysAt = now + span
        case .never: break
        }
        trades[order.number] = trade
        numbers.append(order.number)
        return trade.isPaid ? .paid(view(trade)) : .waitingForShopper
    }

    mutating func query(_ order: WalletOrder, now: Int64) -> QueryOutcome {
        settle(order.number, now: now)
        guard let trade = trades[order.number], now >= trade.visibleAt else { return .notFound }
        if trade.isClosed { return .closed }
        return trade.isPaid ? (trade.net == 0 ? .closed : .paid(view(trade))) : .open
    }

    mutating func cancel(_ order: WalletOrder, now: Int64) -> CancelOutcome {
        settle(order.number, now: now)
        guard var trade = trades[order.number] else { return .notFound }
        if trade.isClosed { return .closed }
        trade.isClosed = true
        var outcome = CancelOutcome.closed
        if trade.isPaid, trade.net > 0 {
            trade.refunds[order.number.refundNumber(99)] = trade.net
            outcome = .refunded
        }
        trades[order.number] = trade
        return outcome
    }

    mutating func refund(_ refund: WalletRefund, slowly: Bool, now: Int64) -> RefundOutcome {
        settle(refund.order.number, now: now)
        guard var trade = trades[refund.order.number], trade.isPaid else { return .failed(.other) }
        if trade.refunds[refund.number] != nil { return .done }
        if trade.pendingRefunds[refund.number] != nil { return .accepted }
        let pending = trade.pendingRefunds.count == 0 ? 0 : refund.amount.fen
        guard trade.refunded + pending + refund.amount.fen <= trade.order.amount.fen else { return .failed(.limit) }
        if slowly {
            trade.pendingRefunds[refund.number] = now + 20_000
            trades[refund.order.number] = trade
            return .accepted
        }
        trade.refunds[refund.number] = refund.amount.fen
        trades[refund.order.number] = trade
        return .done
    }

    mutating func refundQuery(_ refund: WalletRefund, now: Int64) -> RefundQueryOutcome {
        settle(refund.order.number, now: now)
        guard var trade = trades[refund.order.number] else { return .notFound }
        if let doneAt = trade.pendingRefunds[refund.number], now >= doneAt {
            trade.pendingRefunds[refund.number] = nil
            trade.refunds[refund.number] = refund.amount.fen
            trades[refund.order.number] = trade
        }
        if trade.refunds[refund.number] != nil { return .done }
        return trade.pendingRefunds[refund.number] != nil ? .pending : .notFound
    }

    /// The shopper's confirmation, when its time has come and the order is still open.
    mutating func settle(_ number: OrderNumber, now: Int64) {
        guard var trade = trades[number], let paysAt = trade.paysAt, now >= paysAt else { return }
        trade.paysAt = nil
        if !trade.isClosed {
            trade.isPaid = true
            paysExecuted[number, default: 0] += 1
        }
        trades[number] = trade
    }
}
