// Part of Tillbridge. See LICENSE.
import Testing
import TillSandbox

/// QQ Wallet over HTTP: the door, and what its answers look like.
@Suite struct QQFaceTests {
    @Test("the door checks form, fields, merchant, signature, operator, fields")
    func door() async throws {
        let rows: [([String: String?], String)] = [
            (["mch_id": nil], "缺少参数mch_id"), (["nonce_str": nil], "缺少参数nonce_str"),
            (["sign": nil], "缺少参数sign"), (["out_trade_no": nil, "sign": "AAAA"], "缺少参数out_trade_no"),
            (["mch_id": "1", "sign": "AAAA"], "MCHID_NOT_EXIST"), (["sign": "AAAA", "op_user_id": "x"], "SIGNERROR"),
            (["op_user_id": nil], "缺少参数op_user_id"), (["op_user_id": "x", "out_trade_no": "牛"], "NOAUTH"),
            (["op_user_passwd": "x"], "NOAUTH"), (["out_trade_no": "牛"], "参数错误：out_trade_no"),
            (["out_trade_no": String(repeating: "1", count: 33)], "参数错误：out_trade_no"),
            (["nonce_str": String(repeating: "x", count: 33)], "参数错误：nonce_str"),
            (["zzz": "牛", "appid": ""], "ORDERNOTEXIST"),
        ]
        try await RunningSandbox.with { sandbox in
            for (change, text) in rows {
                let reply = try await sandbox.qq(.reverse, ["out_trade_no": "N1"], change: change)
                #expect(reply.text.contains(text), "\(change): \(reply.text)")
                let isFailure = reply.text.contains("<return_code><![CDATA[FAIL")
                #expect(reply.text.contains("<sign>") != isFailure)
                if !isFailure { #expect(try sandbox.hasValidSignature(reply, .qqwallet)) }
            }
            let path = RunningSandbox.QQPath.query.path
            for (method, path, body, text) in [
                ("GET", path, "", "REQUIRE_POST_METHOD"), ("POST", path, "", "POST_DATA_EMPTY"),
                ("POST", path, "<xml>", "XML_FORMAT"), ("POST", path, "<!DOCTYPE xml><xml></xml>", "XML_FORMAT"),
                ("POST", "/cgi-bin/pay/qpay_close_order.cgi", "<xml></xml>", "接口不存在"),
            ] {
                let reply = try await sandbox.send(method, path, body: Array(body.utf8))
                #expect(reply.text.contains(text) && !reply.text.contains("<sign>"))
            }
            #expect(try await sandbox.send("POST", path, body: [0x3C, 0xFF]).text.contains("NOT_UTF8"))
        }
    }

    @Test(
        "micropay names the field that is wrong",
        arguments: [
            ("total_fee", "12.9"), ("total_fee", "0"), ("total_fee", "-1"), ("total_fee", "01"), ("fee_type", "USD"),
            ("trade_type", "NATIVE"), ("spbill_create_ip", "::1"), ("spbill_create_ip", "1.2.3.256"),
            ("attach", String(repeating: "x", count: 129)), ("device_info", String(repeating: "x", count: 33)),
        ]
    )
    func fields(name: String, value: String) async throws {
        try await RunningSandbox.with { sandbox in
            let code = try await sandbox.code(.qqwallet)
            let reply = try await sandbox.qqPay("N1", code: code, change: [name: value])
            #expect(reply.text.contains("PARAM_ERROR") && reply.text.contains("：\(name)"), "\(reply.text)")
            let without = try await sandbox.qqPay("N1", code: code, change: [name: nil])
            #expect(name == "attach" || without.text.contains("缺少参数\(name)"))
        }
    }

    @Test("a paid order as micropay and the query report it; attach by Q7", arguments: ["echoed", "dropped"])
    func paid(answer: String) async throws {
        try await RunningSandbox.with { sandbox in
            try await sandbox.control("PUT", "policies", #"{"Q7":"\#(answer)","Q5":"prompt"}"#)
            let pay = try await sandbox.qqPay("N1", code: try await sandbox.code(.qqwallet))
            let xml = try FlatXML(parsing: pay.body)
            for (name, value) in [
                ("return_code", "SUCCESS"), ("retcode", "0"), ("retmsg", "ok"), ("result_code", "SUCCESS"),
                ("trade_state", "SUCCESS"), ("trade_type", "MICROPAY"), ("device_info", "S0001R02"),
                ("fee_type", "CNY"), ("total_fee", "1290"), ("cash_fee", "1290"), ("coupon_fee", "0"),
                ("bank_type", "BALANCE"), ("attach", "f00d"), ("out_trade_no", "N1"),
            ] {
                #expect(xml[name] == value, "\(name)")
            }
            #expect(xml["time_end"]?.count == 14 && xml["openid"]?.count == 32)
            let number = try #require(xml["transaction_id"])
            for reference in [["out_trade_no": "N1"], ["transaction_id": number, "out_trade_no": "other"]] {
                let query = try await sandbox.qq(.query, reference)
                #expect(try sandbox.hasValidSignature(query, .qqwallet))
                let order = try FlatXML(parsing: query.body)
                #expect(order["trade_state"] == "SUCCESS" && order["total_fee"] == "1290")
                #expect((order["attach"] == "f00d") == (answer == "echoed"))
            }
        }
    }

    @Test("a password is asked for in both forms that merchants have met")
    func waiting() async throws {
        try await RunningSandbox.with { sandbox in
            var codes: Set<String?> = []
            for number in ["N1", "N2"] {
                let code = try await sandbox.code(.qqwallet, "password")
                let xml = try FlatXML(parsing: try await sandbox.qqPay(number, code: code).body)
                #expect(xml["trade_state"] == "USERPAYING" && xml["cash_fee"] == nil)
                #expect((xml["result_code"] == "FAIL") == (xml["err_code"] == "USERPAYING"))
                codes.insert(xml["err_code"])
                try await sandbox.control("POST", "codes/\(code)/confirm")
                let again = try FlatXML(parsing: try await sandbox.qqPay(number, code: code).body)
                #expect(again["trade_state"] == "SUCCESS")
            }
            #expect(codes == [nil, "USERPAYING"])
        }
    }

    @Test("refunds by each of the four references, with their states and amounts")
    func refunds() async throws {
        try await RunningSandbox.with(speed: 10) { sandbox in
            _ = try await sandbox.qqPay("N1", code: try await sandbox.code(.qqwallet))
            var refundID = ""
            for (number, fee) in [("R1", "400"), ("R2", "90")] {
                let reply = try await sandbox.qq(
                    .refund,
                    ["out_trade_no": "N1", "out_refund_no": number, "refund_fee": fee]
                )
                let xml = try FlatXML(parsing: reply.body)
                #expect(xml["result_code"] == "SUCCESS" && xml["refund_fee"] == fee && xml["total_fee"] == "1290")
                refundID = xml["refund_id"] ?? ""
            }
            for (reference, count) in [
                (["refund_id": refundID, "out_refund_no": "R1"], "1"), (["out_refund_no": "R2"], "1"),
                (["out_trade_no": "N1"], "2"),
            ] {
                var xml: FlatXML
                repeat {
                    xml = try FlatXML(parsing: try await sandbox.qq(.refundQuery, reference).body)
                } while xml["refund_status_0"] == "PROCESSING"
                #expect(xml["refund_count"] == count)
                #expect(xml["refund_status_0"] == "SUCCESS")
                #expect(xml["refund_fee_0"] == (count == "2" ? "400" : "90"))
            }
            #expect(try await sandbox.net("N1") == 800)
            let unknown = try await sandbox.qq(.refundQuery, ["out_refund_no": "R9"])
            #expect(unknown.text.contains("REFUNDNOTEXIST"))
        }
    }

    @Test("a reverse that has to be called again says so and has done nothing")
    func recall() async throws {
        try await RunningSandbox.with { sandbox in
            _ = try await sandbox.qqPay("N1", code: try await sandbox.code(.qqwallet))
            try await sandbox.control("POST", "clock", #"{"advance":300}"#)
            for (fault, recall, net) in [("cancel-retry", "Y", 1290), ("error-but-done", "Y", 0), ("", "N", 0)] {
                if !fault.isEmpty { try await sandbox.fault(.qqwallet, fault, operation: "cancel", seconds: 0) }
                let xml = try FlatXML(parsing: try await sandbox.qq(.reverse, ["out_trade_no": "N1"]).body)
                #expect(xml["recall"] == recall, "\(fault)")
                #expect(try await sandbox.net("N1") == Int64(net))
            }
        }
    }
}
