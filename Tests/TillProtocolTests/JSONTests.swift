// Part of Tillbridge. See LICENSE.
import Foundation
import Testing
import TillDomain
import TillProtocol

@Suite struct JSONTests {
    private func read(_ source: String, limits: JSONLimits = .wire) throws -> JSONObject {
        try JSONObject(parsing: utf8(source), limits: limits)
    }

    @Test("values are read by name, with white space anywhere it may be")
    func values() throws {
        let object = try read(
            " {\t\"a\" : 1 ,\r\n\"b\":-9007199254740991,\"c\":\"x\\u00e9y\",\"d\":true,\"e\":[ ],\"f\":{ },\"g\":null } "
        )
        #expect(try object.integer("a") == 1)
        #expect(try object.integer("b", in: -9_007_199_254_740_991...0) == -9_007_199_254_740_991)
        #expect(try object.string("c", length: 0...10) == utf8("xéy"))
        #expect(try object.bool("d"))
        #expect(try object.objects("e", atMost: 0).isEmpty)
        #expect(try object.optionalInteger("g") == nil)
        #expect(try object.optionalInteger("h") == nil)
        #expect(!object.contains("g"))
        #expect(object.contains("f"))
    }

    @Test(
        "escapes become their characters",
        arguments: [
            (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"), (#""\u0041\u4e2d\u00E9""#, "A中é"),
            (#""\ud83d\ude00""#, "😀"), (#""😀""#, "😀"), (#""\u0000""#, "\0"), (#""\uffff""#, "\u{ffff}"),
            (#""\u007f\u0080\u07ff\u0800""#, "\u{7f}\u{80}\u{7ff}\u{800}"), (#""\udbff\udfff""#, "\u{10ffff}"),
        ]
    )
    func escapes(source: String, characters: String) throws {
        let object = try read("{\"a\":\(source)}")
        #expect(try object.string("a", length: 0...40) == utf8(characters))
    }

    @Test("a name is compared by its characters, not by its spelling")
    func escapedNames() throws {
        #expect(try read(#"{"\u0061mount":5}"#).integer("amount") == 5)
        #expect(throws: JSONError.duplicate(field: utf8("amount"))) { try read(#"{"\u0061mount":5,"amount":6}"#) }
    }

    @Test(
        "what is not JSON is refused",
        arguments: [
            "", " ", "{", "}", "{}}", "{} x", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{a:1}", "{'a':1}",
            "{\"a\":01}", "{\"a\":-}", "{\"a\":+1}", "{\"a\":.5}", "{\"a\":1.}", "{\"a\":1e}", "{\"a\":0x1}",
            "{\"a\":NaN}", "{\"a\":Infinity}", "{\"a\":tru}", "{\"a\":True}", "{\"a\":nul}", "{\"a\":\"x}",
            "{\"a\":\"\\x\"}", "{\"a\":\"\\u12\"}", "{\"a\":\"\\u12g4\"}", "{\"a\":\"\\ud800\"}",
            "{\"a\":\"\\ud800x\"}", "{\"a\":\"\\ud800\\u0041\"}", "{\"a\":\"\\udc00\"}", "{\"a\":\"\\",
            "{\"a\":\"\n\"}",
            "{\"a\":[1,]}", "{\"a\":[1 2]}", "{\"a\":[}", "{\"a\":1 \"b\":2}", "{\"a\":1}//", "{\"a\":1}\0",
            "\u{feff}{}", "{\"a\" 1}", "{\"a\":/**/1}", "{\"a\":--1}",
        ]
    )
    func syntax(source: String) {
        do throws(JSONError) {
            _ = try JSONObject(parsing: utf8(source))
            Issue.record("it was read")
        } catch {
            guard case .syntax = error else {
                Issue.record("\(error)")
                return
            }
        }
    }

    @Test("the outermost value is an object", arguments: ["1", "\"a\"", "[]", "[{}]", "null", "true"])
    func outermost(source: String) {
        #expect(throws: JSONError.notAnObject) { try read(source) }
    }

    @Test("a name occurs once in an object, and may occur in others")
    func uniqueNames() throws {
        #expect(throws: JSONError.duplicate(field: utf8("b.a"))) { try read(#"{"a":1,"b":{"a":1,"c":2,"a":3}}"#) }
        #expect(throws: JSONError.duplicate(field: utf8("a"))) { try read(#"{"a":{"x":[1,{"a":2}]},"a":3}"#) }
        _ = try read(#"{"a":{"a":{"a":1}},"b":{"a":1}}"#)
    }

    @Test("numbers are whole and below 2^53, and the field is named where one is not")
    func numbers() throws {
        for wrong in ["1.5", "1.0", "1e3", "12.80", "9007199254740992", "-9007199254740992", "-0", "1E-2"] {
            #expect(throws: JSONError.invalid(field: utf8("amount")), "\(wrong)") { try read("{\"amount\":\(wrong)}") }
        }
        #expect(throws: JSONError.invalid(field: utf8("amount"))) {
            try read("{\"amount\":99999999999999999999999999999999999999}")
        }
        #expect(throws: JSONError.invalid(field: utf8("items[1].quantity"))) {
            try read(#"{"items":[{"quantity":1},{"quantity":0.5}]}"#)
        }
        #expect(try read("{\"amount\":9007199254740991}").integer("amount") == 9_007_199_254_740_991)
    }

    @Test("where fractions are allowed they are text, and never an integer")
    func fractions() throws {
        let object = try read("{\"a\":12.80,\"b\":1e3,\"c\":7}", limits: JSONLimits(allowsFractions: true))
        #expect(try object.optionalNumberText("a") == utf8("12.80"))
        #expect(try object.optionalNumberText("b") == utf8("1e3"))
        #expect(try object.optionalNumberText("c") == utf8("7"))
        #expect(try object.optionalNumberText("d") == nil)
        #expect(throws: JSONError.invalid(field: utf8("a"))) { try object.integer("a") }
    }

    @Test("depth and members are bounded")
    func bounds() throws {
        _ = try read(#"{"a":[{"b":[[]]}]}"#)
        #expect(throws: JSONError.tooDeep(offset: 13)) { try read(#"{"a":[{"b":[[[]]]}]}"#) }
        _ = try read(#"{"a":[{"b":[[[]]]}]}"#, limits: JSONLimits(depth: 6))
        let bomb = String(repeating: "[", count: 100_000)
        #expect(throws: JSONError.tooDeep(offset: 9)) { try read("{\"a\":" + bomb) }
        let members = (0..<64).map { "\"m\($0)\":0" }.joined(separator: ",")
        _ = try read("{\(members)}")
        #expect(throws: JSONError.self) { try read("{\(members),\"more\":0}") }
    }

    @Test("text is well-formed UTF-8: overlong forms, surrogates, high values and stumps are refused")
    func encoding() throws {
        let wrong: [[UInt8]] = [
            [0x80], [0xc0, 0x80], [0xc1, 0xbf], [0xe0, 0x9f, 0xbf], [0xed, 0xa0, 0x80], [0xf0, 0x8f, 0xbf, 0xbf],
            [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xff], [0xc3], [0xe4, 0xb8], [0xf0, 0x9f, 0x98],
            [0xe4, 0x41, 0xad],
        ]
        for sequence in wrong {
            #expect(throws: JSONError.notUTF8(offset: 6)) {
                try JSONObject(parsing: utf8("{\"a\":\"") + sequence + utf8("\"}"))
            }
        }
        let right = "\u{7f}\u{80}\u{7ff}\u{800}\u{d7ff}\u{e000}\u{ffff}\u{10000}\u{10ffff}"
        #expect(try read("{\"a\":\"\(right)\"}").string("a", length: 0...100) == utf8(right))
    }

    @Test("the check of UTF-8 agrees with the standard library on random bytes")
    func encodingAgrees() {
        var generator = SeededGenerator(seed: 40)
        var valid = 0
        for _ in 0..<20_000 {
            let leads: [UInt8] = [
                0x41, 0xc3, 0xe0, 0xe4, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0x80, 0x9f, 0xa0, 0xbf, 0x8f, 0x90,
            ]
            let bytes = (0..<Int.random(in: 0...5, using: &generator)).map { _ in
                leads.randomElement(using: &generator) ?? 0
            }
            let expected = String(validating: bytes, as: UTF8.self) != nil
            #expect(UTF8Text.isValid(bytes) == expected)
            if expected { valid += 1 }
        }
        #expect(valid > 1_000)
    }

    @Test("a field that is missing or makes no sense is named with its path")
    func fields() throws {
        let object = try read(
            #"{"v":2,"s":"abc","n":5,"o":{"p":{"q":"x"}},"l":[{"a":1},{"a":"b"}],"m":[1],"t":"a\nb","z":null}"#
        )
        #expect(throws: JSONError.missing(field: utf8("absent"))) { try object.integer("absent") }
        #expect(throws: JSONError.missing(field: utf8("z"))) { try object.string("z", length: 0...1) }
        #expect(throws: JSONError.invalid(field: utf8("v"))) { try object.integer("v", in: 1...1) }
        #expect(throws: JSONError.invalid(field: utf8("s"))) { try object.integer("s") }
        #expect(throws: JSONError.invalid(field: utf8("s"))) { try object.string("s", length: 4...9) }
        #expect(throws: JSONError.invalid(field: utf8("s"))) { try object.bool("s") }
        #expect(throws: JSONError.invalid(field: utf8("n"))) { try object.object("n") }
        #expect(throws: JSONError.invalid(field: utf8("n"))) { try object.strings("n", atMost: 3, length: 0...9) }
        #expect(throws: JSONError.invalid(field: utf8("n"))) { try object.knownName("n", as: Waiting.self) }
        #expect(throws: JSONError.invalid(field: utf8("s"))) { try object.knownName("s", as: Waiting.self) }
        #expect(throws: JSONError.invalid(field: utf8("t"))) { try object.text("t", length: 0...9) }
        #expect(throws: JSONError.invalid(field: utf8("m[0]"))) { try object.strings("m", atMost: 3, length: 0...9) }
        #expect(throws: JSONError.invalid(field: utf8("m[0]"))) { try object.objects("m", atMost: 3) }
        #expect(throws: JSONError.invalid(field: utf8("l"))) { try object.objects("l", atMost: 1) }
        let inner = try object.object("o").object("p")
        #expect(throws: JSONError.invalid(field: utf8("o.p.q"))) { try inner.integer("q") }
        #expect(throws: JSONError.missing(field: utf8("o.p.r"))) { try inner.integer("r") }
        let list = try object.objects("l", atMost: 2)
        #expect(throws: JSONError.invalid(field: utf8("l[1].a"))) { try list[1].integer("a") }
        #expect(try list[0].integer("a") == 1)
    }

    @Test("a refusal is one sentence")
    func sentences() {
        #expect(text(JSONError.missing(field: utf8("amount")).detail) == "The field amount is missing.")
        #expect(text(JSONError.syntax(offset: 17).detail) == "The body is not JSON at byte 17.")
        #expect(text(JSONError.duplicate(field: utf8("a.b")).detail) == "The field a.b occurs twice.")
        #expect(JSONError.invalid(field: utf8("x")).field == utf8("x"))
        #expect(JSONError.notAnObject.field == nil)
    }

    @Test("names of a vocabulary that are not known here are kept, not refused")
    func unknownNames() throws {
        let object = try read(#"{"a":"shopper","b":"moon","c":"","d":"a b"}"#)
        #expect(try object.name("a", as: Waiting.self) == .known(.shopper))
        #expect(try object.name("b", as: Waiting.self) == .other(utf8("moon")))
        #expect(throws: JSONError.invalid(field: utf8("c"))) { try object.name("c", as: Waiting.self) }
        #expect(throws: JSONError.invalid(field: utf8("d"))) { try object.name("d", as: Waiting.self) }
    }

    @Test("what the writer writes, this reader and Foundation's read back, whatever the text")
    func writer() throws {
        var generator = SeededGenerator(seed: 41)
        for _ in 0..<500 {
            let scalars = (0..<Int.random(in: 0...20, using: &generator)).compactMap { _ in
                Unicode.Scalar(UInt32.random(in: 0...0x400, using: &generator))
            }
            let characters = String(String.UnicodeScalarView(scalars))
            let number = Int64.random(in: 0..<1 << 53, using: &generator)
            let bytes = JSONWriter.object { json in
                json.string("text", utf8(characters))
                json.integer("number", number)
                json.array("list") { json in
                    json.object { $0.bool("yes", true) }
                    json.object { _ in }
                }
                json.object("inner") { $0.string("a", "b") }
                json.bool("no", false)
            }
            let object = try JSONObject(parsing: bytes)
            #expect(try object.string("text", length: 0...200) == utf8(characters))
            #expect(try object.integer("number") == number)
            #expect(try object.objects("list", atMost: 2)[0].bool("yes"))
            let foundation = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
            #expect((foundation["text"] as? String).map { utf8($0) } == utf8(characters))
            #expect(foundation.count == 5)
        }
    }

    @Test("the writer repairs text that is not UTF-8")
    func repair() throws {
        let bytes = JSONWriter.object { $0.string("a", [0x41, 0xff, 0x42]) }
        #expect(text(bytes) == "{\"a\":\"A\u{fffd}B\"}")
        var generator = SeededGenerator(seed: 44)
        for _ in 0..<1_000 {
            let noise = generator.bytes(Int.random(in: 0...12, using: &generator))
            let repaired = UTF8Text.repaired(noise)
            #expect(UTF8Text.isValid(repaired))
            #expect(UTF8Text.isValid(noise) == (repaired == noise))
        }
        #expect(text(JSONWriter.object { $0.string("a", [0, 31, 34, 92]) }) == #"{"a":"\u0000\u001f\"\\"}"#)
    }

    @Test("thousands of mutated documents: what is read here, Foundation reads too, and none traps")
    func mutations() throws {
        var generator = SeededGenerator(seed: 42)
        let seeds = [
            utf8(Sample.query), utf8(Sample.answer),
            utf8(#"{"v":1,"a":[{"b":[1,-2,"\ud83d\ude00\n"],"c":null},{}],"d":{"e":{"f":true}},"g":"中"}"#),
        ]
        let alphabet = utf8("{}[]\",:\\u0123456789eE+-.tfn /\u{1}中")
        var read = 0
        for _ in 0..<6_000 {
            var bytes = seeds.randomElement(using: &generator) ?? []
            for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0...3, using: &generator) {
                case 0: bytes[index] = alphabet.randomElement(using: &generator) ?? 0
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(alphabet.randomElement(using: &generator) ?? 0, at: index)
                default: bytes.removeLast(Int.random(in: 0...min(3, bytes.count), using: &generator))
                }
            }
            guard let object = try? JSONObject(parsing: bytes) else { continue }
            read += 1
            _ = try? object.string("g", length: 0...1000)
            _ = try? object.objects("a", atMost: 5)
            #expect((try? JSONSerialization.jsonObject(with: Data(bytes))) != nil, "\(text(bytes))")
        }
        #expect(read > 300)
    }

    @Test("random bytes never trap the reader")
    func noise() {
        var generator = SeededGenerator(seed: 43)
        for _ in 0..<5_000 {
            _ = try? JSONObject(parsing: generator.bytes(Int.random(in: 0...60, using: &generator)))
            _ = try? JSONObject(parsing: utf8("{\"a\":") + generator.bytes(Int.random(in: 0...20, using: &generator)))
        }
    }
}
