// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain

@testable import TillEngine

@Suite("Ended sales that the plug-in remembers") struct SaleMemoryTests {
    private func sale(_ number: Int, transaction: [UInt8]? = nil, state: LaneState = .acked) -> EndedSale {
        EndedSale(
            sale: UInt64(number) &* 0x9E37_79B9_7F4A_7C15,
            code: ~UInt64(number),
            epoch: 1 << 35 - 1 - UInt64(number % 3),
            sequence: UInt32(number + 1),
            state: state,
            home: number % 2 == 0 ? .a : .b,
            wallet: transaction == nil ? nil : .weChatPay,
            reason: transaction == nil ? .declined(.codeExpired) : nil,
            amount: Money(fen: Int64(number) << 24),
            transaction: transaction.flatMap { WalletTransactionID($0) }
        )
    }

    /// References of every allowed length, and sales without one between them.
    private func mixed(_ number: Int) -> EndedSale {
        let length = number % 66
        return sale(
            number,
            transaction: length == 65 ? nil : [UInt8](repeating: UInt8(33 + number % 94), count: length)
        )
    }

    @Test("a sale comes back as it was, by its reference and by its number, however many came after it")
    func roundTrip() {
        var memory = SaleMemory()
        for number in 0..<500 { memory.remember(mixed(number)) }
        for number in 0..<500 {
            let expected = mixed(number)
            #expect(memory.latest(sale: expected.sale) == expected)
            #expect(memory.latest(epoch: expected.epoch, sequence: UInt64(expected.sequence)) == expected)
        }
        #expect(memory.latest(sale: 1) == nil)
        #expect(memory.latest(epoch: mixed(7).epoch ^ 1 << 34, sequence: 8) == nil)
        #expect(memory.latest(epoch: mixed(7).epoch, sequence: 8 + 1 << 32) == nil)
    }

    @Test("the newest attempt of a sale answers")
    func newest() {
        var memory = SaleMemory()
        let digits = [UInt8](repeating: 50, count: 28)
        memory.remember(sale(5, state: .declined))
        memory.remember(sale(6))
        memory.remember(sale(5, transaction: digits))
        for number in 7..<200 { memory.remember(sale(number)) }
        #expect(memory.latest(sale: sale(5).sale) == sale(5, transaction: digits))
    }

    @Test("the last sales are kept, the oldest make room, and the memory stays small")
    func limit() {
        var memory = SaleMemory()
        let longest = [UInt8](repeating: 90, count: 64)
        let total = 3 * SaleMemory.limit + 17
        for number in 0..<total { memory.remember(sale(number, transaction: longest)) }
        let surelyKept = SaleMemory.limit - SaleMemory.blockSize
        let known = (0..<total).filter { memory.latest(sale: sale($0).sale) != nil }
        #expect(known.count > surelyKept && known.count <= SaleMemory.limit)
        #expect(known == [Int]((total - known.count)..<total))
        #expect(SaleMemory.bytesPerRow == 40)
    }
}
