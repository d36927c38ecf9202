// Part of Tillbridge. See LICENSE.
import Testing
import TillSandbox

@Suite struct WireFormTests {
    @Test(
        "amounts in yuan are exact",
        arguments: [
            ("0.01", 1), ("12.90", 1290), ("12.9", 1290), ("12", 1200), ("100000000", 10_000_000_000),
            ("100000000.00", 10_000_000_000),
        ]
    )
    func yuan(text: String, fen: Int64) {
        #expect(Yuan.fen(text) == fen)
        #expect(Yuan.fen(Yuan.text(fen)) == fen)
    }

    @Test(
        "what is no amount is refused",
        arguments: [
            "", "0", "0.00", "-1", "+1", "1.", ".5", "1.005", "1,00", "1e2", "100000000.01", "１２", " 1", "1000000000",
        ]
    )
    func noYuan(text: String) {
        #expect(Yuan.fen(text) == nil)
    }

    @Test("Chinese time, both ways, over leap days and the turn of the year")
    func chinaTime() {
        let rows: [(Int64, String)] = [
            (0, "1970-01-01 08:00:00"), (1_795_343_400_000, "2026-11-22 18:30:00"),
            (951_782_399_000, "2000-02-29 07:59:59"), (1_767_196_800_000, "2026-01-01 00:00:00"),
            (4_107_513_600_000, "2100-03-01 00:00:00"),
        ]
        for (milliseconds, text) in rows {
            #expect(ChinaTime(milliseconds: milliseconds).spaced == text)
            #expect(ChinaTime(text)?.milliseconds == milliseconds)
            let compact = ChinaTime(milliseconds: milliseconds).compact
            #expect(ChinaTime(compact)?.milliseconds == milliseconds)
        }
        for text in [
            "2026-02-29 00:00:00", "2026-13-01 00:00:00", "2026-01-01T00:00:00", "20260101", "2026-01-01 24:00:00",
        ] {
            #expect(ChinaTime(text) == nil)
        }
    }

    @Test("XML: CDATA, split CDATA, entities, empty elements, white space and a byte order mark")
    func xml() throws {
        let text =
            "\u{FEFF}<?xml version=\"1.0\"?>\n<xml>\n <a><![CDATA[<x>&]]></a><b>1&lt;2</b><c/><d></d>"
            + "<e><![CDATA[a]]><![CDATA[b]]></e><f> 牛 </f>\n</xml>\n"
        let xml = try FlatXML(parsing: Array(text.utf8))
        #expect(xml.fields.map(\.name) == ["a", "b", "c", "d", "e", "f"])
        #expect(xml.fields.map(\.value) == ["<x>&", "1<2", "", "", "ab", " 牛 "])
        #expect(try FlatXML(parsing: Array(xml.text.utf8)) == xml)
        // A combining mark makes one character of itself and the last bracket.
        for value in ["x]]>y", "]]>]]>", "]]>\u{301}y", "]]]>\u{301}", "]\u{301}]>"] {
            let tricky = FlatXML(fields: [("a", value)])
            #expect(try FlatXML(parsing: Array(tricky.text.utf8)) == tricky)
        }
    }

    @Test(
        "XML that is not flat, or could reach outside, is refused",
        arguments: [
            "", "<xml>", "<xml></xml><xml></xml>", "<xml><a>1</b></xml>", "<xml><a><b/></a></xml>",
            "<!DOCTYPE xml [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><xml><a>&e;</a></xml>",
            "<xml><a>&e;</a></xml>", "<xml><a x=\"1\">1</a></xml>", "<xml><a>1</a><a>2</a></xml>",
            "<xml><a><![CDATA[1</a></xml>", "<root><a>1</a></root>", "not XML",
        ]
    )
    func hostileXML(text: String) {
        #expect(throws: FlatXML.Problem.malformed) { try FlatXML(parsing: Array(text.utf8)) }
        #expect(throws: FlatXML.Problem.notUTF8) { try FlatXML(parsing: [0x3C, 0xFF]) }
    }

    @Test("forms are read to the byte")
    func forms() {
        let fields = FormFields.parse(urlEncoded: "a=1+2&b=%E7%89%9B%2B&c&d=&e=%zz&=x".utf8)
        #expect(fields.map(\.name) == ["a", "b", "c", "d", "e", ""])
        #expect(fields.map { String(decoding: $0.value, as: UTF8.self) } == ["1 2", "牛+", "", "", "%zz", "x"])
        let body =
            "--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n2\r\n"
            + "--X\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n\r\n--X--\r\n"
        let parts = FormFields.parse(multipart: Array(body.utf8), contentType: "multipart/form-data; boundary=\"X\"")
        #expect(parts?.map(\.name) == ["a", "b"])
        #expect(parts?.map { String(decoding: $0.value, as: UTF8.self) } == ["1\r\n2", ""])
    }

    @Test("GBK, both ways")
    func gbk() {
        let bytes: [UInt8] = [0xCF, 0xB5, 0xCD, 0xB3, 0xB7, 0xB1, 0xC3, 0xA6]
        #expect(Charset.gbk.encode("系统繁忙") == bytes)
        #expect(Charset.gbk.decode(bytes) == "系统繁忙")
        #expect(Charset.gbk.decode([0xFF, 0xFF]) == nil)
        #expect(Charset.utf8.decode(bytes) == nil)
    }

    @Test("behaviours are read as they are written")
    func behaviours() {
        for text in [
            "pays", "password", "password-pays-after:7", "never", "insufficient", "expired", "used", "risk-refused",
        ] {
            #expect(Behaviour(text: text)?.text == text)
        }
        for text in ["", "Pays", "password-pays-after:", "password-pays-after:-1", "password-pays-after:x"] {
            #expect(Behaviour(text: text) == nil)
        }
    }
}
