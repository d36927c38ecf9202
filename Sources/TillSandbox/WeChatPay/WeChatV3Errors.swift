// Part of Tillbridge. See LICENSE.

/// An error as V3 reports it.
package struct WeChatV3Error: Error, Equatable, Sendable {
    package let status: Int
    package let code: String
    package let message: String
    /// The field that is wrong, as a JSON pointer or a parameter's name.
    package var field: String?

    static func parameter(_ field: String) -> WeChatV3Error {
        WeChatV3Error(status: 400, code: "PARAM_ERROR", message: "参数错误", field: field)
    }

    static func signature(_ message: String) -> WeChatV3Error {
        WeChatV3Error(status: 401, code: "SIGN_ERROR", message: message)
    }

    static let noSuchResource = WeChatV3Error(status: 404, code: "RESOURCE_NOT_EXISTS", message: "请求的资源不存在")

    static let system = WeChatV3Error(status: 500, code: "SYSTEM_ERROR", message: "系统异常，请稍后重试")

    /// The shopper is typing the password, or something else has to end first.
    static let userPaying = WeChatV3Error(
        status: 202,
        code: "USERPAYING",
        message: WeChatErrors.text(of: "USERPAYING")
    )

    static let noSuchBillAddress = WeChatV3Error(
        status: 400,
        code: "INVALID_REQUEST",
        message: "账单地址无效或已过期，请重新申请账单"
    )

    static func absent(_ absence: WeChatBill.Absence) -> WeChatV3Error {
        switch absence {
        case .notExist: WeChatV3Error(status: 400, code: "NO_STATEMENT_EXIST", message: "请求的账单文件不存在")
        case .creating: WeChatV3Error(status: 400, code: "STATEMENT_CREATING", message: "请求的账单正在生成中")
        }
    }

    /// V3's status and spelling for what the books answer.
    ///
    /// SANDBOX CHOICE: the table of the code payment is not documented. What V3's general table has is named as there;
    /// what only V2 has keeps its name in V3's spelling, with status 400.
    static func books(_ code: String) -> WeChatV3Error {
        let (status, name): (Int, String) =
            switch code {
            case "NOTENOUGH": (403, "NOT_ENOUGH")
            case "TRADE_ERROR": (403, "TRADE_ERROR")
            case "ORDERPAID": (403, "OUT_TRADE_NO_USED")
            case "ORDERCLOSED": (400, "ORDER_CLOSED")
            case "ORDERREVERSED": (400, "ORDER_REVERSED")
            case "ORDERNOTEXIST": (404, "ORDER_NOT_EXIST")
            case "REFUNDNOTEXIST": (404, "RESOURCE_NOT_EXISTS")
            case "AUTHCODEEXPIRE": (400, "AUTH_CODE_EXPIRE")
            case "REFUND_FEE_MISMATCH", "TRADE_OVERDUE": (400, "INVALID_REQUEST")
            default: (400, code)
            }
        return WeChatV3Error(status: status, code: name, message: WeChatErrors.text(of: code))
    }
}
