// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillEngine

@testable import TillWallets

/// Every code of WeChat Pay's documents, and no other, has the meaning that the documents give it.
@Suite struct WeChatPayCodeTests {
    private func reading(_ word: String, _ code: String) throws -> WalletReading {
        try Account.weChatPay().read(AnswerWriter.weChatPay(failure: code), of: Sample.operation(word))
    }

    private func check<Outcome>(
        _ word: String,
        _ rows: [(Outcome, WalletAlarm?, String)],
        _ count: Int,
        as outcome: (Outcome) -> WalletOutcome
    ) throws {
        var seen = 0
        for (expected, alarm, codes) in rows {
            for code in codes.split(separator: " ").map(String.init) {
                let reading = try reading(word, code)
                #expect(
                    reading == WalletReading(outcome: outcome(expected), code: code, alarm: alarm),
                    "\(word) \(code)"
                )
                seen += 1
            }
        }
        #expect(seen == count)
    }

    @Test("every documented micropay code has its documented meaning")
    func payCodes() throws {
        let rows: [(PayOutcome, WalletAlarm?, String)] = [
            (.unknown(.walletUnsure), nil, "SYSTEMERROR BANKERROR"), (.waitingForShopper, nil, "USERPAYING"),
            (.unknown(.alreadyUsed), nil, "ORDERPAID BUYER_MISMATCH OUT_TRADE_NO_USED INVALID_REQUEST"),
            (.declined(.codeExpired), nil, "AUTHCODEEXPIRE"), (.declined(.codeUsed), nil, "AUTH_CODE_ERROR"),
            (.declined(.codeInvalid), nil, "AUTH_CODE_INVALID"),
            (.declined(.closed), nil, "ORDERREVERSED ORDERCLOSED"),
            (.declined(.insufficientFunds), nil, "NOTENOUGH"), (.declined(.payerRestricted), nil, "NOTSUPORTCARD"),
            (.declined(.risk), nil, "TRADE_ERROR"),
            (
                .declined(.merchantConfiguration), .merchantAccount,
                "NOAUTH APPID_NOT_EXIST MCHID_NOT_EXIST APPID_MCHID_NOT_MATCH SIGNERROR"
            ),
            (
                .declined(.merchantConfiguration), .ourRequest,
                "PARAM_ERROR LACK_PARAMS XML_FORMAT_ERROR REQUIRE_POST_METHOD POST_DATA_EMPTY NOT_UTF8"
            ),
        ]
        try check("pay", rows, WeChatPayErrorMap.pay.exact.count) { .pay($0) }
    }

    @Test("every documented code of orderquery, reverse, refund and refundquery has its documented meaning")
    func otherCodes() throws {
        let setUp = "NOAUTH APPID_NOT_EXIST MCHID_NOT_EXIST APPID_MCHID_NOT_MATCH SIGNERROR"
        let query: [(QueryOutcome, WalletAlarm?, String)] = [
            (.notFound, nil, "ORDERNOTEXIST"), (.unknown(.walletUnsure), nil, "SYSTEMERROR"),
            (.unknown(.notProcessed), .merchantAccount, setUp),
        ]
        try check("query", query, WeChatPayErrorMap.query.exact.count) { .query($0) }
        let cancel: [(CancelOutcome, WalletAlarm?, String)] = [
            (.retry, nil, "SYSTEMERROR USERPAYING"), (.refused, nil, "TRADE_ERROR INVALID_REQUEST REVERSE_EXPIRE"),
            (.notFound, nil, "ORDERNOTEXIST"), (.unknown(.notProcessed), .merchantAccount, "SIGNERROR"),
            (.unknown(.notProcessed), .ourRequest, "INVALID_TRANSACTIONID PARAM_ERROR REQUIRE_POST_METHOD"),
        ]
        try check("cancel", cancel, WeChatPayErrorMap.cancel.exact.count) { .cancel($0) }
        let refund: [(RefundOutcome, WalletAlarm?, String)] = [
            (.retry, nil, "SYSTEMERROR BIZERR_NEED_RETRY FREQUENCY_LIMITED INVALID_REQ_TOO_MUCH"),
            (.failed(.merchantBalance), .merchantAccount, "NOTENOUGH"),
            (
                .failed(.other), nil,
                """
                TRADE_OVERDUE USER_ACCOUNT_ABNORMAL REFUND_FEE_MISMATCH INVALID_REQUEST ERROR ORDERNOTEXIST \
                INVALID_TRANSACTIONID
                """
            ),
            (
                .unknown(.notProcessed), .merchantAccount,
                "CERT_ERROR NOAUTH SIGNERROR APPID_NOT_EXIST MCHID_NOT_EXIST"
            ),
            (.unknown(.notProcessed), .ourRequest, "PARAM_ERROR REQUIRE_POST_METHOD XML_FORMAT_ERROR"),
        ]
        try check("refund", refund, WeChatPayErrorMap.refund.exact.count) { .refund($0) }
        let refundQuery: [(RefundQueryOutcome, WalletAlarm?, String)] = [
            (.notFound, nil, "REFUNDNOTEXIST"), (.unknown(.walletUnsure), nil, "SYSTEMERROR"),
            (.unknown(.notProcessed), .merchantAccount, setUp),
        ]
        try check("refund-query", refundQuery, WeChatPayErrorMap.refundQuery.exact.count) { .refundQuery($0) }
    }

    @Test(
        "a code that is in no table of its call is unknown and counted",
        arguments: [
            ("pay", "SOMETHING_NEW"), ("pay", "ORDERNOTEXIST"), ("pay", "notenough"), ("query", "NOTENOUGH"),
            ("cancel", "NOTENOUGH"), ("refund", "REVERSE_EXPIRE"), ("refund-query", "ORDERNOTEXIST"),
        ]
    )
    func unlisted(word: String, code: String) throws {
        let reading = try reading(word, code)
        #expect(reading.outcome == (try Sample.operation(word)).unknown(.unlistedCode))
        #expect(reading.alarm == .unlistedCode)
    }

    @Test("the wallet's answers to a question about the layers below decide nothing")
    func layers() throws {
        let adapter = try Account.weChatPay()
        for word in ["pay", "query", "cancel", "refund", "refund-query"] {
            let operation = try Sample.operation(word)
            let failed = AnswerWriter.weChatPay(["return_code": "FAIL", "return_msg": "…", "result_code": "SUCCESS"])
            #expect(adapter.outcome(of: operation, from: failed) == operation.unknown(.notProcessed))
            let odd = AnswerWriter.weChatPay(["return_code": "SYSTEMERROR", "result_code": "SUCCESS"])
            #expect(adapter.outcome(of: operation, from: odd) == operation.unknown(.walletUnsure))
            let neither = AnswerWriter.weChatPay(["result_code": "MAYBE", "err_code": "NOTENOUGH"])
            #expect(adapter.outcome(of: operation, from: neither) == operation.unknown(.malformed))
            let silent = AnswerWriter.weChatPay(["result_code": "FAIL"])
            #expect(adapter.outcome(of: operation, from: silent) == operation.unknown(.malformed))
        }
    }
}
