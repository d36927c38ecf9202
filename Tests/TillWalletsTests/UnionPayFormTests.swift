// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain

@testable import TillWallets

/// UnionPay's answers are fields joined with `&`, values as they are. The reader knows that and nothing else.
@Suite struct UnionPayFormTests {
    private func fields(_ text: String) -> [[String]]? {
        UnionPayForm([UInt8](text.utf8))?.fields.pairs.map {
            [String(decoding: $0.name, as: UTF8.self), String(decoding: $0.value, as: UTF8.self)]
        }
    }

    @Test("values are read as they stand, up to the next & outside braces and brackets")
    func ordinary() {
        #expect(fields("a=1&b=2") == [["a", "1"], ["b", "2"]])
        #expect(fields("a=&b=") == [["a", ""], ["b", ""]])
        #expect(fields("a=b=c==&d=%3D+x") == [["a", "b=c=="], ["d", "%3D+x"]])
        #expect(fields("a=-----X\r\nY=\n&b=2") == [["a", "-----X\r\nY=\n"], ["b", "2"]])
        #expect(fields("a={b=1&c=2}&d=3") == [["a", "{b=1&c=2}"], ["d", "3"]])
        #expect(fields("a={b={c=1&d=2}&e=3}&f=4") == [["a", "{b={c=1&d=2}&e=3}"], ["f", "4"]])
        #expect(fields("a=x[1&2]y&f=4") == [["a", "x[1&2]y"], ["f", "4"]])
        #expect(fields("a=[{&}&]&f=4") == [["a", "[{&}&]"], ["f", "4"]])
        #expect(fields("a=成功[0000000]&f=4") == [["a", "成功[0000000]"], ["f", "4"]])
        // A bracket that closes nothing is a character; one that is never closed takes the rest.
        #expect(fields("a=}]&f=4") == [["a", "}]"], ["f", "4"]])
        #expect(fields("a={&f=4") == [["a", "{&f=4"]])
    }

    @Test("an empty value is no value")
    func empty() {
        let form = UnionPayForm([UInt8]("a=&b=1".utf8))
        #expect(form?["a"] == nil && form?["b"] == [49] && form?["c"] == nil)
    }

    @Test(
        "everything else is refused",
        arguments: [
            "", "&", "=", "a", "=1", "a=1&", "&a=1", "a=1&&b=2", "a=1&b", "a=1&=2", "a=1&a=1", "a=1&b=2&a=", " a=1",
            "a =1", "a-b=1", "{a}=1", "é=1", "a=1& b=2", "a\0=1", "\u{feff}a=1", "<xml><a>1</a></xml>", "{\"a\":\"1\"}",
        ]
    )
    func refused(text: String) {
        #expect(fields(text) == nil)
    }

    @Test("size, number of fields and length of names are bounded")
    func limits() {
        func form(fields count: Int) -> String { (0..<count).map { "f\($0)=1" }.joined(separator: "&") }
        #expect(fields(form(fields: UnionPayForm.fieldLimit))?.count == UnionPayForm.fieldLimit)
        #expect(fields(form(fields: UnionPayForm.fieldLimit + 1)) == nil)
        let name = String(repeating: "n", count: UnionPayForm.nameLimit)
        #expect(fields(name + "=1") != nil)
        #expect(fields(name + "n=1") == nil)
        #expect(fields("a=" + String(repeating: "[", count: UnionPayForm.sizeLimit - 2)) != nil)
        #expect(fields("a=" + String(repeating: "[", count: UnionPayForm.sizeLimit - 1)) == nil)
    }

    @Test("bytes of every kind are read or refused, and what was read is what was there")
    func noise() {
        let alphabet = [UInt8]("ab=&{}[]\"'\r\n+/ ".utf8) + [0, 0x81, 0xe6, 0xff]
        for round in 0..<5_000 {
            var generator = SeededGenerator(seed: UInt64(round))
            let body = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
            }
            guard let form = UnionPayForm(body) else { continue }
            #expect(form.fields.pairs.map { $0.name + [61] + $0.value }.joined(separator: [38]).elementsEqual(body))
        }
    }
}
