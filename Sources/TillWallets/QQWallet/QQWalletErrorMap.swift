// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// What QQ Wallet's codes mean, call by call. Whatever is not listed is unknown.
///
/// The wallet's own table of errors could not be read: only USERPAYING and "system error" have a source, the other names
/// are those of WeChat Pay V2, whose sibling this interface is. Such a name may say that nothing was paid, because a
/// decline is believed only after a query, which reports the order's state, found no money; it never says *paid*, and it
/// ends no undo by itself.
enum QQWalletErrorMap {
    /// Texts of the gateway before it looks at the order. They are ours to mend.
    private static let request = [
        "PARAM_ERROR", "LACK_PARAMS", "XML_FORMAT_ERROR", "REQUIRE_POST_METHOD", "POST_DATA_EMPTY", "NOT_UTF8",
    ]
    private static let account = ["SIGNERROR", "NOAUTH", "MCHID_NOT_EXIST"]
    /// The wallet's own trouble.
    private static let trouble = ["SYSTEMERROR", "BANKERROR"]

    static let pay = CodeTable<PayOutcome>(
        .init(.unknown(.walletUnsure), group: trouble),
        .init(.waitingForShopper, "USERPAYING"),
        // The names leave no doubt that this call took no money; the confirming query has to agree.
        .init(.declined(.codeExpired), "AUTHCODEEXPIRE"),
        .init(.declined(.codeUsed), "AUTH_CODE_ERROR"),
        .init(.declined(.codeInvalid), "AUTH_CODE_INVALID"),
        .init(.declined(.insufficientFunds), "NOTENOUGH"),
        .init(.declined(.payerRestricted), "NOTSUPORTCARD"),
        .init(.declined(.risk), "TRADE_ERROR"),
        // The number is known already: only the order's state says what became of it. INVALID_REQUEST is among them,
        // because WeChat Pay says it of a number that comes again with other data.
        .init(
            .unknown(.alreadyUsed),
            "ORDERPAID",
            "ORDERCLOSED",
            "ORDERREVERSED",
            "OUT_TRADE_NO_USED",
            "INVALID_REQUEST"
        ),
        .init(.declined(.merchantConfiguration), alarm: .merchantAccount, group: account),
        .init(.declined(.merchantConfiguration), alarm: .ourRequest, group: request)
    )

    /// A failed query says nothing about the money; not even "no such order", which is believed when time has proven it.
    static let query = CodeTable<QueryOutcome>(
        .init(.notFound, "ORDERNOTEXIST"),
        .init(.unknown(.walletUnsure), group: trouble),
        .init(.unknown(.notProcessed), alarm: .merchantAccount, group: account),
        .init(.unknown(.notProcessed), alarm: .ourRequest, group: request)
    )

    /// NOTPAY and PAYERROR are WeChat Pay's: what follows from them is an undo, or agreement with a decline.
    static let tradeStates = CodeTable<TradeState>(
        .init(.paid, "SUCCESS"),
        .init(.other(.unknown(.refundExists)), "REFUND"),
        .init(.other(.open), "USERPAYING", "NOTPAY"),
        .init(.other(.closed), "CLOSED", "REVOKED"),
        .init(.other(.payError), "PAYERROR")
    )

    /// After an error the documents ask for the same call again, so that no unsourced name ends the calls.
    static let cancel = CodeTable<CancelOutcome>(
        .init(.retry, group: trouble),
        .init(.retry, "USERPAYING", "TRADE_ERROR", "INVALID_REQUEST"),
        .init(.closed, "ORDERREVERSED", "ORDERCLOSED"),
        .init(.notFound, "ORDERNOTEXIST"),
        .init(.unknown(.notProcessed), alarm: .merchantAccount, group: account),
        .init(.unknown(.notProcessed), alarm: .ourRequest, group: request)
    )

    /// A refund that failed is looked at by a person and asked for again under the same number: no money depends on a
    /// name.
    static let refund = CodeTable<RefundOutcome>(
        .init(.retry, group: trouble),
        .init(.failed(.merchantBalance), alarm: .merchantAccount, "NOTENOUGH"),
        .init(.failed(.other), alarm: .ourRequest, "REFUND_FEE_MISMATCH"),
        .init(
            .failed(.other),
            "TRADE_ERROR",
            "INVALID_REQUEST",
            "ORDERNOTEXIST",
            "ORDERCLOSED",
            "ORDERREVERSED"
        ),
        .init(.unknown(.notProcessed), alarm: .merchantAccount, group: account),
        .init(.unknown(.notProcessed), alarm: .ourRequest, group: request)
    )

    /// "No such refund" leads to the same refund again, which returns nothing twice.
    static let refundQuery = CodeTable<RefundQueryOutcome>(
        .init(.notFound, "REFUNDNOTEXIST", "ORDERNOTEXIST"),
        .init(.unknown(.walletUnsure), group: trouble),
        .init(.unknown(.notProcessed), alarm: .merchantAccount, group: account),
        .init(.unknown(.notProcessed), alarm: .ourRequest, group: request)
    )

    static let refundStates = CodeTable<RefundQueryOutcome>(
        .init(.done, "SUCCESS"),
        .init(.pending, "PROCESSING"),
        .init(.failed(.other), "FAIL"),
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
