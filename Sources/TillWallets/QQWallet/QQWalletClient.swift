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

    private let merchant: QQWalletMerchant
    private let signing: KeyedSigning

    init(merchant: QQWalletMerchant, signing: KeyedSigning) {
        self.merchant = merchant
        self.signing = signing
    }

    static func open(_ settings: WalletSettings) throws(WalletSettingsError) -> WalletRegistry.OpenedAdapter {
        let merchant = try QQWalletMerchant(settings)
        let key = try settings.required("apiKey")
        let previousKey = settings.optional("previousAPIKey")
        for (name, value) in [("apiKey", key), ("previousAPIKey", previousKey ?? key)] where value.utf8.count != 32 {
            throw settings.unusable(name, "it is the API key that the merchant's portal shows, 32 characters")
        }
        let signing = KeyedSigning(
            kind: .md5,
            key: [UInt8](key.utf8),
            previousKey: previousKey.map { [UInt8]($0.utf8) }
        )
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
        var fields = try QQWalletCodec.fields(operation, of: merchant, message: message)
        fields.append(QQWalletCodec.field("sign", signing.sign(fields)))
        return OutboundRequest(
            target: QQWalletCodec.path(operation),
            headers: [OutboundRequest.Header(name: "Content-Type", value: "text/xml; charset=utf-8")],
            body: FlatXML.write(fields),
            needsClientCertificate: QQWalletCodec.needsCertificate(operation),
            connectTimeout: WalletTimeouts.connect,
            readTimeout: WalletTimeouts.read(operation)
        )
    }

    // MARK: In

    package func read(_ response: InboundResponse, of operation: WalletOperation) -> WalletReading {
        let malformed = WalletReading(outcome: operation.unknown(.malformed))
        guard response.status == 200, let document = FlatXML(response.body) else { return malformed }
        let answer = TradeAnswer(document: document)
        guard signing.isValid(document) else { return unverified(answer, of: operation) }
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

    /// A FAIL of the communication layer may come without a signature. It is never believed; that our message was not
    /// understood is worth a call all the same.
    private func unverified(_ answer: TradeAnswer, of operation: WalletOperation) -> WalletReading {
        guard !answer.has("sign"), answer.has("return_code"), !answer.says("SUCCESS", in: "return_code") else {
            return WalletReading(outcome: operation.unknown(.badSignature), alarm: .forgedAnswer)
        }
        return unprocessed(answer, of: operation)
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
        case .query: found(answer)
        case .cancel: reversed(answer)
        case .refund(let refund): refunded(answer, refund)
        case .refundQuery(let refund): refundFound(answer, refund)
        case .returns(let order): returned(answer, order)
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

    private func found(_ answer: TradeAnswer) -> WalletReading? {
        guard answer.has("out_trade_no"), let state = answer.code("trade_state") else { return nil }
        switch QQWalletErrorMap.tradeStates[state]?.outcome {
        case .paid: return answer.trade.map { WalletReading(outcome: .query(.paid($0)), code: state) }
        case .other(let outcome): return WalletReading(outcome: .query(outcome), code: state)
        case nil: return WalletReading(outcome: .query(.unknown(.unlistedCode)), code: state, alarm: .unlistedCode)
        }
    }

    /// Success alone is not the end: `recall` says whether to call again. Its values are WeChat Pay's, by analogy; where
    /// it says neither, the query that follows every cancel decides.
    private func reversed(_ answer: TradeAnswer) -> WalletReading? {
        if answer.says("Y", in: "recall") { return WalletReading(outcome: .cancel(.retry), code: "SUCCESS") }
        return answer.says("N", in: "recall") ? WalletReading(outcome: .cancel(.closed), code: "SUCCESS") : nil
    }

    /// Accepted, not completed: a refund query shows the end.
    private func refunded(_ answer: TradeAnswer, _ refund: WalletRefund) -> WalletReading? {
        answer.accepted(refund) ? WalletReading(outcome: .refund(.accepted), code: "SUCCESS") : nil
    }

    private func refundFound(_ answer: TradeAnswer, _ refund: WalletRefund) -> WalletReading? {
        guard let state = answer.refundState(refund) else { return nil }
        guard let meaning = QQWalletErrorMap.refundStates[state] else {
            return WalletReading(
                outcome: .refundQuery(.unknown(.unlistedCode)),
                code: state,
                alarm: .unlistedCode
            )
        }
        return WalletReading(outcome: .refundQuery(meaning.outcome), code: state, alarm: meaning.alarm)
    }

    private func returned(_ answer: TradeAnswer, _ order: WalletOrder) -> WalletReading? {
        answer.held(order).map { WalletReading(outcome: .query($0), code: "SUCCESS") }
    }
}
