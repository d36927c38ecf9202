// Part of Tillbridge. See LICENSE.

/// A sale as the paper log has it, for the list of recent sales and for the last receipt.
package struct SaleRecord: Codable, Equatable, Sendable {
    package var saleRef: String
    /// In fen.
    package var amount: Int64
    /// Milliseconds since 1970: when it was last heard of.
    package var time: Int64
    package var cash = false
    package var outcome: SaleAnswer.Outcome?
    package var orderNumber: String?
    package var wallet: String?
    package var walletTransaction: String?
    package var reason: String?
    package var undone = false
    package var acknowledged = false
    package var disowned = false
    /// The plug-in did not take the call.
    package var refused = false
}

/// The paper log, read into sales. Newest last.
package struct SaleBook: Sendable {
    /// The list is for people: older sales stay in the log alone.
    private static let limit = 200

    package private(set) var sales: [SaleRecord] = []

    package init(_ entries: [PaperEntry] = []) {
        for entry in entries { note(entry) }
    }

    /// The newest sale that was taken, by wallet or in cash.
    package var lastReceipt: SaleRecord? { sales.last { $0.cash || ($0.outcome == .paid && !$0.disowned) } }

    package func isTakenInCash(_ saleRef: String) -> Bool { sales.contains { $0.saleRef == saleRef && $0.cash } }

    /// Told *paid*, handed over for it and not for cash, and the plug-in does not know it yet.
    package var unacknowledged: [String] {
        sales.filter { $0.outcome == .paid && !$0.cash && !$0.acknowledged && !$0.disowned }.map(\.saleRef)
    }

    package mutating func note(_ entry: PaperEntry) {
        guard let saleRef = entry.saleRef else { return }
        switch entry.kind {
        case .asked:
            if entry.call == .pay { change(saleRef, entry) { $0.amount = entry.amount ?? $0.amount } }
        case .cash:
            change(saleRef, entry) {
                $0.amount = entry.amount ?? $0.amount
                $0.cash = true
            }
        case .told:
            // About another sale in the way: this one has not begun.
            let isRefusal = entry.outcome == .busy || entry.outcome == .unacknowledged
            change(saleRef, entry) { sale in
                if isRefusal, sale.outcome != nil { return }
                sale.outcome = entry.outcome
                sale.orderNumber = isRefusal ? nil : entry.orderNumber
                sale.wallet = entry.wallet
                sale.walletTransaction = entry.walletTransaction
                sale.reason = entry.reason
                sale.undone = entry.undone ?? false
                if entry.call == .acknowledge, entry.outcome == .paid { sale.acknowledged = true }
                if entry.call == .disown, entry.outcome == .cancelled { sale.disowned = true }
            }
        case .refused:
            if entry.call == .pay { change(saleRef, entry) { $0.refused = true } }
        case .silence: break
        }
    }

    private mutating func change(_ saleRef: String, _ entry: PaperEntry, _ body: (inout SaleRecord) -> Void) {
        if let position = sales.lastIndex(where: { $0.saleRef == saleRef }) {
            sales[position].time = entry.time
            body(&sales[position])
        } else {
            var sale = SaleRecord(saleRef: saleRef, amount: entry.amount ?? 0, time: entry.time)
            body(&sale)
            sales.append(sale)
            if sales.count > SaleBook.limit { sales.removeFirst() }
        }
    }
}
