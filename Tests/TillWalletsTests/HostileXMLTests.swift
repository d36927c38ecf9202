// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain

@testable import TillWallets

/// Security, row 11: XML attacks. The reader knows flat documents and nothing else.
@Suite struct HostileXMLTests {
    private func fields(_ text: String) -> [String: String]? {
        FlatXML([UInt8](text.utf8)).map { document in
            Dictionary(
                uniqueKeysWithValues: document.fields.pairs.map {
                    (String(decoding: $0.name, as: UTF8.self), String(decoding: $0.value, as: UTF8.self))
                }
            )
        }
    }

    @Test("what a wallet writes is read, text for text")
    func ordinary() {
        #expect(fields("<xml></xml>") == [:])
        #expect(
            fields("<xml><a><![CDATA[ x ]]></a>\r\n <b>1</b><c/><d></d></xml>\n") == [
                "a": " x ", "b": "1", "c": "", "d": "",
            ]
        )
        #expect(
            fields("<?xml version=\"1.0\" encoding=\"UTF-8\"?><xml><a>1&lt;2&amp;&gt;&quot;&apos;</a></xml>") == [
                "a": "1<2&>\"'"
            ]
        )
        #expect(fields("<xml><a>x<![CDATA[<y>]]>z<![CDATA[]]]]><![CDATA[>]]></a></xml>") == ["a": "x<y>z]]>"])
        #expect(fields("\u{feff}<xml><a> \n </a></xml>") == ["a": " \n "])
        #expect(
            fields("<xml><coupon_fee_0>1</coupon_fee_0><A-b.c>2</A-b.c></xml>") == ["coupon_fee_0": "1", "A-b.c": "2"]
        )
    }

    @Test(
        "everything else is refused",
        arguments: [
            "", " ", "xml", "<xml>", "</xml>", "<xml/>", "<XML></XML>", "<xml ></xml>", "<root><a>1</a></root>",
            "<!DOCTYPE xml><xml></xml>",
            "<!DOCTYPE xml [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><xml><a>&x;</a></xml>",
            "<!DOCTYPE xml SYSTEM \"http://127.0.0.1/x.dtd\"><xml></xml>",
            "<?xml version=\"1.0\"?><!DOCTYPE xml [<!ENTITY % p SYSTEM \"http://127.0.0.1/\"> %p;]><xml></xml>",
            "<?xml version=\"1.0\"<!DOCTYPE xml>?><xml></xml>",
            "<xml><a>&x;</a></xml>", "<xml><a>&#65;</a></xml>", "<xml><a>&#x41;</a></xml>", "<xml><a>&</a></xml>",
            "<xml><a>&lt</a></xml>", "<xml><a>&nbsp;</a></xml>",
            "<xml><!-- --></xml>", "<!-- --><xml></xml>", "<xml><a><!-- x -->1</a></xml>", "<xml><?php x ?></xml>",
            "<xml><?xml version=\"1.0\"?></xml>", "<xml><a><?x?></a></xml>",
            "<xml><a><b>1</b></a></xml>", "<xml><xml><a/></xml></xml>", "<xml><a b=\"1\">1</a></xml>",
            "<xml xmlns:xi=\"http://www.w3.org/2001/XInclude\"><xi:include href=\"file:///etc/passwd\"/></xml>",
            "<xml><xi:include>1</xi:include></xml>", "<xml><a>1</b></xml>", "<xml><a>1</a", "<xml><a>1</a>",
            "<xml><a>1<a></xml>", "<xml><a>1</a></xml><xml></xml>", "<xml></xml>x", "<xml>x</xml>",
            "<xml><![CDATA[x]]></xml>", "<xml><a><![CDATA[x</a></xml>", "<xml><a><![CDATA[x]]</a></xml>",
            "<xml><a><![cdata[x]]></a></xml>", "<xml><a>1</a><a>1</a></xml>", "<xml><1a>1</1a></xml>",
            "<xml>< a>1</a></xml>", "<xml><a >1</a></xml>", "<xml><a>1</a ></xml>", "<xml><>1</></xml>",
            "<xml><é>1</é></xml>", "<xml><a\0>1</a\0></xml>", "\u{feff}\u{feff}<xml></xml>",
        ]
    )
    func refused(document: String) {
        #expect(fields(document) == nil)
    }

    @Test("size, number of fields and length of names are bounded")
    func limits() {
        func document(fields count: Int, value: String = "") -> String {
            "<xml>" + (0..<count).map { "<f\($0)>\(value)</f\($0)>" }.joined() + "</xml>"
        }
        #expect(fields(document(fields: FlatXML.fieldLimit))?.count == FlatXML.fieldLimit)
        #expect(fields(document(fields: FlatXML.fieldLimit + 1)) == nil)
        let room = FlatXML.sizeLimit - "<xml><f0></f0></xml>".utf8.count
        #expect(fields(document(fields: 1, value: String(repeating: "x", count: room))) != nil)
        #expect(fields(document(fields: 1, value: String(repeating: "x", count: room + 1))) == nil)
        let name = String(repeating: "n", count: FlatXML.nameLimit)
        #expect(fields("<xml><\(name)>1</\(name)></xml>") != nil)
        #expect(fields("<xml><\(name)n>1</\(name)n></xml>") == nil)
        #expect(fields("<xml>" + String(repeating: "<a>", count: 60_000)) == nil)
    }

    @Test("UTF-16 and other encodings that hide a document type are refused")
    func encodings() {
        let text = "<?xml version=\"1.0\" encoding=\"UTF-16\"?><!DOCTYPE xml><xml><a>1</a></xml>"
        var little: [UInt8] = [0xff, 0xfe]
        var big: [UInt8] = [0xfe, 0xff]
        for unit in text.utf16 {
            little += [UInt8(unit & 255), UInt8(unit >> 8)]
            big += [UInt8(unit >> 8), UInt8(unit & 255)]
        }
        #expect(FlatXML(little) == nil)
        #expect(FlatXML(big) == nil)
        #expect(FlatXML([UInt8]("+ADw-xml+AD4-".utf8)) == nil)
    }

    @Test("what is written reads back, whatever the text is")
    func roundTrip() throws {
        for round in 0..<500 {
            var generator = SeededGenerator(seed: UInt64(round))
            let alphabet = [UInt8]("]]]>>&<x! [CDATA".utf8) + [0xe7, 0x89, 0x9b]
            let value = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
            }
            let document = try #require(FlatXML(FlatXML.write(["a": value])))
            #expect(document.fields == ["a": value])
        }
    }
}
