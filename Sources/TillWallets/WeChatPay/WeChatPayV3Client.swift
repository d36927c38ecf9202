// Part of Tillbridge. See LICENSE.
package import TillDomain
package import TillEngine

/// WeChat Pay's barcode payment, V3: JSON, signed with RSA in both directions.
///
/// Unlike V2 a payment cannot be given an end here: what keeps a request that was held up on the way from being
/// executed late is the age of its signature, which the wallet refuses after five minutes.
///
/// - SeeAlso: pay.weixin.qq.com, 付款码支付 APIv3: codepay, out-trade-no, reverse, refund/domestic/refunds.
package struct WeChatPayV3Client: WalletAdapter {
    package let wallet = Wallet.weChatPay
    package let schedule = WalletSchedule.weChatPay

    private let codec: WeChatPayV3Codec
    let signing: WeChatPayV3Signing
    /// Whether the wallet is on the public network, where nothing goes without TLS.
    let isSecure: Bool

    static func open(_ settings: WalletSettings) throws(WalletSettingsError) -> WalletRegistry.OpenedAdapter {
        let appID = try settings.required("appID")
        let merchantID = try settings.required("mchID")
        for (name, value) in [("appID", appID), ("mchID", merchantID)] where !isPlain(value) {
            throw settings.unusable(name, "it is at most 32 letters and digits, without spaces")
        }
        let machine = settings.optional("machineAddress") ?? "127.0.0.1"
        guard DisplayText.token([UInt8](machine.utf8), limit: 45) != nil else {
            throw settings.unusable("machineAddress", "it is the IP address from which this cloud calls the wallet")
        }
        let adapter = WeChatPayV3Client(
            codec: WeChatPayV3Codec(
                appID: [UInt8](appID.utf8),
                merchantID: [UInt8](merchantID.utf8),
                machine: [UInt8](machine.utf8)
            ),
            signing: try WeChatPayV3Signing.open(settings, merchantID: merchantID),
            isSecure: settings.baseURL.hasPrefix("https://")
        )
        return WalletRegistry.OpenedAdapter(adapter: adapter)
    }

    /// Both identities stand in paths and quoted in a header.
    private static func isPlain(_ text: String) -> Bool {
        (1...32).contains(text.utf8.count)
            && text.utf8.allSatisfy { (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) }
    }

    // MARK: Out

    package func request(
        for operation: WalletOperation,
        at now: Timestamp,
        message: MessageID
    ) throws(WalletError) -> OutboundRequest {
        let call = try codec.call(operation)
        return try signed(call, at: now, message: message, readTimeout: WalletTimeouts.read(operation))
    }

    /// What is signed is what is sent, byte for byte.
    func signed(
        _ call: WeChatPayV3Codec.Call,
        at now: Timestamp,
        message: MessageID,
        readTimeout: Int64
    ) throws(WalletError) -> OutboundRequest {
        let authorization = try signing.authorization(
            call.method,
            call.target,
            at: now,
            message: message,
            body: call.body
        )
        var headers = [
            OutboundRequest.Header(name: "Authorization", value: authorization),
            OutboundRequest.Header(name: "Accept", value: "application/json"),
            // The wallet refuses requests without one.
            OutboundRequest.Header(name: "User-Agent", value: "Tillbridge"),
        ]
        if !call.body.isEmpty {
            headers.append(OutboundRequest.Header(name: "Content-Type", value: "application/json"))
        }
        if let id = signing.publicKeyID { headers.append(OutboundRequest.Header(name: "Wechatpay-Serial", value: id)) }
        return OutboundRequest(
            method: call.method,
            target: call.target,
            headers: headers,
            body: call.body,
            connectTimeout: WalletTimeouts.connect,
            readTimeout: readTimeout
        )
    }

    // MARK: In

    package func read(_ response: InboundResponse, of operation: WalletOperation) -> WalletReading {
        switch response.status {
        case 200, 202: answered(response, operation)
        case 400..<500: refused(response, operation)
        case 500..<600:
            WalletReading(
                outcome: operation.unknown(.walletUnsure),
                code: WeChatPayV3Answer(response.body)?.code("code")
            )
        default: WalletReading(outcome: operation.unknown(.malformed))
        }
    }

    private func answered(_ response: InboundResponse, _ operation: WalletOperation) -> WalletReading {
        switch signing.verdict(response) {
        case .genuine: genuine(response, operation)
        case .probe: WalletReading(outcome: operation.unknown(.badSignature), code: "SIGNTEST")
        case .unsigned, .forged: WalletReading(outcome: operation.unknown(.badSignature), alarm: .forgedAnswer)
        }
    }

    /// What a success says whose signature is the wallet's.
    func genuine(_ response: InboundResponse, _ operation: WalletOperation) -> WalletReading {
        let malformed = WalletReading(outcome: operation.unknown(.malformed))
        guard let answer = WeChatPayV3Answer(response.body) else { return malformed }
        // The signature covers neither the path nor the request, so that the answer must name what was asked.
        guard answer.agrees("appid", codec.appID), answer.agrees("mchid", codec.merchantID),
            answer.agrees("out_trade_no", operation.order.number.bytes)
        else { return WalletReading(outcome: operation.unknown(.malformed), alarm: .forgedAnswer) }
        if response.status == 202 { return accepted(answer, operation) }
        let reading =
            switch operation {
            case .pay: paid(answer)
            case .query: found(answer)
            case .cancel: reversed(answer)
            case .refund(let refund): refunded(answer, refund)
            case .refundQuery(let refund): refundFound(answer, refund)
            case .returns(let order): returned(answer, order)
            }
        return reading ?? malformed
    }

    /// Taken over and not finished. Of a payment it says that the shopper is asked.
    private func accepted(_ answer: WeChatPayV3Answer, _ operation: WalletOperation) -> WalletReading {
        let code = answer.code("trade_state") ?? answer.code("code")
        if case .pay = operation, code == "USERPAYING" {
            return WalletReading(outcome: .pay(.waitingForShopper), code: code)
        }
        return WalletReading(outcome: operation.unknown(.walletUnsure), code: code)
    }

    /// The wallet's libraries check signatures of successes only, so that a refusal without one has to be read. It says
    /// nothing that the tables take for final: a decline waits for a query, and *not found* proves nothing before its
    /// time. A refusal with a signature is held to it.
    private func refused(_ response: InboundResponse, _ operation: WalletOperation) -> WalletReading {
        switch signing.verdict(response) {
        case .genuine, .unsigned: break
        case .probe: return WalletReading(outcome: operation.unknown(.badSignature), code: "SIGNTEST")
        case .forged: return WalletReading(outcome: operation.unknown(.badSignature), alarm: .forgedAnswer)
        }
        guard let code = WeChatPayV3Answer(response.body)?.code("code") else {
            return WalletReading(outcome: operation.unknown(.malformed))
        }
        return WeChatPayV3ErrorMap.reading(code, of: operation)
    }

    private func paid(_ answer: WeChatPayV3Answer) -> WalletReading? {
        guard let state = answer.code("trade_state") else { return nil }
        switch WeChatPayErrorMap.tradeStates[state]?.outcome {
        case .paid:
            guard answer.says("MICROPAY", in: "trade_type"), let trade = answer.trade else { return nil }
            return WalletReading(outcome: .pay(.paid(trade)), code: state)
        case .other(.open): return WalletReading(outcome: .pay(.waitingForShopper), code: state)
        case .other: return WalletReading(outcome: .pay(.unknown(.walletUnsure)), code: state)
        case nil: return WalletReading(outcome: .pay(.unknown(.unlistedCode)), code: state, alarm: .unlistedCode)
        }
    }

    private func found(_ answer: WeChatPayV3Answer) -> WalletReading? {
        guard answer.has("out_trade_no"), let state = answer.code("trade_state") else { return nil }
        return WeChatPayErrorMap.tradeStates.reading(state, answer.trade)
    }

    /// The answer to a query has the same members and more: it is not an answer to a reversal.
    private func reversed(_ answer: WeChatPayV3Answer) -> WalletReading? {
        let foreign: [StaticString] = ["trade_state", "transaction_id", "refund_id", "out_refund_no", "amount"]
        guard answer.has("out_trade_no"), answer.has("mchid"), !foreign.contains(where: { answer.has($0) }) else {
            return nil
        }
        return WalletReading(outcome: .cancel(.closed), code: "SUCCESS")
    }

    private func refunded(_ answer: WeChatPayV3Answer, _ refund: WalletRefund) -> WalletReading? {
        guard let (state, meaning) = refundState(answer, refund.number, refund.amount, refund.order) else { return nil }
        let outcome: RefundOutcome =
            switch meaning?.outcome {
            case .done: .done
            case .failed(let failure): .failed(failure)
            case .pending: .accepted
            case .notFound, .unknown, nil: .unknown(.unlistedCode)
            }
        return WalletReading(outcome: .refund(outcome), code: state, alarm: alarm(meaning))
    }

    private func refundFound(_ answer: WeChatPayV3Answer, _ refund: WalletRefund) -> WalletReading? {
        refundState(answer, refund.number, refund.amount, refund.order)
            .map { WeChatPayV3ErrorMap.refundStates.reading($0.state) }
    }

    /// The undo's own refund is of the whole amount, or it is not the undo's.
    private func returned(_ answer: WeChatPayV3Answer, _ order: WalletOrder) -> WalletReading? {
        guard let (state, meaning) = refundState(answer, order.number.refundNumber(0), order.amount, order) else {
            return nil
        }
        let outcome: QueryOutcome =
            switch meaning?.outcome {
            case .done: .closed
            case .pending: .returning
            default: .unknown(.refundExists)
            }
        return WalletReading(outcome: .query(outcome), code: state, alarm: alarm(meaning))
    }

    private func alarm(_ meaning: CodeMeaning<RefundQueryOutcome>?) -> WalletAlarm? {
        meaning.map(\.alarm) ?? .unlistedCode
    }

    /// Nil where the answer is about another refund.
    private func refundState(
        _ answer: WeChatPayV3Answer,
        _ number: RefundNumber,
        _ amount: Money,
        _ order: WalletOrder
    ) -> (state: String, meaning: CodeMeaning<RefundQueryOutcome>?)? {
        guard answer.text("out_refund_no") == number.bytes, answer.text("out_trade_no") == order.number.bytes,
            answer.amount("refund") == amount, answer.amount("total") == order.amount,
            let state = answer.code("status")
        else { return nil }
        return (state, WeChatPayV3ErrorMap.refundStates[state])
    }
}
