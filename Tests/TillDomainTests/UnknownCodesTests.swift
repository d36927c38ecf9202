// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain

@Suite("Codes that no rule knows")
struct UnknownCodesTests {
    private func rows(_ codes: UnknownCodes) -> [String] {
        codes.rows.map { "\(String(decoding: $0.prefix, as: UTF8.self)) \($0.length) \($0.count)" }
    }

    @Test("they are counted by their first digits and length, and no more of them is kept")
    func counted() {
        var codes = UnknownCodes()
        codes.count(sign: utf8("44"), length: 18)
        codes.count(sign: utf8("44"), length: 18)
        codes.count(sign: utf8("44"), length: 19)
        codes.count(sign: utf8("44123456"), length: 18)
        // Goods, letters, nothing, and what no wallet prints.
        codes.count(sign: utf8("69"), length: 13)
        codes.count(sign: utf8("4x"), length: 18)
        codes.count(sign: [], length: 18)
        codes.count(sign: utf8("44"), length: 33)
        #expect(rows(codes) == ["44 18 2", "44 19 1", "4412 18 1"])
    }

    @Test("any number of kinds takes no more than the rows there are, and none is lost")
    func bounded() throws {
        var codes = UnknownCodes(limit: 4)
        for prefix in 10..<40 { codes.count(sign: utf8("\(prefix)"), length: 18) }
        codes.count(sign: utf8("10"), length: 18)
        #expect(rows(codes) == ["10 18 2", "11 18 1", "12 18 1", " 0 27"])
        var sum = UnknownCodes(limit: 3)
        for _ in 0..<2 {
            for row in codes.rows { sum.add(row) }
        }
        #expect(rows(sum) == ["10 18 4", "11 18 2", " 0 56"])
        let most = try #require(UnknownCodes.Row(prefix: utf8("10"), length: 18, count: UnknownCodes.most))
        sum.add(most)
        sum.add(most)
        #expect(sum.rows[0].count == UnknownCodes.most)
    }

    @Test("what has been told is taken away, and what came since stays")
    func told() {
        var codes = UnknownCodes()
        codes.count(sign: utf8("44"), length: 18)
        codes.count(sign: utf8("45"), length: 18)
        let told = codes.rows
        codes.count(sign: utf8("45"), length: 18)
        codes.count(sign: utf8("46"), length: 18)
        codes.remove(told)
        #expect(rows(codes) == ["45 18 1", "46 18 1"])
        codes.remove(told)
        #expect(rows(codes) == ["46 18 1"])
    }

    @Test("a row from outside is what a row can be")
    func checked() {
        #expect(UnknownCodes.Row(prefix: utf8("44"), length: 18, count: 0) == nil)
        #expect(UnknownCodes.Row(prefix: utf8("4x"), length: 18, count: 1) == nil)
        #expect(UnknownCodes.Row(prefix: utf8("44123"), length: 18, count: 1) == nil)
        #expect(UnknownCodes.Row(prefix: utf8("44"), length: 400, count: 1) == nil)
        #expect(UnknownCodes.Row(prefix: [], length: 18, count: 1) == nil)
        #expect(UnknownCodes.Row(prefix: [], length: 0, count: 1) != nil)
    }
}
