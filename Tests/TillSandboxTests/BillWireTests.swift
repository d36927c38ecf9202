// Part of Tillbridge. See LICENSE.
import Crypto
import Foundation
import NIOHTTP1
import Testing
import TillSandbox

/// Bills over HTTP: asked for, fetched, refused.
@Suite struct BillWireTests {
    /// Sells something, and moves the clock to when that day's bill exists. The day, `yyyy-MM-dd`.
    private func sellAndWait(_ sandbox: RunningSandbox, _ wallet: SandboxWallet) async throws -> String {
        let now = try #require(try await sandbox.control("GET", "clock").object?["now"]?.integer)
        _ = try await sandbox.pay(wallet, "N00001", code: try await sandbox.code(wallet))
        // 33 hours reach 09:00 of the next day from anywhere in this one.
        try await sandbox.control("POST", "clock", #"{"advance":118800}"#)
        return ChinaTime(milliseconds: now).date
    }

    private func compact(_ date: String) -> String { date.replacing("-", with: "") }

    @Test("WeChat Pay V2: plain, gzip, and nothing that is signed")
    func weChat() async throws {
        try await RunningSandbox.with { sandbox in
            let date = compact(try await sellAndWait(sandbox, .wechatpay))
            let plain = try await sandbox.weChat("/pay/downloadbill", ["bill_date": date, "bill_type": "ALL"])
            #expect(plain.status == 200 && plain.contentType == "text/plain")
            #expect(plain.text.hasPrefix("\u{FEFF}交易时间,") && plain.text.contains(",`N00001,"))
            let packed = try await sandbox.weChat("/pay/downloadbill", ["bill_date": date, "tar_type": "GZIP"])
            #expect(packed.body.prefix(2) == [0x1F, 0x8B] && packed.body == Compression.gzip.compress(plain.body))
        }
    }

    @Test(
        "WeChat Pay V2: errors are XML, without a signature",
        arguments: [
            (["bill_date": nil], "missing parameter", "20001"), (["appid": nil], "missing parameter", "20001"),
            (["bill_date": "2026-11-22"], "data format error", "20001"),
            (["bill_date": "20260230"], "data format error", "20001"),
            (["tar_type": "ZIP"], "data format error", "20001"),
            (["bill_type": "EVERYTHING"], "invalid bill_type", "20001"), (["sign": "AAAA"], "SIGN ERROR", "20001"),
            (["mch_id": "1"], "SIGN ERROR", "20001"), ([:], "No Bill Exist", "20002"),
        ] as [([String: String?], String, String)]
    )
    func weChatErrors(change: [String: String?], message: String, code: String) async throws {
        try await RunningSandbox.with { sandbox in
            let today = ChinaTime(milliseconds: SystemTime().now).compactDate
            for compression in [["tar_type": "GZIP"], [:]] {
                let fields = ["bill_date": today, "bill_type": "ALL"].merging(compression) { $1 }
                let reply = try await sandbox.weChat("/pay/downloadbill", fields, change: change)
                let xml = try FlatXML(parsing: reply.body)
                #expect(xml["return_code"] == "FAIL" && xml["return_msg"] == message && xml["error_code"] == code)
                #expect(xml["sign"] == nil)
            }
        }
    }

    @Test("Alipay: an address for half a minute, and a zip behind it")
    func alipay() async throws {
        try await RunningSandbox.with { sandbox in
            let date = try await sellAndWait(sandbox, .alipay)
            for (date, isEmpty) in [(date, false), ("2020-01-01", true), ("2020-01", true)] {
                let reply = try await ask(sandbox, date)
                #expect(try sandbox.hasValidSignature(reply, .alipay))
                let node = reply.member("alipay_data_dataservice_bill_downloadurl_query_response")?.object
                #expect((node?["bill_file_code"]?.text == "EMPTY_DATA_WITH_BILL_FILE") == isEmpty)
                let address = try #require(node?["bill_download_url"]?.text)
                #expect(address.hasPrefix(sandbox.addresses.sandbox + "/"))
                let path = String(address.dropFirst(sandbox.addresses.sandbox.count))
                let file = try await sandbox.send("GET", path)
                #expect(file.status == 200 && file.contentType == "application/zip")
                #expect(file.body.prefix(4) == [0x50, 0x4B, 3, 4])
                #expect(try await sandbox.send("GET", path + "0").status == 403)
                try await sandbox.control("POST", "clock", #"{"advance":31}"#)
                #expect(try await sandbox.send("GET", path).status == 403)
            }
        }
    }

    private func ask(_ sandbox: RunningSandbox, _ date: String, type: String = "trade") async throws
        -> RunningSandbox.Reply
    {
        try await sandbox.alipay(
            "alipay.data.dataservice.bill.downloadurl.query",
            #"{"bill_type":"\#(type)","bill_date":"\#(date)"}"#
        )
    }

    @Test("Alipay: what has no bill")
    func alipayErrors() async throws {
        try await RunningSandbox.with { sandbox in
            let today = ChinaTime(milliseconds: SystemTime().now).date
            for (date, type, code) in [
                (today, "trade", "BILL_NOT_EXIST"), (String(today.prefix(7)), "trade", "BILL_NOT_EXIST"),
                ("2020-01-01", "signcustomer", "TYPE_NOT_SUPPORTED"), ("20200101", "trade", "INVAILID_ARGUMENTS"),
                ("2020-13", "trade", "INVAILID_ARGUMENTS"), ("", "trade", "INVAILID_ARGUMENTS"),
                ("2020-01-01", "", "INVAILID_ARGUMENTS"),
            ] {
                let reply = try await ask(sandbox, date, type: type)
                #expect(reply.text.contains(#""sub_code":"\#(code)""#), "\(date) \(type): \(reply.text)")
            }
        }
    }

    @Test("WeChat Pay V3: an address with the file's hash, and the same file as V2")
    func weChatV3() async throws {
        try await RunningSandbox.with { sandbox in
            let date = try await sellAndWait(sandbox, .wechatpay)
            let v2 = try await sandbox.weChat("/pay/downloadbill", ["bill_date": compact(date)])
            for compression in ["", "&tar_type=GZIP"] {
                let path = "/v3/bill/tradebill?bill_date=\(date)&bill_type=ALL\(compression)"
                let reply = try await sandbox.weChatV3("GET", path)
                #expect(try sandbox.hasValidV3Signature(reply))
                let hash = Insecure.SHA1.hash(data: v2.body).map { String(format: "%02x", $0) }.joined()
                #expect(reply.member("hash_type")?.text == "SHA1" && reply.member("hash_value")?.text == hash)
                let address = try #require(reply.member("download_url")?.text)
                #expect(address.hasPrefix(sandbox.addresses.sandbox + "/v3/"))
                let filePath = String(address.dropFirst(sandbox.addresses.sandbox.count))
                let file = try await sandbox.weChatV3("GET", filePath)
                #expect(file.body == (compression.isEmpty ? v2.body : Compression.gzip.compress(v2.body)))
                #expect(file.headers.first(name: "wechatpay-signature") == nil)
                #expect(try await sandbox.send("GET", filePath).status == 401)
                #expect(try await sandbox.weChatV3("GET", filePath + "0").status == 400)
                try await sandbox.control("POST", "clock", #"{"advance":301}"#)
                #expect(try await sandbox.weChatV3("GET", filePath).code == "INVALID_REQUEST")
            }
            let today = ChinaTime(milliseconds: SystemTime().now + 2 * Bench.day).date
            for (query, code) in [
                ("bill_date=\(today)", "NO_STATEMENT_EXIST"), ("bill_date=\(compact(date))", "PARAM_ERROR"),
                ("bill_date=\(date)&bill_type=ANY", "PARAM_ERROR"), ("bill_date=\(date)&tar_type=ZIP", "PARAM_ERROR"),
                ("bill_type=ALL", "PARAM_ERROR"),
            ] {
                #expect(try await sandbox.weChatV3("GET", "/v3/bill/tradebill?" + query).code == code, "\(query)")
            }
        }
    }

    @Test("faults strike bills too", arguments: Bench.billed)
    func faults(wallet: SandboxWallet) async throws {
        try await RunningSandbox.with { sandbox in
            let date = try await sellAndWait(sandbox, wallet)
            try await sandbox.fault(wallet, "error-not-done", operation: "bill", seconds: 0)
            if wallet == .alipay {
                #expect(try await ask(sandbox, date).text.contains("UNKNOWN_ERROR"))
                #expect(try await ask(sandbox, date).text.contains("bill_download_url"))
            } else {
                let fields = ["bill_date": compact(date)]
                #expect(try await sandbox.weChat("/pay/downloadbill", fields).text.contains("SYSTEMERROR"))
                #expect(try await sandbox.weChat("/pay/downloadbill", fields).text.contains("N00001"))
            }
        }
    }
}
