// Part of Tillbridge. See LICENSE.
import Crypto
import CryptoExtras
import Foundation
import NIOHTTP1
import Testing
import TillSandbox

/// WeChat Pay V3 over HTTP.
@Suite struct WeChatV3Tests {
    @Test("pay, query by either number, reverse, and V2 sees the same order")
    func happy() async throws {
        try await RunningSandbox.with { sandbox in
            try await sandbox.control("PUT", "policies", #"{"Q5":"prompt"}"#)
            let code = try await sandbox.code(.wechatpay)
            let paid = try await sandbox.weChatV3Pay("N00001", code: code, more: #","attach":"f00d""#)
            #expect(paid.status == 200 && paid.contentType.hasPrefix("application/json"))
            #expect(try sandbox.hasValidV3Signature(paid))
            #expect(paid.member("trade_state")?.text == "SUCCESS" && paid.member("trade_type")?.text == "MICROPAY")
            #expect(paid.member("amount.total")?.integer == 1290 && paid.member("amount.payer_total")?.integer == 1290)
            #expect(paid.member("success_time")?.text?.hasSuffix("+08:00") == true)
            #expect(paid.member("promotion_detail") == .list([]) && paid.member("attach")?.text == "f00d")
            let again = try await sandbox.weChatV3Pay("N00001", code: code, more: #","attach":"f00d""#)
            #expect(again.json == paid.json)
            let other = try await sandbox.weChatV3Pay("N00001", code: code, more: #","attach":"beef""#)
            #expect(other.status == 403 && other.code == "OUT_TRADE_NO_USED")

            let id = try #require(paid.member("transaction_id")?.text)
            let mchID = sandbox.keys.wechatpay.mchID
            for query in [
                try await sandbox.weChatV3Query("N00001"),
                try await sandbox.weChatV3("GET", "/v3/pay/transactions/id/\(id)?mchid=\(mchID)"),
            ] {
                #expect(query.json == paid.json)
                #expect(try sandbox.hasValidV3Signature(query))
            }
            let v2 = try await sandbox.weChat("/pay/orderquery", ["out_trade_no": "N00001"])
            #expect(v2.text.contains(id))
            _ = try await sandbox.weChatPay("N00002", code: try await sandbox.code(.wechatpay))
            #expect(try await sandbox.weChatV3Query("N00002").member("amount.total")?.integer == 1290)

            try await sandbox.control("POST", "clock", #"{"advance":16}"#)
            for _ in 0..<2 {
                let reversed = try await sandbox.weChatV3Reverse("N00001")
                #expect(reversed.status == 200 && reversed.member("out_trade_no")?.text == "N00001")
            }
            #expect(try await sandbox.net("N00001") == 0)
            #expect(try await sandbox.weChatV3Query("N00001").member("trade_state")?.text == "REFUND")
        }
    }

    @Test("a password: 202 until it is typed, and nothing about money while it is not")
    func password() async throws {
        try await RunningSandbox.with { sandbox in
            try await sandbox.control("PUT", "policies", #"{"Q5":"prompt"}"#)
            let code = try await sandbox.code(.wechatpay, "password")
            let waiting = try await sandbox.weChatV3Pay("N00001", code: code)
            #expect(waiting.status == 202 && waiting.code == "USERPAYING")
            #expect(waiting.member("trade_state")?.text == "USERPAYING" && waiting.member("transaction_id") == nil)
            #expect(try sandbox.hasValidV3Signature(waiting))
            let query = try await sandbox.weChatV3Query("N00001")
            #expect(query.status == 200 && query.member("trade_state")?.text == "USERPAYING")
            #expect(query.member("amount") == nil && query.code == nil)
            try await sandbox.control("POST", "codes/\(code)/confirm")
            #expect(try await sandbox.weChatV3Pay("N00001", code: code).member("trade_state")?.text == "SUCCESS")
            let second = try await sandbox.code(.wechatpay, "password")
            _ = try await sandbox.weChatV3Pay("N00002", code: second)
            try await sandbox.control("POST", "codes/\(second)/reject")
            #expect(try await sandbox.weChatV3Query("N00002").member("trade_state")?.text == "PAYERROR")
        }
    }

    @Test(
        "what the shopper's side refuses",
        arguments: [
            ("insufficient", 403, "NOT_ENOUGH"), ("expired", 400, "AUTH_CODE_EXPIRE"), ("used", 400, "AUTH_CODE_ERROR"),
            ("risk-refused", 403, "TRADE_ERROR"),
        ]
    )
    func refused(behaviour: String, status: Int, code: String) async throws {
        try await RunningSandbox.with { sandbox in
            let reply = try await sandbox.weChatV3Pay("N00001", code: try await sandbox.code(.wechatpay, behaviour))
            #expect(reply.status == status && reply.code == code)
            #expect(try sandbox.hasValidV3Signature(reply))
        }
    }

    @Test("refunds: repeated, too much, unknown, and those that fail")
    func refunds() async throws {
        try await RunningSandbox.with { sandbox in
            _ = try await sandbox.weChatV3Pay("N00001", code: try await sandbox.code(.wechatpay))
            let first = try await sandbox.weChatV3Refund("N00001", "R1", 400)
            #expect(first.status == 200 && first.member("status")?.text == "PROCESSING")
            #expect(first.member("amount.refund")?.integer == 400 && first.member("amount.total")?.integer == 1290)
            let again = try await sandbox.weChatV3Refund("N00001", "R1", 400)
            #expect(again.member("refund_id") == first.member("refund_id"))
            for (refund, amount, number, status) in [
                ("R1", 500, "N00001", 400), ("R2", 891, "N00001", 400), ("R3", 1, "N00009", 404),
            ] {
                #expect(try await sandbox.weChatV3Refund(number, refund, amount).status == status)
            }
            try await sandbox.control("POST", "clock", #"{"advance":3}"#)
            let done = try await sandbox.weChatV3("GET", "/v3/refund/domestic/refunds/R1")
            #expect(done.member("status")?.text == "SUCCESS" && done.member("success_time") != nil)
            let unknown = try await sandbox.weChatV3("GET", "/v3/refund/domestic/refunds/R9")
            #expect(unknown.status == 404 && unknown.code == "RESOURCE_NOT_EXISTS")
            try await sandbox.fault(.wechatpay, "refund-fails-later", operation: "refund", seconds: 1)
            _ = try await sandbox.weChatV3Refund("N00001", "R4", 100)
            try await sandbox.control("POST", "clock", #"{"advance":3}"#)
            let failed = try await sandbox.weChatV3("GET", "/v3/refund/domestic/refunds/R4")
            #expect(failed.member("status")?.text == "CLOSED")
            #expect(try await sandbox.net("N00001") == 890)
        }
    }

    @Test("the door: authorization, merchant, certificate, time, signature")
    func door() async throws {
        // What the sender's clock is behind by, seconds: a busy machine adds to it.
        let rows: [(String, [String: String?], Int64, Int, String?)] = [
            ("no merchant", ["mchid": nil], 0, 401, "SIGN_ERROR"),
            ("another merchant", ["mchid": "1"], 0, 400, "MCH_NOT_EXISTS"),
            ("another certificate", ["serial_no": "AA"], 0, 401, "SIGN_ERROR"),
            ("no nonce", ["nonce_str": ""], 0, 401, "SIGN_ERROR"),
            ("another nonce", ["nonce_str": "x"], 0, 401, "SIGN_ERROR"),
            ("no number", ["timestamp": "soon"], 0, 401, "SIGN_ERROR"),
            ("another time", ["timestamp": String(SystemTime().now / 1000 - 20)], 0, 401, "SIGN_ERROR"),
            ("no Base64", ["signature": "!"], 0, 401, "SIGN_ERROR"),
            ("old", [:], 310, 401, "SIGN_ERROR"), ("early", [:], -400, 401, "SIGN_ERROR"),
            ("just in time", [:], 200, 404, "ORDER_NOT_EXIST"), ("good", [:], 0, 404, "ORDER_NOT_EXIST"),
        ]
        try await RunningSandbox.with { sandbox in
            let path = "/v3/pay/transactions/out-trade-no/N00001?mchid=\(sandbox.keys.wechatpay.mchID)"
            for (name, change, behind, status, code) in rows {
                let timestamp = SystemTime().now / 1000 - behind
                let reply = try await sandbox.weChatV3("GET", path, change: change, timestamp: timestamp)
                #expect(reply.status == status && reply.code == code, "\(name): \(reply.text)")
                #expect(try sandbox.hasValidV3Signature(reply) == (status == 404), "\(name)")
            }
            for header in ["", "Basic x", "WECHATPAY2-SHA256-RSA2048", "WECHATPAY2-SHA256-RSA2048 mchid=1"] {
                let reply = try await sandbox.send("GET", path, headers: [("Authorization", header)])
                #expect(reply.status == 401 && reply.code == "SIGN_ERROR")
            }
            let changed = try await sandbox.weChatV3("GET", path + "&x=1", change: [:])
            #expect(changed.status == 404)
            for (method, path) in [
                ("GET", "/v3/nothing"), ("POST", "/v3/certificates"), ("GET", "/v3/pay/transactions"),
            ] {
                #expect(try await sandbox.weChatV3(method, path).code == "RESOURCE_NOT_EXISTS")
            }
        }
    }

    @Test(
        "the field that is wrong is named",
        arguments: [
            (#""amount":{"total":0}"#, "/amount/total"), (#""amount":{"total":"1290"}"#, "/amount/total"),
            (#""amount":{"total":12.5}"#, "/amount/total"),
            (#""amount":{"total":1,"currency":"USD"}"#, "/amount/currency"),
            (#""out_trade_no":"short""#, "/out_trade_no"), (#""description":"""#, "/description"),
            (#""payer":{}"#, "/payer/auth_code"), (#""scene_info":{}"#, "/scene_info/store_info"),
            (#""appid":null"#, "/appid"), (#""mchid":5"#, "/mchid"),
        ]
    )
    func fields(member: String, field: String) async throws {
        try await RunningSandbox.with { sandbox in
            let keys = sandbox.keys.wechatpay
            var members = [
                "appid": #""\#(keys.appID)""#, "mchid": #""\#(keys.mchID)""#, "out_trade_no": #""N00001""#,
                "description": #""milk""#, "payer": #"{"auth_code":"134567890123456789"}"#,
                "amount": #"{"total":1290}"#, "scene_info": #"{"store_info":{"id":"1"}}"#,
            ]
            let parts = member.split(separator: ":", maxSplits: 1).map(String.init)
            members[parts[0].trimmingCharacters(in: ["\""])] = parts[1]
            let body = "{" + members.map { #""\#($0.key)":\#($0.value)"# }.joined(separator: ",") + "}"
            let reply = try await sandbox.weChatV3("POST", "/v3/pay/transactions/codepay", body)
            #expect(reply.status == 400 && reply.code == "PARAM_ERROR", "\(reply.text)")
            #expect(reply.member("detail.field")?.text == field)
            for body in ["", "[]", "{", "\u{0}"] {
                let reply = try await sandbox.weChatV3("POST", "/v3/pay/transactions/codepay", body)
                #expect(reply.code == "PARAM_ERROR")
            }
        }
    }

    @Test("certificates open with the APIv3 key, and a signature names the key that was asked for")
    func certificates() async throws {
        try await RunningSandbox.with { sandbox in
            let reply = try await sandbox.weChatV3("GET", "/v3/certificates")
            #expect(try sandbox.hasValidV3Signature(reply))
            guard case .list(let data) = reply.member("data"), let item = data.first?.object,
                let encrypted = item["encrypt_certificate"]?.object,
                let sealed = Data(base64Encoded: encrypted["ciphertext"]?.text ?? "")
            else {
                Issue.record("\(reply.text)")
                return
            }
            let box = try AES.GCM.SealedBox(
                nonce: AES.GCM.Nonce(data: Data((encrypted["nonce"]?.text ?? "").utf8)),
                ciphertext: sealed.dropLast(16),
                tag: sealed.suffix(16)
            )
            let opened = try AES.GCM.open(
                box,
                using: SymmetricKey(data: Data(sandbox.keys.wechatpay.apiV3Key.utf8)),
                authenticating: Data((encrypted["associated_data"]?.text ?? "").utf8)
            )
            #expect(String(decoding: opened, as: UTF8.self).hasPrefix("-----BEGIN CERTIFICATE-----"))
            let serial = try #require(item["serial_no"]?.text)
            #expect(reply.headers.first(name: "wechatpay-serial") == serial)
            let id = sandbox.keys.wechatpay.wechatpayPublicKeyID
            let named = try await sandbox.weChatV3("GET", "/v3/certificates", headers: [("Wechatpay-Serial", id)])
            #expect(named.headers.first(name: "wechatpay-serial") == id && id.hasPrefix("PUB_KEY_ID_"))
        }
    }

    @Test("faults strike as in V2")
    func faults() async throws {
        try await RunningSandbox.with { sandbox in
            func pay(_ number: String, _ fault: String) async throws -> RunningSandbox.Reply {
                try await sandbox.fault(.wechatpay, fault, seconds: 0.1)
                return try await sandbox.weChatV3Pay(number, code: try await sandbox.code(.wechatpay))
            }
            let error = try await pay("N00001", "error-but-done")
            #expect(error.status == 500 && error.code == "SYSTEM_ERROR")
            #expect(try sandbox.hasValidV3Signature(error))
            #expect(try await sandbox.net("N00001") == 1290)
            #expect(try await pay("N00002", "error-not-done").code == "SYSTEM_ERROR")
            #expect(try await sandbox.net("N00002") == nil)
            let unsigned = try await pay("N00003", "unsigned-error")
            #expect(unsigned.headers.first(name: "wechatpay-signature") == nil)
            let forged = try await pay("N00004", "bad-signature")
            #expect(forged.status == 200)
            #expect(try !sandbox.hasValidV3Signature(forged))
            let shifted = try await pay("N00005", "wrong-amount")
            #expect(shifted.member("amount.total")?.integer == 1291)
            #expect(try sandbox.hasValidV3Signature(shifted))
            let gbk = try await pay("N00006", "wrong-charset")
            #expect(Charset.gbk.decode(gbk.body)?.contains("系统") == true && Charset.utf8.decode(gbk.body) == nil)
            try await sandbox.control("POST", "clock", #"{"advance":16}"#)
            try await sandbox.fault(.wechatpay, "cancel-retry", operation: "cancel", seconds: 0)
            let unfinished = try await sandbox.weChatV3Reverse("N00001")
            #expect(unfinished.status == 202 && unfinished.code == "USERPAYING")
            #expect(try await sandbox.net("N00001") == 1290)
            #expect(try await sandbox.weChatV3Reverse("N00001").status == 200)
            #expect(try await sandbox.weChatV3Reverse("NEVER1").code == "ORDER_NOT_EXIST")
        }
    }
}
