// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain

@testable import TillWallets

/// The reader of Alipay's answers finds the same objects as everybody else, and stops where it must.
@Suite struct HostileJSONTests {
    private func value(_ name: StaticString, in text: String, _ encoding: JSONMembers.Encoding = .utf8) -> String? {
        JSONMembers(in: [UInt8](text.utf8), encoding: encoding)?.value(name)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    @Test("texts, numbers and escapes")
    func values() {
        #expect(value("a", in: #"{"a":"x"}"#) == "x")
        #expect(value("a", in: #" {"a" : "x" }"#) == nil, "the caller says where the object begins")
        #expect(value("a", in: #"{ "b" : [ 1 , {"a":"y"} , "]}" ] , "a" : 12.90 }"#) == "12.90")
        #expect(value("a", in: #"{"a":"\"\\\/\b\f\n\r\t\u4f60\uD83D\uDE00"}"#) == "\"\\/\u{8}\u{c}\n\r\t你😀")
        #expect(value("a", in: #"{"a":true,"b":null,"c":false}"#) == nil)
        #expect(value("b", in: #"{"a":{"b":"inner"},"b":"outer"}"#) == "outer")
        #expect(value("a", in: #"{}"#) == nil)
    }

    @Test(
        "what is no JSON object is refused",
        arguments: [
            "", "{", "}", "[]", "{]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{\"a\":1 \"b\":2}", "{'a':1}",
            "{\"a\":\"x}", "{\"a\":\"x\\\"}", "{\"a\":tru}", "{\"a\":nul}", "{\"a\":+}", "{\"a\":\"line\nbreak\"}",
            "{\"a\":1,\"a\":2}", "{\"a\":[1,}", "{\"a\":[1 2]}", "{\"a\":{\"b\":1}", "{\"a\":1e", "{a:1}",
            "{\"a\":NaN}",
        ]
    )
    func refused(text: String) {
        let members = JSONMembers(in: [UInt8](text.utf8), encoding: .utf8)
        // "1e" is let through as a number by the scanner and refused for the missing brace; none may be read whole.
        #expect(members == nil)
    }

    @Test(
        "escapes that stand for no character have no value",
        arguments: [
            #"\ud83d"#, #"\ud83dx"#, #"\ude00"#, #"\ud83d\u0041"#, #"\ud83d\n"#, #"\u12"#, #"\u12x4"#, #"\x41"#,
        ]
    )
    func escapes(text: String) {
        #expect(value("a", in: "{\"a\":\"\(text)\"}") == nil)
    }

    @Test("depth and number of members are bounded")
    func limits() {
        func nested(_ depth: Int) -> String {
            "{\"a\":" + String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + "}"
        }
        #expect(JSONMembers(in: [UInt8](nested(JSONMembers.depthLimit - 1).utf8), encoding: .utf8) != nil)
        #expect(JSONMembers(in: [UInt8](nested(JSONMembers.depthLimit).utf8), encoding: .utf8) == nil)
        #expect(JSONMembers(in: [UInt8](nested(100_000).utf8), encoding: .utf8) == nil)
        let many = "{" + (0...JSONMembers.memberLimit).map { "\"m\($0)\":1" }.joined(separator: ",") + "}"
        #expect(JSONMembers(in: [UInt8](many.utf8), encoding: .utf8) == nil)
    }

    @Test("in GBK a character may end in a backslash or look like a brace")
    func gbk() throws {
        // 誠 is D5 5C, 鄘 is E0 7B or the like: lead byte, then a byte below 128.
        let text: [UInt8] =
            [UInt8]("{\"a\":\"".utf8) + [0xd5, 0x5c] + [UInt8]("\",\"b\":\"}".utf8) + [0x81, 0x7d]
            + [UInt8]("\"}".utf8)
        let members = try #require(JSONMembers(in: text, encoding: .gbk))
        #expect(members.members.count == 2)
        #expect(members.end == text.count)
        #expect(JSONMembers(in: text, encoding: .utf8) == nil)
    }

    @Test("the node ends at its own brace, not at one inside a text")
    func node() throws {
        let node = #"{"code":"40004","sub_msg":"}\"}{\\"}"#
        let body = [UInt8]("{\"n_response\":\(node),\"sign\":\"c2ln\"}".utf8)
        let envelope = try #require(AlipayEnvelope(body, node: [UInt8]("n_response".utf8)))
        #expect(envelope.node == [UInt8](node.utf8))
        #expect(envelope.signature == [UInt8]("c2ln".utf8))
    }

    @Test(
        "an envelope without its node, with two, or with something behind it is refused",
        arguments: [
            "{}", "[]", "{\"other\":{}}", "{\"n_response\":\"text\"}", "{\"n_response\":{},\"n_response\":{}}",
            "{\"n_response\":{}} x", "{\"n_response\":{}}{}",
            "{\"n_response\":{},\"x\":\"\\\"n_response\\\"\",\"y\":{\"n_response\":1}}",
            "callback({\"n_response\":{}})", "{\"n_response\":{}",
        ]
    )
    func envelopes(body: String) {
        #expect(AlipayEnvelope([UInt8](body.utf8), node: [UInt8]("n_response".utf8)) == nil)
    }
}
