// Part of Tillbridge. See LICENSE.

/// What the books answered to a call, with what the reply needs beside it.
package enum AlipayAnswer: Sendable {
    case pay(PayAnswer)
    case query(Trade?, at: Int64, echoesFreeData: Bool)
    case cancel(AlipayWallet.CancelAnswer, at: Int64)
    case close(AlipayWallet.CloseAnswer)
    case refund(AlipayWallet.RefundAnswer)
    case refundQuery(Trade, RefundRecord?)
    case noTrade
    case bill(AlipayBillAnswer)
}

extension AlipayFace {
    package func execute(
        _ call: AlipayCall,
        on state: inout SandboxState,
        at now: Int64,
        course: RefundCourse
    ) -> AlipayAnswer {
        switch call.content {
        case .pay(let request):
            return .pay(state.alipay.pay(request, policies: state.policies, at: now, using: &state.generator))
        case .query(let order):
            return .query(
                state.alipay.query(order, policies: state.policies, at: now),
                at: now,
                echoesFreeData: state.policies[.echoesFreeData] == "echoed"
            )
        case .cancel(let order):
            return .cancel(state.alipay.cancel(order, policies: state.policies, at: now), at: now)
        case .close(let order):
            return .close(state.alipay.close(order, at: now))
        case .refund(let order, let number, let amount, let reason):
            return .refund(
                state.alipay.refund(
                    order,
                    number: number,
                    amount: amount,
                    reason: reason,
                    course: course,
                    at: now,
                    using: &state.generator
                )
            )
        case .refundQuery(let order, let number):
            guard let (trade, refund) = state.alipay.refundQuery(order, number: number) else { return .noTrade }
            return .refundQuery(trade, refund)
        case .bill(let request):
            return .bill(execute(request, on: state, at: now))
        }
    }

    package func reply(_ answer: AlipayAnswer, to call: AlipayCall, distortion: Distortion) -> WalletReply {
        write(
            node(for: answer, to: call, shift: distortion.amountShift),
            to: call.envelope,
            signed: true,
            distortion: distortion
        )
    }

    private func node(for answer: AlipayAnswer, to call: AlipayCall, shift: Int64) -> AlipayNode {
        switch answer {
        case .pay(let answer):
            return payNode(answer, number: call.merchantOrderNumber ?? "", shift: shift)
        case .query(let trade, let now, let echoesFreeData):
            guard let trade else { return notExist(call) }
            return queryNode(trade, at: now, echoesFreeData: echoesFreeData, shift: shift)
        case .cancel(let answer, _):
            return cancelNode(answer, number: call.merchantOrderNumber)
        case .close(.done(let trade)):
            var node = AlipayNode.success
            node.name(trade)
            return node
        case .close(.refused(let subCode)), .refund(.refused(let subCode)):
            return AlipayErrors.business(subCode)
        case .refund(.accepted(let trade, let record, let moved)):
            var node = AlipayNode.success
            node.name(trade)
            node.name(shopper: trade.shopper)
            node["fund_change"] = moved ? "Y" : "N"
            node["refund_fee"] = Yuan.text(trade.refundAccepted + shift)
            node["send_back_fee"] = Yuan.text(trade.refundDone)
            if record.state == .done {
                node["gmt_refund_pay"] = ChinaTime(milliseconds: record.settlesAt).spaced
            }
            return node
        case .refundQuery(let trade, let refund):
            var node = AlipayNode.success
            guard let refund else { return node }
            node.name(trade)
            node["out_request_no"] = refund.number
            node["refund_amount"] = Yuan.text(refund.amount + shift)
            node["total_amount"] = Yuan.text(trade.amount)
            node["refund_status"] = "REFUND_SUCCESS"
            node["refund_reason"] = refund.reason.isEmpty ? nil : refund.reason
            node["gmt_refund_pay"] = ChinaTime(milliseconds: refund.settlesAt).spaced
            return node
        case .noTrade:
            // This one is documented with and without its prefix.
            return AlipayErrors.business("TRADE_NOT_EXIST")
        case .bill(.refused(let subCode)):
            return AlipayErrors.business(subCode)
        case .bill(.address(let ticket, let origin, let isEmpty)):
            var node = AlipayNode.success
            node["bill_download_url"] = origin + AlipayBillFace.path + "?token=" + ticket.text(key: billKey)
            if isEmpty { node["bill_file_code"] = "EMPTY_DATA_WITH_BILL_FILE" }
            return node
        }
    }

    private func notExist(_ call: AlipayCall) -> AlipayNode {
        var node = AlipayErrors.business("ACQ.TRADE_NOT_EXIST")
        node["out_trade_no"] = call.merchantOrderNumber
        node.nothingPaid()
        return node
    }

    private func payNode(_ answer: PayAnswer, number: String, shift: Int64) -> AlipayNode {
        switch answer {
        case .paid(let trade):
            var node = AlipayNode.success
            node.name(trade)
            node.name(shopper: trade.shopper)
            node.paid(trade.amount + shift)
            node["gmt_payment"] = trade.paidAt.map { ChinaTime(milliseconds: $0).spaced }
            return node
        case .waiting(let trade):
            var node = AlipayNode(code: "10003", message: AlipayErrors.message(of: "10003"))
            node.name(trade)
            node.name(shopper: trade.shopper)
            node.nothingPaid()
            node["total_amount"] = Yuan.text(trade.amount + shift)
            return node
        case .refused(let refusal):
            var node = AlipayErrors.business(AlipayErrors.subCode(of: refusal))
            node["out_trade_no"] = number
            node.nothingPaid()
            return node
        }
    }

    private func queryNode(_ trade: Trade, at now: Int64, echoesFreeData: Bool, shift: Int64) -> AlipayNode {
        var node = AlipayNode.success
        node.name(trade)
        node.name(shopper: trade.shopper)
        node["trade_status"] = AlipayWallet.status(of: trade, at: now)
        if trade.paidAt != nil {
            node.paid(trade.amount + shift)
            node["send_pay_date"] = trade.paidAt.map { ChinaTime(milliseconds: $0).spaced }
        } else {
            node.nothingPaid()
            node["total_amount"] = Yuan.text(trade.amount + shift)
        }
        node["store_id"] = trade.echoes["store_id"]
        node["terminal_id"] = trade.echoes["terminal_id"]
        if echoesFreeData { node["passback_params"] = trade.echoes["passback_params"] }
        return node
    }

    private func cancelNode(_ answer: AlipayWallet.CancelAnswer, number: String?) -> AlipayNode {
        switch answer {
        case .done(let trade, let refunded):
            var node = AlipayNode.success
            node.name(trade)
            node["action"] = refunded ? "refund" : "close"
            node["retry_flag"] = "N"
            return node
        case .nothingFound:
            var node = AlipayNode.success
            node["out_trade_no"] = number
            node["retry_flag"] = "N"
            return node
        case .notExist:
            return AlipayErrors.business("ACQ.TRADE_NOT_EXIST")
        case .refused(let subCode):
            var node = AlipayErrors.business(subCode)
            node["retry_flag"] = "N"
            return node
        }
    }

    package func reply(_ substitute: SubstituteAnswer, to call: AlipayCall) -> WalletReply {
        switch substitute {
        case .systemError where call.operation == .cancel, .callAgain:
            // The documented spelling of this one.
            var node = AlipayErrors.business("AQC.SYSTEM_ERROR")
            node["retry_flag"] = "Y"
            node["out_trade_no"] = call.merchantOrderNumber
            return write(node, to: call.envelope, signed: true, distortion: .none)
        case .systemError where call.operation == .bill:
            let node = AlipayErrors.business("UNKNOWN_ERROR")
            return write(node, to: call.envelope, signed: true, distortion: .none)
        case .systemError:
            var node = AlipayErrors.business("ACQ.SYSTEM_ERROR")
            node["out_trade_no"] = call.merchantOrderNumber
            if call.operation == .pay { node.nothingPaid() }
            return write(node, to: call.envelope, signed: true, distortion: .none)
        case .unsignedError:
            return write(AlipayNode.unknownError, to: call.envelope, signed: false, distortion: .none)
        case .foreignCharset:
            let envelope = AlipayEnvelope(
                nodeName: call.envelope.nodeName,
                charset: .gbk,
                kind: call.envelope.kind
            )
            return write(AlipayNode.unknownError, to: envelope, signed: true, distortion: .none)
        }
    }
}

extension AlipayNode {
    fileprivate static let success = AlipayNode(code: "10000", message: AlipayErrors.message(of: "10000"))

    fileprivate static let unknownError = AlipayNode(
        code: "20000",
        message: AlipayErrors.message(of: "20000"),
        subCode: "aop.unknow-error",
        subMessage: "系统繁忙"
    )

    fileprivate mutating func name(_ trade: Trade) {
        self["trade_no"] = trade.walletNumber
        self["out_trade_no"] = trade.merchantOrderNumber
    }

    fileprivate mutating func name(shopper: String) {
        let digits = ShopperIdentity.digits(of: shopper, count: 12)
        self["buyer_user_id"] = "2088" + digits
        self["buyer_logon_id"] = "1\(digits.prefix(2))****\(digits.suffix(4))"
    }

    fileprivate mutating func nothingPaid() {
        for name in ["buyer_pay_amount", "invoice_amount", "point_amount", "receipt_amount"] { self[name] = "0.00" }
    }

    fileprivate mutating func paid(_ amount: Int64) {
        let text = Yuan.text(amount)
        for name in ["buyer_pay_amount", "invoice_amount", "receipt_amount", "total_amount"] { self[name] = text }
        self["point_amount"] = "0.00"
        fields["fund_bill_list"] = .list([["amount": text, "fund_channel": "ALIPAYACCOUNT"]])
    }
}
