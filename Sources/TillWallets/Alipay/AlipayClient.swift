// Part of Tillbridge. See LICENSE.
package import TillDomain
package import TillEngine

/// Alipay's face-to-face barcode payment over the classic gateway, RSA2, key mode or certificate mode.
///
/// - SeeAlso: opendocs.alipay.com, 当面付, `alipay.trade.pay`, `.query`, `.cancel`, `.refund`,
///   `alipay.trade.fastpay.refund.query`, version 1.0.
package struct AlipayClient: WalletAdapter {
    package let wallet = Wallet.alipay
    package let schedule = WalletSchedule.alipay

    private let appID: [UInt8]
    let signing: AlipaySigning
    /// Whether the wallet is on the public network, where nothing goes without TLS.
    let isSecure: Bool

    init(appID: String, signing: AlipaySigning, isSecure: Bool) {
        self.appID = [UInt8](appID.utf8)
        self.signing = signing
        self.isSecure = isSecure
    }

    static func open(_ settings: WalletSettings) throws(WalletSettingsError) -> WalletRegistry.OpenedAdapter {
        let appID = try settings.required("appID")
        guard DisplayText.token([UInt8](appID.utf8), limit: 32) != nil else {
            throw settings.unusable("appID", "it is at most 32 letters and digits, without spaces")
        }
        return WalletRegistry.OpenedAdapter(
            adapter: AlipayClient(
                appID: appID,
                signing: try AlipaySigning.open(settings),
                isSecure: settings.baseURL.hasPrefix("https://")
            )
        )
    }

    // MARK: Out

    package func request(
        for operation: WalletOperation,
        at now: Timestamp,
        message: MessageID
    ) throws(WalletError) -> OutboundRequest {
        try signed(
            AlipayCodec.method(operation),
            AlipayCodec.content(operation),
            at: now,
            readTimeout: WalletTimeouts.read(operation)
        )
    }

    func signed(
        _ method: StaticString,
        _ content: [UInt8],
        at now: Timestamp,
        readTimeout: Int64
    ) throws(WalletError) -> OutboundRequest {
        guard let time = ChinaTime(now) else { throw .malformed(field: "timestamp") }
        let form: MessageFields = ["biz_content": content]
        var common = MessageFields()
        common.append("app_id", appID)
        common.append("charset", "utf-8")
        common.append("format", "JSON")
        common.append("method", method)
        common.append("sign_type", "RSA2")
        common.append("timestamp", time.spaced)
        common.append("version", "1.0")
        common += signing.names
        common.append("sign", try signing.sign((common + form).signedText(without: "sign")))
        // The charset must be in the query: the gateway decodes the body with it before it parses the body. The code
        // of the shopper is in the body alone, since queries end up in logs.
        return OutboundRequest(
            target: "/gateway.do?" + String(decoding: Percent.form(common), as: UTF8.self),
            headers: [
                OutboundRequest.Header(
                    name: "Content-Type",
                    value: "application/x-www-form-urlencoded;charset=utf-8"
                )
            ],
            body: Percent.form(form),
            connectTimeout: WalletTimeouts.connect,
            readTimeout: readTimeout
        )
    }

    // MARK: In

    package func read(_ response: InboundResponse, of operation: WalletOperation) -> WalletReading {
        let malformed = WalletReading(outcome: operation.unknown(.malformed))
        guard response.status == 200, response.body.count <= AlipayClient.answerLimit,
            let envelope = AlipayEnvelope(response.body, node: AlipayCodec.node(AlipayCodec.method(operation)))
        else { return malformed }
        guard let signed = signing.verified(envelope) else { return unverified(envelope, of: operation) }
        guard let answer = AlipayAnswer(signed, encoding: envelope.encoding) else { return malformed }
        // The signature covers neither the node's name nor the request. What an error node says of a success, and
        // what a genuine answer to another call or order says, is nothing that was asked.
        guard answer.isAbout(operation.order, required: false) else {
            return WalletReading(outcome: operation.unknown(.malformed), alarm: .forgedAnswer)
        }
        if envelope.isError, answer.code == "10000" || answer.code == "10003" { return malformed }
        switch (answer.code, operation) {
        case ("10000", _):
            return WalletReading(
                outcome: success(answer, of: operation) ?? operation.unknown(.malformed),
                code: answer.code
            )
        case ("10003", .pay):
            return WalletReading(outcome: .pay(.waitingForShopper), code: answer.code)
        default:
            return AlipayErrorMap.reading(code: answer.code, subCode: answer.subCode, of: operation)
        }
    }

    /// More than any answer to one of these calls; a larger one is not read.
    static let answerLimit = 1 << 18

    /// The gateway does not sign some of its errors. They are never believed, but those that speak of our set-up are
    /// worth a call.
    private func unverified(_ envelope: AlipayEnvelope, of operation: WalletOperation) -> WalletReading {
        let answer = AlipayAnswer(envelope.node, encoding: envelope.encoding)
        let isSetUp = envelope.signature == nil && ["40001", "40002", "20001", "40006"].contains(answer?.code)
        return WalletReading(
            outcome: operation.unknown(.badSignature),
            code: isSetUp ? answer?.subCode ?? answer?.code : nil,
            alarm: isSetUp ? .merchantAccount : .forgedAnswer
        )
    }

    private func success(_ answer: AlipayAnswer, of operation: WalletOperation) -> WalletOutcome? {
        switch operation {
        case .pay: paid(answer)
        case .query(let order), .returns(let order):
            answer.isAbout(order, required: true) ? found(answer) : nil
        case .cancel: cancelled(answer)
        case .refund(let refund): answer.isAbout(refund.order, required: true) ? refunded(answer) : nil
        case .refundQuery(let refund): refundFound(answer, refund)
        }
    }

    /// A query's and a refund's answer has the same fields and more: it is not an answer to pay.
    private func paid(_ answer: AlipayAnswer) -> WalletOutcome? {
        let foreign: [StaticString] = [
            "trade_status", "fund_change", "refund_fee", "refund_status", "out_request_no", "retry_flag",
        ]
        guard answer.text("gmt_payment") != nil, !foreign.contains(where: { answer.members.has($0) }),
            let trade = answer.trade
        else { return nil }
        return .pay(.paid(trade))
    }

    private func found(_ answer: AlipayAnswer) -> WalletOutcome? {
        guard let status = answer.text("trade_status") else { return nil }
        if ("WAIT_BUYER_PAY" as StaticString).matches(status) { return .query(.open) }
        if ("TRADE_CLOSED" as StaticString).matches(status) { return .query(.closed) }
        guard ("TRADE_SUCCESS" as StaticString).matches(status) || ("TRADE_FINISHED" as StaticString).matches(status)
        else { return .query(.unknown(.unlistedCode)) }
        return answer.trade.map { .query(.paid($0)) }
    }

    /// `action` tells what the cancel did. Without it, and without a trade number, Alipay knew no such order.
    private func cancelled(_ answer: AlipayAnswer) -> WalletOutcome? {
        if answer.says("Y", in: "retry_flag") { return .cancel(.retry) }
        guard answer.says("N", in: "retry_flag") else { return nil }
        if answer.says("close", in: "action") { return .cancel(.closed) }
        if answer.says("refund", in: "action") { return .cancel(.refunded) }
        return answer.text("action") == nil && answer.text("trade_no") == nil ? .cancel(.notFound) : nil
    }

    /// `refund_fee` is the sum over all refunds of the trade and decides nothing. Only "this call moved money" does.
    private func refunded(_ answer: AlipayAnswer) -> WalletOutcome? {
        guard answer.members.has("refund_fee") || answer.members.has("fund_change") else { return nil }
        return .refund(answer.says("Y", in: "fund_change") ? .done : .accepted)
    }

    /// An answer with hardly any fields is how Alipay says that there is no such refund.
    private func refundFound(_ answer: AlipayAnswer, _ refund: WalletRefund) -> WalletOutcome? {
        guard let status = answer.text("refund_status") else {
            return answer.members.has("trade_status") || answer.members.has("fund_change")
                ? nil : .refundQuery(.notFound)
        }
        guard ("REFUND_SUCCESS" as StaticString).matches(status) else { return .refundQuery(.unknown(.unlistedCode)) }
        guard answer.isAbout(refund.order, required: true), answer.text("out_request_no") == refund.number.bytes,
            answer.amount("refund_amount") == refund.amount
        else { return nil }
        return .refundQuery(.done)
    }
}
