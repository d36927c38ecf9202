// Part of Tillbridge. See LICENSE.
import TillDomain

/// How an attempt ended that owes nothing to anybody any more.
struct EndedSale: Equatable, Sendable {
    /// The first 64 bits of SHA-256 of the sale reference.
    let sale: UInt64
    /// The first 64 bits of the payment code's keyed hash.
    let code: UInt64
    let epoch: UInt64
    let sequence: UInt32
    let state: LaneState
    let home: CloudName
    let wallet: Wallet?
    let reason: AnswerReason?
    let amount: Money
    let startedAt: Timestamp
    let transaction: WalletTransactionID?
}

/// The answers of the last sales, so that a sale reference asked again gets the same answer.
///
/// At most ``limit`` are kept; the oldest make room. A flat ring with a short scan from the newest: at a register's
/// pace that costs microseconds, and no memory beyond the entries.
struct SaleMemory: Sendable {
    static let limit = 4096
    private var ring: [EndedSale] = []
    private var newest = -1

    mutating func remember(_ sale: EndedSale) {
        if ring.count < SaleMemory.limit {
            ring.append(sale)
            newest = ring.count - 1
        } else {
            newest = (newest + 1) % SaleMemory.limit
            ring[newest] = sale
        }
    }

    /// The newest ended attempt for a sale.
    func latest(sale: UInt64) -> EndedSale? { latest { $0.sale == sale } }

    func latest(epoch: UInt64, sequence: UInt64) -> EndedSale? {
        latest { $0.epoch == epoch && UInt64($0.sequence) == sequence }
    }

    private func latest(where matches: (EndedSale) -> Bool) -> EndedSale? {
        guard newest >= 0 else { return nil }
        for step in 0..<ring.count {
            let sale = ring[(newest - step + ring.count) % ring.count]
            if matches(sale) { return sale }
        }
        return nil
    }
}
