// Part of Tillbridge. See LICENSE.
import CryptoExtras
import FoundationEssentials
import TillDomain
import TillEngine
import TillWallets

import struct Crypto.SHA256

/// One wallet's pay call: its request is made and signed, its recorded answer read and verified.
struct WalletCall {
    let name: String
    /// Requests and answers carry RSA signatures, and not a hash over a shared key.
    let isSignedWithRSA: Bool
    private let adapter: any WalletAdapter
    private let operation: WalletOperation
    private let answer: InboundResponse
    private let message: MessageID
    private let now: Timestamp

    /// Makes the call once.
    ///
    /// - Throws: ``BenchFailure`` where the answer does not say what was recorded: a benchmark must not measure
    ///   refusals.
    func run() throws {
        _ = try request()
        try readAnswer()
    }

    /// The first half of a call.
    func request() throws -> OutboundRequest { try adapter.request(for: operation, at: now, message: message) }

    /// The second half of a call.
    ///
    /// - Throws: As ``run()``.
    func readAnswer() throws {
        let outcome = adapter.read(answer, of: operation).outcome
        guard isGood(outcome) else { throw BenchFailure("\(name): the recorded answer was read as \(outcome)") }
    }

    /// Paid, and the right money. UnionPay's answer to a payment never says more than *accepted*.
    private func isGood(_ outcome: WalletOutcome) -> Bool {
        switch outcome {
        case .pay(.paid(let trade)): trade.isPayment(of: Sale.order)
        case .pay(.waitingForShopper): adapter.wallet == .unionPay
        default: false
        }
    }

    /// Compares the request with the recorded one, signature included.
    private func check(_ recorded: Recordings.Message) throws {
        let request = try request()
        let made = Recordings.Message(
            firstLine: "\(request.method) \(request.target) HTTP/1.1",
            headers: request.headers,
            body: request.body
        )
        guard made == recorded else { throw BenchFailure("\(name): the request is not the recorded one") }
    }

    /// The calls of all protocols, each made once and compared with its recording.
    static func all(_ recordings: Recordings) throws -> [WalletCall] {
        let accounts = Accounts(recordings: recordings)
        func call(
            _ name: String,
            _ settings: WalletSettings,
            code: String,
            request: String?,
            answer: InboundResponse,
            isSignedWithRSA: Bool = true
        ) throws -> WalletCall {
            let call = WalletCall(
                name: name,
                isSignedWithRSA: isSignedWithRSA,
                adapter: try WalletRegistry.standard.account(from: settings).adapter,
                operation: .pay(try Sale.payment(code: code)),
                answer: answer,
                message: Sale.message,
                now: Sale.now
            )
            if let request { try call.check(recordings.message(request)) }
            try call.run()
            return call
        }
        func recorded(_ name: String) throws -> InboundResponse {
            InboundResponse(status: 200, body: try recordings.message(name).body, receivedAt: Sale.now)
        }
        return [
            try call(
                "alipay",
                accounts.alipay(),
                code: "283456789012345678",
                request: "alipay/pay.request",
                answer: recorded("alipay/pay-paid.response")
            ),
            try call(
                "alipay, certificate mode",
                accounts.alipayCertificates(),
                code: "283456789012345678",
                request: nil,
                answer: InboundResponse(status: 200, body: named(recorded("alipay/pay-paid.response").body))
            ),
            try call(
                "unionpay",
                accounts.unionPay(),
                code: "6220835931895481436",
                request: "unionpay/pay.request",
                answer: recorded("unionpay/pay-accepted.response")
            ),
            try call(
                "wechatpay v3",
                accounts.weChatPayV3(),
                code: "134567890123456789",
                request: "wechatpay-v3/pay.request",
                answer: weChatPayV3Answer(recordings)
            ),
            try call(
                "wechatpay v2",
                accounts.weChatPay(),
                code: "134567890123456789",
                request: "wechatpay/pay.request",
                answer: recorded("wechatpay/pay-paid.response"),
                isSignedWithRSA: false
            ),
            try call(
                "qqwallet",
                accounts.qqWallet(),
                code: "910728310408849937",
                request: "qqwallet/pay.request",
                answer: recorded("qqwallet/pay-paid.response"),
                isSignedWithRSA: false
            ),
        ]
    }

    /// Alipay's answer with the serial text of the certificate `keys/certificates/wallet.pem`, which nothing signs.
    private static func named(_ answer: [UInt8]) -> [UInt8] {
        let serial = ",\"alipay_cert_sn\":\"6ada307410c988555db2ba27d3a68230\""
        guard let end = answer.indices.last(where: { answer[$0...].starts(with: ",\"sign\":".utf8) }) else {
            return answer
        }
        return [UInt8](answer[..<end]) + serial.utf8 + answer[end...]
    }

    /// No answer of V3 is recorded: its signature covers a time.
    private static func weChatPayV3Answer(_ recordings: Recordings) throws -> InboundResponse {
        let body = """
            {"appid":"wx0000000000000001","mchid":"1900000001","out_trade_no":"\(Sale.number)",\
            "transaction_id":"4200002026112200000000000001","trade_type":"MICROPAY","bank_type":"OTHERS",\
            "success_time":"2026-11-22T18:30:02+08:00","trade_state":"SUCCESS","trade_state_desc":"支付成功",\
            "attach":"\(Sale.nonce)","payer":{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},\
            "amount":{"total":1290,"payer_total":1290,"currency":"CNY","payer_currency":"CNY"}}
            """
        let time = Sale.now.milliseconds / 1000
        let nonce = "A1B2C3D4E5F60718"
        let key = try _RSA.Signing.PrivateKey(pemRepresentation: recordings.text("keys/wallet-private.pem"))
        let digest = SHA256.hash(data: Data("\(time)\n\(nonce)\n\(body)\n".utf8))
        let signature = try key.signature(for: digest, padding: .insecurePKCS1v1_5)
        return InboundResponse(
            status: 200,
            headers: [
                OutboundRequest.Header(name: "Wechatpay-Timestamp", value: "\(time)"),
                OutboundRequest.Header(name: "Wechatpay-Nonce", value: nonce),
                OutboundRequest.Header(
                    name: "Wechatpay-Signature",
                    value: signature.rawRepresentation.base64EncodedString()
                ),
                OutboundRequest.Header(name: "Wechatpay-Serial", value: Accounts.publicKeyID),
            ],
            body: [UInt8](body.utf8),
            receivedAt: Sale.now
        )
    }
}
