// Part of Tillbridge. See LICENSE.

package enum WeChatAnswer: Sendable {
    case pay(PayAnswer)
    case query(Trade?, policies: Policies)
    case reverse(WeChatWallet.ReverseAnswer)
    case refund(KeyedRefundAnswer)
    case refundQuery(Trade, [RefundRecord])
    case noRefund
    case bill(Result<WeChatBill, WeChatBill.Absence>, isCompressed: Bool)
}

extension WeChatCall.Content {
    /// Carries the call out; the same books serve V2 and V3.
    func execute(
        on state: inout SandboxState,
        keys: SandboxKeys.WeChatPay,
        at now: Int64,
        course: RefundCourse
    ) -> WeChatAnswer {
        switch self {
        case .pay(let request):
            return .pay(state.weChatPay.pay(request, policies: state.policies, at: now, using: &state.generator))
        case .query(let order):
            return .query(
                state.weChatPay.query(order, policies: state.policies, at: now),
                policies: state.policies
            )
        case .reverse(let order):
            return .reverse(state.weChatPay.reverse(order, policies: state.policies, at: now))
        case .refund(let request):
            return .refund(state.weChatPay.refund(request, course: course, at: now, using: &state.generator))
        case .refundQuery(let reference):
            guard
                let (trade, refunds) = state.weChatPay.refundQuery(
                    reference,
                    policies: state.policies,
                    at: now
                )
            else { return .noRefund }
            return .refundQuery(trade, refunds)
        case .bill(let request):
            let bill = WeChatBill.find(request, keys: keys, in: state, at: now)
            return .bill(bill, isCompressed: request.isCompressed)
        }
    }
}

extension WeChatFace {
    package func execute(
        _ call: WeChatCall,
        on state: inout SandboxState,
        at now: Int64,
        course: RefundCourse
    ) -> WeChatAnswer {
        call.content.execute(on: &state, keys: keys, at: now, course: course)
    }

    package func reply(_ answer: WeChatAnswer, to call: WeChatCall, distortion: Distortion) -> WalletReply {
        let shift = distortion.amountShift
        switch answer {
        case .pay(.paid(let trade)):
            return write(
                [("result_code", "SUCCESS")] + paid(trade, shift: shift, attach: true),
                to: call,
                distortion: distortion
            )
        case .pay(.waiting):
            return error("USERPAYING", to: call, distortion)
        case .pay(.refused(let refusal)):
            return error(WeChatErrors.code(of: refusal), to: call, distortion)
        case .query(nil, _):
            return error("ORDERNOTEXIST", to: call, distortion)
        case .query(.some(let trade), let policies):
            return write(query(trade, shift: shift, policies: policies), to: call, distortion: distortion)
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
        case .bill(let bill, let isCompressed):
            return reply(bill, isCompressed: isCompressed)
        }
    }

    private func error(
        _ code: String,
        more: [FlatXML.Field] = [],
        to call: WeChatCall,
        _ distortion: Distortion
    ) -> WalletReply {
        write(
            [("result_code", "FAIL"), ("err_code", code), ("err_code_des", WeChatErrors.text(of: code))] + more,
            to: call,
            distortion: distortion
        )
    }

    private func paid(_ trade: Trade, shift: Int64, attach: Bool) -> [FlatXML.Field] {
        let amount = String(trade.amount + shift)
        var fields: [FlatXML.Field] = [
            ("openid", WeChatWallet.openID(of: trade.shopper)), ("is_subscribe", "N"),
            ("trade_type", "MICROPAY"), ("bank_type", "OTHERS"), ("fee_type", "CNY"), ("total_fee", amount),
            ("cash_fee", amount), ("cash_fee_type", "CNY"), ("transaction_id", trade.walletNumber),
            ("out_trade_no", trade.merchantOrderNumber),
        ]
        if attach { fields.append(("attach", trade.echoes["attach"] ?? "")) }
        if let paidAt = trade.paidAt { fields.append(("time_end", ChinaTime(milliseconds: paidAt).compact)) }
        return fields
    }

    private func query(_ trade: Trade, shift: Int64, policies: Policies) -> [FlatXML.Field] {
        let state = WeChatWallet.tradeState(of: trade, policies: policies)
        let attach = policies[.echoesFreeData] == "echoed"
        var fields: [FlatXML.Field] = [
            ("result_code", "SUCCESS"), ("trade_state", state), ("trade_state_desc", WeChatErrors.text(of: state)),
        ]
        // Only a paid order has the rest; the real wallet promises no more than these for the others.
        guard trade.paidAt != nil, state == "SUCCESS" || state == "REFUND" else {
            fields.append(("out_trade_no", trade.merchantOrderNumber))
            if attach { fields.append(("attach", trade.echoes["attach"] ?? "")) }
            return fields
        }
        return fields + paid(trade, shift: shift, attach: attach)
    }

    private func refund(_ trade: Trade, _ record: RefundRecord, shift: Int64) -> [FlatXML.Field] {
        [
            ("result_code", "SUCCESS"), ("transaction_id", trade.walletNumber),
            ("out_trade_no", trade.merchantOrderNumber), ("out_refund_no", record.number),
            ("refund_id", record.walletNumber), ("refund_fee", String(record.amount + shift)),
            ("total_fee", String(trade.amount)), ("fee_type", "CNY"), ("cash_fee", String(trade.amount)),
            ("cash_refund_fee", String(record.amount)),
        ]
    }

    private func refundQuery(_ trade: Trade, _ refunds: [RefundRecord], shift: Int64) -> [FlatXML.Field] {
        var fields: [FlatXML.Field] = [
            ("result_code", "SUCCESS"), ("transaction_id", trade.walletNumber),
            ("out_trade_no", trade.merchantOrderNumber), ("total_fee", String(trade.amount)), ("fee_type", "CNY"),
            ("cash_fee", String(trade.amount)), ("refund_count", String(refunds.count)),
        ]
        for (index, refund) in refunds.enumerated() {
            fields.append(("out_refund_no_\(index)", refund.number))
            fields.append(("refund_id_\(index)", refund.walletNumber))
            fields.append(("refund_channel_\(index)", "ORIGINAL"))
            fields.append(("refund_fee_\(index)", String(refund.amount + shift)))
            fields.append(("refund_account_\(index)", "REFUND_SOURCE_UNSETTLED_FUNDS"))
            fields.append(("refund_recv_accout_\(index)", "支付用户零钱"))
            switch refund.state {
            case .processing:
                fields.append(("refund_status_\(index)", "PROCESSING"))
            case .done:
                fields.append(("refund_status_\(index)", "SUCCESS"))
                fields.append(("refund_success_time_\(index)", ChinaTime(milliseconds: refund.settlesAt).spaced))
            case .failed:
                fields.append(("refund_status_\(index)", "REFUNDCLOSE"))
            }
        }
        return fields
    }

    package func reply(_ substitute: SubstituteAnswer, to call: WeChatCall) -> WalletReply {
        if case .bill = call.content { return billFailure("SYSTEMERROR") }
        switch substitute {
        case .systemError:
            let more: [FlatXML.Field] = call.operation == .cancel ? [("recall", "Y")] : []
            return error("SYSTEMERROR", more: more, to: call, .none)
        case .unsignedError:
            return failure("SYSTEMERROR")
        case .foreignCharset:
            return gbkError(to: call)
        case .callAgain:
            // Success at both layers, and still not finished.
            return write([("result_code", "SUCCESS"), ("recall", "Y")], to: call, distortion: .none)
        }
    }

    /// A system error whose text is in GBK. The signature covers the bytes as they are sent.
    private func gbkError(to call: WeChatCall) -> WalletReply {
        let utf8 = write(
            [("result_code", "FAIL"), ("err_code", "SYSTEMERROR"), ("err_code_des", "系统繁忙")],
            to: call,
            distortion: .none
        )
        guard var xml = try? FlatXML(parsing: utf8.body) else { return utf8 }
        let text = WeChatSignature.signedText(of: xml.fields, key: keys.apiKey)
        guard let bytes = Charset.gbk.encode(text) else { return utf8 }
        xml = FlatXML(
            fields: xml.fields.filter { $0.name != "sign" }
                + [("sign", WeChatSignature.sign(text: bytes, key: keys.apiKey, kind: call.kind))]
        )
        let body = Charset.gbk.encode(xml.text) ?? utf8.body
        return WalletReply(status: 200, contentType: utf8.contentType, body: body, outcome: utf8.outcome)
    }
}

/// WeChat Pay's texts for the codes the sandbox gives.
enum WeChatErrors {
    static func code(of refusal: PayRefusal) -> String {
        switch refusal {
        case .codeUnknown: "AUTH_CODE_INVALID"
        case .codeExpired: "AUTHCODEEXPIRE"
        case .codeUsed: "AUTH_CODE_ERROR"
        case .insufficient: "NOTENOUGH"
        case .risk: "TRADE_ERROR"
        case .inconsistent: "INVALID_REQUEST"
        case .otherShopper: "BUYER_MISMATCH"
        case .alreadyPaid: "ORDERPAID"
        case .alreadyClosed: "ORDERCLOSED"
        case .alreadyReversed: "ORDERREVERSED"
        case .expiryPassed: "PARAM_ERROR"
        }
    }

    static func text(of code: String) -> String {
        switch code {
        case "SYSTEMERROR": "系统超时"
        case "AUTH_CODE_INVALID": "请扫描微信支付被扫条码/二维码"
        case "AUTHCODEEXPIRE": "请扫描微信支付被扫条码/二维码(二维码已过期，请刷新再试)"
        case "AUTH_CODE_ERROR": "授权码参数错误：每个二维码仅限使用一次，请刷新再试"
        case "NOTENOUGH": "余额不足"
        case "TRADE_ERROR": "交易错误"
        case "INVALID_REQUEST": "无效请求：请求参数与首次请求不一致，或订单状态不允许"
        case "BUYER_MISMATCH": "支付帐号错误"
        case "ORDERPAID": "订单已支付"
        case "ORDERCLOSED": "订单已关闭"
        case "ORDERREVERSED": "订单已撤销"
        case "ORDERNOTEXIST": "此交易订单号不存在"
        case "REFUNDNOTEXIST": "退款订单查询失败"
        case "REFUND_FEE_MISMATCH": "订单金额或退款金额与之前请求不一致，请核实后再试"
        case "REVERSE_EXPIRE": "订单无法撤销：超过7天"
        case "TRADE_OVERDUE": "订单已经超过退款期限"
        case "SUCCESS": "支付成功"
        case "REFUND": "转入退款"
        case "USERPAYING": "需要用户输入支付密码"
        case "CLOSED": "已关闭"
        case "REVOKED": "已撤销"
        case "PAYERROR": "支付失败"
        default: code
        }
    }
}
