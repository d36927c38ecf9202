// Part of Tillbridge. See LICENSE.
import Foundation

package enum UnionPayAnswer: Sendable {
    case consume(PayAnswer)
    case query(UnionPayWallet.Finding?, echoesReserved: Bool)
    case reverse(UnionPayWallet.ReverseAnswer)
    case giveBack(UnionPayWallet.GiveBackAnswer)
    /// Nil: there is none, or not yet.
    case bill(UnionPaySettlementFile?)
}

extension UnionPayFace {
    package func operation(of call: UnionPayCall, in state: SandboxState) -> SandboxOperation {
        guard case .query(let reference) = call.content else { return call.operation }
        return state.unionPay.giveBack(reference) == nil ? .query : .refundQuery
    }

    package func execute(
        _ call: UnionPayCall,
        on state: inout SandboxState,
        at now: Int64,
        course: RefundCourse
    ) -> UnionPayAnswer {
        switch call.content {
        case .consume(let request):
            return .consume(state.unionPay.pay(request, policies: state.policies, at: now, using: &state.generator))
        case .query(let reference):
            return .query(
                state.unionPay.query(reference, policies: state.policies, at: now),
                echoesReserved: state.policies[.echoesFreeData] == "echoed"
            )
        case .reverse(let number, let time):
            return .reverse(state.unionPay.reverse(number: number, time: time, at: now))
        case .giveBack(let request):
            return .giveBack(state.unionPay.giveBack(request, course: course, at: now, using: &state.generator))
        case .bill(let settleDate):
            return .bill(.find(settleDate: settleDate, merID: merID, in: state.unionPay.book, at: now))
        }
    }

    package func reply(_ answer: UnionPayAnswer, to call: UnionPayCall, distortion: Distortion) -> WalletReply {
        var fields: [String: String] = [:]
        var code = "00"
        var detail: String?
        switch answer {
        case .consume(.paid(let trade)), .consume(.waiting(let trade)):
            fields = ["queryId": trade.walletNumber, "txnAmt": String(trade.amount + distortion.amountShift)]
        case .consume(.refused(let refusal)):
            code = UnionPayErrors.code(of: refusal)
        case .query(nil, _), .reverse(.refused("34")):
            code = "34"
        case .query(.some(let finding), let echoesReserved):
            return query(finding, echoesReserved: echoesReserved, to: call, distortion)
        case .reverse(.done(let trade)):
            fields = ["queryId": trade.walletNumber]
        case .reverse(.refused(let refusal)):
            code = refusal
        case .giveBack(.accepted(let record)):
            fields = ["queryId": record.walletNumber, "txnAmt": String(record.amount + distortion.amountShift)]
        case .giveBack(.refused(let refusal, let more)):
            code = refusal
            detail = more
        case .bill(.some(let file)):
            fields = [
                "fileName": file.fileName, "fileType": "00",
                "fileContent": Data(Compression.zlib.compress(file.archive)).base64EncodedString(),
            ]
        case .bill(nil):
            code = "98"
        }
        return write(fields, code: code, detail: detail, echoes: call.echoes, distortion: distortion)
    }

    /// The transaction asked about: its own number, time and type stand where the query had its.
    private func query(
        _ finding: UnionPayWallet.Finding,
        echoesReserved: Bool,
        to call: UnionPayCall,
        _ distortion: Distortion
    ) -> WalletReply {
        let outcome = UnionPayWallet.outcome(of: finding)
        var fields: [String: String]
        let amount: Int64
        let settledAt: Int64?
        let card: String
        switch finding {
        case .sale(let trade):
            fields = trade.echoes
            fields["orderId"] = trade.merchantOrderNumber
            fields["txnTime"] = trade.orderTime
            fields["queryId"] = trade.walletNumber
            (amount, settledAt, card) = (trade.amount, trade.paidAt, trade.shopper)
        case .giveBack(let trade, let record):
            fields = record.echoes ?? [:]
            fields["orderId"] = record.number
            fields["txnTime"] = record.orderTime
            fields["queryId"] = record.walletNumber
            fields["origOrderId"] = trade.merchantOrderNumber
            fields["origTxnTime"] = trade.orderTime
            (amount, card) = (record.amount, trade.shopper)
            settledAt = record.state == .done ? record.settlesAt : nil
        }
        let shown = String(amount + distortion.amountShift)
        fields["origRespCode"] = outcome
        fields["origRespMsg"] = UnionPayErrors.message(of: outcome, detail: nil)
        fields["txnAmt"] = shown
        fields["currencyCode"] = "156"
        fields["termId"] = nil
        if !echoesReserved { fields["reqReserved"] = nil }
        if let settledAt {
            let time = ChinaTime(milliseconds: settledAt).compact
            fields["traceNo"] = String((fields["queryId"] ?? "").suffix(6))
            fields["traceTime"] = String(time.dropFirst(4))
            fields["settleDate"] = UnionPayWallet.settleDate(settledAt)
            fields["settleAmt"] = shown
            fields["settleCurrencyCode"] = "156"
            fields["payCardType"] = "01"
            fields["accNo"] = "6216***********" + ShopperIdentity.digits(of: card, count: 4)
        }
        var echoes = call.echoes
        // The query's own free data is not the transaction's.
        echoes["reqReserved"] = nil
        return write(fields, code: "00", echoes: echoes, distortion: distortion)
    }

    package func reply(_ substitute: SubstituteAnswer, to call: UnionPayCall) -> WalletReply {
        switch substitute {
        // Both mean at this wallet: the outcome is not known, ask or send again.
        case .systemError, .callAgain: write([:], code: "03", echoes: call.echoes)
        case .unsignedError: writeUnsigned(code: "99")
        case .foreignCharset: write([:], code: "03", echoes: call.echoes, charset: .gbk)
        }
    }
}

/// UnionPay's response codes, as far as the sandbox gives them.
enum UnionPayErrors {
    static func code(of refusal: PayRefusal) -> String {
        switch refusal {
        case .codeUnknown: "88"
        case .codeExpired, .codeUsed: "86"
        case .insufficient: "64"
        case .risk: "38"
        case .inconsistent, .otherShopper, .alreadyPaid, .alreadyClosed: "12"
        case .alreadyReversed: "46"
        case .expiryPassed: "42"
        }
    }

    /// The text of a code and, in brackets, the gateway's seven digits or what else says more.
    static func message(of code: String, detail: String?) -> String {
        "\(text(of: code))[\(detail ?? (code == "00" ? "0000000" : code + "00000"))]"
    }

    private static func text(of code: String) -> String {
        switch code {
        case "00": "成功"
        case "01": "交易失败"
        case "03": "交易通讯超时，请发起查询交易"
        case "05": "交易已受理，请稍后查询交易结果"
        case "10": "报文格式错误"
        case "11": "验证签名失败"
        case "12": "重复交易"
        case "13": "报文交易要素缺失"
        case "31": "商户状态不正确"
        case "32": "无此交易权限"
        case "34": "查无此交易"
        case "35": "原交易不存在或状态不正确"
        case "36": "与原交易信息不符"
        case "38": "风险受限"
        case "45": "原交易已被成功退货或已被成功撤销"
        case "46": "交易已被冲正"
        case "60": "交易失败，详情请咨询您的发卡行"
        case "64": "卡内余额不足"
        case "69": "交易超时"
        case "86": "二维码状态错误"
        case "88": "查无此二维码"
        case "98": "文件不存在"
        default: "系统繁忙"
        }
    }
}
