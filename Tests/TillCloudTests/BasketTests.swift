// Part of Tillbridge. See LICENSE.
import Foundation
import Testing
import TillDomain
import TillProtocol
import TillStore

@testable import TillCloud

/// What a register sold is kept with its payment, for people.
@Suite struct BasketTests {
    private struct Kept: Decodable, Equatable {
        struct Item: Decodable, Equatable {
            let sku: String
            let name: String
            let quantity: Int64
            let unitPrice: Int64
        }

        let items: [Item]?
        let codeEnd: String?
    }

    private static func item(_ name: String, _ quantity: Int64, fen: Int64) -> BasketItem {
        BasketItem(
            sku: Array("69012".utf8),
            name: Array(name.utf8),
            quantity: quantity,
            unitPrice: Money(fen: fen)
        )
    }

    private static let basket = [item("茉莉花茶", 2, fen: 500), item("<b>\"Cake\"</b>", 1, fen: 280)]

    private func kept(_ log: [LogEntry], _ intent: Intent) throws -> [Kept] {
        try log.filter { $0.kind == LogKind.sale.rawValue && $0.key == intent.orderNumber.description }
            .map { try JSONDecoder().decode(Kept.self, from: Data($0.body.utf8)) }
    }

    @Test("a basket is stored once, with the claim, and survives a restart") func restart() async throws {
        let folder = try TemporaryFolder()
        let rig = try await CloudRig(folder: folder)
        var intent: Intent?
        try await rig.running {
            let register = try await rig.enrol()
            let sale = register.intent()
            intent = sale
            // A second copy of the request stores nothing more.
            for _ in 0..<2 {
                let answer = try await register.send(.pay, register.payBody(sale, items: BasketTests.basket))
                #expect(answer.status == 200)
            }
            _ = try await register.confirm(sale)
        }
        let again = try await CloudRig(folder: folder)
        let log = try await again.core.store.log(after: 0, limit: 100).entries
        let sale = try #require(intent)
        let baskets = try kept(log, sale)
        #expect(baskets.count == 1)
        #expect(baskets.first?.items?.map(\.name) == ["茉莉花茶", "<b>\"Cake\"</b>"])
        #expect(baskets.first?.items?.map(\.quantity) == [2, 1])
        #expect(baskets.first?.items?.map(\.unitPrice) == [500, 280])
        // In the claim's own commit: directly after its entry, at its moment.
        let place = try #require(log.firstIndex { $0.kind == "sale" })
        #expect(log[place - 1].kind == "payment" && log[place - 1].body.contains(#""state":"sending""#))
        #expect(log[place - 1].time == log[place].time)
        #expect(try await again.core.store.verifyLog() == nil)
        await again.core.close()
    }

    @Test("the largest basket that the wire carries is kept whole, and a payment without one has none")
    func bounds() async throws {
        let rig = try await CloudRig()
        try await rig.running {
            let register = try await rig.enrol()
            let plain = register.intent(sequence: 1)
            #expect(try await register.send(.pay, register.payBody(plain)).status == 200)
            let full = register.intent(sequence: 2)
            let name = "种商品，名称" + String(repeating: "很长", count: 8)
            let items = (1...100).map { BasketTests.item("第\($0)\(name)", 1_000_000, fen: 100_000_000_000) }
            let body = try register.payBody(full, items: items)
            #expect(body.count > 12_000 && body.count <= HTTPLimits.wire.body)
            #expect(try await register.send(.pay, body).status == 200)
            let log = try await rig.core.store.log(after: 0, limit: 100).entries
            #expect(try kept(log, full).first?.items?.count == 100)
            #expect(try kept(log, plain) == [Kept(items: nil, codeEnd: "9412")])
        }
    }

    @Test("four digits of a code are kept, and only where eight characters at least stay unknown")
    func codeEnd() throws {
        func end(_ text: String, sign: Int = 2) throws -> String {
            let code = try #require(PaymentCode(scanned: text.utf8))
            return String(decoding: SaleNote.codeEnd(of: code, sign: Array(code.secret.prefix(sign))), as: UTF8.self)
        }
        #expect(try end("286344382566439412") == "9412")
        #expect(try end("2863443825660007") == "0007")
        #expect(try end("28634438256643") == "6643")
        // A short code, and one of which the intent tells much.
        #expect(try end("2863443825664").isEmpty)
        #expect(try end("2863443825660007", sign: 8).isEmpty)
        // A face token, and a code with letters.
        #expect(try end("fp0123456789012345678901234567890123").isEmpty)
        #expect(try end("28634438256643941A").isEmpty)
        #expect(SaleNote(items: [], codeEnd: []) == nil)
    }

    @Test("the other cloud's copy keeps the basket, however often the payment changes", .timeLimit(.minutes(2)))
    func copy() async throws {
        let folder = try TemporaryFolder()
        let a = try await CloudRig(.a, folder: folder)
        try await a.running {
            let b = try await CloudRig(.b, folder: folder, peer: a.url)
            try await b.running {
                let register = try await a.enrol()
                let sale = register.intent()
                _ = try await register.send(.pay, register.payBody(sale, items: BasketTests.basket))
                _ = try await register.confirm(sale)
                let key = sale.orderNumber.description
                while true {
                    let payment = try await b.core.store.replica(of: .a, kind: .payment, key: key)
                    if payment?.body.contains(#""state":"confirmed""#) == true { break }
                    try await Task.sleep(for: .milliseconds(20))
                }
                let copies = try await b.core.store.replicas(of: .a, after: 0, limit: 1_000)
                #expect(try kept(copies, sale).first?.items?.count == 2)
            }
        }
    }
}
