// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// What WeChat Pay's documented codes mean, call by call. Whatever is not listed is unknown.
enum WeChatPayErrorMap {
    static let pay = CodeTable<PayOutcome>(
        .init(.unknown(.walletUnsure), "SYSTEMERROR", "BANKERROR"),
        .init(.waitingForShopper, "USERPAYING"),
        .init(.unknown(.alreadyUsed), "ORDERPAID"),
        .init(.declined(.codeExpired), "AUTHCODEEXPIRE"),
        .init(.declined(.codeUsed), "AUTH_CODE_ERROR"),
        .init(.declined(.codeInvalid), "AUTH_CODE_INVALID"),
        .init(.declined(.closed), "ORDERREVERSED", "ORDERCLOSED"),
        .init(.declined(.insufficientFunds), "NOTENOUGH"),
        .init(.declined(.payerRestricted), "NOTSUPORTCARD"),
        .init(.declined(.risk), "TRADE_ERROR"),
        // The number exists with other data: it may be paid, by another shopper, or by our own earlier call.
        .init(.unknown(.alreadyUsed), "BUYER_MISMATCH", "OUT_TRADE_NO_USED", "INVALID_REQUEST"),
        .init(
            .declined(.merchantConfiguration),
            alarm: .merchantAccount,
            "NOAUTH",
            "APPID_NOT_EXIST",
            "MCHID_NOT_EXIST",
            "APPID_MCHID_NOT_MATCH",
            "SIGNERROR"
        ),
        .init(
            .declined(.merchantConfiguration),
            alarm: .ourRequest,
            "PARAM_ERROR",
            "LACK_PARAMS",
            "XML_FORMAT_ERROR",
            "REQUIRE_POST_METHOD",
            "POST_DATA_EMPTY",
            "NOT_UTF8"
        )
    )

    static let query = CodeTable<QueryOutcome>(
        .init(.notFound, "ORDERNOTEXIST"),
        .init(.unknown(.walletUnsure), "SYSTEMERROR"),
        .init(
            .unknown(.notProcessed),
            alarm: .merchantAccount,
            "NOAUTH",
            "APPID_NOT_EXIST",
            "MCHID_NOT_EXIST",
            "APPID_MCHID_NOT_MATCH",
            "SIGNERROR"
        )
    )

    static let tradeStates = CodeTable<TradeState>(
        .init(.paid, "SUCCESS"),
        .init(.other(.unknown(.refundExists)), "REFUND"),
        .init(.other(.open), "USERPAYING", "NOTPAY", "ACCEPT"),
        .init(.other(.closed), "CLOSED", "REVOKED"),
        .init(.other(.payError), "PAYERROR")
    )

    static let cancel = CodeTable<CancelOutcome>(
        .init(.retry, "SYSTEMERROR"),
        // The shopper is typing: later, the same call again closes the order or returns the money.
        .init(.retry, "USERPAYING"),
        .init(.refused, "TRADE_ERROR", "INVALID_REQUEST", "REVERSE_EXPIRE"),
        .init(.notFound, "ORDERNOTEXIST"),
        .init(.unknown(.notProcessed), alarm: .merchantAccount, "SIGNERROR"),
        .init(
            .unknown(.notProcessed),
            alarm: .ourRequest,
            "INVALID_TRANSACTIONID",
            "PARAM_ERROR",
            "REQUIRE_POST_METHOD"
        )
    )

    static let refund = CodeTable<RefundOutcome>(
        .init(.retry, "SYSTEMERROR", "BIZERR_NEED_RETRY", "FREQUENCY_LIMITED", "INVALID_REQ_TOO_MUCH"),
        .init(.failed(.merchantBalance), alarm: .merchantAccount, "NOTENOUGH"),
        .init(.failed(.other), "TRADE_OVERDUE", "USER_ACCOUNT_ABNORMAL"),
        .init(.failed(.other), "REFUND_FEE_MISMATCH", "INVALID_REQUEST", "ERROR"),
        .init(.failed(.other), "ORDERNOTEXIST", "INVALID_TRANSACTIONID"),
        .init(
            .unknown(.notProcessed),
            alarm: .merchantAccount,
            "CERT_ERROR",
            "NOAUTH",
            "SIGNERROR",
            "APPID_NOT_EXIST",
            "MCHID_NOT_EXIST"
        ),
        .init(
            .unknown(.notProcessed),
            alarm: .ourRequest,
            "PARAM_ERROR",
            "REQUIRE_POST_METHOD",
            "XML_FORMAT_ERROR"
        )
    )

    static let refundQuery = CodeTable<RefundQueryOutcome>(
        .init(.notFound, "REFUNDNOTEXIST"),
        .init(.unknown(.walletUnsure), "SYSTEMERROR"),
        .init(
            .unknown(.notProcessed),
            alarm: .merchantAccount,
            "NOAUTH",
            "APPID_NOT_EXIST",
            "MCHID_NOT_EXIST",
            "APPID_MCHID_NOT_MATCH",
            "SIGNERROR"
        )
    )

    static let refundStates = CodeTable<RefundQueryOutcome>(
        .init(.done, "SUCCESS"),
        .init(.pending, "PROCESSING"),
        .init(.failed(.other), "REFUNDCLOSE"),
        // The shopper's card took nothing and the money is back with the merchant.
        .init(.failed(.other), alarm: .refundReturned, "CHANGE")
    )

    private static let codes = CallCodes(
        pay: pay,
        query: query,
        cancel: cancel,
        refund: refund,
        refundQuery: refundQuery
    )

    /// What a verified `result_code` FAIL means.
    static func reading(_ code: String, of operation: WalletOperation) -> WalletReading {
        codes.reading(code, of: operation)
    }
}
