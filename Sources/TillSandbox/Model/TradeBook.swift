// Part of Tillbridge. See LICENSE.

/// The books of one wallet: codes, shoppers, trades, refunds and the ledger behind them. It knows no HTTP and no
/// wallet's error codes; `AlipayWallet` and the others put their rules on top. Orders are found by their key, which is
/// the merchant's number, at UnionPay with the order's time.
package struct TradeBook: Sendable {
    package let wallet: SandboxWallet
    package let pace: Pace
    package private(set) var codes: [String: IssuedCode] = [:]
    package private(set) var trades: [String: Trade] = [:]
    package private(set) var shoppers: [String: Shopper] = [:]
    package private(set) var ledger = Ledger()
    package private(set) var latePays: [LatePay] = []
    /// Keys of orders in the order in which the wallet learned of them.
    package private(set) var sequence: [String] = []
    /// Keys that a merchant cancelled before the wallet knew them, where that is binding.
    private var fences: Set<String> = []
    private var byMerchantNumber: [String: [String]] = [:]
    private var byWalletNumber: [String: String] = [:]
    private var byRefundNumber: [String: String] = [:]
    private var byShopper: [String: [String]] = [:]
    private var open: Set<String> = []
    /// Nothing is due before this moment. It may be too early, never too late.
    private var earliestDue = Int64.max
    /// What has not been handed to the store yet.
    private var changes: [Change] = []

    package static let openingBalance: Int64 = 10_000_000

    package init(wallet: SandboxWallet, pace: Pace) {
        self.wallet = wallet
        self.pace = pace
    }

    // MARK: Reading

    /// By the order's key.
    package func trade(number key: String) -> Trade? { trades[key] }

    /// Every order with this number of the merchant's, oldest first.
    package func trades(number: String) -> [Trade] { byMerchantNumber[number, default: []].compactMap { trades[$0] } }

    package func trade(walletNumber: String) -> Trade? { byWalletNumber[walletNumber].flatMap { trades[$0] } }

    /// By the key or the wallet's number of a refund.
    package func trade(refundNumber: String) -> Trade? { byRefundNumber[refundNumber].flatMap { trades[$0] } }

    /// Newest first.
    package func trades(ofShopper name: String, limit: Int) -> [Trade] {
        byShopper[name, default: []].suffix(limit).reversed().compactMap { trades[$0] }
    }

    package func isFenced(_ key: String) -> Bool { fences.contains(key) }

    package func balance(of shopper: String) -> Int64 {
        (shoppers[shopper]?.opening ?? 0) + ledger.balance(of: .shopper(shopper))
    }

    // MARK: Writing

    package mutating func drainChanges() -> [Change] {
        defer { changes = [] }
        return changes
    }

    package mutating func put(_ code: IssuedCode) {
        codes[code.code] = code
        changes.append(.code(code))
    }

    package mutating func put(_ shopper: Shopper) {
        shoppers[shopper.name] = shopper
        changes.append(.shopper(shopper))
    }

    package mutating func put(_ trade: Trade) {
        index(trade)
        changes.append(.trade(trade))
    }

    package mutating func fence(_ key: String) {
        guard fences.insert(key).inserted else { return }
        changes.append(.fence(wallet, key))
    }

    package mutating func add(_ late: LatePay) {
        latePays.append(late)
        earliestDue = min(earliestDue, late.due)
        changes.append(.latePay(late))
    }

    package mutating func remove(_ late: LatePay) {
        latePays.removeAll { $0.id == late.id }
        changes.append(.latePayDone(wallet, late.id))
    }

    package mutating func move(
        _ amount: Int64,
        from: LedgerAccount,
        to: LedgerAccount,
        for trade: Trade,
        at now: Int64,
        memo: String
    ) {
        let entry = LedgerEntry(
            wallet: wallet,
            sequence: ledger.nextSequence(),
            at: now,
            merchantOrderNumber: trade.merchantOrderNumber,
            from: from.name,
            to: to.name,
            amount: amount,
            memo: memo
        )
        ledger.apply(entry)
        changes.append(.entry(entry))
    }

    /// Takes a row as it was stored, without storing it again.
    package mutating func restore(_ change: Change) {
        switch change {
        case .code(let code): codes[code.code] = code
        case .shopper(let shopper): shoppers[shopper.name] = shopper
        case .trade(let trade): index(trade)
        case .entry(let entry): ledger.apply(entry)
        case .fence(_, let key): fences.insert(key)
        case .latePay(let late):
            latePays.append(late)
            earliestDue = min(earliestDue, late.due)
        case .latePayDone, .setting: break
        }
    }

    private mutating func index(_ trade: Trade) {
        let key = trade.key
        if trades.updateValue(trade, forKey: key) == nil {
            sequence.append(key)
            byMerchantNumber[trade.merchantOrderNumber, default: []].append(key)
            byWalletNumber[trade.walletNumber] = key
            byShopper[trade.shopper, default: []].append(key)
        }
        for refund in trade.refunds {
            byRefundNumber[refund.key] = key
            byRefundNumber[refund.walletNumber] = key
        }
        if let due = trade.nextDue {
            open.insert(key)
            earliestDue = min(earliestDue, due)
        } else {
            open.remove(key)
        }
    }

    // MARK: What happens by itself

    package enum Job: Sendable {
        /// A shopper's password, an expiry or a refund's end is due.
        case trade(String)
        case latePay(LatePay)
    }

    /// The earliest thing that is due at `now`, with its own moment.
    package mutating func nextJob(until now: Int64) -> (due: Int64, job: Job)? {
        guard earliestDue <= now else { return nil }
        var best: (due: Int64, job: Job)?
        // In a fixed order, so that what is due at the same moment happens in the same order every time.
        for key in open.sorted() {
            guard let due = trades[key]?.nextDue, due < best?.due ?? .max else { continue }
            best = (due, .trade(key))
        }
        for late in latePays where late.due < best?.due ?? .max { best = (late.due, .latePay(late)) }
        earliestDue = best?.due ?? .max
        guard let best, best.due <= now else { return nil }
        return best
    }
}

extension Trade {
    /// When something happens to this trade by itself.
    package var nextDue: Int64? {
        var due = refunds.filter { $0.state == .processing }.map(\.settlesAt).min()
        if state == .waiting { due = min(due ?? .max, expiresAt, paysAt ?? .max) }
        return due
    }

    package mutating func note(_ event: String, _ amount: Int64? = nil, at now: Int64) {
        history.append(HistoryEntry(at: now, event: event, amount: amount))
    }
}
