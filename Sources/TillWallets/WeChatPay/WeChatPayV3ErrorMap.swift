// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// What the codes of WeChat Pay V3's refusals (4xx) mean, call by call. They occur with and without underscores
/// (`NOT_ENOUGH`, `NOTENOUGH`), so that they are compared without. Codes of V2 that name the same case are listed as
/// well, since V3's own list for code payment is not published. Whatever is not listed is unknown.
enum WeChatPayV3ErrorMap {
    private static let account = ["MCHNOTEXISTS", "APPIDMCHIDNOTMATCH", "NOAUTH", "SIGNERROR", "REQUESTBLOCKED"]
    /// The wallet's own trouble, and calls that come too often.
    private static let trouble = ["SYSTEMERROR", "BANKERROR", "FREQUENCYLIMITED"]

    static let pay = CodeTable<PayOutcome>(
        .init(.unknown(.walletUnsure), group: trouble),
        .init(.waitingForShopper, "USERPAYING"),
        .init(.declined(.codeExpired), "AUTHCODEEXPIRE"),
        .init(.declined(.codeUsed), "AUTHCODEERROR"),
        .init(.declined(.codeInvalid), "AUTHCODEINVALID"),
        .init(.declined(.closed), "ORDERCLOSED", "ORDERREVERSED"),
        .init(.declined(.insufficientFunds), "NOTENOUGH"),
        .init(.declined(.payerRestricted), "ACCOUNTERROR", "USERACCOUNTABNORMAL", "NOTSUPORTCARD"),
        .init(.declined(.limitExceeded), "RULELIMIT"),
        .init(.declined(.risk), "TRADEERROR"),
        // The number exists with other data: it may be paid, by another shopper, or by our own earlier call.
        .init(.unknown(.alreadyUsed), "ORDERPAID", "BUYERMISMATCH", "OUTTRADENOUSED", "INVALIDREQUEST"),
        .init(.declined(.merchantConfiguration), alarm: .merchantAccount, group: account),
        .init(.declined(.merchantConfiguration), alarm: .ourRequest, "PARAMERROR")
    )

    static let query = CodeTable<QueryOutcome>(
        .init(.notFound, "ORDERNOTEXIST"),
        .init(.unknown(.walletUnsure), group: trouble),
        .init(.unknown(.notProcessed), alarm: .merchantAccount, group: account + ["RULELIMIT"]),
        .init(.unknown(.notProcessed), alarm: .ourRequest, "PARAMERROR", "INVALIDREQUEST")
    )

    static let cancel = CodeTable<CancelOutcome>(
        .init(.retry, group: trouble),
        // The shopper is typing: later, the same call again closes the order or returns the money.
        .init(.retry, "USERPAYING"),
        .init(.refused, "TRADEERROR", "INVALIDREQUEST", "REVERSEEXPIRE", "ORDERCLOSED"),
        .init(.notFound, "ORDERNOTEXIST"),
        .init(.unknown(.notProcessed), alarm: .merchantAccount, group: account + ["RULELIMIT"]),
        .init(.unknown(.notProcessed), alarm: .ourRequest, "PARAMERROR")
    )

    static let refund = CodeTable<RefundOutcome>(
        .init(.retry, "SYSTEMERROR", "BANKERROR", "BIZERRNEEDRETRY", "FREQUENCYLIMITED"),
        .init(.failed(.merchantBalance), alarm: .merchantAccount, "NOTENOUGH"),
        .init(.failed(.limit), "RULELIMIT"),
        .init(.failed(.other), "USERACCOUNTABNORMAL", "ACCOUNTERROR", "TRADEERROR", "INVALIDREQUEST"),
        .init(.failed(.other), "ORDERNOTEXIST", "RESOURCENOTEXISTS"),
        .init(.unknown(.notProcessed), alarm: .merchantAccount, group: account),
        .init(.unknown(.notProcessed), alarm: .ourRequest, "PARAMERROR")
    )

    static let refundQuery = CodeTable<RefundQueryOutcome>(
        .init(.notFound, "RESOURCENOTEXISTS", "REFUNDNOTEXIST"),
        .init(.unknown(.walletUnsure), group: trouble),
        .init(.unknown(.notProcessed), alarm: .merchantAccount, group: account + ["RULELIMIT"]),
        .init(.unknown(.notProcessed), alarm: .ourRequest, "PARAMERROR", "INVALIDREQUEST")
    )

    static let refundStates = CodeTable<RefundQueryOutcome>(
        .init(.done, "SUCCESS"),
        .init(.pending, "PROCESSING"),
        .init(.failed(.other), "CLOSED"),
        // The shopper's card took nothing and the money is back with the merchant.
        .init(.failed(.other), alarm: .refundReturned, "ABNORMAL")
    )

    private static let codes = CallCodes(
        pay: pay,
        query: query,
        cancel: cancel,
        refund: refund,
        refundQuery: refundQuery
    )

    static func reading(_ code: String, of operation: WalletOperation) -> WalletReading {
        codes.reading(code, listed: code.filter { $0 != "_" }, of: operation)
    }
}
