// Part of Tillbridge. See LICENSE.

/// Changes good inputs into strange ones. Equal seeds give equal inputs. It follows no coverage: it is for the short
/// run among the tests, libFuzzer for the long ones.
package struct Mutator {
    private var state: UInt64
    private let corpus: [[UInt8]]

    /// What parsers are tried with: ends, escapes, limits, and numbers that do not fit.
    private static let words: [[UInt8]] = [
        "0", "-1", "9223372036854775807", "9223372036854775808", "1e309", "null", "{}", "[[[[[[[[", "\"", "\\u0000",
        "\\ud800", "<!DOCTYPE x [<!ENTITY a \"b\">]>", "]]>", "<![CDATA[", "&amp;", "&#0;", "</xml>", "%", "%00", "=",
        "&",
        "\r\n", "\r\n\r\n", "`", ",", "\u{feff}", "\u{0}", "PK\u{3}\u{4}", "-----BEGIN CERTIFICATE-----",
    ].map { Array($0.utf8) }
    private static let longest = 1 << 14

    /// - Parameter corpus: Good inputs; at least one.
    package init(seed: UInt64, corpus: [[UInt8]]) {
        state = seed
        self.corpus = corpus.isEmpty ? [[]] : corpus
    }

    package mutating func next() -> [UInt8] {
        var input = corpus[below(corpus.count)]
        for _ in 0...below(6) { change(&input) }
        return Array(input.prefix(Mutator.longest))
    }

    private mutating func change(_ input: inout [UInt8]) {
        let place = below(input.count + 1)
        let end = min(input.count, place + 1 + below(16))
        switch below(9) {
        case 0 where place < input.count: input[place] ^= 1 << UInt8(below(8))
        case 1 where place < input.count: input[place] = UInt8(below(256))
        case 2: input.insert(UInt8(below(256)), at: place)
        case 3: input.removeSubrange(place..<end)
        case 4: input.insert(contentsOf: Mutator.words[below(Mutator.words.count)], at: place)
        case 5: input.replaceSubrange(place..<end, with: Mutator.words[below(Mutator.words.count)])
        case 6: input.insert(contentsOf: input[place..<end], at: place)
        case 7: input.removeSubrange(place...)
        default:
            let other = corpus[below(corpus.count)]
            input.replaceSubrange(place..., with: other.suffix(below(other.count + 1)))
        }
    }

    /// SplitMix64.
    private mutating func below(_ limit: Int) -> Int {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return Int((mixed ^ (mixed >> 31)) % UInt64(max(limit, 1)))
    }
}
