// Part of Tillbridge. See LICENSE.
import CryptoExtras
import Foundation
import Testing
import TillSandbox

/// Vectors published with the wallets' documents. The private halves do not exist any more.
@Suite struct SignatureVectorTests {
    static let publicKey = """
        -----BEGIN PUBLIC KEY-----
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAsNtTJztMEGJQIC4G43rL
        QG1lxrVetx0HizHMk3E+aFfmRFznorGCj7vECwApNalreRVW+bVxdXFM8HImVP33
        FVbswm0ihZQuimLm/JrNxT0MZW/T+Ye500InftUdIfQH/QsW3FgoMudgAmn0CRsC
        vwSY3eR8qXsAeCz9I04gCuDNQwACIIAmVfgrcCUI8n9j4IXbx/i1TYYo9mkB+4m+
        BKwxWY7SUyWimDLB32Gtm1k39v8HUinDfT9i23wZT2+4fDbIHZM87ZfXBDmv39fL
        y4IF6ywlBWq+EGzP/sumiivHA33Mf7RXHxprbNrygXmI+efKFmGVWwQTIqasIqnF
        0QIDAQAB
        -----END PUBLIC KEY-----
        """

    static let requestFields: [(name: String, value: [UInt8])] = [
        ("version", "1.0"), ("timestamp", "2026-11-22 18:30:00"), ("sign_type", "RSA2"), ("notify_url", ""),
        ("method", "alipay.trade.pay"), ("format", "JSON"), ("charset", "utf-8"), ("sign", "not covered"),
        (
            "biz_content",
            #"{"out_trade_no":"S0001T03N000042","scene":"bar_code","auth_code":"283456789012345678","#
                + #""subject":"示例门店购物","total_amount":"12.90","store_id":"S0001","terminal_id":"T03","#
                + #""timeout_express":"5m"}"#
        ), ("app_id", "2021000000000001"),
    ].map { ($0.0, Array($0.1.utf8)) }

    static let requestSign =
        "KAuesJsYlRiDdXMGdANxrnpu7lwqPqEAO74b/3yLAxZ/eM+BdlhXXK14S1LdAuDapX0rNyxTuIt/lqq6adElL2V3lyS8AvGAlQL+YsFzwfx6"
        + "nkDfVsKl8gGC9WYnl11oagnrkYdzWcHEwGaUNKkfuP0HstkdMKVKL6Z6DfXkelONLHmIRMvSxcacheZUUyOPbXwgnzaZQIN2Wurc+BxTWJVB"
        + "PlP5OPc+ccwCjGf/7/XGVLa60b2JMXDLlajAAYeC7d8l/ZAe3EdNHXhTe77GHhvSteEAyXN65P4TmLBEmxWOWySy7/EyxjuXlTyD5GJxl5Dw"
        + "yHC02NwN9wqlrkfkZg=="

    static let waitingNode =
        #"{"code":"10003","msg":" order success pay inprocess","buyer_pay_amount":"0.00","invoice_amount":"0.00","#
        + #""out_trade_no":"S0001T03N000042","point_amount":"0.00","receipt_amount":"0.00","#
        + #""trade_no":"2026112222001400000000000001"}"#

    static let waitingSign =
        "VdWuDoQwSyqkdrFzZUbRQGmH9BK9Cclo70Ju1DRHIhlW0YqSnWYHSKqtG28QwFgywIzQK4G2qDt8ZJ3vT6DTOhAgT+fbcotOx4ZsRHp2RuXY"
        + "4lG1RcF8fVEqrjkW+/80x+yFr0gx64bP3AFEanioez2qRqzy9gU1hiTHcJa1KYj4d0aYE1wVM5FRyjBFXv4joEhzRmnXMNI/vqajS97h/HD4"
        + "JRG9o+1N309dJHmLZlez67mEYRqrBMCXMzmP1aQEB+27D4ZTh6GdnFO8IPXP8TP2SKciAXvjaNUv8e3PCIkSp3UZvvNvF+8JKakTkEsxWBU+"
        + "IMRX+hIZVCLOUxHn2g=="

    private func alipay() throws -> AlipaySignature {
        try AlipaySignature(
            merchantPublicKey: SignatureVectorTests.publicKey,
            walletPrivateKey: _RSA.Signing.PrivateKey(keySize: .bits2048).pemRepresentation
        )
    }

    @Test("Alipay: the published request verifies, sorted and without empty fields")
    func alipayRequest() throws {
        let text = AlipaySignature.signedText(of: SignatureVectorTests.requestFields)
        #expect(text.count == 345)
        let sign = Array(SignatureVectorTests.requestSign.utf8)
        #expect(try alipay().isValid(sign, over: text, kind: .rsa2))
        #expect(try !alipay().isValid(sign, over: text + [32], kind: .rsa2))
        #expect(try !alipay().isValid(sign, over: text, kind: .rsa))
        #expect(try !alipay().isValid(Array("no Base64!".utf8), over: text, kind: .rsa2))
    }

    @Test("Alipay: the published waiting answer verifies, and our node of it has the same bytes")
    func alipayAnswer() throws {
        var node = AlipayNode(code: "10003", message: " order success pay inprocess")
        for name in ["receipt_amount", "point_amount", "invoice_amount", "buyer_pay_amount"] { node[name] = "0.00" }
        node["trade_no"] = "2026112222001400000000000001"
        node["out_trade_no"] = "S0001T03N000042"
        #expect(node.json == SignatureVectorTests.waitingNode)
        let sign = Array(SignatureVectorTests.waitingSign.utf8)
        #expect(try alipay().isValid(sign, over: Array(node.json.utf8), kind: .rsa2))
    }

    static let v3RequestSign =
        "NYGtPQYi5E1cHJY+2/7uN6fskQBST5kew/4uW9IW2Y4HUss/sFKqXtiztROfMdjkuhArIcC2ZOhvHxTsMUgCrh44CrnnhVqouZHN0p52vxJ06s"
        + "WxdLLAMV//GmHYU21idw2O1za+kfSwshbcmAdlx/bhk5etSvA43VLRh6OJUtytUa0+Z9YVI2XUcbQp2apqQYQrZZ89ionkqS0YKsiU7kH9ZZeT"
        + "gSanfw/N1wmEZ3reGAwF/P2CNPMXJ1FIQ3z1vxR1pX8doDfh+iUeteNoo48Wu5m56tR1wRgVhnV0tRg/r5OHp1mGR0OaN/idG9Il2h35pzG4bh"
        + "DW8T0Q15E3KQ=="

    static let v3ReplySign =
        "cLCB2IP+sL4x1RInQ3sllNDIycNO5eXx8It5pnQeZ4K4HfLt8dxy8w6xM80E/180hkjvARQMmH9FckA+L977mELFxW9PmX8tedJhWLZzHGAqMl"
        + "WitMtxhsEOZGVAk4IX5+H2XLvNM6Qx6DfNJWy+hIc7TWWH+jwAKwXtesD/N1t8TpIchgQMuh+bgeYEpuFebwPvw+z3O+oiEer679POSAnbvYXB"
        + "yBcl4YmcE23kqjRRjgqUwXJ3gH6bSFO75J0IvR2FYafJjiRV/s+7PV88AQ65GNAraaNNzWdeLOKSRX64ZMmcb4pub/WMBHPKGteUNU51d3wCDB"
        + "eX/b39Lbxcng=="

    private func weChatV3() throws -> WeChatV3Signature {
        try WeChatV3Signature(
            merchantPublicKey: SignatureVectorTests.publicKey,
            walletPrivateKey: _RSA.Signing.PrivateKey(keySize: .bits2048).pemRepresentation
        )
    }

    @Test("WeChat Pay V3: the published request and answer verify")
    func weChatV3Texts() throws {
        let request = WeChatV3Signature.requestText(
            method: "POST",
            path: "/v3/pay/transactions/codepay",
            timestamp: "1795343400",
            nonce: "5F1C3A9BE0D24B7F8A6E",
            body: Array(#"{"appid":"wx0000000000000001","mchid":"1900000001"}"#.utf8)
        )
        #expect(request.count == 118)
        #expect(try weChatV3().isValid(SignatureVectorTests.v3RequestSign, over: request))
        #expect(try !weChatV3().isValid(SignatureVectorTests.v3RequestSign, over: Array(request.dropLast())))
        #expect(try !weChatV3().isValid("no Base64!", over: request))
        // The published key stands for the wallet's here: one check serves both directions.
        let reply = WeChatV3Signature.replyText(
            timestamp: "1795343401",
            nonce: "A1B2C3D4E5F60718",
            body: Array(#"{"trade_state":"SUCCESS"}"#.utf8)
        )
        #expect(reply.count == 54)
        #expect(try weChatV3().isValid(SignatureVectorTests.v3ReplySign, over: reply))
    }

    @Test("WeChat Pay V3: the pairs of an Authorization header, in any order")
    func authorization() {
        let header = #"WECHATPAY2-SHA256-RSA2048 signature="a+/b==", mchid="1",nonce_str="n""#
        #expect(WeChatV3Signature.pairs(of: header) == ["signature": "a+/b==", "mchid": "1", "nonce_str": "n"])
        for broken in ["", "Bearer x", header.replacing("\"n\"", with: "n"), "WECHATPAY2-SHA256-RSA2048 x"] {
            #expect(WeChatV3Signature.pairs(of: broken) == nil)
        }
    }

    struct WeChatVector: Sendable, CustomTestStringConvertible {
        let name: String
        let key: String
        let fields: [String: String]
        let kind: WeChatSignature.Kind
        let sign: String
        var testDescription: String { name }
    }

    static let official = [
        "appid": "wxd930ea5d5a258f4f", "body": "test", "device_info": "1000", "mch_id": "10000100",
        "nonce_str": "ibuaiVcKdpRxkhJA",
    ]
    static let payment = [
        "appid": "wx0000000000000001", "auth_code": "134567890123456789", "body": "示例门店-牛奶",
        "mch_id": "1900000001", "nonce_str": "5f1c3a9be0d24b7f", "out_trade_no": "S0001T03N000042",
        "spbill_create_ip": "127.0.0.1", "total_fee": "1290", "attach": "", "sign": "not covered",
    ]
    static let ourKey = "Sandbox0Key0For0Unit0Tests000001"

    static let vectors = [
        WeChatVector(
            name: "official, MD5",
            key: "192006250b4c09247ec02edce69f6a2d",
            fields: official,
            kind: .md5,
            sign: "9A0A8659F005D6984697E2CA0A9CF3B7"
        ),
        WeChatVector(
            name: "official, HMAC",
            key: "192006250b4c09247ec02edce69f6a2d",
            fields: official,
            kind: .hmacSHA256,
            sign: "6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6"
        ),
        WeChatVector(
            name: "payment, MD5",
            key: ourKey,
            fields: payment,
            kind: .md5,
            sign: "3B4B09772EC4F5716CD4D7F5BA4A89D2"
        ),
        WeChatVector(
            name: "payment, HMAC",
            key: ourKey,
            fields: payment.merging(["sign_type": "HMAC-SHA256"]) { first, _ in first },
            kind: .hmacSHA256,
            sign: "F975840205E5750D124FAFB45B7FB3BB21870B688663D4629D5586036960EFE8"
        ),
        WeChatVector(
            name: "answer, MD5",
            key: ourKey,
            fields: [
                "appid": "wx0000000000000001", "err_code": "USERPAYING", "err_code_des": "需要用户输入支付密码",
                "mch_id": "1900000001", "nonce_str": "a1b2c3d4e5f60718", "result_code": "FAIL",
                "return_code": "SUCCESS", "return_msg": "OK",
            ],
            kind: .md5,
            sign: "BA3621ED9852055E3AD605A5AA710F6F"
        ),
    ]

    @Test("WeChat Pay: the published signatures", arguments: vectors)
    func weChat(_ vector: WeChatVector) {
        let fields = vector.fields.map { (name: $0.key, value: $0.value) }
        #expect(WeChatSignature.sign(fields, key: vector.key, kind: vector.kind) == vector.sign)
    }

    static let qqPayment = [
        "mch_id": "1900000109", "nonce_str": "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "body": "便利店-商品",
        "out_trade_no": "S0001R02T000123", "fee_type": "CNY", "total_fee": "1280", "spbill_create_ip": "10.1.2.3",
        "notify_url": "https://pay.example.test/qq/notify", "device_info": "S0001R02",
        "auth_code": "910728310408849937", "trade_type": "MICROPAY", "attach": "", "sign": "not covered",
    ]

    @Test("QQ Wallet: the published signatures and an operator's password")
    func qqWallet() {
        var official = SignatureVectorTests.official
        official["appid"] = "d930ea5d5a258f4f"
        for (fields, sign) in [
            (official, "C16640534B737634F08566717AD030EB"),
            (SignatureVectorTests.qqPayment, "B425B6CEB326B8E50844BC61664ACC0E"),
        ] {
            let list = fields.map { (name: $0.key, value: $0.value) }
            #expect(QQSignature.sign(list, key: "192006250b4c09247ec02edce69f6a2d") == sign)
        }
        #expect(QQSignature.password("111111") == "96e79218965eb72c92a549dd5a330112")
    }

    @Test("UnionPay: the published text, hashed once and twice")
    func unionPay() {
        let fields = [
            "accessType": "0", "backUrl": "https://pay.example.test/up/notify", "bizType": "000000",
            "certId": "68759663125", "channelType": "08", "currencyCode": "156", "encoding": "UTF-8",
            "merId": "777290058135880", "orderId": "S0001R02T000123", "qrNo": "6220835931895481436",
            "signMethod": "01", "termId": "00010002", "txnAmt": "1280", "txnSubType": "06",
            "txnTime": "20261122100000", "txnType": "01", "version": "5.1.0", "reqReserved": "",
            "signature": "not covered",
        ].map { (name: $0.key, value: Array($0.value.utf8)) }
        let digest = UnionPaySignature.digest(of: UnionPaySignature.signedText(of: fields))
        #expect(digest == "0d2e31f60051da97659c829bcb6d6078a52492af4983443316f0c102349fd486")
        // What RSA hashes again is the text, not the 32 bytes.
        let twice = UnionPaySignature.digest(of: Array(digest.utf8))
        #expect(twice == "e45ab3dce132c7382d4cdadfa59eda44b3e7ece6646a9681d357062c3cc1eb90")
    }
}
