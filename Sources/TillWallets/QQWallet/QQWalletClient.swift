// Part of Tillbridge. See LICENSE.
package import TillDomain
package import TillEngine

/// QQ Wallet's payment-code interface: flat XML, signed with a shared key. Reverse and refund go to another host, which
/// asks for the merchant's client certificate, and name an operator with a password.
///
/// - SeeAlso: mp.qpay.tenpay.cn, 付款码支付: qpay_micro_pay, qpay_order_query, qpay_reverse, qpay_refund,
///   qpay_refund_query.
package struct QQWalletClient: WalletAdapter {
    package let wallet = Wallet.qqWallet
    package let schedule = WalletSchedule.qqWallet

    let merchant: QQWalletMerchant
    private let signing: KeyedSigning

    init(merchant: QQWalletMerchant, signing: KeyedSigning) {
        self.merchant = merchant
        self.signing = signing
    }

    static func open(_ settings: WalletSettings) throws(WalletSettingsError) -> WalletRegistry.OpenedAdapter {
        let merchant = try QQWalletMerchant(settings)
        let keys = try settings.apiKeys("it is the API key that the merchant's portal shows, 32 characters")
        let signing = KeyedSigning(kind: .md5, key: keys.key, previousKey: keys.previous)
        return WalletRegistry.OpenedAdapter(
            adapter: QQWalletClient(merchant: merchant, signing: signing),
            clientCertificate: try settings.clientCertificate()
        )
    }

    // MARK: Out

    package func request(
        for operation: WalletOperation,
        at now: Timestamp,
        message: MessageID
    ) throws(WalletError) -> OutboundRequest {
        signed(
            try QQWalletCodec.fields(operation, of: merchant, message: message),
            target: QQWalletCodec.path(operation),
            needsClientCertificate: QQWalletCodec.needsCertificate(operation),
            readTimeout: WalletTimeouts.read(operation)
        )
    }

    func signed(
        _ fields: MessageFields,
        target: String,
        needsClientCertificate: Bool = false,
        readTimeout: Int64
    ) -> OutboundRequest {
        OutboundRequest(
            target: target,
            headers: [OutboundRequest.Header(name: "Content-Type", value: "text/xml; charset=utf-8")],
            body: FlatXML.write(fields + ["sign": signing.sign(fields)]),
            needsClientCertificate: needsClientCertificate,
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
        guard answer.agrees("mch_id", merchant.id), answer.agrees("out_trade_no", operation.order.number.bytes)
        else { return WalletReading(outcome: operation.unknown(.malformed), alarm: .forgedAnswer) }
        guard answer.says("SUCCESS", in: "return_code") else { return unprocessed(answer, of: operation) }
        if answer.says("SUCCESS", in: "result_code") { return success(answer, of: operation) ?? malformed }
        guard answer.says("FAIL", in: "result_code") else { return malformed }
        // "The shopper is typing" comes as an error code, as a state, or as both.
        if case .pay = operation, answer.says("USERPAYING", in: "trade_state") {
            return WalletReading(outcome: .pay(.waitingForShopper), code: "USERPAYING")
        }
        guard let code = answer.code("err_code") else { return malformed }
        if case .cancel = operation, answer.says("Y", in: "recall") {
            return WalletReading(outcome: .cancel(.retry), code: code)
        }
        return QQWalletErrorMap.reading(code, of: operation)
    }

    private func unprocessed(_ answer: TradeAnswer, of operation: WalletOperation) -> WalletReading {
        guard let code = answer.code("return_code") else {
            return WalletReading(outcome: operation.unknown(.malformed))
        }
        return WalletReading(
            outcome: operation.unknown(.notProcessed),
            code: code,
            alarm: code == "FAIL" ? .ourRequest : .unlistedCode
        )
    }

    private func success(_ answer: TradeAnswer, of operation: WalletOperation) -> WalletReading? {
        switch operation {
        case .pay: paid(answer)
        case .query: answer.found(QQWalletErrorMap.tradeStates)
        case .cancel: answer.reversed()
        case .refund(let refund): answer.refunded(refund)
        case .refundQuery(let refund): answer.refundFound(refund, QQWalletErrorMap.refundStates)
        case .returns(let order): answer.returned(order)
        }
    }

    /// The answers to pay and to a query have the same fields, and both are about the state of the order. In an answer
    /// to pay the state may be left out, which then means success.
    private func paid(_ answer: TradeAnswer) -> WalletReading? {
        let foreign: [StaticString] = ["recall", "refund_id", "out_refund_no", "refund_count"]
        guard answer.says("MICROPAY", in: "trade_type"), !foreign.contains(where: { answer.has($0) }) else {
            return nil
        }
        if answer.says("USERPAYING", in: "trade_state") {
            return WalletReading(outcome: .pay(.waitingForShopper), code: "USERPAYING")
        }
        guard !answer.has("trade_state") || answer.says("SUCCESS", in: "trade_state") else {
            return WalletReading(outcome: .pay(.unknown(.walletUnsure)), code: answer.code("trade_state"))
        }
        return answer.trade.map { WalletReading(outcome: .pay(.paid($0)), code: "SUCCESS") }
    }
}
