// Part of Tillbridge. See LICENSE.
@testable import TillSandbox

/// What merchants and testers send to the sandbox: it is a product too, and has readers of its own.
extension FuzzTarget {
    private static let fixtures = "Tests/TillWalletsTests/Fixtures/"

    static let sandbox: [FuzzTarget] = [
        FuzzTarget("sandbox-xml", corpus: [fixtures + "wechatpay", fixtures + "qqwallet"]) { bytes in
            guard let document = try? FlatXML(parsing: bytes) else { return }
            require((try? FlatXML(parsing: Array(document.text.utf8))) == document, "what was read is not read again")
        },
        FuzzTarget("sandbox-form", corpus: [fixtures + "unionpay", fixtures + "alipay"]) { bytes in
            _ = FormFields.parse(urlEncoded: bytes)
            _ = FormFields.parse(multipart: bytes, contentType: "multipart/form-data; boundary=x")
        },
        FuzzTarget("sandbox-json", seeds: [#"{"wallet":"alipay","behaviour":"pays","seconds":1.5}"#]) { bytes in
            _ = JSONValue(bytes)
        },
        FuzzTarget("sandbox-words", seeds: ["20261122183000", "2026-11-22 18:30:00", "password-pays-after:12"]) {
            bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            if let time = ChinaTime(text) { _ = ChinaTime(milliseconds: time.milliseconds) }
            _ = BillPeriod(day: text)
            _ = BillPeriod(month: text)
            _ = BillPeriod(settlementDay: text)
            _ = Behaviour(text: text)
            for charset in [Charset.utf8, .gbk] { _ = charset.decode(bytes) }
        },
    ]
}
