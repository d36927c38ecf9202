// Part of Tillbridge. See LICENSE.
import Foundation
import SwiftASN1
import Testing
import TillSandbox
import X509

/// UnionPay over HTTP: the door, certificates, and what its answers look like.
@Suite struct UnionPayFaceTests {
    @Test("the door checks fields, formats, merchant, signature, time")
    func door() async throws {
        let old = ChinaTime(milliseconds: SystemTime().now - 11 * 60_000).compact
        let rows: [([String: String?], String)] = [
            (["qrNo": nil, "version": "5.0.0"], "13"), (["signature": nil], "13"), (["txnType": nil], "13"),
            (["backUrl": nil], "13"), (["txnSubType": "99"], "32"), (["version": "5.0.0", "merId": "1"], "10"),
            (["encoding": "GBK"], "10"), (["signMethod": "11"], "10"), (["bizType": "000201"], "10"),
            (["orderId": "A-000001"], "10"), (["orderId": "A000001"], "10"), (["txnTime": "20261301000000"], "10"),
            (["txnAmt": "0"], "10"), (["txnAmt": "12.9"], "10"), (["currencyCode": "840"], "10"),
            (["qrNo": "62x"], "10"), (["termId": "R0000001"], "10"),
            (["reqReserved": String(repeating: "x", count: 1025)], "10"),
            (["merId": "777290000000000", "signature": "AAAA"], "31"), (["certId": "1"], "31"),
            (["signature": "AAAA", "txnTime": old], "11"), (["txnTime": old], "10"), (["qrNo": "62"], "88"),
            (["zzz": "牛 +&=%", "qrNo": "6211111111111111111"], "88"),
        ]
        try await RunningSandbox.with { sandbox in
            for (change, code) in rows {
                let reply = try await sandbox.unionConsume("N0000001", code: "6200000000000000000", change: change)
                #expect(reply.union("respCode") == code, "\(change): \(reply.text)")
                #expect(try sandbox.hasValidSignature(reply, .unionpay))
            }
            #expect(try await sandbox.send("GET", RunningSandbox.tradePath).status == 405)
            for path in [RunningSandbox.tradePath, RunningSandbox.queryPath, "/gateway/api/appTransReq.do"] {
                let reply = try await sandbox.send("POST", path, body: Array("%zz&=&&a".utf8))
                #expect(reply.union("respCode") == "13")
            }
            // Whoever sends an ampersand must not get a field of their own signed.
            for name in ["orderId", "reqReserved"] {
                // Together with a combining mark an ampersand is another character, and still a byte of its own.
                for value in ["N0000001&respMsg=paid", "N0000001&\u{301}respMsg=paid"] {
                    let reply = try await sandbox.unionConsume(
                        "N0000001",
                        code: "6200000000000000000",
                        change: [name: value]
                    )
                    #expect(reply.union("respCode") == "10" && !reply.text.contains("paid"))
                }
            }
            // A payment is not offered where queries are answered.
            let astray = try await sandbox.union(RunningSandbox.queryPath, ["txnType": "01", "txnSubType": "06"])
            #expect(astray.union("respCode") == "32")
        }
    }

    @Test("Q2: how old a transaction's time may be; a query's is that of its order", arguments: ["lenient", "strict"])
    func age(answer: String) async throws {
        try await RunningSandbox.with { sandbox in
            try await sandbox.control("PUT", "policies", #"{"Q2":"\#(answer)"}"#)
            let time = ChinaTime(milliseconds: SystemTime().now - 90_000).compact
            let code = try await sandbox.code(.unionpay)
            let reply = try await sandbox.unionConsume("N0000001", code: code, time: time)
            #expect(reply.union("respCode") == (answer == "strict" ? "10" : "00"))
            #expect(try await sandbox.unionQuery("N0000001", time: "20200101000000").union("respCode") == "34")
        }
    }

    @Test(
        "an order from acceptance to the query by either number; reqReserved by Q7",
        arguments: ["echoed", "dropped"]
    )
    func order(answer: String) async throws {
        try await RunningSandbox.with { sandbox in
            try await sandbox.control("PUT", "policies", #"{"Q7":"\#(answer)","Q5":"prompt"}"#)
            let time = RunningSandbox.orderTime
            let code = try await sandbox.code(.unionpay)
            let reply = try await sandbox.unionConsume("N0000001", code: code, time: time)
            #expect(reply.union("respCode") == "00" && reply.union("respMsg") == "成功[0000000]")
            #expect(reply.union("origRespCode") == nil && reply.union("reqReserved") == "f00d")
            #expect(reply.union("signPubKeyCert")?.contains("\r\n") == true)
            #expect(reply.union("txnType") == "01" && reply.union("txnSubType") == "06")
            #expect(try await sandbox.decidedNet("N0000001") == 1290)
            let number = try #require(reply.union("queryId"))
            let byNumber = try await sandbox.union(
                RunningSandbox.queryPath,
                ["txnType": "00", "txnSubType": "02", "queryId": number]
            )
            for query in [try await sandbox.unionQuery("N0000001", time: time), byNumber] {
                #expect(try sandbox.hasValidSignature(query, .unionpay))
                for (name, value) in [
                    ("respCode", "00"), ("origRespCode", "00"), ("orderId", "N0000001"), ("txnTime", time),
                    ("txnType", "01"), ("txnSubType", "06"), ("txnAmt", "1290"), ("settleAmt", "1290"),
                    ("currencyCode", "156"), ("queryId", number), ("accessType", "0"),
                ] {
                    #expect(query.union(name) == value, "\(name)")
                }
                #expect(query.union("reqReserved") == (answer == "echoed" ? "f00d" : nil))
                #expect(query.union("settleDate")?.count == 4 && query.union("traceTime")?.count == 10)
                #expect(!query.text.contains(code))
            }
            #expect(try await sandbox.unionQuery("N0000001", time: "20200101000000").union("respCode") == "34")
        }
    }

    @Test("reversal, void and refund over the wire, and the settlement day that the clock moves")
    func undo() async throws {
        try await RunningSandbox.with(speed: 10) { sandbox in
            // A query would not see an order of the last 200 ms.
            try await sandbox.control("PUT", "policies", #"{"Q5":"prompt"}"#)
            let time = RunningSandbox.orderTime
            for number in ["N0000001", "N0000002", "N0000003"] {
                _ = try await sandbox.unionConsume(number, code: try await sandbox.code(.unionpay), time: time)
                #expect(try await sandbox.decidedNet(number) == 1290)
            }
            func outcome(_ number: String) async throws -> String? {
                var outcome: String?
                repeat {
                    outcome = try await sandbox.unionQuery(number, time: time).union("origRespCode")
                } while outcome == "05"
                return outcome
            }
            #expect(try await sandbox.unionReverse("N0000001", time: time).union("respCode") == "00")
            #expect(try await sandbox.unionReverse("N0000001", time: time).union("respCode") == "46")
            #expect(try await outcome("N0000001") == "46")
            let original = ["origOrderId": "N0000002", "origTxnTime": time]
            let void = try await sandbox.unionGiveBack("31", "V0000002", of: original, amount: 1290, time: time)
            #expect(void.union("respCode") == "00" && void.union("queryId")?.count == 21)
            #expect(try await outcome("V0000002") == "00")
            let query = try await sandbox.unionQuery("V0000002", time: time)
            #expect(query.union("origOrderId") == "N0000002" && query.union("txnType") == "31")
            #expect(try await sandbox.net("N0000002") == 0)
            try await sandbox.control("POST", "clock", #"{"advance":86400}"#)
            #expect(try await sandbox.unionReverse("N0000003", time: time).union("respCode") == "35")
            let refund = try await sandbox.unionGiveBack(
                "04",
                "R0000003",
                of: ["origOrderId": "N0000003", "origTxnTime": time],
                amount: 290,
                time: time
            )
            #expect(refund.union("respCode") == "00")
            #expect(try await outcome("R0000003") == "00")
            #expect(try await sandbox.net("N0000003") == 1000)
        }
    }

    @Test("faults of queries tell payments from refunds; a reversal that must be sent again has done nothing")
    func faults() async throws {
        try await RunningSandbox.with(speed: 10) { sandbox in
            try await sandbox.control("PUT", "policies", #"{"Q5":"prompt"}"#)
            let time = RunningSandbox.orderTime
            _ = try await sandbox.unionConsume("N0000001", code: try await sandbox.code(.unionpay), time: time)
            #expect(try await sandbox.decidedNet("N0000001") == 1290)
            let original = ["origOrderId": "N0000001", "origTxnTime": time]
            _ = try await sandbox.unionGiveBack("04", "R0000001", of: original, amount: 290, time: time)
            try await sandbox.fault(.unionpay, "wrong-amount", operation: "refundQuery", seconds: 0)
            #expect(try await sandbox.unionQuery("N0000001", time: time).union("txnAmt") == "1290")
            #expect(try await sandbox.unionQuery("R0000001", time: time).union("txnAmt") == "291")
            #expect(try await sandbox.unionQuery("R0000001", time: time).union("txnAmt") == "290")
            let second = ["N0000002", "N0000003"]
            for (number, fault) in zip(second, ["cancel-retry", "error-but-done"]) {
                _ = try await sandbox.unionConsume(number, code: try await sandbox.code(.unionpay), time: time)
                #expect(try await sandbox.decidedNet(number) == 1290)
                try await sandbox.fault(.unionpay, fault, operation: "cancel", seconds: 0)
                #expect(try await sandbox.unionReverse(number, time: time).union("respCode") == "03")
                #expect(try await sandbox.net(number) == (fault == "cancel-retry" ? 1290 : 0))
            }
        }
    }

    @Test("the certificates: root, middle, the wallet's by its name, the merchant's by its number")
    func certificates() async throws {
        let keys = try SandboxKeys.make().unionpay
        let root = try Certificate(pemEncoded: keys.rootCertificate)
        let middle = try Certificate(pemEncoded: keys.middleCertificate)
        let wallet = try Certificate(pemEncoded: keys.walletCertificate)
        let merchant = try Certificate(pemEncoded: keys.signCertificate)
        var verifier = Verifier(rootCertificates: CertificateStore([root])) {
            RFC5280Policy()
        }
        for leaf in [wallet, merchant] {
            let result = await verifier.validate(leaf: leaf, intermediates: CertificateStore([middle]))
            guard case .validCertificate(let chain) = result else {
                Issue.record("\(leaf.subject) is not trusted: \(result)")
                continue
            }
            #expect(chain.count == 3)
        }
        let name = wallet.subject.flatMap { $0 }.first { $0.type == .RDNAttributeType.commonName }
        #expect(name.map { String(describing: $0.value).split(separator: "@")[2] } == "00040000:SIGN")
        #expect(String(describing: keys.certID).allSatisfy { $0.isNumber })
        let serial = merchant.serialNumber.bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        #expect(keys.certID == String(serial))
    }
}
