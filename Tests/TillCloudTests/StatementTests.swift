// Part of Tillbridge. See LICENSE.
import Foundation
import Testing
import TillDomain

@testable import TillCloud

/// `tillbridge admin statement`, from the local door to a wallet that the test plays.
@Suite struct StatementTests {
    private static let columns =
        "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,"
        + "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注\n"
    private static let row =
        "`2026-01-05 18:30:02,`wx1,`19,`0,`QF,`4200000001,`N1,`o,`MICROPAY,`SUCCESS,`OTHERS,`CNY,`12.90,`0.00,`0,`0,`0.00,`0.00,"
        + "`,`,`milk, 1L,`n,`0.07740,`0.60%,`12.90,`0.00,`\n"

    private static func file(count: Int = 1) -> String {
        columns + row + "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\n"
            + "`\(count),`12.90,`0.00,`0.00,`0.07740,`12.90,`0.00\n"
    }

    private static func refusal(_ text: String) -> String {
        "<xml><return_code>FAIL</return_code><return_msg>\(text)</return_msg></xml>"
    }

    private func shop(
        _ behaviour: RawServer.Behaviour,
        _ body: (CloudRig, RawServer) async throws -> Void
    ) async throws {
        let wallet = try await RawServer(behaviour)
        let rig = try await CloudRig(realWallets: true)
        let file =
            #"{"baseURL":"\#(wallet.url)","wechatpay":{"appID":"wx1","mchID":"19","apiKey":"Sandbox0Key0For0Unit0Tests000001"}}"#
        try await rig.running {
            _ = try await rig.admin.perform(.addAccounts(file: file, stores: "*", live: false))
            try await body(rig, wallet)
        }
        try await wallet.stop()
    }

    private func statement(_ rig: CloudRig, day: String = "2026-01-05", asJSON: Bool = true) async throws -> AdminReply
    {
        let request = AdminRequest.statement(account: "wechatpay-sandbox", day: day, asJSON: asJSON)
        guard let reply = try await AdminClient.send(request, data: rig.core.settings.data) else {
            throw StartError("nobody answered")
        }
        return reply
    }

    private func sentence(_ rig: CloudRig, day: String = "2026-01-05") async -> String {
        let error = await #expect(throws: StartError.self) { _ = try await statement(rig, day: day) }
        return error?.sentence ?? ""
    }

    @Test("rows and totals come through the running cloud's local door", .timeLimit(.minutes(2)))
    func rows() async throws {
        try await shop(.answer(RawServer.http(Self.file()))) { rig, wallet in
            let reply = try await statement(rig)
            #expect(reply.text.isEmpty)
            let json = try #require(
                try JSONSerialization.jsonObject(with: Data(reply.json.utf8)) as? [String: Any]
            )
            let rows = try #require(json["rows"] as? [[String: Any]])
            #expect(rows.count == 1)
            #expect(rows[0]["order"] as? String == "N1" && rows[0]["amount"] as? Int == 1290)
            #expect(rows[0]["feeThousandths"] as? Int == 7740 && rows[0]["kind"] as? String == "sale")
            #expect(json["sold"] as? Int == 1290 && json["returned"] as? Int == 0)
            let checks = try #require(json["checks"] as? [[String: Any]])
            #expect(checks.count == 7 && checks.allSatisfy { $0["agrees"] as? Bool == true })
            #expect(wallet.requests.count == 1 && wallet.requests[0].hasPrefix("POST /pay/downloadbill HTTP/1.1"))

            let text = try await statement(rig, asJSON: false)
            #expect(text.json.isEmpty)
            #expect(text.text.contains("1 rows, 1290 fen sold, 0 fen given back, 7.74 fen of fees."))
            #expect(!text.text.contains("ADD UP"))
        }
    }

    @Test("totals that do not add up are shown", .timeLimit(.minutes(2)))
    func differ() async throws {
        try await shop(.answer(RawServer.http(Self.file(count: 2)))) { rig, _ in
            let text = try await statement(rig, asJSON: false).text
            #expect(text.contains("DOES NOT ADD UP: 总交易单数 is 2 in the file, and its rows make 1."))
        }
    }

    @Test(
        "a day without trades is no error; a file that is not there yet, or is none, is one sentence",
        .timeLimit(.minutes(2))
    )
    func reasons() async throws {
        try await shop(.answer(RawServer.http(Self.refusal("No Bill Exist")))) { rig, wallet in
            let none = try await statement(rig)
            #expect(none.json == #"{"account":"wechatpay-sandbox","day":"2026-01-05","rows":[]}"#)
            wallet.behave(.answer(RawServer.http(Self.refusal("Bill Creating"))))
            #expect(await sentence(rig).contains("no statement of 2026-01-05 yet (Bill Creating)"))
            wallet.behave(.answer(RawServer.http(Self.refusal("SIGN ERROR"))))
            #expect(await sentence(rig).contains("refuses the statement of 2026-01-05: SIGN ERROR."))
            wallet.behave(.answer(RawServer.http("<html></html>")))
            #expect(await sentence(rig).contains("cannot be read"))
            wallet.behave(.closeAfterRequest)
            #expect(await sentence(rig).contains("no whole answer"))
            // Nothing of it keeps the next one from being fetched.
            wallet.behave(.answer(RawServer.http(Self.file())))
            let reply = try await statement(rig)
            #expect(reply.json.contains(#""sold":1290"#))
        }
    }

    @Test("an account or a day that is none is named, and no wallet is asked", .timeLimit(.minutes(2)))
    func badInput() async throws {
        try await shop(.silent) { rig, wallet in
            #expect(await sentence(rig, day: "2026-02-30").hasPrefix("--day 2026-02-30"))
            #expect(await sentence(rig, day: "9998-01-01").contains("is not over"))
            let request = AdminRequest.statement(account: "nobody", day: "2026-01-05", asJSON: true)
            let error = await #expect(throws: StartError.self) { _ = try await rig.admin.perform(request) }
            #expect(error?.sentence == "--account nobody: there is no such account; there are wechatpay-sandbox.")
            #expect(wallet.requests.isEmpty)
        }
    }

    @Test("one statement at a time; the end of the cloud does not wait for a wallet", .timeLimit(.minutes(2)))
    func alone() async throws {
        let wallet = try await RawServer(.silent)
        let rig = try await CloudRig(realWallets: true)
        let file =
            #"{"baseURL":"\#(wallet.url)","wechatpay":{"appID":"wx1","mchID":"19","apiKey":"Sandbox0Key0For0Unit0Tests000001"}}"#
        try await withThrowingTaskGroup(of: String.self) { tasks in
            try await rig.running {
                _ = try await rig.admin.perform(.addAccounts(file: file, stores: "*", live: false))
                tasks.addTask { await sentence(rig) }
                while wallet.requests.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
                #expect(await sentence(rig).contains("being fetched already"))
            }
            // The first one would have gone on for two minutes.
            let end = try await tasks.next()
            #expect(end?.contains("no whole answer") == true || end == "nobody answered" || end == "")
        }
        try await wallet.stop()
    }

    @Test("another protocol version is another account, and takes the routing over", .timeLimit(.minutes(2)))
    func version() async throws {
        let first =
            #"{"baseURL":"http://127.0.0.1:1","wechatpay":{"appID":"wx1","mchID":"19","apiKey":"Sandbox0Key0For0Unit0Tests000001"}}"#
        try await Wallets.running { wallets in
            let rig = try await CloudRig()
            _ = try await rig.admin.perform(.addAccounts(file: first, stores: "*", live: false))
            let error = await #expect(throws: StartError.self) {
                _ = try await rig.admin.perform(.addAccounts(file: first, stores: "*", live: false, version: "v9"))
            }
            #expect(
                error?.sentence.contains("--protocol v9") == true && error?.sentence.contains("v3 (wechatpay)") == true
            )
            // Any pair of RSA keys will do.
            let exported = try JSONSerialization.jsonObject(with: Data(wallets.settings.utf8)) as? [String: Any]
            let keys = try #require(exported?["alipay"] as? [String: String])
            let section = [
                "appID": "wx1", "mchID": "19", "merchantSerial": "5DFB34", "wechatpayPublicKeyID": "PUB_KEY_ID_1",
                "merchantPrivateKey": try #require(keys["merchantPrivateKeyPKCS8"]),
                "wechatpayPublicKey": try #require(keys["alipayPublicKey"]),
            ]
            let file: [String: Any] = ["baseURL": "http://127.0.0.1:1", "wechatpay": section]
            let second = String(decoding: try JSONSerialization.data(withJSONObject: file), as: UTF8.self)
            _ = try await rig.admin.perform(.addAccounts(file: second, stores: "*", live: false, version: "v3"))
            let snapshot = rig.core.directory.snapshot
            #expect(snapshot.accounts.keys.sorted() == ["wechatpay-sandbox", "wechatpay-v3-sandbox"])
            #expect(snapshot.accounts["wechatpay-v3-sandbox"]?.version == "v3")
            #expect(snapshot.routing?.document.accounts.map(\.account) == ["wechatpay-v3-sandbox"])
            await rig.core.close()
        }
    }
}
