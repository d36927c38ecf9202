// Part of Tillbridge. See LICENSE.
import CryptoExtras
import TillDomain
import TillEngine

@testable import TillWallets

/// Answers as a whole, through the adapters. Those that carry a shared key's signature are signed anew after each
/// change, so that what lies behind the check is reached; those with RSA must stay forgeries.
extension FuzzTarget {
    private static let fixtures = "Tests/TillWalletsTests/Fixtures/"
    private static let key = "Sandbox0Key0For0Unit0Tests000001"

    private static let order: WalletOrder? = {
        guard let number = OrderNumber("TQF000K703343G7H2000016R".utf8), let sale = SaleReference("S-1".utf8) else {
            return nil
        }
        return WalletOrder(
            Intent(
                orderNumber: number,
                saleReference: sale,
                amount: Money(fen: 1290),
                sign: [50, 56],
                codeLength: 18,
                routing: 1,
                startedAt: Timestamp(milliseconds: 1_795_343_400_000),
                nonce: Nonce(0x9f86_d081_884c_7d65)
            )
        )
    }()

    private static let operations: [WalletOperation] = {
        guard let order, let code = PaymentCode(scanned: "283456789012345678".utf8) else { return [] }
        let refund = order.undoRefund
        return [
            .pay(WalletPayment(order: order, code: code, subject: [], operatorName: [], items: [])), .query(order),
            .cancel(order), .refund(refund), .refundQuery(refund), .returns(order),
        ]
    }()

    private static func adapter(
        _ wallet: Wallet,
        _ version: String,
        _ fields: [String: String]
    ) -> (any WalletAdapter)? {
        let settings = try? WalletSettings(
            wallet: wallet,
            version: version,
            baseURL: "http://127.0.0.1:7300",
            fields: fields
        )
        return settings.flatMap { try? WalletRegistry.standard.account(from: $0).adapter }
    }

    private static let weChat = adapter(
        .weChatPay,
        "v2",
        ["appID": "wx0000000000000001", "mchID": "1900000001", "apiKey": key, "signType": "MD5"]
    )
    private static let qq = adapter(
        .qqWallet,
        "v1",
        ["mchID": "1900000109", "apiKey": key, "opUserID": "1900000109", "opUserPassword": "111111"]
    )

    /// Its keys are of no use to anybody: what is tried is either forged, or read as if it was not.
    private static let weChatV3: WeChatPayV3Client? = {
        guard let key = try? _RSA.Signing.PrivateKey(keySize: .bits2048),
            let wallet = try? _RSA.Signing.PrivateKey(keySize: .bits2048)
        else { return nil }
        return adapter(
            .weChatPay,
            "v3",
            [
                "appID": "wx0000000000000001", "mchID": "1900000001", "merchantSerial": "5DFB34A1",
                "merchantPrivateKey": key.pemRepresentation, "wechatpayPublicKeyID": "PUB_KEY_ID_1",
                "wechatpayPublicKey": wallet.publicKey.pemRepresentation,
            ]
        ) as? WeChatPayV3Client
    }()

    private static func readV3(_ body: [UInt8]) {
        guard let weChatV3 else { fatalError("the account does not open") }
        read(body, weChatV3Account, isForged: true)
        for operation in operations {
            for status in [200, 202] {
                let response = InboundResponse(status: status, body: body, receivedAt: now)
                guard let trade = isPaid(weChatV3.genuine(response, operation).outcome) else { continue }
                require(trade.amount.fen >= 0, "an amount is negative")
                require(trade.orderNumber == operation.order.number, "it is another order's payment")
            }
        }
    }

    private static let v3Seeds = [
        #"{"appid":"wx0000000000000001","mchid":"1900000001","out_trade_no":"TQF000K703343G7H2000016R","#
            + #""transaction_id":"4200002026112200000000000001","trade_type":"MICROPAY","trade_state":"SUCCESS","#
            + #""attach":"9f86d081884c7d65","amount":{"total":1290,"payer_total":1000,"currency":"CNY"}}"#,
        #"{"out_refund_no":"TQF000K703343G7H2000016RR00","out_trade_no":"TQF000K703343G7H2000016R","#
            + #""status":"SUCCESS","amount":{"total":1290,"refund":1290,"currency":"CNY"}}"#,
        #"{"out_trade_no":"TQF000K703343G7H2000016R","mchid":"1900000001"}"#,
        #"{"code":"USERPAYING","message":"需要"}"#, #"{"code":"ORDER_NOT_EXIST"}"#,
    ]

    private static func isPaid(_ outcome: WalletOutcome) -> WalletTrade? {
        switch outcome {
        case .pay(.paid(let trade)), .query(.paid(let trade)): trade
        default: nil
        }
    }

    private static let now = Timestamp(milliseconds: 1_795_343_401_234)

    /// An account, and the step whose answers are its statements: made once, since some are signed for.
    private struct Account {
        let adapter: any WalletAdapter
        let step: StatementStep

        init?(_ adapter: (any WalletAdapter)?) {
            guard let adapter, let day = StatementDay("2026-11-22".utf8),
                let request = try? adapter.statements.request(for: day, at: now, message: MessageID(1, 2))
            else { return nil }
            (self.adapter, step) = (adapter, request.step)
        }
    }

    private static let weChatAccount = Account(weChat)
    private static let weChatV3Account = Account(weChatV3)
    private static let qqAccount = Account(qq)

    private static func read(_ body: [UInt8], _ account: Account?, isForged: Bool) {
        guard let account, operations.count > 1 else { fatalError("the account does not open") }
        for (status, operation) in operations.map({ (200, $0) }) + [(400, operations[1])] {
            let response = InboundResponse(status: status, body: body, receivedAt: now)
            guard let trade = isPaid(account.adapter.read(response, of: operation).outcome) else { continue }
            require(!isForged, "a forgery is a payment")
            require(trade.amount.fen >= 0, "an amount is negative")
        }
        let response = InboundResponse(status: 200, body: body, receivedAt: now)
        _ = account.adapter.statements.read(response, of: account.step, message: MessageID(1, 2))
    }

    /// The same fields with the signature that they ask for.
    private static func signed(_ body: [UInt8]) -> [UInt8] {
        guard let document = FlatXML(body) else { return body }
        let signing = KeyedSigning(kind: .md5, key: Array(key.utf8))
        var fields = MessageFields()
        for place in document.fields.places where document.fields.name(place) != Array("sign".utf8)[...] {
            fields.append(document.fields.name(place), document.fields.value(place))
        }
        fields.append("sign", signing.sign(fields))
        return FlatXML.write(fields)
    }

    static let answers: [FuzzTarget] = [
        FuzzTarget("answer-wechatpay", corpus: [fixtures + "wechatpay"]) {
            read(signed($0), weChatAccount, isForged: false)
        },
        FuzzTarget("answer-wechatpay-v3", corpus: [fixtures + "wechatpay-v3"], seeds: v3Seeds) { readV3($0) },
        FuzzTarget("answer-qqwallet", corpus: [fixtures + "qqwallet"]) { read(signed($0), qqAccount, isForged: false) },
        FuzzTarget("answer-alipay", corpus: [fixtures + "alipay"]) { body in
            for encoding in [JSONMembers.Encoding.utf8, .gbk] { _ = AlipayAnswer(body, encoding: encoding) }
            guard let envelope = AlipayEnvelope(body, node: Array("alipay_trade_pay_response".utf8)) else { return }
            guard let answer = AlipayAnswer(envelope.node, encoding: envelope.encoding) else { return }
            require((answer.amount("total_amount")?.fen ?? 0) >= 0, "an amount is negative")
        },
        FuzzTarget("answer-unionpay", corpus: [fixtures + "unionpay"]) { body in
            guard let form = UnionPayForm(body) else { return }
            let answer = UnionPayAnswer(form: form)
            require((answer.trade?.amount.fen ?? 0) >= 0, "an amount is negative")
            _ = answer.code("respCode")
        },
    ]
}
