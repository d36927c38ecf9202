// Part of Tillbridge. See LICENSE.
import TillDomain

/// How an attempt ended that owes nothing to anybody any more.
struct EndedSale: Equatable, Sendable {
    /// The first 64 bits of SHA-256 of the sale reference.
    let sale: UInt64
    /// The first 64 bits of the payment code's keyed hash.
    let code: UInt64
    /// 35 bits.
    let epoch: UInt64
    let sequence: UInt32
    let state: LaneState
    let home: CloudName
    let wallet: Wallet?
    let reason: AnswerReason?
    let amount: Money
    let transaction: WalletTransactionID?
}

/// The answers of the last sales, so that a sale reference asked again gets the same answer.
///
/// At most ``limit`` are kept; the oldest make room, a block at a time. A scan from the newest costs microseconds at a
/// register's pace; what counts is that a full memory stays below 300 KB, so a sale is one short row and its text.
struct SaleMemory: Sendable {
    static let limit = 4096
    static let blockSize = 64
    static let bytesPerRow = MemoryLayout<Row>.stride
    private var blocks: [Block] = []

    mutating func remember(_ sale: EndedSale) {
        if blocks.last?.isFull ?? true {
            if blocks.count == SaleMemory.limit / SaleMemory.blockSize { blocks.removeFirst() }
            blocks.append(Block())
        }
        blocks[blocks.count - 1].append(sale)
    }

    /// The newest ended attempt for a sale: the one with the highest sequence, because an earlier attempt may owe
    /// its undo to a cloud for longer and end last.
    func latest(sale: UInt64) -> EndedSale? {
        var newest: (block: Int, row: Int, sequence: UInt32)?
        for block in blocks.indices {
            for row in blocks[block].rows.indices where blocks[block].rows[row].sale == sale {
                let sequence = blocks[block].rows[row].sequence
                if sequence >= newest?.sequence ?? 0 { newest = (block, row, sequence) }
            }
        }
        return newest.map { blocks[$0.block].sale(at: $0.row) }
    }

    func latest(epoch: UInt64, sequence: UInt64) -> EndedSale? {
        latest { UInt64($0.sequence) == sequence && $0.epoch == epoch }
    }

    private func latest(where matches: (Row) -> Bool) -> EndedSale? {
        for block in blocks.reversed() {
            if let position = block.rows.lastIndex(where: matches) { return block.sale(at: position) }
        }
        return nil
    }

    /// An ``EndedSale`` in 40 bytes; its transaction and its wallet lie in the block.
    private struct Row {
        let sale: UInt64
        let code: UInt64
        let amount: Money
        let sequence: UInt32
        private let epochLow: UInt32
        private let epochHigh: UInt8
        let state: LaneState
        let home: CloudName
        /// In the block's list; 255 for none.
        let wallet: UInt8
        let reason: AnswerReason?
        /// Where its text ends in the block's; it begins where the row before ends.
        let textEnd: UInt16

        var epoch: UInt64 { UInt64(epochHigh) << 32 | UInt64(epochLow) }

        init(_ ended: EndedSale, wallet: UInt8, textEnd: Int) {
            sale = ended.sale
            code = ended.code
            amount = ended.amount
            sequence = ended.sequence
            epochLow = UInt32(truncatingIfNeeded: ended.epoch)
            epochHigh = UInt8(truncatingIfNeeded: ended.epoch >> 32)
            state = ended.state
            home = ended.home
            self.wallet = wallet
            reason = ended.reason
            self.textEnd = UInt16(textEnd)
        }
    }

    private struct Block {
        private(set) var rows: [Row] = []
        private var text: [UInt8] = []
        /// Those of its rows, each once.
        private var wallets: [Wallet] = []

        init() {
            // At once what a block of paid sales takes: the large wallets' references have 28 characters.
            rows.reserveCapacity(SaleMemory.blockSize)
            text.reserveCapacity(SaleMemory.blockSize * 28)
        }

        var isFull: Bool { rows.count == SaleMemory.blockSize }

        mutating func append(_ sale: EndedSale) {
            if let transaction = sale.transaction { text += transaction.bytes }
            rows.append(Row(sale, wallet: place(of: sale.wallet), textEnd: text.count))
        }

        private mutating func place(of wallet: Wallet?) -> UInt8 {
            guard let wallet else { return .max }
            if let place = wallets.firstIndex(of: wallet) { return UInt8(place) }
            wallets.append(wallet)
            return UInt8(wallets.count - 1)
        }

        func sale(at position: Int) -> EndedSale {
            let row = rows[position]
            let textStart = position == 0 ? 0 : Int(rows[position - 1].textEnd)
            return EndedSale(
                sale: row.sale,
                code: row.code,
                epoch: row.epoch,
                sequence: row.sequence,
                state: row.state,
                home: row.home,
                wallet: row.wallet == .max ? nil : wallets[Int(row.wallet)],
                reason: row.reason,
                amount: row.amount,
                // Empty text is no reference: nil.
                transaction: WalletTransactionID(text[textStart..<Int(row.textEnd)])
            )
        }
    }
}
