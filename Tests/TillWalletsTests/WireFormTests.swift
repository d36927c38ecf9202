// Part of Tillbridge. See LICENSE.
import Foundation
import Testing
import TillDomain
import TillEngine

@testable import TillWallets

/// Amounts, dates and texts on their way to a wallet.
@Suite struct WireFormTests {
    private func yuan(_ fen: Int64) -> String { String(decoding: Yuan.text(Money(fen: fen)), as: UTF8.self) }
    private func parse(_ text: String) -> Int64? { Yuan.parse(text.utf8)?.fen }

    @Test("yuan is written with two decimals and read back to the fen")
    func yuanRoundTrip() {
        #expect(yuan(0) == "0.00")
        #expect(yuan(1) == "0.01")
        #expect(yuan(1290) == "12.90")
        #expect(yuan(10_000_000_000) == "100000000.00")
        #expect(yuan(.max) == "92233720368547758.07")
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<2_000 {
            let fen = Int64.random(in: 0...Int64.max >> Int64.random(in: 0..<63, using: &generator), using: &generator)
            #expect(parse(yuan(fen)) == fen)
        }
    }

    @Test("what is not plain yuan is no amount")
    func yuanRefused() {
        #expect(parse("12") == 1200)
        #expect(parse("12.9") == 1290)
        #expect(parse("0.1") == 10)
        for text in [
            "", ".", "12.", ".90", "12.900", "012.90", "-1.00", "+1.00", " 1.00", "1.00 ", "1,000.00", "1e2", "1.2.3",
            "１２", "0x10", "12.9a", "NaN", "92233720368547758.08", "99999999999999999999",
        ] {
            #expect(parse(text) == nil, "\(text)")
        }
    }

    @Test("dates are those of a calendar in GMT+8, for any moment, whatever zone the machine is in")
    func dates() throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(secondsFromGMT: 8 * 3600))
        var generator = SeededGenerator(seed: 2)
        var moments = (0..<3_000).map { _ in Int64.random(in: 0..<253_402_272_000_000, using: &generator) }
        moments += [0, 951_753_600_000, 951_839_999_999, 951_840_000_000, 4_107_513_600_000, 253_402_271_999_999]
        for moment in moments {
            let time = try #require(ChinaTime(Timestamp(milliseconds: moment)))
            let date = Date(timeIntervalSince1970: Double(moment / 1000))
            let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: date)
            let expected = [parts.year, parts.month, parts.day, parts.hour, parts.minute, parts.second].map { $0 ?? -1 }
            let found = [time.year, time.month, time.day, time.hour, time.minute, time.second].map { Int($0) }
            #expect(found == expected, "\(moment)")
        }
        let sample = try #require(ChinaTime(Sample.now))
        #expect(String(decoding: sample.spaced, as: UTF8.self) == "2026-11-22 18:30:01")
        #expect(String(decoding: sample.compact, as: UTF8.self) == "20261122183001")
        #expect(ChinaTime(Timestamp(milliseconds: -1)) == nil)
        #expect(ChinaTime(Timestamp(milliseconds: 253_402_272_000_000)) == nil)
        #expect(ChinaTime(Timestamp(milliseconds: .max)) == nil)
    }

    @Test("a text is mended to what a wallet takes and never cut inside a character")
    func texts() {
        func mended(_ text: [UInt8], _ limit: Int, _ forbidden: StaticString = "") -> String {
            String(decoding: DisplayText.mended(text, limit: limit, forbidden: forbidden), as: UTF8.self)
        }
        func mended(_ text: String, _ limit: Int, _ forbidden: StaticString = "") -> String {
            mended([UInt8](text.utf8), limit, forbidden)
        }
        #expect(mended("示例门店", 7) == "示例")
        #expect(mended("示例门店", 12) == "示例门店")
        #expect(mended("a/b=c&d", 20, "/=&") == "a b c d")
        #expect(mended(" \t<b>x\u{0}y\u{202a}</b>\r\n", 40) == "b x y\u{202a} /b")
        #expect(mended([0x61, 0xff, 0x62], 10) == "a\u{fffd}b")
        #expect(mended("😀😀", 7) == "😀")
        #expect(mended("", 10).isEmpty)
        #expect(DisplayText.first([[32, 9], [120]], limit: 5) == [120])
        #expect(DisplayText.token([], limit: 5) == nil)
        #expect(DisplayText.token([97, 32], limit: 5) == nil)
    }

    private func content(_ payment: WalletPayment, _ adapter: any WalletAdapter) throws -> String {
        let request = try adapter.request(for: .pay(payment), at: Sample.now, message: Sample.message())
        return String(decoding: request.body, as: UTF8.self).removingPercentEncoding ?? ""
    }

    @Test("a strange shop name or basket never fails a payment")
    func strangeTexts() throws {
        let strange = "]]>\u{0}\"\\</xml>&amp;=/"
        let items = [Sample.item(sku: "S 1", name: strange, quantity: 0, price: -5)]
        for wallet in Account.wallets {
            let adapter = try Account.adapter(wallet)
            let payment = try Sample.payment(subject: strange, operatorName: "王 小明", items: items)
            let content = try content(payment, adapter)
            #expect(!content.contains("goods_detail"))
            #expect(!content.contains("operator_id"))
            #expect(content.contains("TQF000K703343G7H2000016R"))
        }
        let nameless = try content(Sample.payment(subject: " \n"), Account.alipay())
        #expect(nameless.contains("\"subject\":\"TQF000K703343G7H2000016R\""))
        let big = [BasketItem](repeating: Sample.basket[0], count: 151)
        #expect(try !content(Sample.payment(items: big), Account.alipay()).contains("goods_detail"))
        #expect(try !content(Sample.payment(items: big), Account.weChatPay()).contains("<detail>"))
    }

    @Test("a face code is sent as one")
    func faceCode() throws {
        let code = "fp" + String(repeating: "a", count: 33)
        #expect(try content(Sample.payment(code: code), Account.alipay()).contains("\"scene\":\"security_code\""))
        #expect(try content(Sample.payment(), Account.alipay()).contains("\"scene\":\"bar_code\""))
    }

    @Test(
        "an amount outside the documented range is refused before anything is sent",
        arguments: [
            Int64.min, -1, 0, 10_000_000_001, .max,
        ]
    )
    func amounts(fen: Int64) throws {
        let message = try Sample.message()
        let payment = WalletOperation.pay(try Sample.payment(amount: fen))
        let refund = WalletOperation.refund(try Sample.refund(amount: fen))
        let fields = [
            ("alipay", "total_amount", "refund_amount"), ("wechatpay", "total_fee", "refund_fee"),
            ("qqwallet", "total_fee", "refund_fee"), ("unionpay", "txnAmt", "txnAmt"),
        ]
        for (wallet, total, part) in fields {
            let adapter = try Account.adapter(wallet)
            #expect(throws: WalletError.malformed(field: total)) {
                try adapter.request(for: payment, at: Sample.now, message: message)
            }
            #expect(throws: WalletError.malformed(field: part)) {
                try adapter.request(for: refund, at: Sample.now, message: message)
            }
        }
    }

    @Test("a moment without a date is refused before anything is sent")
    func moment() throws {
        let message = try Sample.message()
        let adapter = try Account.alipay()
        let query = WalletOperation.query(try Sample.order())
        #expect(throws: WalletError.malformed(field: "timestamp")) {
            try adapter.request(for: query, at: Timestamp(milliseconds: .max), message: message)
        }
    }

    @Test("a code that UnionPay has no room for is refused before anything is sent")
    func longCode() throws {
        let adapter = try Account.unionPay()
        let payment = WalletOperation.pay(try Sample.payment(code: String(repeating: "6", count: 21)))
        let message = try Sample.message()
        #expect(throws: WalletError.malformed(field: "qrNo")) {
            try adapter.request(for: payment, at: Sample.now, message: message)
        }
    }

    @Test("a repeated refund differs from the first in nothing but the signature's random text")
    func repeatedRefund() throws {
        let adapter = try Account.weChatPay()
        func fields(_ message: MessageID) throws -> MessageFields {
            let request = try adapter.request(for: .refund(Sample.refund()), at: Sample.now, message: message)
            let document = try #require(FlatXML(request.body))
            let random = [[UInt8]("sign".utf8), [UInt8]("nonce_str".utf8)]
            return MessageFields(document.fields.pairs.filter { !random.contains($0.name) })
        }
        #expect(try fields(MessageID(1, 2)) == fields(MessageID(3, 4)))
        // UnionPay's has no random text, and its time is the refund's: it is the same message.
        let unionPay = try Account.unionPay()
        let bodies = try [MessageID(1, 2), MessageID(3, 4)].enumerated().map { later, message in
            let now = Sample.now + Int64(later) * 3_600_000
            return try unionPay.request(for: .refund(Sample.refund()), at: now, message: message).body
        }
        #expect(bodies[0] == bodies[1])
    }

    @Test("percent-encoding leaves letters, digits and -._~ as they are, and nothing else")
    func percent() {
        let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)
        let expected = (UInt8.min...UInt8.max)
            .map { plain.contains($0) ? String(Unicode.Scalar($0)) : "%" + String(format: "%02X", $0) }.joined()
        let fields: MessageFields = ["a b": Array(UInt8.min...UInt8.max), "empty": []]
        #expect(String(decoding: Percent.form(fields), as: UTF8.self) == "a%20b=\(expected)&empty=")
    }

    @Test("fields are signed in the order of their names, a name before a longer one that begins with it")
    func order() {
        let names = ["ab", "b", "a_b", "a", "sign", "aB", "none", ""]
        let fields = MessageFields(names.map { (key: $0, value: $0 == "none" ? "" : "1") })
        let text = fields.signedText(without: "sign")
        #expect(String(decoding: text, as: UTF8.self) == "=1&a=1&aB=1&a_b=1&ab=1&b=1")
    }
}
