// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillEngine

@testable import TillWallets

/// Every code that the documents name for QQ Wallet, and no other, has its meaning.
@Suite struct QQWalletCodeTests {
    private func check<Outcome>(
        _ word: String,
        _ rows: [(Outcome, WalletAlarm?, String)],
        _ count: Int,
        as outcome: (Outcome) -> WalletOutcome
    ) throws {
        var seen = 0
        for (expected, alarm, codes) in rows {
            for code in codes.split(separator: " ").map(String.init) {
                let reading = try Account.qqWallet()
                    .read(AnswerWriter.qqWallet(failure: code), of: Sample.operation(word))
                #expect(
                    reading == WalletReading(outcome: outcome(expected), code: code, alarm: alarm),
                    "\(word) \(code)"
                )
                seen += 1
            }
        }
        #expect(seen == count)
    }

    private static let request =
        "PARAM_ERROR LACK_PARAMS XML_FORMAT_ERROR REQUIRE_POST_METHOD POST_DATA_EMPTY NOT_UTF8"
    private static let account = "SIGNERROR NOAUTH MCHID_NOT_EXIST"
    private static let trouble = "SYSTEMERROR BANKERROR"

    @Test("every code of the payment")
    func payCodes() throws {
        let rows: [(PayOutcome, WalletAlarm?, String)] = [
            (.unknown(.walletUnsure), nil, Self.trouble), (.waitingForShopper, nil, "USERPAYING"),
            (
                .unknown(.alreadyUsed), nil,
                "ORDERPAID ORDERCLOSED ORDERREVERSED OUT_TRADE_NO_USED INVALID_REQUEST"
            ),
            (.declined(.codeExpired), nil, "AUTHCODEEXPIRE"), (.declined(.codeUsed), nil, "AUTH_CODE_ERROR"),
            (.declined(.codeInvalid), nil, "AUTH_CODE_INVALID"), (.declined(.insufficientFunds), nil, "NOTENOUGH"),
            (.declined(.payerRestricted), nil, "NOTSUPORTCARD"), (.declined(.risk), nil, "TRADE_ERROR"),
            (.declined(.merchantConfiguration), .merchantAccount, Self.account),
            (.declined(.merchantConfiguration), .ourRequest, Self.request),
        ]
        try check("pay", rows, QQWalletErrorMap.pay.exact.count) { .pay($0) }
    }

    @Test("every code of the other calls")
    func otherCodes() throws {
        let query: [(QueryOutcome, WalletAlarm?, String)] = [
            (.notFound, nil, "ORDERNOTEXIST"), (.unknown(.walletUnsure), nil, Self.trouble),
            (.unknown(.notProcessed), .merchantAccount, Self.account),
            (.unknown(.notProcessed), .ourRequest, Self.request),
        ]
        try check("query", query, QQWalletErrorMap.query.exact.count) { .query($0) }
        let cancel: [(CancelOutcome, WalletAlarm?, String)] = [
            (.retry, nil, Self.trouble + " USERPAYING TRADE_ERROR INVALID_REQUEST"),
            (.closed, nil, "ORDERREVERSED ORDERCLOSED"), (.notFound, nil, "ORDERNOTEXIST"),
            (.unknown(.notProcessed), .merchantAccount, Self.account),
            (.unknown(.notProcessed), .ourRequest, Self.request),
        ]
        try check("cancel", cancel, QQWalletErrorMap.cancel.exact.count) { .cancel($0) }
        let refund: [(RefundOutcome, WalletAlarm?, String)] = [
            (.retry, nil, Self.trouble), (.failed(.merchantBalance), .merchantAccount, "NOTENOUGH"),
            (.failed(.other), .ourRequest, "REFUND_FEE_MISMATCH"),
            (.failed(.other), nil, "TRADE_ERROR INVALID_REQUEST ORDERNOTEXIST ORDERCLOSED ORDERREVERSED"),
            (.unknown(.notProcessed), .merchantAccount, Self.account),
            (.unknown(.notProcessed), .ourRequest, Self.request),
        ]
        try check("refund", refund, QQWalletErrorMap.refund.exact.count) { .refund($0) }
        let refundQuery: [(RefundQueryOutcome, WalletAlarm?, String)] = [
            (.notFound, nil, "REFUNDNOTEXIST ORDERNOTEXIST"), (.unknown(.walletUnsure), nil, Self.trouble),
            (.unknown(.notProcessed), .merchantAccount, Self.account),
            (.unknown(.notProcessed), .ourRequest, Self.request),
        ]
        try check("refund-query", refundQuery, QQWalletErrorMap.refundQuery.exact.count) { .refundQuery($0) }
    }

    @Test(
        "a code that is in no table of its call is unknown and counted",
        arguments: [
            ("pay", "SOMETHING_NEW"), ("pay", "ORDERNOTEXIST"), ("pay", "notenough"), ("query", "NOTENOUGH"),
            ("cancel", "NOTENOUGH"), ("cancel", "REVERSE_EXPIRE"), ("refund", "USERPAYING"),
            ("refund-query", "NOTENOUGH"),
        ]
    )
    func unlisted(word: String, code: String) throws {
        let operation = try Sample.operation(word)
        let reading = try Account.qqWallet().read(AnswerWriter.qqWallet(failure: code), of: operation)
        #expect(reading.outcome == operation.unknown(.unlistedCode) && reading.alarm == .unlistedCode)
    }

    @Test("without a refund to look at it stays that one exists")
    func returns() throws {
        let adapter = try Account.qqWallet()
        let operation = WalletOperation.returns(try Sample.order())
        for (code, cause) in [
            ("REFUNDNOTEXIST", UnknownCause.refundExists), ("SYSTEMERROR", .walletUnsure), ("NOAUTH", .notProcessed),
        ] {
            let outcome = adapter.outcome(of: operation, from: AnswerWriter.qqWallet(failure: code))
            #expect(outcome == .query(.unknown(cause)), "\(code)")
        }
    }

    @Test("the wallet's answers to a question about the layers below decide nothing")
    func layers() throws {
        let adapter = try Account.qqWallet()
        for word in ["pay", "query", "cancel", "refund", "refund-query"] {
            let operation = try Sample.operation(word)
            let answers: [([String: String], UnknownCause)] = [
                (["return_code": "FAIL", "result_code": "SUCCESS"], .notProcessed),
                (["result_code": "MAYBE", "err_code": "NOTENOUGH"], .malformed), (["result_code": "FAIL"], .malformed),
            ]
            for (fields, cause) in answers {
                let outcome = adapter.outcome(of: operation, from: AnswerWriter.qqWallet(fields))
                #expect(outcome == operation.unknown(cause), "\(word) \(fields)")
            }
        }
    }
}
