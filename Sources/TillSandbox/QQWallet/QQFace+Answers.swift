// Part of Tillbridge. See LICENSE.

package enum QQAnswer: Sendable {
    case pay(PayAnswer)
    case query(Trade?, echoesAttach: Bool)
    case reverse(QQWallet.ReverseAnswer)
    case refund(KeyedRefundAnswer)
    case refundQuery(Trade, [RefundRecord])
    case noRefund
    case bill(Result<QQStatement, QQStatement.Absence>, isCompressed: Bool)
}

extension QQFace {
    package func execute(
        _ call: QQCall,
        on state: inout SandboxState,
        at now: Int64,
        course: RefundCourse
    ) -> QQAnswer {
        switch call.content {
        case .pay(let request):
            return .pay(state.qqWallet.pay(request, policies: state.policies, at: now, using: &state.generator))
        case .query(let order):
            return .query(
                state.qqWallet.query(order, policies: state.policies, at: now),
                echoesAttach: state.policies[.echoesFreeData] == "echoed"
            )
        case .reverse(let number):
            return .reverse(state.qqWallet.reverse(number: number, policies: state.policies, at: now))
        case .refund(let request):
            return .refund(state.qqWallet.refund(request, course: course, at: now, using: &state.generator))
        case .refundQuery(let reference):
            guard let (trade, refunds) = state.qqWallet.refundQuery(reference) else { return .noRefund }
            return .refundQuery(trade, refunds)
        case .bill(let request):
            let statement = QQStatement.find(request, mchID: keys.mchID, in: state.qqWallet.book, at: now)
            return .bill(statement, isCompressed: request.isCompressed)
        }
    }

    package func reply(_ answer: QQAnswer, to call: QQCall, distortion: Distortion) -> WalletReply {
        let shift = distortion.amountShift
        switch answer {
        case .pay(.paid(let trade)):
            return write(order(trade, shift: shift, attach: true), to: call, distortion: distortion)
        case .pay(.waiting(let trade)):
            // Merchants have met both forms; every other order gets the second.
            guard trade.walletNumber.utf8.last.map({ $0 % 2 == 0 }) == true else {
                return error("USERPAYING", more: [("trade_state", "USERPAYING")], to: call, distortion)
            }
            return write(order(trade, shift: shift, attach: true), to: call, distortion: distortion)
        case .pay(.refused(let refusal)):
            return error(QQErrors.code(of: refusal), to: call, distortion)
        case .query(nil, _):
            return error("ORDERNOTEXIST", to: call, distortion)
        case .query(.some(let trade), let echoesAttach):
            return write(order(trade, shift: shift, attach: echoesAttach), to: call, distortion: distortion)
        case .reverse(.done):
            return write([("result_code", "SUCCESS"), ("recall", "N")], to: call, distortion: distortion)
        case .reverse(.refused(let code)):
            return error(code, more: [("recall", "N")], to: call, distortion)
        case .refund(.accepted(let trade, let record)):
            return write(refund(trade, record, shift: shift), to: call, distortion: distortion)
        case .refund(.refused(let code)):
            return error(code, to: call, distortion)
        case .refundQuery(let trade, let refunds):
            return write(refundQuery(trade, refunds, shift: shift), to: call, distortion: distortion)
        case .noRefund:
            return error("REFUNDNOTEXIST", to: call, distortion)
        case .bill(.success(let statement), let isCompressed):
            return WalletReply(
                status: 200,
                contentType: isCompressed ? "application/x-gzip" : "text/plain; charset=utf-8",
                body: isCompressed ? Compression.gzip.compress(statement.bytes) : statement.bytes,
                outcome: "SUCCESS"
            )
        // SANDBOX CHOICE: no document at hand lists these codes.
        case .bill(.failure(.notExist), _):
            return failure("STATEMENT_NOT_EXIST", "对账单不存在")
        case .bill(.failure(.creating), _):
            return failure("STATEMENT_CREATING", "对账单生成中")
        }
    }

    /// An order as micropay and the query report it; what only a paid order has is left out for the others.
    private func order(_ trade: Trade, shift: Int64, attach: Bool) -> [FlatXML.Field] {
        let state = QQWallet.tradeState(of: trade)
        let amount = String(trade.amount + shift)
        var fields: [FlatXML.Field] = [
            ("result_code", "SUCCESS"), ("device_info", trade.echoes["device_info"] ?? ""), ("trade_type", "MICROPAY"),
            ("trade_state", state), ("trade_state_desc", QQErrors.text(of: state)), ("fee_type", "CNY"),
            ("total_fee", amount), ("out_trade_no", trade.merchantOrderNumber),
            ("transaction_id", trade.walletNumber),
        ]
        if attach { fields.append(("attach", trade.echoes["attach"] ?? "")) }
        guard let paidAt = trade.paidAt else { return fields }
        return fields + [
            ("bank_type", "BALANCE"), ("cash_fee", amount), ("coupon_fee", "0"),
            ("time_end", ChinaTime(milliseconds: paidAt).compact),
            ("openid", ShopperIdentity.digits(of: trade.shopper, count: 32)),
        ]
    }

    private func refund(_ trade: Trade, _ record: RefundRecord, shift: Int64) -> [FlatXML.Field] {
        [
            ("result_code", "SUCCESS"), ("transaction_id", trade.walletNumber),
            ("out_trade_no", trade.merchantOrderNumber), ("total_fee", String(trade.amount)),
            ("out_refund_no", record.number), ("refund_id", record.walletNumber), ("refund_channel", "ORIGINAL"),
            ("refund_fee", String(record.amount + shift)),
        ]
    }

    private func refundQuery(_ trade: Trade, _ refunds: [RefundRecord], shift: Int64) -> [FlatXML.Field] {
        var fields: [FlatXML.Field] = [
            ("result_code", "SUCCESS"), ("transaction_id", trade.walletNumber),
            ("out_trade_no", trade.merchantOrderNumber), ("total_fee", String(trade.amount)),
            ("cash_fee", String(trade.amount)), ("fee_type", "CNY"), ("refund_count", String(refunds.count)),
        ]
        for (index, refund) in refunds.enumerated() {
            let amount = String(refund.amount + shift)
            fields += [
                ("out_refund_no_\(index)", refund.number), ("refund_id_\(index)", refund.walletNumber),
                ("refund_channel_\(index)", "ORIGINAL"), ("refund_fee_\(index)", amount),
                ("coupon_refund_fee_\(index)", "0"), ("cash_refund_fee_\(index)", amount),
                ("refund_recv_accout_\(index)", "QQ钱包余额"),
            ]
            let status =
                switch refund.state {
                case .processing: "PROCESSING"
                case .done: "SUCCESS"
                case .failed: "FAIL"
                }
            fields.append(("refund_status_\(index)", status))
        }
        return fields
    }

    package func reply(_ substitute: SubstituteAnswer, to call: QQCall) -> WalletReply {
        switch substitute {
        case .systemError:
            return error("SYSTEMERROR", more: call.operation == .cancel ? [("recall", "Y")] : [], to: call)
        case .unsignedError:
            return failure("SYSTEMERROR", QQErrors.text(of: "SYSTEMERROR"))
        case .foreignCharset:
            return gbkError(to: call)
        case .callAgain:
            // Success at both layers, and still not finished.
            return write([("result_code", "SUCCESS"), ("recall", "Y")], to: call, distortion: .none)
        }
    }

    /// A system error in GBK. The signature covers the bytes as they are sent.
    private func gbkError(to call: QQCall) -> WalletReply {
        let plain = error("SYSTEMERROR", to: call)
        guard let xml = try? FlatXML(parsing: plain.body),
            let bytes = Charset.gbk.encode(QQSignature.signedText(of: xml.fields, key: keys.apiKey))
        else { return plain }
        let fields = xml.fields.filter { $0.name != "sign" } + [("sign", QQSignature.sign(text: bytes))]
        return reply(FlatXML(fields: fields), outcome: plain.outcome, charset: .gbk)
    }
}

/// The codes the sandbox gives. QQ Wallet's own table is not public; these are its sibling's, WeChat Pay V2.
enum QQErrors {
    static func code(of refusal: PayRefusal) -> String {
        switch refusal {
        case .codeUnknown: "AUTH_CODE_INVALID"
        case .codeExpired: "AUTHCODEEXPIRE"
        case .codeUsed: "AUTH_CODE_ERROR"
        case .insufficient: "NOTENOUGH"
        case .risk: "TRADE_ERROR"
        case .inconsistent, .otherShopper: "OUT_TRADE_NO_USED"
        case .alreadyPaid: "ORDERPAID"
        case .alreadyClosed: "ORDERCLOSED"
        case .alreadyReversed: "ORDERREVERSED"
        case .expiryPassed: "PARAM_ERROR"
        }
    }

    static func text(of code: String) -> String {
        switch code {
        case "SYSTEMERROR": "系统繁忙，请稍后再试"
        case "AUTH_CODE_INVALID": "付款码无效"
        case "AUTHCODEEXPIRE": "付款码已过期，请刷新后再试"
        case "AUTH_CODE_ERROR": "付款码已被使用，请刷新后再试"
        case "NOTENOUGH": "余额不足"
        case "TRADE_ERROR": "交易错误"
        case "OUT_TRADE_NO_USED": "商户订单号重复"
        case "INVALID_REQUEST": "请求参数与订单不一致，或订单状态不允许"
        case "ORDERPAID": "订单已支付"
        case "ORDERCLOSED", "CLOSED": "订单已关闭"
        case "ORDERREVERSED", "REVOKED": "订单已撤销"
        case "ORDERNOTEXIST": "订单不存在"
        case "REFUNDNOTEXIST": "退款单不存在"
        case "REFUND_FEE_MISMATCH": "退款金额与之前的请求不一致"
        case "TRADE_OVERDUE": "订单已超过退款期限"
        case "SUCCESS": "支付成功"
        case "REFUND": "转入退款"
        case "USERPAYING": "用户支付中，等待输入密码"
        default: code
        }
    }
}
