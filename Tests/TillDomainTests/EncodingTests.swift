// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain

@Suite struct EncodingTests {
    @Test(
        "Base64 gives the published texts (RFC 4648, section 10)",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ]
    )
    func publishedTexts(plain: String, encoded: String) {
        #expect(text(Base64.encode(utf8(plain))) == encoded)
        #expect(Base64.decode(utf8(encoded)) == utf8(plain))
    }

    @Test(
        "Base64 has one spelling",
        arguments: [
            "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "=Zm9", "Z===", "====", "Zg==Zg==", "Zm9v\n", "Zm 9v", "Zm-_",
            "Zm9v=",
        ]
    )
    func oneSpelling(encoded: String) {
        #expect(Base64.decode(utf8(encoded)) == nil)
    }

    @Test("every byte string survives Base64 and hexadecimal")
    func roundTrips() {
        var generator = SeededGenerator(seed: 4)
        for length in 0..<100 {
            let bytes = generator.bytes(length)
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
            #expect(Hex.decode(Hex.encode(bytes)) == bytes)
        }
    }

    @Test("what Base64 decodes, it encodes to the same text: thousands of mutated texts")
    func mutations() {
        var generator = SeededGenerator(seed: 5)
        var decoded = 0
        for _ in 0..<5_000 {
            var encoded = Base64.encode(generator.bytes(Int.random(in: 0..<12, using: &generator)))
            if !encoded.isEmpty {
                let choice = utf8("AZaz09+/=-").randomElement(using: &generator) ?? 0
                encoded[Int.random(in: 0..<encoded.count, using: &generator)] = choice
            }
            guard let bytes = Base64.decode(encoded) else { continue }
            decoded += 1
            #expect(Base64.encode(bytes) == encoded)
        }
        #expect(decoded > 1_000)
    }

    @Test("hexadecimal is lower case and whole bytes", arguments: ["A0", "0", "0g", "abc", " 00", "0x00"])
    func strictHex(encoded: String) {
        #expect(Hex.decode(utf8(encoded)) == nil)
    }

    @Test("secrets are equal only when all of their bytes are")
    func constantTime() {
        #expect(ConstantTime.equal([1, 2, 3], [1, 2, 3]))
        #expect(ConstantTime.equal([], []))
        #expect(!ConstantTime.equal([1, 2, 3], [1, 2]))
        for index in 0..<3 {
            var other: [UInt8] = [1, 2, 3]
            other[index] ^= 0x80
            #expect(!ConstantTime.equal([1, 2, 3], other))
        }
    }
}
