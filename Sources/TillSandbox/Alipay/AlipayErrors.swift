// Part of Tillbridge. See LICENSE.

/// Alipay's texts for the codes the sandbox gives.
enum AlipayErrors {
    static func message(of code: String) -> String {
        switch code {
        case "10000": "Success"
        case "10003": " order success pay inprocess"
        case "20000": "Service Currently Unavailable"
        case "40001": "Missing Required Arguments"
        case "40002": "Invalid Arguments"
        case "40004": "Business Failed"
        case "40006": "Insufficient Permissions"
        default: "Error"
        }
    }

    /// 40004 with a business code. `detail` is appended to the text.
    static func business(_ subCode: String, detail: String? = nil) -> AlipayNode {
        let text =
            switch subCode.split(separator: ".").last.map(String.init) ?? subCode {
            case "SYSTEM_ERROR": "系统错误"
            case "INVALID_PARAMETER": "参数无效"
            case "TRADE_NOT_EXIST": "交易不存在"
            case "TRADE_HAS_SUCCESS": "交易已被支付"
            case "TRADE_HAS_CLOSE": "交易已经关闭"
            case "TRADE_HAS_FINISHED": "交易已完结"
            case "TRADE_STATUS_ERROR": "交易状态不合法"
            case "TRADE_BUYER_NOT_MATCH": "交易买家不匹配"
            case "CONTEXT_INCONSISTENT": "交易信息被篡改"
            case "PAYMENT_AUTH_CODE_INVALID": "支付失败，获取顾客账户信息失败，请顾客刷新付款码后重新收款"
            case "BUYER_BALANCE_NOT_ENOUGH": "买家余额不足"
            case "PAYMENT_REQUEST_HAS_RISK": "支付有风险"
            case "TRADE_CANCEL_TIME_OUT": "超过撤销时间范围"
            case "REASON_TRADE_REFUND_FEE_ERR": "退款金额无效"
            case "REFUND_AMT_NOT_EQUAL_TOTAL": "退款金额超限"
            case "UNKNOWN_ERROR": "未知错误"
            case "INVAILID_ARGUMENTS": "入参不合法"
            case "BILL_NOT_EXIST": "账单不存在"
            case "TYPE_NOT_SUPPORTED": "账单类型不支持"
            case "DISCORDANT_REPEAT_REQUEST": "不一致的请求"
            default: "业务处理失败"
            }
        let detailed = detail.map { "\(text)：\($0)" } ?? text
        return AlipayNode(code: "40004", message: message(of: "40004"), subCode: subCode, subMessage: detailed)
    }

    static func subCode(of refusal: PayRefusal) -> String {
        switch refusal {
        case .codeUnknown, .codeExpired, .codeUsed: "ACQ.PAYMENT_AUTH_CODE_INVALID"
        case .insufficient: "ACQ.BUYER_BALANCE_NOT_ENOUGH"
        case .risk: "ACQ.PAYMENT_REQUEST_HAS_RISK"
        case .inconsistent: "ACQ.CONTEXT_INCONSISTENT"
        case .otherShopper: "ACQ.TRADE_BUYER_NOT_MATCH"
        case .alreadyPaid: "ACQ.TRADE_HAS_SUCCESS"
        case .alreadyClosed, .alreadyReversed: "ACQ.TRADE_HAS_CLOSE"
        case .expiryPassed: "ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR"
        }
    }
}
