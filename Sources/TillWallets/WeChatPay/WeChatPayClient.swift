// Part of Tillbridge. See LICENSE.
package import TillDomain
package import TillEngine

/// WeChat Pay's barcode payment, V2: flat XML, signed with a shared key. Reverse and refund also ask for the
/// merchant's client certificate.
///
/// - SeeAlso: pay.weixin.qq.com, 付款码支付 V2: micropay, orderquery, reverse, refund, refundquery.
package struct WeChatPayClient: WalletAdapter {
    package let wallet = Wallet.weChatPay
    package let schedule = WalletSchedule.weChatPay

    private let appID: [UInt8]
    private let merchantID: [UInt8]
    /// The address of the calling machine, which the wallet wants in each payment.
    private let machine: [UInt8]
    private let signing: KeyedSigning

    init(appID: String, merchantID: String, machine: String = "127.0.0.1", signing: KeyedSigning) {
        self.appID = [UInt8](appID.utf8)
        self.merchantID = [UInt8](merchantID.utf8)
        self.machine = [UInt8](machine.utf8)
        self.signing = signing
    }

    static func open(_ settings: WalletSettings) throws(WalletSettingsError) -> WalletRegistry.OpenedAdapter {
        let appID = try settings.required("appID")
        let merchantID = try settings.required("mchID")
        for (name, value) in [("appID", appID), ("mchID", merchantID)]
        where DisplayText.token([UInt8](value.utf8), limit: 32) == nil {
            throw settings.unusable(name, "it is at most 32 letters and digits, without spaces")
        }
        let machine = settings.optional("machineAddress") ?? "127.0.0.1"
        guard DisplayText.token([UInt8](machine.utf8), limit: 64) != nil else {
            throw settings.unusable("machineAddress", "it is the IP address from which this cloud calls the wallet")
        }
        let adapter = WeChatPayClient(
            appID: appID,
            merchantID: merchantID,
            machine: machine,
            signing: try signing(settings)
        )
        return WalletRegistry.OpenedAdapter(adapter: adapter, clientCertificate: try settings.clientCertificate())
    }

    private static func signing(_ settings: WalletSettings) throws(WalletSettingsError) -> KeyedSigning {
        let keys = try settings.apiKeys("it is the API key of V2, 32 characters (not the one of APIv3)")
        let kind: KeyedSigning.Kind
        switch settings.optional("signType") {
        case nil, "HMAC-SHA256": kind = .hmacSHA256
        case "MD5": kind = .md5
        default: throw settings.unusable("signType", "it is HMAC-SHA256 or MD5")
        }
        return KeyedSigning(kind: kind, key: keys.key, previousKey: keys.previous)
    }

    // MARK: Out

    package func request(
        for operation: WalletOperation,
        at now: Timestamp,
        message: MessageID
    ) throws(WalletError) -> OutboundRequest {
        signed(
            try WeChatPayCodec.fields(operation, machine: machine),
            path: WeChatPayCodec.path(operation),
            message: message,
            needsCertificate: WeChatPayCodec.needsCertificate(operation),
            readTimeout: WalletTimeouts.read(operation)
        )
    }

    /// A request with the fields that every call has.
    func signed(
        _ call: MessageFields,
        path: String,
        message: MessageID,
        needsCertificate: Bool = false,
        readTimeout: Int64
    ) -> OutboundRequest {
        var fields: MessageFields = [
            "appid": appID,
            "mch_id": merchantID,
            "nonce_str": message.bytes,
            "sign_type": signing.kind.name.bytes,
        ]
        fields += call
        fields.append("sign", signing.sign(fields))
        return OutboundRequest(
            target: path,
            headers: [OutboundRequest.Header(name: "Content-Type", value: "text/xml; charset=utf-8")],
            body: FlatXML.write(fields),
            needsClientCertificate: needsCertificate,
            connectTimeout: WalletTimeouts.connect,
            readTimeout: readTimeout
        )
    }

    // MARK: In

    package func read(_ response: InboundResponse, of operation: WalletOperation) -> WalletReading {
        let malformed = WalletReading(outcome: operation.unknown(.malformed))
        guard response.status == 200, let document = FlatXML(response.body) else { return malformed }
        let answer = TradeAnswer(document: document)
        guard signing.isValid(document) else {
            return answer.isUnsignedFailure
                ? unprocessed(answer, of: operation)
                : WalletReading(outcome: operation.unknown(.badSignature), alarm: .forgedAnswer)
        }
        // The signature covers neither the path nor the request, so that the answer must name what was asked.
        guard answer.agrees("appid", appID), answer.agrees("mch_id", merchantID),
            answer.agrees("out_trade_no", operation.order.number.bytes)
        else { return WalletReading(outcome: operation.unknown(.malformed), alarm: .forgedAnswer) }
        guard answer.says("SUCCESS", in: "return_code") else { return unprocessed(answer, of: operation) }
        if answer.says("SUCCESS", in: "result_code") {
            return success(answer, of: operation) ?? malformed
        }
        guard answer.says("FAIL", in: "result_code"), let code = answer.code("err_code") else { return malformed }
        if case .cancel = operation, answer.says("Y", in: "recall") {
            return WalletReading(outcome: .cancel(.retry), code: code)
        }
        return WeChatPayErrorMap.reading(code, of: operation)
    }

    private func unprocessed(_ answer: TradeAnswer, of operation: WalletOperation) -> WalletReading {
        guard let code = answer.code("return_code") else {
            return WalletReading(outcome: operation.unknown(.malformed))
        }
        // SYSTEMERROR has been seen in here.
        return code == "FAIL"
            ? WalletReading(outcome: operation.unknown(.notProcessed), code: code, alarm: .ourRequest)
            : WalletReading(outcome: operation.unknown(.walletUnsure), code: code)
    }

    private func success(_ answer: TradeAnswer, of operation: WalletOperation) -> WalletReading? {
        switch operation {
        case .pay: paid(answer)
        case .query: answer.found(WeChatPayErrorMap.tradeStates)
        case .cancel: answer.reversed()
        case .refund(let refund): answer.refunded(refund)
        case .refundQuery(let refund): answer.refundFound(refund, WeChatPayErrorMap.refundStates)
        case .returns(let order): answer.returned(order)
        }
    }

    /// The answers to a query and to a refund have the same fields and more: they are not an answer to pay.
    private func paid(_ answer: TradeAnswer) -> WalletReading? {
        let foreign: [StaticString] = ["trade_state", "recall", "refund_id", "out_refund_no", "refund_count"]
        guard answer.says("MICROPAY", in: "trade_type"), !foreign.contains(where: { answer.has($0) }),
            let trade = answer.trade
        else { return nil }
        return WalletReading(outcome: .pay(.paid(trade)), code: "SUCCESS")
    }
}
