// Part of Tillbridge. See LICENSE.
import Foundation
import Testing
import TillSandbox

/// QQ Wallet's statement and UnionPay's settlement file over HTTP: asked for, fetched, refused.
@Suite struct OtherBillWireTests {
    /// Sells something, and moves the clock to when that day's file exists. The day, `yyyyMMdd`, as the wallet counts it.
    private func sellAndWait(_ sandbox: RunningSandbox, _ wallet: SandboxWallet) async throws -> String {
        let now = try #require(try await sandbox.control("GET", "clock").object?["now"]?.integer)
        _ = try await sandbox.pay(wallet, "N0000001", code: try await sandbox.code(wallet))
        #expect(try await sandbox.decidedNet("N0000001") == 1290)
        // 33 hours reach 09:00 of the next day from anywhere in this one; UnionPay's ends an hour earlier.
        try await sandbox.control("POST", "clock", #"{"advance":122400}"#)
        return ChinaTime(milliseconds: now + (wallet == .unionpay ? Bench.hour : 0)).compactDate
    }

    @Test("QQ Wallet: plain, gzip, and errors without a signature")
    func qq() async throws {
        try await RunningSandbox.with { sandbox in
            let date = try await sellAndWait(sandbox, .qqwallet)
            let plain = try await sandbox.qq(.bill, ["bill_date": date, "bill_type": "ALL"])
            #expect(plain.status == 200 && plain.contentType == "text/plain; charset=utf-8")
            let lines = plain.text.split(separator: "\n")
            #expect(
                lines.count == 3 && lines[1].contains(",N0000001,MICROPAY,SUCCESS,") && lines[2].hasPrefix("TOTAL,")
            )
            let packed = try await sandbox.qq(.bill, ["bill_date": date, "bill_type": "ALL", "tar_type": "GZIP"])
            #expect(packed.body == Compression.gzip.compress(plain.body))
            let tomorrow = ChinaTime(milliseconds: SystemTime().now + 3 * Bench.day).compactDate
            let today = try #require(try await sandbox.control("GET", "clock").object?["now"]?.integer)
            for (fields, code) in [
                (["bill_date": date, "bill_type": "REFUND"], "STATEMENT_NOT_EXIST"),
                (["bill_date": tomorrow, "bill_type": "ALL"], "STATEMENT_NOT_EXIST"),
                (["bill_date": ChinaTime(milliseconds: today - 2 * Bench.day).date, "bill_type": "ALL"], "bill_date"),
                (["bill_date": "20260230", "bill_type": "ALL"], "bill_date"), (["bill_date": date], "bill_type"),
                (["bill_date": date, "bill_type": "ANY"], "bill_type"),
                (["bill_date": date, "bill_type": "ALL", "tar_type": "ZIP"], "tar_type"),
            ] {
                let reply = try await sandbox.qq(.bill, fields)
                #expect(reply.text.contains(code), "\(fields): \(reply.text)")
            }
            let forged = try await sandbox.qq(.bill, ["bill_date": date, "bill_type": "ALL"], change: ["sign": "AAAA"])
            #expect(forged.text.contains("SIGNERROR") && !forged.text.contains("N0000001"))
        }
    }

    @Test("UnionPay: a signed answer with the file in it; 98 where there is none")
    func unionPay() async throws {
        try await RunningSandbox.with { sandbox in
            let date = try await sellAndWait(sandbox, .unionpay)
            func ask(_ date: String?, type: String = "00", change: [String: String?] = [:]) async throws
                -> RunningSandbox.Reply
            {
                var fields = [
                    "txnType": "76", "txnSubType": "01", "fileType": type, "txnTime": RunningSandbox.orderTime,
                ]
                fields["settleDate"] = date
                return try await sandbox.union("/", fields, change: change)
            }
            let settleDate = String(date.suffix(4))
            let reply = try await ask(settleDate)
            #expect(reply.union("respCode") == "00" && reply.union("settleDate") == settleDate)
            #expect(reply.union("fileName") == "\(sandbox.keys.unionpay.merID)_\(date).zip")
            let content = try #require(reply.union("fileContent").flatMap { Data(base64Encoded: $0) })
            #expect(Array(content.prefix(2)) == [0x78, 0x9C])
            for (date, code) in [("0230", "10"), ("1", "10"), (nil, "13"), ("13010", "10")] {
                #expect(try await ask(date).union("respCode") == code, "\(date ?? "none")")
            }
            let later = ChinaTime(milliseconds: SystemTime().now + 3 * Bench.day).compactDate.suffix(4)
            #expect(try await ask(String(later)).union("respCode") == "98")
            #expect(try await ask(settleDate, type: "01").union("respCode") == "10")
            #expect(try await ask(settleDate, change: ["signature": "AAAA"]).union("respCode") == "11")
            // Files are at their host, payments are not.
            let astray = try await sandbox.union(
                RunningSandbox.tradePath,
                ["txnType": "76", "txnSubType": "01", "settleDate": settleDate, "fileType": "00"]
            )
            #expect(astray.union("respCode") == "32")
        }
    }

    @Test("faults strike these files too", arguments: [SandboxWallet.qqwallet, .unionpay])
    func faults(wallet: SandboxWallet) async throws {
        try await RunningSandbox.with { sandbox in
            let date = try await sellAndWait(sandbox, wallet)
            try await sandbox.fault(wallet, "error-not-done", operation: "bill", seconds: 0)
            var texts: [String] = []
            for _ in 0..<2 {
                let reply =
                    if wallet == .qqwallet {
                        try await sandbox.qq(.bill, ["bill_date": date, "bill_type": "ALL"])
                    } else {
                        try await sandbox.union(
                            "/",
                            [
                                "txnType": "76", "txnSubType": "01", "settleDate": String(date.suffix(4)),
                                "fileType": "00", "txnTime": RunningSandbox.orderTime,
                            ]
                        )
                    }
                texts.append(reply.text)
            }
            #expect(!texts[0].contains("N0000001") && !texts[0].contains("fileContent"))
            #expect(texts[1].contains("N0000001") || texts[1].contains("fileContent"))
        }
    }
}
