// Part of Tillbridge. See LICENSE.
import Foundation
import Testing
import TillSandbox

/// What each wallet refuses before it opens its books.
@Suite struct DoorTests {
    @Test("Alipay checks in its order, and signs as soon as it knows the application")
    func alipay() async throws {
        let old = ChinaTime(milliseconds: SystemTime().now - 11 * 60_000).spaced
        let rows: [(String, [String: String?], String, Bool)] = [
            ("no application", ["app_id": nil], "isv.missing-app-id", false),
            ("another application", ["app_id": "2021999999999999", "sign": "x"], "isv.invalid-app-id", false),
            ("no method", ["method": nil], "isv.missing-method", false),
            ("unknown method", ["method": "alipay.trade.dance", "timestamp": old], "isv.invalid-method", false),
            ("charset", ["charset": "latin-1"], "isv.invalid-charset", true),
            ("format", ["format": "XML"], "isv.invalid-format", true),
            ("no version", ["version": nil], "isv.missing-version", true),
            ("no time", ["timestamp": nil], "isv.missing-timestamp", true),
            ("old", ["timestamp": old, "sign": "x"], "isv.invalid-timestamp", true),
            ("no time at all", ["timestamp": "yesterday"], "isv.invalid-timestamp", true),
            ("no kind", ["sign_type": nil], "isv.missing-signature-type", true),
            ("kind", ["sign_type": "MD5"], "isv.invalid-signature-type", true),
            ("no signature", ["sign": nil], "isv.missing-signature", true),
            ("wrong signature", ["sign": "AAAA", "biz_content": "no JSON"], "isv.invalid-signature", true),
            ("content", ["biz_content": "no JSON"], "isv.illegal-json", true),
            ("content", ["biz_content": "[]"], "isv.illegal-json", true),
            ("fields", ["biz_content": "{}"], "ACQ.INVALID_PARAMETER", true),
            ("extra parameter", ["notify_url": "http://127.0.0.1/", "zzz": "牛"], "ACQ.TRADE_NOT_EXIST", true),
        ]
        try await RunningSandbox.with { sandbox in
            for (name, change, subCode, isSigned) in rows {
                let reply = try await sandbox.alipay("alipay.trade.query", #"{"out_trade_no":"N1"}"#, change: change)
                #expect(reply.status == 200)
                #expect(reply.contentType.hasPrefix("text/html"))
                #expect(reply.text.contains(#""sub_code":"\#(subCode)""#), "\(name): \(reply.text)")
                #expect(try sandbox.hasValidSignature(reply, .alipay) == isSigned, "\(name)")
            }
        }
    }

    @Test("Alipay shows the text of a wrong signature without braces, whatever marks follow them")
    func shownText() async throws {
        try await RunningSandbox.with { sandbox in
            let change = ["sign": "AAAA", "zzz": "{\u{301}&\u{301}}\u{301}"]
            let reply = try await sandbox.alipay("alipay.trade.query", "{}", change: change)
            #expect(reply.text.contains("zzz=&#123;\u{301}&amp;\u{301}&#125;\u{301}"), "\(reply.text)")
        }
    }

    @Test(
        "Alipay names the field that is wrong",
        arguments: [
            (#""out_trade_no":"A-1""#, "out_trade_no"), (#""out_trade_no":"""#, "out_trade_no"),
            (#""total_amount":"0""#, "total_amount"), (#""total_amount":"12.905""#, "total_amount"),
            (#""total_amount":null"#, "total_amount"), (#""subject":"a/b""#, "subject"),
            (#""scene":"magic""#, "scene"), (#""timeout_express":"90s""#, "timeout_express"),
            (#""timeout_express":"16d""#, "timeout_express"), (#""time_expire":"soon""#, "time_expire"),
            (#""auth_code":"""#, "auth_code"),
        ]
    )
    func fields(member: String, field: String) async throws {
        try await RunningSandbox.with { sandbox in
            let code = try await sandbox.code(.alipay)
            var members = [
                "out_trade_no": #""N1""#, "total_amount": "12.9", "subject": #""milk""#, "auth_code": #""\#(code)""#,
            ]
            let parts = member.split(separator: ":", maxSplits: 1).map(String.init)
            members[parts[0].trimmingCharacters(in: ["\""])] = parts[1]
            let content = "{" + members.map { #""\#($0.key)":\#($0.value)"# }.joined(separator: ",") + "}"
            let reply = try await sandbox.alipay("alipay.trade.pay", content)
            #expect(reply.text.contains("ACQ.INVALID_PARAMETER"), "\(reply.text)")
            #expect(reply.text.contains("：\(field)"))
        }
    }

    @Test("Alipay: an amount may come as a number, and GBK is answered in GBK")
    func forms() async throws {
        try await RunningSandbox.with { sandbox in
            let code = try await sandbox.code(.alipay)
            let content =
                #"{"out_trade_no":"N1","total_amount":12.9,"subject":"牛奶","auth_code":"\#(code)"}"#
            let reply = try await sandbox.alipay("alipay.trade.pay", content, change: ["charset": "gbk"])
            #expect(reply.contentType == "text/html;charset=GBK")
            #expect(reply.text.contains(#""total_amount":"12.90""#))
            #expect(try sandbox.hasValidSignature(reply, .alipay))
            guard case .list(let trades) = try await sandbox.control("GET", "trades?merchantOrderNumber=N1") else {
                Issue.record("no list")
                return
            }
            #expect(trades.first?.object?["subject"]?.text == "牛奶")
        }
    }

    @Test("WeChat Pay checks form, merchant, signature, fields")
    func weChat() async throws {
        let fields = ["out_trade_no": "N00001"]
        let rows: [([String: String?], String)] = [
            (["mch_id": nil], "缺少参数mch_id"), (["mch_id": "1"], "MCHID_NOT_EXIST"),
            (["appid": nil], "缺少参数appid"), (["appid": "wx0"], "APPID_NOT_EXIST"), (["nonce_str": nil], "nonce_str"),
            (["nonce_str": String(repeating: "x", count: 33)], "nonce_str"), (["sign": nil], "缺少参数sign"),
            (["sign": "AAAA", "out_trade_no": nil], "签名错误"), (["sign_type": "SHA1"], "签名类型错误"),
            (["out_trade_no": nil], "缺少参数out_trade_no"), (["out_trade_no": "short"], "PARAM_ERROR"),
            (["sign_type": "HMAC-SHA256"], "ORDERNOTEXIST"), (["zzz": "牛"], "ORDERNOTEXIST"),
        ]
        try await RunningSandbox.with { sandbox in
            for (change, text) in rows {
                let reply = try await sandbox.weChat("/pay/orderquery", fields, change: change)
                #expect(reply.text.contains(text), "\(change): \(reply.text)")
                let isFailure = reply.text.contains("<return_code><![CDATA[FAIL")
                #expect(reply.text.contains("<sign>") != isFailure)
            }
            for (method, body, text) in [
                ("GET", "", "REQUIRE_POST_METHOD"), ("POST", "", "POST_DATA_EMPTY"), ("POST", "<xml>", "XML_FORMAT"),
                ("POST", "<!DOCTYPE xml><xml></xml>", "XML_FORMAT"),
            ] {
                let reply = try await sandbox.send(method, "/pay/orderquery", body: Array(body.utf8))
                #expect(reply.text.contains(text))
            }
            let notText = try await sandbox.send("POST", "/pay/orderquery", body: [0x3C, 0xFF])
            #expect(notText.text.contains("NOT_UTF8"))
            for amount in ["12.9", "0", "-1", "1e3", "99999999999", "01"] {
                let reply = try await sandbox.weChat(
                    "/pay/micropay",
                    [
                        "body": "b", "out_trade_no": "N00001", "total_fee": amount, "spbill_create_ip": "127.0.0.1",
                        "auth_code": "134567890123456789",
                    ]
                )
                #expect(reply.text.contains("PARAM_ERROR"), "\(amount)")
            }
        }
    }

    @Test("WeChat Pay answers with the kind of signature it was asked with")
    func hmac() async throws {
        try await RunningSandbox.with { sandbox in
            let reply = try await sandbox.weChat(
                "/pay/orderquery",
                ["out_trade_no": "N00001"],
                change: ["sign_type": "HMAC-SHA256"]
            )
            let xml = try FlatXML(parsing: reply.body)
            let sign = WeChatSignature.sign(xml.fields, key: sandbox.keys.wechatpay.apiKey, kind: .hmacSHA256)
            #expect(xml["sign"] == sign)
        }
    }

    @Test("Q2: how old a signed request may be", arguments: ["lenient", "strict"])
    func age(answer: String) async throws {
        try await RunningSandbox.with { sandbox in
            try await sandbox.control("PUT", "policies", #"{"Q2":"\#(answer)"}"#)
            let time = ChinaTime(milliseconds: SystemTime().now - 90_000).spaced
            let reply = try await sandbox.alipay(
                "alipay.trade.query",
                #"{"out_trade_no":"N1"}"#,
                change: ["timestamp": time]
            )
            #expect(reply.text.contains("isv.invalid-timestamp") == (answer == "strict"))
        }
    }

    @Test("Q7: the free data field comes back or does not", arguments: ["echoed", "dropped"])
    func echo(answer: String) async throws {
        try await RunningSandbox.with { sandbox in
            try await sandbox.control("PUT", "policies", #"{"Q7":"\#(answer)","Q5":"prompt"}"#)
            let code = try await sandbox.code(.alipay)
            _ = try await sandbox.alipay(
                "alipay.trade.pay",
                #"{"out_trade_no":"N1","total_amount":"1","subject":"b","auth_code":"\#(code)","passback_params":"f00d"}"#
            )
            let query = try await sandbox.alipay("alipay.trade.query", #"{"out_trade_no":"N1"}"#)
            #expect(query.text.contains("f00d") == (answer == "echoed"))
            _ = try await sandbox.weChat(
                "/pay/micropay",
                [
                    "body": "b", "out_trade_no": "N00001", "total_fee": "1", "spbill_create_ip": "::1",
                    "auth_code": try await sandbox.code(.wechatpay), "attach": "f00d",
                ]
            )
            let order = try await sandbox.weChat("/pay/orderquery", ["out_trade_no": "N00001"])
            #expect(order.text.contains("f00d") == (answer == "echoed"))
        }
    }
}
