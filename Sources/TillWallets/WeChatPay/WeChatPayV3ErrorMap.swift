// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// What the codes of WeChat Pay V3's refusals (4xx) mean, call by call. They occur with and without underscores
/// (`NOT_ENOUGH`, `NOTENOUGH`), so that they are compared without. Codes of V2 that name the same case are listed as
/// well, since V3's own list for code payment is not published. Whatever is not listed is unknown.
enum WeChatPayV3ErrorMap {
    static let pay = CodeTable<PayOutcome>(
        .init(.unknown(.walletUnsure), "SYSTEMERROR", "BANKERROR", "FREQUENCYLIMITED"),
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
        .init(
            .declined(.merchantConfiguration),
            alarm: .merchantAccount,
            "MCHNOTEXISTS",
            "APPIDMCHIDNOTMATCH",
            "NOAUTH",
            "SIGNERROR",
            "REQUESTBLOCKED"
        ),
        .init(.declined(.merchantConfiguration), alarm: .ourRequest, "PARAMERROR")
    )

    static let query = CodeTable<QueryOutcome>(
        .init(.notFound, "ORDERNOTEXIST"),
        .init(.unknown(.walletUnsure), "SYSTEMERROR", "BANKERROR", "FREQUENCYLIMITED"),
        .init(
            .unknown(.notProcessed),
            alarm: .merchantAccount,
            "MCHNOTEXISTS",
            "APPIDMCHIDNOTMATCH",
            "NOAUTH",
            "SIGNERROR",
            "RULELIMIT",
            "REQUESTBLOCKED"
        ),
        .init(.unknown(.notProcessed), alarm: .ourRequest, "PARAMERROR", "INVALIDREQUEST")
    )

    static let cancel = CodeTable<CancelOutcome>(
        .init(.retry, "SYSTEMERROR", "BANKERROR", "FREQUENCYLIMITED"),
        // The shopper is typing: later, the same call again closes the order or returns the money.
        .init(.retry, "USERPAYING"),
        .init(.refused, "TRADEERROR", "INVALIDREQUEST", "REVERSEEXPIRE", "ORDERCLOSED"),
        .init(.notFound, "ORDERNOTEXIST"),
        .init(
            .unknown(.notProcessed),
            alarm: .merchantAccount,
            "MCHNOTEXISTS",
            "APPIDMCHIDNOTMATCH",
            "NOAUTH",
            "SIGNERROR",
            "RULELIMIT",
            "REQUESTBLOCKED"
        ),
        .init(.unknown(.notProcessed), alarm: .ourRequest, "PARAMERROR")
    )

    static let refund = CodeTable<RefundOutcome>(
        .init(.retry, "SYSTEMERROR", "BANKERROR", "BIZERRNEEDRETRY", "FREQUENCYLIMITED"),
        .init(.failed(.merchantBalance), alarm: .merchantAccount, "NOTENOUGH"),
        .init(.failed(.limit), "RULELIMIT"),
        .init(.failed(.other), "USERACCOUNTABNORMAL", "ACCOUNTERROR", "TRADEERROR", "INVALIDREQUEST"),
        .init(.failed(.other), "ORDERNOTEXIST", "RESOURCENOTEXISTS"),
        .init(
            .unknown(.notProcessed),
            alarm: .merchantAccount,
            "MCHNOTEXISTS",
            "APPIDMCHIDNOTMATCH",
            "NOAUTH",
            "SIGNERROR",
            "REQUESTBLOCKED"
        ),
        .init(.unknown(.notProcessed), alarm: .ourRequest, "PARAMERROR")
    )

    static let refundQuery = CodeTable<RefundQueryOutcome>(
        .init(.notFound, "RESOURCENOTEXISTS", "REFUNDNOTEXIST"),
        .init(.unknown(.walletUnsure), "SYSTEMERROR", "BANKERROR", "FREQUENCYLIMITED"),
        .init(
            .unknown(.notProcessed),
            alarm: .merchantAccount,
            "MCHNOTEXISTS",
            "APPIDMCHIDNOTMATCH",
            "NOAUTH",
            "SIGNERROR",
            "RULELIMIT",
            "REQUESTBLOCKED"
        ),
        .init(.unknown(.notProcessed), alarm: .ourRequest, "PARAMERROR", "INVALIDREQUEST")
    )

    static let refundStates = CodeTable<RefundQueryOutcome>(
        .init(.done, "SUCCESS"),
        .init(.pending, "PROCESSING"),
        .init(.failed(.other), "CLOSED"),
        // The shopper's card took nothing and the money is back with the merchant.
        .init(.failed(.other), alarm: .refundReturned, "ABNORMAL")
    )

    static func reading(_ code: String, of operation: WalletOperation) -> WalletReading {
        guard let known = meaning(code.filter { $0 != "_" }, of: operation) else {
            return WalletReading(outcome: operation.unknown(.unlistedCode), code: code, alarm: .unlistedCode)
        }
        return WalletReading(outcome: known.outcome, code: code, alarm: known.alarm)
    }

    private static func meaning(_ code: String, of operation: WalletOperation) -> CodeMeaning<WalletOutcome>? {
        switch operation {
        case .pay: pay[code].map { CodeMeaning(outcome: .pay($0.outcome), alarm: $0.alarm) }
        case .query: query[code].map { CodeMeaning(outcome: .query($0.outcome), alarm: $0.alarm) }
        case .cancel: cancel[code].map { CodeMeaning(outcome: .cancel($0.outcome), alarm: $0.alarm) }
        case .refund: refund[code].map { CodeMeaning(outcome: .refund($0.outcome), alarm: $0.alarm) }
        case .refundQuery: refundQuery[code].map { CodeMeaning(outcome: .refundQuery($0.outcome), alarm: $0.alarm) }
        case .returns:
            refundQuery[code].map { CodeMeaning(outcome: .query(nothingReturned($0.outcome)), alarm: $0.alarm) }
        }
    }

    /// Without a refund to look at it stays what the order's state said.
    private static func nothingReturned(_ outcome: RefundQueryOutcome) -> QueryOutcome {
        if case .unknown(let cause) = outcome { .unknown(cause) } else { .unknown(.refundExists) }
    }
}
