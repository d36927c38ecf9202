// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain

@Suite("What an edit leaves without a wallet")
struct SignFlagCoverageTests {
    private static let alipay = Wallet.alipay

    private func gap(_ rule: SignFlagRule, _ others: [SignFlagRule]) -> String? {
        SignFlagGap.first(in: rule, without: others).map { gap in
            "\(String(decoding: gap.low, as: UTF8.self))-\(String(decoding: gap.high, as: UTF8.self)) \(gap.length)"
        }
    }

    @Test("rules together cover what one of them does not")
    func together() {
        let rule = SignFlagRule("25", "30", 16, 18, Self.alipay, enabled: true)
        #expect(gap(rule, []) == "25-30 16")
        #expect(gap(rule, [rule]) == nil)
        let low = SignFlagRule("20", "27", 10, 18, Self.alipay, enabled: true)
        let high = SignFlagRule("28", "31", 16, 20, Self.alipay, enabled: true)
        #expect(gap(rule, [high, low]) == nil)
        #expect(gap(rule, [low]) == "28-30 16")
        #expect(gap(rule, [high]) == "25-27 16")
        let shorter = SignFlagRule("28", "31", 16, 17, Self.alipay, enabled: true)
        #expect(gap(rule, [low, shorter]) == "28-30 18")
        let middle = SignFlagRule("26", "27", 16, 18, Self.alipay, enabled: true)
        #expect(gap(rule, [middle]) == "25-25 16")
        #expect(gap(rule, [SignFlagRule("25", "25", 16, 18, Self.alipay, enabled: true), high]) == "26-27 16")
    }

    @Test("longer prefixes cover a shorter one only together")
    func longer() {
        let rule = SignFlagRule("62", "62", 19, 19, Self.alipay, enabled: true)
        let most = [
            SignFlagRule("6200000", "6220104", 19, 19, Self.alipay, enabled: true),
            SignFlagRule("6220106", "6299999", 19, 19, Self.alipay, enabled: true),
        ]
        #expect(gap(rule, most) == "6220105-6220105 19")
        #expect(gap(rule, most + [SignFlagRule("6220105", "6220105", 19, 19, Self.alipay, enabled: true)]) == nil)
        #expect(gap(most[0], [rule]) == nil)
    }

    @Test("prefixes with letters stand for themselves")
    func letters() {
        let rule = SignFlagRule("fp", "fp", 34, 35, .alipayFace, enabled: true)
        #expect(gap(rule, [SignFlagRule("fp", "fp", 35, 35, .alipayFace, enabled: true)]) == "fp-fp 34")
        #expect(gap(rule, [SignFlagRule("f", "f", 1, 40, .alipayFace, enabled: true)]) == nil)
        #expect(gap(rule, [SignFlagRule("fpx", "fpx", 34, 35, .alipayFace, enabled: true)]) == "fp-fp 34")
        #expect(gap(rule, [SignFlagRule("00", "99", 34, 35, .alipayFace, enabled: true)]) == "fp-fp 34")
    }

    @Test("a gap is found exactly where some code loses its rule: random rules against a search")
    func property() throws {
        var generator = SeededGenerator(seed: 23)
        func draw() -> SignFlagRule {
            let digits = Int.random(in: 1...2, using: &generator)
            let bound = digits == 1 ? 9 : 99
            let ends = [Int.random(in: 0...bound, using: &generator), Int.random(in: 0...bound, using: &generator)]
                .sorted()
            let spell = { (value: Int) in
                digits == 1 ? [UInt8(48 + value)] : [UInt8(48 + value / 10), UInt8(48 + value % 10)]
            }
            let lengths = [Int.random(in: 2...4, using: &generator), Int.random(in: 2...4, using: &generator)].sorted()
            return SignFlagRule(
                low: spell(ends[0]),
                high: spell(ends[1]),
                minLength: lengths[0],
                maxLength: lengths[1],
                wallet: Self.alipay,
                enabled: true
            )
        }
        var found = 0
        for _ in 0..<1_000 {
            let rule = draw()
            let others = (0..<Int.random(in: 0...6, using: &generator)).map { _ in draw() }
            var first: (prefix: Int, length: Int)?
            for length in 2...4 where first == nil {
                for prefix in 0..<100 where first == nil {
                    let sign = [UInt8(48 + prefix / 10), UInt8(48 + prefix % 10)]
                    guard rule.matches(sign: sign, length: length) else { continue }
                    if !others.contains(where: { $0.matches(sign: sign, length: length) }) { first = (prefix, length) }
                }
            }
            let gap = SignFlagGap.first(in: rule, without: others)
            #expect((gap == nil) == (first == nil), "\(rule) \(others)")
            guard let gap, let first else { continue }
            found += 1
            #expect(gap.length == first.length)
            // It begins at the first code without a rule, and every code in it has none.
            let start = Int(String(decoding: (gap.low + [48]).prefix(2), as: UTF8.self))
            let end = Int(String(decoding: (gap.high + [57]).prefix(2), as: UTF8.self))
            #expect(start == first.prefix)
            for prefix in first.prefix...(try #require(end)) {
                let sign = [UInt8(48 + prefix / 10), UInt8(48 + prefix % 10)]
                #expect(rule.matches(sign: sign, length: gap.length))
                #expect(!others.contains { $0.matches(sign: sign, length: gap.length) })
            }
        }
        #expect(found > 200)
    }
}
