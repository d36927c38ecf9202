// Part of Tillbridge. See LICENSE.
import Crypto
import CryptoExtras
import Testing
import TillDomain
import TillEngine

@testable import TillWallets

/// WeChat Pay V3: requests, signatures, and what answers mean.
@Suite struct WeChatPayV3Tests {
    private static let number = "TQF000K703343G7H2000016R"
    private static let transaction = "4200002026112200000000000001"

    private func operation(_ name: String) throws -> WalletOperation {
        if name == "returns" { return .returns(try Sample.order()) }
        return try Sample.operation(name, code: "134567890123456789")
    }

    private func read(
        _ name: String,
        _ body: String,
        status: Int = 200,
        adapter: (any WalletAdapter)? = nil
    ) throws -> WalletReading {
        let adapter = try adapter ?? Account.weChatPayV3()
        return try adapter.read(AnswerWriter.weChatPayV3(body, status: status), of: operation(name))
    }

    private func order(_ members: String = "", state: String = "SUCCESS", total: Int = 1290) -> String {
        """
        {"appid":"wx0000000000000001","mchid":"1900000001","out_trade_no":"\(Self.number)",\
        "transaction_id":"\(Self.transaction)","trade_type":"MICROPAY","bank_type":"OTHERS",\
        "success_time":"2026-11-22T18:30:02+08:00","trade_state":"\(state)","trade_state_desc":"\\u652f\\u4ed8",\
        "attach":"\(Sample.nonce)","payer":{"openid":"oUpF8uMuAJO"},\
        "amount":{"total":\(total),"payer_total":1000,"currency":"CNY"}\(members)}
        """
    }

    private func refund(_ status: String, amount: Int = 1290, number: String = number + "R00") -> String {
        """
        {"refund_id":"50000002026112200000000000001","out_refund_no":"\(number)","transaction_id":"\(Self.transaction)",\
        "out_trade_no":"\(Self.number)","channel":"ORIGINAL","status":"\(status)",\
        "amount":{"total":1290,"refund":\(amount),"payer_total":1290,"currency":"CNY"}}
        """
    }

    // MARK: Signatures

    private static let key = """
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAsNtTJztMEGJQIC4G43rLQG1lxrVetx0HizHMk3E+aFfmRFznorGCj7vECwApNalreRVW\
        +bVxdXFM8HImVP33FVbswm0ihZQuimLm/JrNxT0MZW/T+Ye500InftUdIfQH/QsW3FgoMudgAmn0CRsCvwSY3eR8qXsAeCz9I04gCuDNQwACIIAm\
        VfgrcCUI8n9j4IXbx/i1TYYo9mkB+4m+BKwxWY7SUyWimDLB32Gtm1k39v8HUinDfT9i23wZT2+4fDbIHZM87ZfXBDmv39fLy4IF6ywlBWq+EGzP\
        /sumiivHA33Mf7RXHxprbNrygXmI+efKFmGVWwQTIqasIqnF0QIDAQAB
        """

    @Test("the signed text of a request is the published one, and its published signature verifies")
    func requestVector() throws {
        let text = WeChatPayV3Signing.text(
            [UInt8]("POST".utf8),
            [UInt8]("/v3/pay/transactions/codepay".utf8),
            [UInt8]("1795343400".utf8),
            [UInt8]("5F1C3A9BE0D24B7F8A6E".utf8),
            [UInt8](#"{"appid":"wx0000000000000001","mchid":"1900000001"}"#.utf8)
        )
        #expect(text.count == 118)
        let digest = Crypto.SHA256.hash(data: text)
        #expect(
            String(decoding: Hex.encode([UInt8](digest)), as: UTF8.self)
                == "445f2f2eb01a4247ca98048f882db0aa8a21ec7114ec2238fb6bce206b8f80a7"
        )
        let signature = """
            NYGtPQYi5E1cHJY+2/7uN6fskQBST5kew/4uW9IW2Y4HUss/sFKqXtiztROfMdjkuhArIcC2ZOhvHxTsMUgCrh44CrnnhVqouZHN0p52vxJ0\
            6sWxdLLAMV//GmHYU21idw2O1za+kfSwshbcmAdlx/bhk5etSvA43VLRh6OJUtytUa0+Z9YVI2XUcbQp2apqQYQrZZ89ionkqS0YKsiU7kH9\
            ZZeTgSanfw/N1wmEZ3reGAwF/P2CNPMXJ1FIQ3z1vxR1pX8doDfh+iUeteNoo48Wu5m56tR1wRgVhnV0tRg/r5OHp1mGR0OaN/idG9Il2h35\
            pzG4bhDW8T0Q15E3KQ==
            """
        let key = try _RSA.Signing.PublicKey(derRepresentation: #require(Base64.decode([UInt8](Self.key.utf8))))
        let bytes = try #require(Base64.decode([UInt8](signature.utf8)))
        #expect(
            key.isValidSignature(.init(rawRepresentation: bytes), for: digest, padding: .insecurePKCS1v1_5)
        )
    }

    private func vectorAnswer(body: String = #"{"trade_state":"SUCCESS"}"#, time: String = "1795343401")
        -> InboundResponse
    {
        let signature = """
            cLCB2IP+sL4x1RInQ3sllNDIycNO5eXx8It5pnQeZ4K4HfLt8dxy8w6xM80E/180hkjvARQMmH9FckA+L977mELFxW9PmX8tedJhWLZzHGAq\
            MlWitMtxhsEOZGVAk4IX5+H2XLvNM6Qx6DfNJWy+hIc7TWWH+jwAKwXtesD/N1t8TpIchgQMuh+bgeYEpuFebwPvw+z3O+oiEer679POSAnb\
            vYXByBcl4YmcE23kqjRRjgqUwXJ3gH6bSFO75J0IvR2FYafJjiRV/s+7PV88AQ65GNAraaNNzWdeLOKSRX64ZMmcb4pub/WMBHPKGteUNU51\
            d3wCDBeX/b39Lbxcng==
            """
        return InboundResponse(
            status: 200,
            headers: [
                .init(name: "Wechatpay-Timestamp", value: time),
                .init(name: "Wechatpay-Nonce", value: "A1B2C3D4E5F60718"),
                .init(name: "Wechatpay-Signature", value: signature),
                .init(name: "Wechatpay-Serial", value: Account.publicKeyID),
            ],
            body: [UInt8](body.utf8),
            receivedAt: Sample.now
        )
    }

    @Test("the published answer verifies, within five minutes, and nothing else does")
    func answerVector() throws {
        let settings = try Account.weChatPayV3Settings(["wechatpayPublicKey": Self.key])
        let signing = try WeChatPayV3Signing.open(settings, merchantID: "1900000001")
        #expect(signing.verdict(vectorAnswer()) == .genuine)
        #expect(signing.verdict(vectorAnswer(body: #"{"trade_state":"SUCCESs"}"#)) == .forged)
        #expect(signing.verdict(vectorAnswer(time: "1795343402")) == .forged)
        for (age, verdict) in [
            (299, WeChatPayV3Signing.Verdict.genuine), (300, .forged), (-299, .genuine), (-300, .forged),
        ] {
            var answer = vectorAnswer()
            answer.receivedAt = Timestamp(milliseconds: (1_795_343_401 + Int64(age)) * 1000)
            #expect(signing.verdict(answer) == verdict, "\(age)")
        }
        // Nobody said when it came.
        var undated = vectorAnswer()
        undated.receivedAt = .unknown
        #expect(signing.verdict(undated) == .forged)
    }

    @Test("a platform certificate verifies under its serial number, beside or in place of a public key")
    func platformCertificate() throws {
        let changes = [
            "wechatpayPublicKeyID": "", "wechatpayPublicKey": "",
            "platformCertificates": try Fixture.text("keys/certificates/wallet.pem"),
        ]
        let adapter = try Account.weChatPayV3(changes)
        func outcome(_ serial: String) throws -> WalletOutcome {
            let answer = try AnswerWriter.weChatPayV3(order(state: "NOTPAY"), serial: serial)
            return try adapter.outcome(of: operation("query"), from: answer)
        }
        #expect(try outcome("2088110500000001") == .query(.open))
        #expect(try outcome(Account.publicKeyID) == .query(.unknown(.badSignature)))
        let request = try adapter.request(for: operation("query"), at: Sample.now, message: Sample.message())
        #expect(!request.headers.contains { $0.name == "Wechatpay-Serial" })
    }

    @Test("the wallet's own probe is refused without an alarm, a forgery with one")
    func forged() throws {
        let adapter = try Account.weChatPayV3()
        let good = try AnswerWriter.weChatPayV3(order())
        func reading(_ change: (OutboundRequest.Header) -> String?, status: Int = 200) throws -> WalletReading {
            let headers = good.headers.compactMap { header in
                change(header).map { OutboundRequest.Header(name: header.name, value: $0) }
            }
            let answer = InboundResponse(status: status, headers: headers, body: good.body, receivedAt: Sample.now)
            return try adapter.read(answer, of: operation("pay"))
        }
        guard case .pay(.paid) = try reading({ $0.value }).outcome else {
            Issue.record("the genuine answer is not paid")
            return
        }
        for name in InboundResponse.headerNames {
            for value in [nil, "", "0", "x"] {
                for status in [200, 202, 400] {
                    let reading = try reading({ $0.name == name ? value : $0.value }, status: status)
                    let unsigned400 = status == 400 && name == "Wechatpay-Signature" && value == nil
                    #expect(
                        reading.outcome == .pay(.unknown(unsigned400 ? .malformed : .badSignature)),
                        "\(name) \(String(describing: value)) \(status)"
                    )
                }
            }
        }
        let probe = try reading { $0.name == "Wechatpay-Signature" ? "WECHATPAY/SIGNTEST/" + $0.value : $0.value }
        #expect(probe == WalletReading(outcome: .pay(.unknown(.badSignature)), code: "SIGNTEST"))
        let forged = try reading { $0.name == "Wechatpay-Nonce" ? "B" : $0.value }
        #expect(forged.alarm == .forgedAnswer)
    }

    // MARK: Requests

    @Test(
        "a request is the documented one, signed over what is sent",
        arguments: ["pay", "query", "cancel", "refund", "refund-query"]
    )
    func requests(name: String) throws {
        let expected = try Fixture("wechatpay-v3/\(name).request")
        let request = try Account.weChatPayV3()
            .request(for: operation(name), at: Sample.now, message: Sample.message())
        #expect("\(request.method) \(request.target) HTTP/1.1" == expected.firstLine)
        #expect(request.headers == expected.headers)
        #expect(String(decoding: request.body, as: UTF8.self) == String(decoding: expected.body, as: UTF8.self))
        #expect(!request.needsClientCertificate)
    }

    @Test("a statement is asked for with a signature over path and query")
    func statementRequest() throws {
        let expected = try Fixture("wechatpay-v3/statement.request")
        let source = try Account.weChatPayV3().statements
        let day = try #require(StatementDay("2026-11-22".utf8))
        let request = try source.request(for: day, at: Sample.now, message: Sample.message()).request
        #expect("\(request.method) \(request.target) HTTP/1.1" == expected.firstLine)
        #expect(request.headers == expected.headers)
    }

    // MARK: Answers

    @Test("a signed success is a payment with the answer's own amount and numbers")
    func paid() throws {
        #expect(try read("pay", order()).outcome == .pay(.paid(Sample.trade(Self.transaction))))
        #expect(try read("query", order()).outcome == .query(.paid(Sample.trade(Self.transaction))))
        #expect(try read("pay", order(total: 129)).outcome == .pay(.paid(Sample.trade(Self.transaction, amount: 129))))
        let dollars = order().replacing(#""currency":"CNY""#, with: #""currency":"USD""#)
        #expect(try read("pay", dollars).outcome == .pay(.unknown(.malformed)))
        let text = order().replacing(#""total":1290"#, with: #""total":12.90"#)
        #expect(try read("pay", text).outcome == .pay(.unknown(.malformed)))
    }

    @Test("waiting for the password is 202, or a state; a 202 is never a success")
    func waiting() throws {
        #expect(try read("pay", order(state: "USERPAYING"), status: 202).outcome == .pay(.waitingForShopper))
        #expect(
            try read("pay", #"{"code":"USERPAYING","message":"…"}"#, status: 202).outcome == .pay(.waitingForShopper)
        )
        #expect(try read("pay", order(state: "USERPAYING")).outcome == .pay(.waitingForShopper))
        #expect(try read("pay", order(), status: 202).outcome == .pay(.unknown(.walletUnsure)))
        for name in ["query", "cancel", "refund", "refund-query", "returns"] {
            let operation = try operation(name)
            #expect(try read(name, #"{"code":"USERPAYING"}"#, status: 202).outcome == operation.unknown(.walletUnsure))
        }
    }

    @Test(
        "every state of an order has its meaning",
        arguments: [
            ("REFUND", QueryOutcome.unknown(.refundExists)), ("NOTPAY", .open), ("USERPAYING", .open),
            ("CLOSED", .closed),
            ("REVOKED", .closed), ("PAYERROR", .payError), ("PAUSED", .unknown(.unlistedCode)),
        ]
    )
    func states(state: String, outcome: QueryOutcome) throws {
        #expect(try read("query", order(state: state)).outcome == .query(outcome))
    }

    @Test("a reversal names the order and nothing of a payment; an answer to another call is none")
    func reversed() throws {
        let done = #"{"appid":"wx0000000000000001","mchid":"1900000001","out_trade_no":"\#(Self.number)"}"#
        #expect(try read("cancel", done).outcome == .cancel(.closed))
        for body in [order(), order(state: "NOTPAY"), refund("SUCCESS"), "{}", #"{"out_trade_no":"\#(Self.number)"}"#] {
            #expect(try read("cancel", body).outcome == .cancel(.unknown(.malformed)), "\(body)")
        }
        for name in ["pay", "query", "refund", "refund-query", "returns"] {
            #expect(try read(name, done).outcome == operation(name).unknown(.malformed), "\(name)")
        }
    }

    @Test("a genuine answer about another order, or to another merchant, is no answer")
    func otherOrder() throws {
        let cases = [
            (Self.number, "TQF000K703343G7H2000026L"), ("1900000001", "1900000002"),
            ("wx0000000000000001", "wx0000000000000002"),
        ]
        for (ours, theirs) in cases {
            let reading = try read("query", order().replacing(ours, with: theirs))
            #expect(reading == WalletReading(outcome: .query(.unknown(.malformed)), alarm: .forgedAnswer))
        }
    }

    @Test("refunds: done, running, failed, and the one that came back")
    func refunds() throws {
        #expect(try read("refund", refund("SUCCESS")).outcome == .refund(.done))
        #expect(try read("refund", refund("PROCESSING")).outcome == .refund(.accepted))
        #expect(try read("refund", refund("CLOSED")).outcome == .refund(.failed(.other)))
        #expect(try read("refund", refund("ABNORMAL")).alarm == .refundReturned)
        #expect(try read("refund", refund("PAUSED")).alarm == .unlistedCode)
        #expect(try read("refund-query", refund("SUCCESS")).outcome == .refundQuery(.done))
        #expect(try read("refund-query", refund("PROCESSING")).outcome == .refundQuery(.pending))
        #expect(try read("refund-query", refund("ABNORMAL")).outcome == .refundQuery(.failed(.other)))
        #expect(try read("returns", refund("SUCCESS")).outcome == .query(.closed))
        #expect(try read("returns", refund("PROCESSING")).outcome == .query(.returning))
        #expect(try read("returns", refund("CLOSED")).outcome == .query(.unknown(.refundExists)))
        for body in [refund("SUCCESS", amount: 1), refund("SUCCESS", number: Self.number + "R01")] {
            for name in ["refund", "refund-query", "returns"] {
                #expect(try read(name, body).outcome == operation(name).unknown(.malformed))
            }
        }
    }

    // MARK: Codes

    private func refused(_ name: String, _ code: String, status: Int = 403) throws -> WalletReading {
        let body = [UInt8](#"{"code":"\#(code)","message":"…","detail":{"field":"x"}}"#.utf8)
        return try Account.weChatPayV3()
            .read(InboundResponse(status: status, body: body, receivedAt: Sample.now), of: operation(name))
    }

    @Test("both spellings of a code mean the same, signed or not")
    func spellings() throws {
        for code in ["NOT_ENOUGH", "NOTENOUGH"] {
            #expect(try refused("pay", code).outcome == .pay(.declined(.insufficientFunds)))
            let body = #"{"code":"\#(code)","message":"…"}"#
            #expect(try read("pay", body, status: 403).outcome == .pay(.declined(.insufficientFunds)))
        }
        for code in ["ORDER_NOT_EXIST", "ORDERNOTEXIST"] {
            #expect(try refused("query", code, status: 404).outcome == .query(.notFound))
            #expect(try refused("cancel", code, status: 404).outcome == .cancel(.notFound))
        }
        #expect(try refused("refund-query", "RESOURCE_NOT_EXISTS", status: 404).outcome == .refundQuery(.notFound))
        #expect(try refused("returns", "RESOURCE_NOT_EXISTS", status: 404).outcome == .query(.unknown(.refundExists)))
    }

    @Test("every documented refusal is in the table of each call or unknown there; none is a success")
    func documented() throws {
        let codes = """
            PARAM_ERROR INVALID_REQUEST ORDER_CLOSED MCH_NOT_EXISTS APPID_MCHID_NOT_MATCH SIGN_ERROR TRADE_ERROR RULE_LIMIT \
            RULELIMIT OUT_TRADE_NO_USED NOT_ENOUGH NOTENOUGH NO_AUTH NOAUTH ACCOUNTERROR USER_ACCOUNT_ABNORMAL \
            REQUEST_BLOCKED ORDER_NOT_EXIST ORDERNOTEXIST RESOURCE_NOT_EXISTS FREQUENCY_LIMITED
            """.split(separator: " ").map(String.init)
        for code in codes {
            for name in ["pay", "query", "cancel", "refund", "refund-query", "returns"] {
                switch try refused(name, code).outcome {
                case .pay(.paid), .query(.paid), .query(.closed), .query(.returning), .cancel(.closed),
                    .cancel(.refunded),
                    .refund(.done), .refund(.accepted), .refundQuery(.done), .refundQuery(.pending):
                    Issue.record("\(name) \(code)")
                default: break
                }
            }
        }
        #expect(try refused("pay", "INVALID_REQUEST").outcome == .pay(.unknown(.alreadyUsed)))
        #expect(try refused("pay", "OUT_TRADE_NO_USED").outcome == .pay(.unknown(.alreadyUsed)))
        #expect(try refused("pay", "FREQUENCY_LIMITED", status: 429).outcome == .pay(.unknown(.walletUnsure)))
        #expect(try refused("refund", "NOT_ENOUGH").outcome == .refund(.failed(.merchantBalance)))
        #expect(try refused("cancel", "TRADE_ERROR").outcome == .cancel(.refused))
        let sign = try refused("query", "SIGN_ERROR", status: 401)
        #expect(
            sign == WalletReading(outcome: .query(.unknown(.notProcessed)), code: "SIGN_ERROR", alarm: .merchantAccount)
        )
    }

    @Test(
        "5xx, a code that is not listed, and what is no JSON are unknown",
        arguments: ["pay", "query", "cancel", "refund", "refund-query", "returns"]
    )
    func unknown(name: String) throws {
        let operation = try operation(name)
        for code in ["SYSTEM_ERROR", "BANK_ERROR", "INVALID_TRANSACTIONID", "OPENID_MISMATCH", "NOT_ENOUGH"] {
            #expect(try refused(name, code, status: 500).outcome == operation.unknown(.walletUnsure))
        }
        let unlisted = try refused(name, "SOMETHING_NEW")
        #expect(
            unlisted
                == WalletReading(outcome: operation.unknown(.unlistedCode), code: "SOMETHING_NEW", alarm: .unlistedCode)
        )
        for (status, body) in [(404, "<html></html>"), (204, ""), (302, ""), (200, ""), (400, "{}"), (500, "[")] {
            let answer = InboundResponse(status: status, body: [UInt8](body.utf8), receivedAt: Sample.now)
            switch try Account.weChatPayV3().read(answer, of: operation).outcome {
            case .pay(.unknown), .query(.unknown), .cancel(.unknown), .refund(.unknown), .refundQuery(.unknown): break
            default: Issue.record("\(status) \(body)")
            }
        }
    }

    // MARK: Settings

    @Test(
        "a setting that cannot be used is named",
        arguments: [
            ("appID", "two words"), ("mchID", "19\"00"), ("merchantSerial", ""), ("merchantPrivateKey", "no key"),
            ("wechatpayPublicKey", "no key"), ("wechatpayPublicKeyID", ""), ("machineAddress", "a b"),
            ("platformCertificates", "ec"),
        ]
    )
    func settings(field: String, value: String) throws {
        let text = value == "ec" ? try Fixture.text("keys/certificates/roots.pem") : value
        let error = #expect(throws: WalletSettingsError.self) { try Account.weChatPayV3([field: text]) }
        #expect(error?.description.contains(field) == true, "\(String(describing: error))")
        #expect(error?.description.contains("PRIVATE") == false)
    }

    @Test("the merchant's own key in place of the wallet's is told apart")
    func ownKey() throws {
        let own = try Fixture.text("keys/merchant-public.pem")
        let error = #expect(throws: WalletSettingsError.self) { try Account.weChatPayV3(["wechatpayPublicKey": own]) }
        #expect(error?.description.contains("own key") == true)
    }

    @Test("no description or dump shows a key or the shopper's code")
    func masked() throws {
        let adapter = try Account.weChatPayV3()
        let request = try adapter.request(for: operation("pay"), at: Sample.now, message: Sample.message())
        var dumped = ""
        dump(request, to: &dumped)
        for text in [request.target, "\(request)", dumped] { #expect(!text.contains("134567890123456789")) }
        let signing = try WeChatPayV3Signing.open(Account.weChatPayV3Settings(), merchantID: "1900000001")
        #expect(Mirror(reflecting: signing).children.isEmpty)
    }
}
