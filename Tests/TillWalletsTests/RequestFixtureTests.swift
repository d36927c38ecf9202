// Part of Tillbridge. See LICENSE.
import Foundation
import Testing
import TillDomain
import TillEngine
import TillWallets

/// Requests, compared byte for byte with what an independent reading of the wallets' documents writes.
@Suite struct RequestFixtureTests {
    @Test("an Alipay request is the documented one", arguments: ["pay", "query", "cancel", "refund", "refund-query"])
    func alipay(name: String) throws {
        let expected = try Fixture("alipay/\(name).request")
        let operation = try Sample.operation(name)
        let request = try Account.alipay().request(for: operation, at: Sample.now, message: Sample.message())
        #expect("\(request.method) \(request.target) HTTP/1.1" == expected.firstLine)
        #expect(request.headers == expected.headers)
        #expect(String(decoding: request.body, as: UTF8.self) == String(decoding: expected.body, as: UTF8.self))
        #expect(!request.needsClientCertificate)
        #expect(request.connectTimeout == 2_000)
    }

    @Test(
        "a WeChat Pay request is the documented one",
        arguments: ["pay", "query", "cancel", "refund", "refund-query"]
    )
    func weChatPay(name: String) throws {
        let expected = try Fixture("wechatpay/\(name).request")
        let operation = try Sample.operation(name, code: "134567890123456789")
        let request = try Account.weChatPay().request(for: operation, at: Sample.now, message: Sample.message())
        #expect("\(request.method) \(request.target) HTTP/1.1" == expected.firstLine)
        #expect(request.headers == expected.headers)
        #expect(String(decoding: request.body, as: UTF8.self) == String(decoding: expected.body, as: UTF8.self))
        #expect(request.needsClientCertificate == (name == "cancel" || name == "refund"))
    }

    @Test(
        "a QQ Wallet request is the documented one",
        arguments: ["pay", "query", "cancel", "refund", "refund-query"]
    )
    func qqWallet(name: String) throws {
        let expected = try Fixture("qqwallet/\(name).request")
        let operation = try Sample.operation(name, code: "910728310408849937")
        let request = try Account.qqWallet().request(for: operation, at: Sample.now, message: Sample.message())
        #expect("\(request.method) \(request.target) HTTP/1.1" == expected.firstLine)
        #expect(request.headers == expected.headers)
        #expect(String(decoding: request.body, as: UTF8.self) == String(decoding: expected.body, as: UTF8.self))
        #expect(request.needsClientCertificate == (name == "cancel" || name == "refund"))
    }

    @Test(
        "a UnionPay request is the documented one",
        arguments: ["pay", "query", "cancel", "refund", "refund-query"]
    )
    func unionPay(name: String) throws {
        let expected = try Fixture("unionpay/\(name).request")
        let operation = try Sample.operation(name, code: "6220835931895481436")
        let request = try Account.unionPay().request(for: operation, at: Sample.now, message: Sample.message())
        #expect("\(request.method) \(request.target) HTTP/1.1" == expected.firstLine)
        #expect(request.headers == expected.headers)
        #expect(String(decoding: request.body, as: UTF8.self) == String(decoding: expected.body, as: UTF8.self))
        #expect(!request.needsClientCertificate)
    }

    @Test("a refund of a part asks for the part, under its own number, in the wallet's unit")
    func partRefund() throws {
        let order = try Sample.order()
        let part = WalletRefund(
            order: order,
            number: order.number.refundNumber(7),
            requestedAt: Timestamp(milliseconds: 1_795_430_000_000),
            amount: Money(fen: 290),
            reason: []
        )
        func body(_ adapter: any WalletAdapter) throws -> String {
            let request = try adapter.request(for: .refund(part), at: Sample.now, message: Sample.message())
            return String(decoding: request.body, as: UTF8.self).removingPercentEncoding ?? ""
        }
        let alipay = try body(try Account.alipay())
        #expect(alipay.contains(#""refund_amount":"2.90""#) && !alipay.contains("12.90"))
        #expect(alipay.contains(#""out_request_no":"\#(part.number.description)""#))
        let weChatPay = try body(try Account.weChatPay())
        for (name, value) in [("refund_fee", "290"), ("total_fee", "1290"), ("out_refund_no", "\(part.number)")] {
            #expect(weChatPay.contains("<\(name)><![CDATA[\(value)]]></\(name)>"), "\(name)")
        }
        let qqWallet = try body(try Account.qqWallet())
        for (name, value) in [("refund_fee", "290"), ("out_refund_no", "\(part.number)")] {
            #expect(qqWallet.contains("<\(name)><![CDATA[\(value)]]></\(name)>"), "\(name)")
        }
        // A refund is an order of its own there, with its own time; the origin is named by both as well.
        let unionPay = try body(try Account.unionPay())
        for field in [
            "&txnAmt=290&", "&orderId=\(part.number)&", "&txnTime=20261123183320&",
            "&origOrderId=\(order.number)&", "&origTxnTime=20261122183000&",
        ] { #expect(unionPay.contains(field), "\(field) in \(unionPay)") }
    }

    @Test("both forms of a private key, with and without armour, sign alike")
    func keyForms() throws {
        func oneLine(_ name: String) throws -> String {
            try Fixture.text("keys/\(name)").split(separator: "\n").filter { !$0.hasPrefix("-") }.joined()
        }
        let forms: [[String: String]] = [
            [:],
            ["merchantPrivateKeyPKCS8": "", "merchantPrivateKeyPKCS1": try Fixture.text("keys/merchant-pkcs1.pem")],
            ["merchantPrivateKeyPKCS8": try oneLine("merchant-pkcs8.pem")],
            [
                "merchantPrivateKeyPKCS8": "", "merchantPrivateKeyPKCS1": try oneLine("merchant-pkcs1.pem"),
                "alipayPublicKey": try oneLine("wallet-public.pem"),
            ],
        ]
        let expected = try Fixture("alipay/pay.request")
        for form in forms {
            let request = try Account.alipay(form)
                .request(for: .pay(Sample.payment()), at: Sample.now, message: Sample.message())
            #expect("POST \(request.target) HTTP/1.1" == expected.firstLine)
        }
    }

    @Test("the shopper's code never stands in a query, a description or a dump")
    func masked() throws {
        let code = "283456789012345678"
        for wallet in Account.wallets {
            let adapter = try Account.adapter(wallet)
            let request = try adapter.request(
                for: .pay(Sample.payment(code: code)),
                at: Sample.now,
                message: Sample.message()
            )
            #expect(String(decoding: request.body, as: UTF8.self).contains(code))
            var dumped = ""
            dump(request, to: &dumped)
            for text in [request.target, "\(request)", String(reflecting: request), dumped] {
                #expect(!text.contains(code))
                #expect(!text.contains("auth_code") && !text.contains("qrNo"))
            }
            #expect(!"\(request)".contains("sign"))
        }
    }
}
