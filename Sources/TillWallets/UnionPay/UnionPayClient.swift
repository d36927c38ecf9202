// Part of Tillbridge. See LICENSE.
package import TillDomain
package import TillEngine

/// UnionPay's barcode payment (62 codes) over the ACP gateway, version 5.1.0, as a directly connected merchant.
///
/// An accepted payment is not a paid one: only a query says *paid*. An order is named by its number and its time, and so
/// is a refund, which is an order of its own.
///
/// - SeeAlso: open.unionpay.com, 二维码产品接口规范 (消费被扫, 冲正, 退货, 交易状态查询), 平台接入接口规范 (报文签名, 应答码).
package struct UnionPayClient: WalletAdapter {
    package let wallet = Wallet.unionPay
    package let schedule = WalletSchedule.unionPay

    let codec: UnionPayCodec
    let signing: UnionPaySigning
    /// Where settlement files are, if not at the account's base URL.
    let fileHost: String?

    init(codec: UnionPayCodec, signing: UnionPaySigning, fileHost: String? = nil) {
        self.codec = codec
        self.signing = signing
        self.fileHost = fileHost
    }

    // MARK: Out

    package func request(
        for operation: WalletOperation,
        at now: Timestamp,
        message: MessageID
    ) throws(WalletError) -> OutboundRequest {
        try signed(
            try codec.fields(operation, certificateID: signing.certificateID),
            target: UnionPayCodec.path(operation),
            readTimeout: WalletTimeouts.read(operation)
        )
    }

    func signed(
        _ fields: MessageFields,
        target: String,
        readTimeout: Int64
    ) throws(WalletError) -> OutboundRequest {
        var fields = fields
        fields.append("signature", try signing.sign(fields))
        return OutboundRequest(
            target: target,
            headers: [
                OutboundRequest.Header(
                    name: "Content-Type",
                    value: "application/x-www-form-urlencoded;charset=UTF-8"
                )
            ],
            body: Percent.form(fields),
            connectTimeout: WalletTimeouts.connect,
            readTimeout: readTimeout
        )
    }

    // MARK: In

    package func read(_ response: InboundResponse, of operation: WalletOperation) -> WalletReading {
        let malformed = WalletReading(outcome: operation.unknown(.malformed))
        guard response.status == 200, let form = UnionPayForm(response.body) else { return malformed }
        guard signing.isValid(form, at: response.receivedAt) else {
            return WalletReading(outcome: operation.unknown(.badSignature), alarm: .forgedAnswer)
        }
        let answer = UnionPayAnswer(form: form)
        guard let code = answer.code("respCode") else { return malformed }
        switch codec.echo(of: operation, in: answer) {
        case .other: return WalletReading(outcome: operation.unknown(.malformed), alarm: .forgedAnswer)
        case .missing:
            // Who it is about it does not say, so that it decides nothing; that our message is wrong is worth a call.
            return WalletReading(
                outcome: operation.unknown(.malformed),
                code: code,
                alarm: UnionPayErrorMap.reading(code, of: operation).alarm
            )
        case .same: break
        }
        guard code == "00" else { return UnionPayErrorMap.reading(code, of: operation) }
        switch operation {
        case .pay: return WalletReading(outcome: .pay(.waitingForShopper), code: code)
        // Accepted; the query that follows every cancel shows whether it was done.
        case .cancel: return WalletReading(outcome: .cancel(.closed), code: code)
        case .refund(let refund):
            return answer.amount("txnAmt") == refund.amount
                ? WalletReading(outcome: .refund(.accepted), code: code) : malformed
        case .query: return found(answer) ?? malformed
        case .refundQuery(let refund): return refundFound(answer, refund) ?? malformed
        case .returns(let order): return returned(answer, order) ?? malformed
        }
    }

    /// `respCode` is about the query, `origRespCode` about the order.
    private func found(_ answer: UnionPayAnswer) -> WalletReading? {
        guard let code = answer.code("origRespCode") else { return nil }
        if UnionPayErrorMap.success.contains(code) {
            return answer.trade.map { WalletReading(outcome: .query(.paid($0)), code: code) }
        }
        return UnionPayErrorMap.orderReading(code)
    }

    private func refundFound(_ answer: UnionPayAnswer, _ refund: WalletRefund) -> WalletReading? {
        guard let code = answer.code("origRespCode") else { return nil }
        let reading = UnionPayErrorMap.refundReading(code)
        guard reading.outcome == .refundQuery(.done) else { return reading }
        return answer.amount("txnAmt") == refund.amount && answer.isYuan ? reading : nil
    }

    /// No call of UnionPay's lists the refunds of an order. Asked for is the undo's own refund, the only one that
    /// follows from the order: it is the whole amount, and what is left is never more than without it.
    private func returned(_ answer: UnionPayAnswer, _ order: WalletOrder) -> WalletReading? {
        refundFound(answer, order.undoRefund).map { reading in
            let outcome: QueryOutcome =
                switch reading.outcome {
                case .refundQuery(.done): .closed
                case .refundQuery(.pending): .returning
                case .refundQuery(.unknown(let cause)): .unknown(cause)
                default: .unknown(.refundExists)
                }
            return WalletReading(outcome: .query(outcome), code: reading.code, alarm: reading.alarm)
        }
    }
}
