// Part of Tillbridge. See LICENSE.
import Crypto
import Testing
import TillDomain
import TillEngine

@testable import TillWallets

/// The test vectors of the wallets' documents.
@Suite struct VectorTests {
    private static let alipayKey = """
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAsNtTJztMEGJQIC4G43rLQG1lxrVetx0HizHMk3E+aFfmRFznorGCj7vECwApNalreRVW\
        +bVxdXFM8HImVP33FVbswm0ihZQuimLm/JrNxT0MZW/T+Ye500InftUdIfQH/QsW3FgoMudgAmn0CRsCvwSY3eR8qXsAeCz9I04gCuDNQwACIIAm\
        VfgrcCUI8n9j4IXbx/i1TYYo9mkB+4m+BKwxWY7SUyWimDLB32Gtm1k39v8HUinDfT9i23wZT2+4fDbIHZM87ZfXBDmv39fLy4IF6ywlBWq+EGzP\
        /sumiivHA33Mf7RXHxprbNrygXmI+efKFmGVWwQTIqasIqnF0QIDAQAB
        """

    private func signing() throws -> AlipaySigning {
        try #require(
            AlipaySigning(merchantKey: Fixture.text("keys/merchant-pkcs8.pem"), alipayKey: Self.alipayKey)
        )
    }

    private static let content = """
        {"out_trade_no":"S0001T03N000042","scene":"bar_code","auth_code":"283456789012345678","subject":"示例门店购物",\
        "total_amount":"12.90","store_id":"S0001","terminal_id":"T03","timeout_express":"5m"}
        """

    @Test("the signed text of an Alipay request is the published one, and its published signature verifies")
    func alipayRequest() throws {
        let parameters: KeyValuePairs = [
            "version": "1.0", "sign": "left out", "method": "alipay.trade.pay", "format": "JSON",
            "timestamp": "2026-11-22 18:30:00", "sign_type": "RSA2", "biz_content": Self.content,
            "notify_url": "", "charset": "utf-8", "app_id": "2021000000000001",
        ]
        let text = MessageFields(parameters).signedText(without: "sign")
        #expect(text.count == 345)
        #expect(hex(text) == "0ba58395752b59d5ca4684d2886efd4ed9d615d25f9ca0a9d3de531f19ade01d")
        let sign = """
            KAuesJsYlRiDdXMGdANxrnpu7lwqPqEAO74b/3yLAxZ/eM+BdlhXXK14S1LdAuDapX0rNyxTuIt/lqq6adElL2V3lyS8AvGAlQL+YsFzwfx6\
            nkDfVsKl8gGC9WYnl11oagnrkYdzWcHEwGaUNKkfuP0HstkdMKVKL6Z6DfXkelONLHmIRMvSxcacheZUUyOPbXwgnzaZQIN2Wurc+BxTWJVB\
            PlP5OPc+ccwCjGf/7/XGVLa60b2JMXDLlajAAYeC7d8l/ZAe3EdNHXhTe77GHhvSteEAyXN65P4TmLBEmxWOWySy7/EyxjuXlTyD5GJxl5Dw\
            yHC02NwN9wqlrkfkZg==
            """
        #expect(try signing().isValid([UInt8](sign.utf8), for: text))
        #expect(try !signing().isValid([UInt8](sign.utf8), for: text + [32]))
    }

    @Test("the published Alipay answer verifies over its raw bytes and over nothing else")
    func alipayAnswer() throws {
        let node = """
            {"code":"10003","msg":" order success pay inprocess","buyer_pay_amount":"0.00","invoice_amount":"0.00",\
            "out_trade_no":"S0001T03N000042","point_amount":"0.00","receipt_amount":"0.00",\
            "trade_no":"2026112222001400000000000001"}
            """
        #expect(node.utf8.count == 224)
        #expect(hex([UInt8](node.utf8)) == "9b939cdab934ecf1f0375d2484ba4aca7366a548bdd23207a1b1bc7237d2bfd2")
        let sign = """
            VdWuDoQwSyqkdrFzZUbRQGmH9BK9Cclo70Ju1DRHIhlW0YqSnWYHSKqtG28QwFgywIzQK4G2qDt8ZJ3vT6DTOhAgT+fbcotOx4ZsRHp2RuXY\
            4lG1RcF8fVEqrjkW+/80x+yFr0gx64bP3AFEanioez2qRqzy9gU1hiTHcJa1KYj4d0aYE1wVM5FRyjBFXv4joEhzRmnXMNI/vqajS97h/HD4\
            JRG9o+1N309dJHmLZlez67mEYRqrBMCXMzmP1aQEB+27D4ZTh6GdnFO8IPXP8TP2SKciAXvjaNUv8e3PCIkSp3UZvvNvF+8JKakTkEsxWBU+\
            IMRX+hIZVCLOUxHn2g==
            """
        let body = "{\"alipay_trade_pay_response\":\(node),\"sign\":\"\(sign)\"}"
        let envelope = try #require(
            AlipayEnvelope([UInt8](body.utf8), node: [UInt8]("alipay_trade_pay_response".utf8))
        )
        #expect(envelope.node == [UInt8](node.utf8))
        let signature = try #require(envelope.signature)
        #expect(try signing().verified(envelope) == envelope.node)
        for position in stride(from: 0, to: envelope.node.count, by: 7) {
            var changed = envelope.node
            changed[position] ^= 1
            #expect(try !signing().isValid(signature, for: changed))
        }
        let answer = try #require(AlipayAnswer(envelope.node, encoding: envelope.encoding))
        #expect(answer.code == "10003")
    }

    private static let vector2 = [
        "appid": "wx0000000000000001", "auth_code": "134567890123456789", "body": "示例门店-牛奶",
        "mch_id": "1900000001", "nonce_str": "5f1c3a9be0d24b7f", "out_trade_no": "S0001T03N000042",
        "spbill_create_ip": "127.0.0.1", "total_fee": "1290", "attach": "", "sign": "left out",
    ]

    private func sign(_ fields: [String: String], _ kind: KeyedSigning.Kind, key: String) -> String {
        let signing = KeyedSigning(kind: kind, key: [UInt8](key.utf8))
        let signature = signing.sign(MessageFields(fields))
        return String(decoding: signature, as: UTF8.self)
    }

    @Test("WeChat Pay's vector 1: the official example")
    func weChatPay1() {
        let fields = [
            "appid": "wxd930ea5d5a258f4f", "body": "test", "device_info": "1000", "mch_id": "10000100",
            "nonce_str": "ibuaiVcKdpRxkhJA",
        ]
        let key = "192006250b4c09247ec02edce69f6a2d"
        #expect(sign(fields, .md5, key: key) == "9A0A8659F005D6984697E2CA0A9CF3B7")
        #expect(
            sign(fields, .hmacSHA256, key: key) == "6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6"
        )
    }

    @Test("WeChat Pay's vectors 2 and 3: empty fields are dropped, the type is signed")
    func weChatPay2And3() {
        let key = Account.weChatPayKey
        #expect(sign(Self.vector2, .md5, key: key) == "3B4B09772EC4F5716CD4D7F5BA4A89D2")
        let typed = Self.vector2.merging(["sign_type": "HMAC-SHA256"]) { $1 }
        #expect(
            sign(typed, .hmacSHA256, key: key) == "F975840205E5750D124FAFB45B7FB3BB21870B688663D4629D5586036960EFE8"
        )
    }

    @Test("WeChat Pay's vector 4: an answer")
    func weChatPay4() throws {
        let body = """
            <xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg>
            <appid><![CDATA[wx0000000000000001]]></appid><mch_id><![CDATA[1900000001]]></mch_id>
            <nonce_str><![CDATA[a1b2c3d4e5f60718]]></nonce_str><result_code><![CDATA[FAIL]]></result_code>
            <err_code><![CDATA[USERPAYING]]></err_code><err_code_des><![CDATA[需要用户输入支付密码]]></err_code_des>
            <sign><![CDATA[BA3621ED9852055E3AD605A5AA710F6F]]></sign></xml>
            """
        let document = try #require(FlatXML([UInt8](body.utf8)))
        #expect(KeyedSigning(kind: .md5, key: [UInt8](Account.weChatPayKey.utf8)).isValid(document))
        let adapter = try Account.weChatPay(["signType": "MD5"])
        let outcome = adapter.outcome(
            of: .pay(try Sample.payment()),
            from: InboundResponse(status: 200, body: [UInt8](body.utf8), receivedAt: Sample.now)
        )
        #expect(outcome == .pay(.waitingForShopper))
    }

    @Test("QQ Wallet's vectors: the official example, a payment with Chinese text, an operator's password")
    func qqWallet() throws {
        let key = "192006250b4c09247ec02edce69f6a2d"
        let official = [
            "appid": "d930ea5d5a258f4f", "body": "test", "device_info": "1000", "mch_id": "10000100",
            "nonce_str": "ibuaiVcKdpRxkhJA",
        ]
        #expect(sign(official, .md5, key: key) == "C16640534B737634F08566717AD030EB")
        let payment = [
            "auth_code": "910728310408849937", "body": "便利店-商品", "device_info": "S0001R02", "fee_type": "CNY",
            "mch_id": "1900000109", "nonce_str": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
            "notify_url": "https://pay.example.test/qq/notify", "out_trade_no": "S0001R02T000123",
            "spbill_create_ip": "10.1.2.3", "total_fee": "1280", "trade_type": "MICROPAY",
        ]
        #expect(sign(payment, .md5, key: key) == "B425B6CEB326B8E50844BC61664ACC0E")
        let merchant = try QQWalletMerchant(Account.qqWalletSettings())
        #expect(String(decoding: merchant.operatorPassword, as: UTF8.self) == "96e79218965eb72c92a549dd5a330112")
    }

    @Test("UnionPay's vector: the hash that is signed, and the hash of its text")
    func unionPay() {
        let fields = [
            "accessType": "0", "backUrl": "https://pay.example.test/up/notify", "bizType": "000000",
            "certId": "68759663125", "channelType": "08", "currencyCode": "156", "encoding": "UTF-8",
            "merId": "777290058135880", "orderId": "S0001R02T000123", "qrNo": "6220835931895481436",
            "signMethod": "01", "termId": "00010002", "txnAmt": "1280", "txnSubType": "06",
            "txnTime": "20261122100000", "txnType": "01", "version": "5.1.0", "reserved": "", "signature": "left out",
        ]
        let digest = UnionPaySigning.digest(MessageFields(fields))
        #expect(
            String(decoding: digest, as: UTF8.self)
                == "0d2e31f60051da97659c829bcb6d6078a52492af4983443316f0c102349fd486"
        )
        #expect(hex(digest) == "e45ab3dce132c7382d4cdadfa59eda44b3e7ece6646a9681d357062c3cc1eb90")
    }

    private func hex(_ bytes: [UInt8]) -> String {
        String(decoding: Hex.encode(Crypto.SHA256.hash(data: bytes).map { $0 }), as: UTF8.self)
    }
}
