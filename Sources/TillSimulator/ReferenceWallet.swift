// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// A wallet as an independent ledger with the worst behaviour that the wallets' documents allow. It shares no rule
/// with the machines: it knows orders, shoppers' accounts and the merchant's account.
///
/// Trades lie at the places of the payments; time is virtual milliseconds.
struct ReferenceWallet {
    struct Refund {
        enum State { case pending(until: Int64, willFail: Bool), done, failed }
        let counter: Int
        let amount: Int64
        var state: State
        /// Refund queries see it from here on.
        let visibleAt: Int64
    }

    struct Trade {
        let number: OrderNumber
        let amount: Int64
        let nonce: Nonce
        /// Another shop's sale under the same number.
        let isStranger: Bool
        /// When the wallet took the request up.
        let createdAt: Int64
        var paid: Int64 = 0
        var isClosed = false
        /// The payment failed, and the order shows it.
        var failure: Failure?
        /// Returned by a cancel.
        var cancelled: Int64 = 0
        var refunds: [Refund] = []
        /// Queries see the trade from here on.
        var visibleAt: Int64
        /// When the shopper confirms; nil: not waiting for anybody.
        var confirmsAt: Int64?
        /// When the wallet closes an unpaid order by itself.
        var closesAt: Int64?

        var returned: Int64 {
            var sum = cancelled
            for refund in refunds { if case .done = refund.state { sum += refund.amount } }
            return sum
        }
        var held: Int64 { paid - returned }
        /// On its way back: refunds that are neither done nor failed.
        var returning: Int64 {
            var sum: Int64 = 0
            for refund in refunds { if case .pending = refund.state { sum += refund.amount } }
            return sum
        }
    }

    /// For how long a failed order is shown as one.
    enum Failure { case untilClosed, forGood }

    /// What one wallet does beyond the order of things, drawn by the simulation for this call.
    struct Manner {
        var lag: Int64 = 0
        var closesAt: Int64?
        var offline = false
        var failure: Failure?
    }

    private(set) var trades: [Trade?] = []
    /// Double entry: shoppers' accounts and the merchants' account. They must cancel out.
    private(set) var shoppers: Int64 = 0
    private(set) var merchant: Int64 = 0
    /// Codes that have been used, by their number.
    private var usedCodes: [Int64: Int] = [:]

    subscript(place: Int) -> Trade? { place < trades.count ? trades[place] : nil }

    /// What the wallet holds of the payment's own trade.
    func held(_ place: Int) -> Int64 {
        guard place < trades.count, let trade = trades[place], !trade.isStranger else { return 0 }
        return trade.held
    }

    private mutating func set(_ trade: Trade, at place: Int) {
        while trades.count <= place { trades.append(nil) }
        trades[place] = trade
    }

    private mutating func move(_ amount: Int64) {
        shoppers -= amount
        merchant += amount
    }

    private func view(_ trade: Trade, echoesNonce: Bool) -> WalletTrade {
        WalletTrade(
            orderNumber: trade.number,
            amount: Money(fen: trade.amount),
            transaction: ReferenceWallet.transaction,
            nonce: echoesNonce ? trade.nonce : nil,
            payer: []
        )
    }

    private static let transaction: WalletTransactionID = {
        guard let transaction = WalletTransactionID([50, 48, 50, 54]) else { preconditionFailure("digits") }
        return transaction
    }()

    // MARK: - Calls

    /// A stranger's sale that was there first.
    mutating func placeStranger(_ order: WalletOrder, amount: Int64, nonce: Nonce, at place: Int, now: Int64) {
        var trade = Trade(
            number: order.number,
            amount: amount,
            nonce: nonce,
            isStranger: true,
            createdAt: now - 60_000,
            visibleAt: now - 60_000
        )
        trade.paid = amount
        move(amount)
        set(trade, at: place)
    }

    /// - Parameter until: The last moment at which the first request of an order is taken (W3).
    mutating func pay(
        _ order: WalletOrder,
        code: SimulatedCode,
        wallet: Wallet,
        at place: Int,
        until: Int64,
        manner: Manner,
        now: Int64
    ) -> PayOutcome {
        settle(place, now: now)
        if let trade = self[place] {
            if trade.isStranger || trade.isClosed || trade.paid > 0 { return .unknown(.alreadyUsed) }
            return trade.failure == nil ? .waitingForShopper : .declined(.insufficientFunds)
        }
        let codeEnds = manner.offline ? until : min(until, code.shownAt + 60_000)
        guard now < codeEnds else { return .declined(.codeExpired) }
        if let other = usedCodes[code.number], other != place { return .declined(.codeUsed) }
        var trade = Trade(
            number: order.number,
            amount: order.amount.fen,
            nonce: order.nonce,
            isStranger: false,
            createdAt: now,
            visibleAt: now + manner.lag
        )
        switch code.shopper {
        case .poor:
            trade.failure = manner.failure
            if manner.failure != nil { set(trade, at: place) }
            return .declined(.insufficientFunds)
        case .expired: return .declined(.codeExpired)
        case .pays: trade.paid = trade.amount
        case .hesitates: trade.confirmsAt = now + 8_000
        case .late: trade.confirmsAt = now + 44_000
        case .absent: break
        }
        if trade.paid == 0 { trade.closesAt = manner.closesAt }
        usedCodes[code.number] = place
        set(trade, at: place)
        move(trade.paid)
        return trade.paid > 0 ? .paid(view(trade, echoesNonce: echoesNonce(wallet))) : .waitingForShopper
    }

    /// Alipay and WeChat Pay echo the free data field, the others do not.
    func echoesNonce(_ wallet: Wallet) -> Bool { wallet == .alipay || wallet == .weChatPay }

    mutating func query(at place: Int, wallet: Wallet, now: Int64) -> QueryOutcome {
        settle(place, now: now)
        guard let trade = self[place], now >= trade.visibleAt else { return .notFound }
        if trade.paid == 0 {
            if let failure = trade.failure, !trade.isClosed || failure == .forGood { return .payError }
            return trade.isClosed ? .closed : .open
        }
        if trade.held == 0 { return .closed }
        // WeChat Pay shows that a refund exists, and its own query how much.
        if wallet == .weChatPay, trade.returning == trade.held { return .returning }
        return .paid(view(trade, echoesNonce: echoesNonce(wallet)))
    }

    enum CancelManner {
        case plain
        /// Says that it succeeded and does nothing.
        case hollow
        /// Will not reverse this paid trade, ever.
        case refused
        case tooEarly
    }

    mutating func cancel(at place: Int, manner: CancelManner, now: Int64) -> CancelOutcome {
        settle(place, now: now)
        guard var trade = self[place] else { return manner == .hollow ? .closed : .notFound }
        if manner == .tooEarly, !trade.isClosed { return .retry }
        if trade.isClosed { return .closed }
        if manner == .hollow { return .closed }
        // Cancel and refunds together never return more than was paid (W6).
        if trade.returning > 0 { return .retry }
        if manner == .refused, trade.paid > 0 { return .refused }
        trade.isClosed = true
        trade.confirmsAt = nil
        guard trade.paid > 0 else {
            set(trade, at: place)
            return .closed
        }
        let amount = trade.held
        trade.cancelled += amount
        move(-amount)
        set(trade, at: place)
        return .refunded
    }

    mutating func refund(
        _ refund: WalletRefund,
        counter: Int,
        at place: Int,
        pendingFor: Int64?,
        willFail: Bool,
        hiddenFor: Int64,
        now: Int64
    ) -> RefundOutcome {
        settle(place, now: now)
        guard var trade = self[place], trade.paid > 0 else { return .failed(.other) }
        for known in trade.refunds where known.counter == counter {
            switch known.state {
            case .done: return .done
            case .pending: return .accepted
            // A repeated number that had failed is tried again, as the wallets' documents say.
            case .failed: continue
            }
        }
        trade.refunds.removeAll { $0.counter == counter }
        guard trade.returned + trade.returning + refund.amount.fen <= trade.paid else { return .failed(.limit) }
        let visibleAt = now + hiddenFor
        if let pendingFor {
            let state = Refund.State.pending(until: now + pendingFor, willFail: willFail)
            trade.refunds.append(
                Refund(counter: counter, amount: refund.amount.fen, state: state, visibleAt: visibleAt)
            )
            set(trade, at: place)
            return .accepted
        }
        if willFail { return .failed(.merchantBalance) }
        trade.refunds.append(
            Refund(counter: counter, amount: refund.amount.fen, state: .done, visibleAt: visibleAt)
        )
        move(-refund.amount.fen)
        set(trade, at: place)
        return .done
    }

    mutating func refundQuery(counter: Int, at place: Int, now: Int64) -> RefundQueryOutcome {
        settle(place, now: now)
        guard let trade = self[place] else { return .notFound }
        for known in trade.refunds where known.counter == counter && now >= known.visibleAt {
            switch known.state {
            case .done: return .done
            case .pending: return .pending
            case .failed: return .failed(.merchantBalance)
            }
        }
        return .notFound
    }

    /// A person at the wallet's own console gives the rest back, unless a refund is on its way (W6).
    mutating func returnByHand(at place: Int) {
        guard var trade = self[place], trade.returning == 0 else { return }
        let amount = trade.held
        trade.cancelled += amount
        trade.isClosed = true
        move(-amount)
        set(trade, at: place)
    }

    /// The wallet breaks its word: money is taken for an order that was closed or refused.
    mutating func breakWord(_ order: WalletOrder, at place: Int, now: Int64) {
        var trade =
            self[place]
            ?? Trade(
                number: order.number,
                amount: order.amount.fen,
                nonce: order.nonce,
                isStranger: false,
                createdAt: now,
                visibleAt: now
            )
        // What was returned under a refund's number cannot be returned under it again (W6).
        guard trade.held == 0, !trade.isStranger, trade.refunds.isEmpty else { return }
        trade.paid += trade.amount
        trade.isClosed = false
        trade.failure = nil
        trade.closesAt = nil
        // It may still have been open: a shopper does not pay twice.
        trade.confirmsAt = nil
        move(trade.amount)
        set(trade, at: place)
    }

    /// What time has brought: the shopper's confirmation, the wallet's own closing, the end of a refund.
    mutating func settle(_ place: Int, now: Int64) {
        guard place < trades.count, var trade = trades[place], !trade.isStranger else { return }
        var changed = false
        if let closesAt = trade.closesAt, now >= closesAt, trade.confirmsAt ?? .max > closesAt {
            trade.closesAt = nil
            trade.confirmsAt = nil
            if trade.paid == 0 { trade.isClosed = true }
            changed = true
        }
        if let confirmsAt = trade.confirmsAt, now >= confirmsAt {
            trade.confirmsAt = nil
            if !trade.isClosed {
                trade.paid = trade.amount
                move(trade.amount)
            }
            changed = true
        }
        for position in trade.refunds.indices {
            guard case .pending(let until, let willFail) = trade.refunds[position].state, now >= until
            else { continue }
            trade.refunds[position].state = willFail ? .failed : .done
            if !willFail { move(-trade.refunds[position].amount) }
            changed = true
        }
        if changed { trades[place] = trade }
    }

    /// When time next changes the trade; nil: never.
    func nextChange(_ place: Int) -> Int64? {
        guard let trade = self[place] else { return nil }
        var next = Int64.max
        if let confirmsAt = trade.confirmsAt { next = min(next, confirmsAt) }
        if let closesAt = trade.closesAt { next = min(next, closesAt) }
        for refund in trade.refunds { if case .pending(let until, _) = refund.state { next = min(next, until) } }
        return next == .max ? nil : next
    }
}
