// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillEngine
import TillWallets

/// What the adapter kit plays in virtual time, once over sockets: the bytes as a server reads and writes them.
@Suite struct SandboxConversationTests {
    @Test("paid, found, refunded", arguments: WalletRegistry.standard.rows.map { [$0.section, $0.version] })
    func paidAndRefunded(row: [String]) async throws {
        let manners = try #require(try KitManners.all.get()[row.joined(separator: " ")])
        let wallet = try #require(WalletRegistry.standard.rows.first { $0.section == row[0] }?.wallet)
        try await SandboxShop.open(wallet, version: row[1]) { shop in
            let order = try shop.order()
            func check(_ operation: WalletOperation, _ name: String) async throws {
                let found = KitOutcome.text(try await shop.outcome(operation), of: order)
                #expect(KitOutcome.matches(found, try #require(manners.words[name])), "\(found)")
            }
            try await check(shop.payment(order, code: shop.code("pays")), "answer to a payment")
            #expect(try await shop.eventuallyPaid(order))
            let refund = WalletRefund(
                order: order,
                number: order.number.refundNumber(1),
                requestedAt: order.startedAt,
                amount: Money(fen: 290),
                reason: [0xe9, 0x80, 0x80]
            )
            try await check(.refund(refund), "answer to a refund")
            #expect(try await shop.eventually(.refundQuery(refund), .refundQuery(.done)))

            let other = try shop.order()
            #expect(try await shop.outcome(.query(other)) == .query(.notFound))
            #expect(try await shop.outcome(.cancel(other)) == .cancel(.notFound))
        }
    }
}
