// Part of Tillbridge. See LICENSE.
import Testing
import TillSandbox

@Suite struct LedgerTests {
    /// Whatever merchants, shoppers and time do in whatever order: no fen appears or disappears, a shopper has paid
    /// what the trades say, and nobody gets back more than was paid.
    @Test("the ledger sums to zero under random operations", arguments: 1...30)
    func sum(seed: Int) {
        var bench = Bench(seed: UInt64(seed))
        var chance = SeededGenerator(seed: UInt64(seed) &* 7919)
        let behaviours: [Behaviour] = [
            .pays, .pays, .password, .passwordPaysAfter(seconds: 5), .never, .insufficient, .expired, .riskRefused,
        ]
        var codes: [String] = []
        for step in 0..<800 {
            let wallet = SandboxWallet.allCases[Int.random(in: 0..<4, using: &chance)]
            let number = "N0000\(Int.random(in: 0..<20, using: &chance))"
            switch Int.random(in: 0..<10, using: &chance) {
            case 0...2:
                let behaviour = behaviours[Int.random(in: behaviours.indices, using: &chance)]
                let shopper = "s\(Int.random(in: 0..<3, using: &chance))"
                let code = bench.code(wallet, behaviour, shopper: shopper)
                codes.append(code)
                bench.pay(.init(bench, wallet, number, code, &chance))
            case 3:
                if let code = codes.randomElement(using: &chance) {
                    bench.pay(.init(bench, wallet, number, code, &chance))
                }
            case 4:
                if let code = codes.randomElement(using: &chance) {
                    for wallet in SandboxWallet.allCases {
                        let pays = Bool.random(using: &chance)
                        _ = bench.state[wallet].decide(code: code, pays: pays, at: bench.now)
                    }
                }
            case 5:
                _ = bench.cancel(number)
            case 6:
                _ = bench.reverse(number)
                _ = bench.qqReverse(number)
                _ = bench.unionReverse(number)
            case 7...8:
                let amount = Int64.random(in: 1...1500, using: &chance)
                let refund = "R\(Int.random(in: 0..<60, using: &chance))"
                let course = RefundCourse(failsAfter: Bool.random(using: &chance) ? 1500 : nil)
                _ = bench.alipayRefund(number, refund, amount, course: course)
                _ = bench.weChatRefund(number, refund, amount, course: course)
                _ = bench.qqRefund(number, refund, amount, course: course)
                _ = bench.unionGiveBack(number, refund, amount, isVoid: amount > 1200, course: course)
            default:
                bench.pass(Int64.random(in: 0...9000, using: &chance))
            }
            check(bench, "step \(step)")
        }
        bench.pass(Bench.day)
        check(bench, "the end")
        for wallet in SandboxWallet.allCases {
            #expect(bench.state[wallet].ledger.balance(of: .inFlight) == 0)
            #expect(!bench.state[wallet].sequence.isEmpty)
        }
    }

    private func check(_ bench: Bench, _ place: String) {
        for wallet in SandboxWallet.allCases {
            let book = bench.state[wallet]
            let trades = book.trades.values
            #expect(book.ledger.sum == 0, "\(place)")
            #expect(book.ledger.shoppers == -trades.reduce(0) { $0 + $1.net }, "\(place)")
            #expect(
                book.ledger.balance(of: .inFlight) == trades.reduce(0) { $0 + $1.inFlight },
                "\(place)"
            )
            #expect(trades.allSatisfy { $0.refundAccepted <= $0.amount && $0.net >= 0 }, "\(place)")
            #expect(trades.allSatisfy { $0.state != .reversed || $0.refundAccepted == 0 }, "\(place)")
            #expect(book.shoppers.keys.allSatisfy { book.balance(of: $0) >= 0 }, "\(place)")
        }
    }
}

extension PayRequest {
    fileprivate init(
        _ bench: Bench,
        _ wallet: SandboxWallet,
        _ number: String,
        _ code: String,
        _ chance: inout SeededGenerator
    ) {
        self = bench.request(wallet, number, code: code, amount: Bool.random(using: &chance) ? 1290 : 700)
    }
}
