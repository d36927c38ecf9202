// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillEngine

@testable import TillWallets

/// Every code of Alipay's documents, and no other, has the meaning that the documents give it.
@Suite struct AlipayCodeTests {
    private func reading(_ word: String, _ code: String, _ subCode: String) throws -> WalletReading {
        try Account.alipay().read(
            AnswerWriter.alipay(word, code: code, subCode: subCode),
            of: Sample.operation(word)
        )
    }

    private static let pay: [(PayOutcome, WalletAlarm?, String)] = [
        (.unknown(.walletUnsure), nil, "SYSTEM_ERROR"),
        (.unknown(.alreadyUsed), nil, "TRADE_HAS_SUCCESS"),
        (.declined(.codeExpired), nil, "PAYMENT_AUTH_CODE_INVALID"),
        (.declined(.codeInvalid), nil, "PULL_MOBILE_CASHIER_FAIL PAYMENT_FAIL"),
        (.declined(.closed), nil, "TRADE_HAS_CLOSE NOW_TIME_AFTER_EXPIRE_TIME_ERROR"),
        (.unknown(.alreadyUsed), nil, "CONTEXT_INCONSISTENT TRADE_BUYER_NOT_MATCH TRADE_STATUS_ERROR"),
        (.declined(.insufficientFunds), nil, "BUYER_BALANCE_NOT_ENOUGH BUYER_BANKCARD_BALANCE_NOT_ENOUGH"),
        (
            .declined(.payerRestricted), nil,
            """
            BUYER_BANKCARD_INVALID BUYER_BANKCARD_DECLINED ERROR_BALANCE_PAYMENT_DISABLE BUYER_SELLER_EQUAL \
            BUYER_ENABLE_STATUS_FORBID MOBILE_PAYMENT_SWITCH_OFF USER_FACE_PAYMENT_SWITCH_OFF \
            NO_PAYMENT_INSTRUMENTS_AVAILABLE BUYER_NOT_EXIST NOT_CERTIFIED_USER BUYER_NOT_MAINLAND_CERT \
            NOT_SUPPORT_PAYMENT_INST PAYER_UNMATCHED USER_LOGONID_DUP
            """
        ),
        (
            .declined(.limitExceeded), nil,
            """
            BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR BUYER_LIMIT_EXCEEDED \
            ERROR_BUYER_CERTIFY_LEVEL_LIMIT
            """
        ),
        (.declined(.risk), nil, "PAYMENT_REQUEST_HAS_RISK"),
        (
            .declined(.merchantConfiguration), .merchantAccount,
            """
            ACCESS_FORBIDDEN PARTNER_ERROR SELLER_BEEN_BLOCKED SELLER_NOT_EXIST INVALID_RECEIVE_ACCOUNT \
            INVALID_STORE_ID BEYOND_PAY_RESTRICTION BEYOND_PER_RECEIPT_RESTRICTION BEYOND_PER_RECEIPT_DAY_RESTRICTION \
            BEYOND_PER_RECEIPT_SINGLE_RESTRICTION PRODUCT_AMOUNT_LIMIT_ERROR MERCHANT_AGREEMENT_NOT_EXIST \
            MERCHANT_AGREEMENT_INVALID MERCHANT_STATUS_NOT_NORMAL MERCHANT_PERM_RECEIPT_SUSPEND_LIMIT \
            MERCHANT_PERM_RECEIPT_SINGLE_LIMIT MERCHANT_PERM_RECEIPT_DAY_LIMIT RESTRICTED_MERCHANT_INDUSTRY \
            UN_SUPPORT_TRADE_SCENE SUB_MERCHANT_CREATE_FAIL SUB_MERCHANT_TYPE_INVALID SECONDARY_MERCHANT_STATUS_ERROR \
            SECONDARY_MERCHANT_ALIPAY_ACCOUNT_INVALID SECONDARY_MERCHANT_ID_INVALID SECONDARY_MERCHANT_NOT_MATCH \
            SECONDARY_MERCHANT_ID_BLANK SECONDARY_MERCHANT_ISV_PUNISH_INDIRECT \
            PLATFORM_BUSINESS_ACQUIRE_MODE_MUST_MERCHANT_ID SMILE_PAY_MERCHANT_NOT_MATCH ROYALTY_ACCOUNT_NOT_EXIST \
            TRADE_SETTLE_ERROR OVER_MERCHANT_DAILY_DEDUCT_AMOUNT
            """
        ),
        (
            .declined(.merchantConfiguration), .ourRequest,
            """
            INVALID_PARAMETER EXIST_FORBIDDEN_WORD TOTAL_FEE_EXCEED AMOUNT_OR_CURRENCY_ERROR CURRENCY_NOT_SUPPORT \
            REQUEST_AMOUNT_EXCEED SUB_GOODS_SIZE_MAX_COUNT RISK_MERCHANT_IP_NOT_EXIST AUTH_TOKEN_IS_NOT_EXIST \
            AGREEMENT_NOT_EXIST AGREEMENT_INVALID AGREEMENT_STATUS_NOT_NORMAL AGREEMENT_ERROR AUTH_NO_ERROR \
            AUTH_AMOUNT_NOT_ENOUGH PRE_AUTH_PROD_CODE_INCONSISTENT AUTH_ORDER_NOT_PAID AUTH_ORDER_HAS_FINISHED \
            AUTH_ORDER_HAS_CLOSED CYCLE_PAY_DATE_NOT_MATCH CYCLE_PAY_SINGLE_FEE_EXCEED CYCLE_PAY_TOTAL_FEE_EXCEED \
            CYCLE_PAY_TOTAL_TIMES_EXCEED MERCHANT_UNSUPPORT_ADVANCE BUYER_UNSUPPORT_ADVANCE ORDER_UNSUPPORT_ADVANCE \
            CARD_USER_NOT_MATCH CARD_TYPE_ERROR CERT_EXPIRED ZM_AUTH_AMOUNT_EXCEED ZM_CREDIT_AUTH_FAIL \
            ZM_AUTH_RULE_LIMIT OVER_MAX_DEDUCT_COUNT OVER_MAX_UNDER_WAY_DEDUCT_COUNT OVER_DEDUCT_PERIOD
            """
        ),
    ]

    @Test("every documented pay code has its documented meaning, with and without its prefix")
    func payCodes() throws {
        var count = 0
        for (outcome, alarm, codes) in Self.pay {
            for code in codes.split(separator: " ") {
                let expected = WalletReading(outcome: .pay(outcome), code: "ACQ.\(code)", alarm: alarm)
                #expect(try reading("pay", "40004", "ACQ.\(code)") == expected, "\(code)")
                #expect(try reading("pay", "40004", "AQC.\(code)").outcome == .pay(outcome), "\(code)")
                #expect(try reading("pay", "40004", "\(code)").outcome == .pay(outcome), "\(code)")
                count += 1
            }
        }
        #expect(AlipayErrorMap.pay.exact.count == count)
        #expect(AlipayErrorMap.pay.families.isEmpty)
    }

    @Test("a decline is never what the documents call paid, used or inconsistent")
    func neverFailure() throws {
        for code in ["TRADE_HAS_SUCCESS", "CONTEXT_INCONSISTENT", "TRADE_BUYER_NOT_MATCH", "TRADE_STATUS_ERROR"] {
            #expect(AlipayErrorMap.pay[code]?.outcome == .unknown(.alreadyUsed))
        }
    }

    @Test("every documented code of query, cancel, refund and refund query has its documented meaning")
    func otherCodes() throws {
        let query: [(QueryOutcome, String)] = [
            (.notFound, "TRADE_NOT_EXIST"), (.unknown(.walletUnsure), "SYSTEM_ERROR"),
            (.unknown(.notProcessed), "INVALID_PARAMETER ENTERPRISE_PAY_BIZ_ERROR"),
        ]
        try check("query", query, AlipayErrorMap.query.exact.count) { .query($0) }
        let cancel: [(CancelOutcome, String)] = [
            (.retry, "SYSTEM_ERROR"),
            (
                .refused,
                """
                SELLER_BALANCE_NOT_ENOUGH REASON_TRADE_BEEN_FREEZEN TRADE_CANCEL_TIME_OUT REASON_TRADE_REFUND_FEE_ERR \
                TRADE_HAS_FINISHED CANCEL_NOT_ALLOWED
                """
            ),
            (.unknown(.notProcessed), "INVALID_PARAMETER"),
        ]
        try check("cancel", cancel, AlipayErrorMap.cancel.exact.count) { .cancel($0) }
        let refund: [(RefundOutcome, String)] = [
            (.unknown(.walletUnsure), "SYSTEM_ERROR"), (.retry, "REFUND_CHARGE_ERROR"),
            (.failed(.merchantBalance), "SELLER_BALANCE_NOT_ENOUGH"),
            (.failed(.tradeFrozen), "REASON_TRADE_BEEN_FREEZEN"),
            (.failed(.limit), "REFUNDALLOC_UNAUTH_LIMIT"),
            (
                .failed(.other),
                """
                TRADE_NOT_EXIST TRADE_STATUS_ERROR REASON_TRADE_STATUS_INVALID REFUND_AMT_NOT_EQUAL_TOTAL \
                REASON_TRADE_REFUND_FEE_ERR REFUND_FEE_ERROR ALLOC_AMOUNT_VALIDATE_ERROR TRADE_HAS_FINISHED \
                TRADE_HAS_CLOSE TRADE_NOT_ALLOW_REFUND DISCORDANT_REPEAT_REQUEST BUYER_NOT_EXIST \
                BUYER_ENABLE_STATUS_FORBID BUYER_ERROR USER_NOT_MATCH_ERR NOT_ALLOW_PARTIAL_REFUND \
                ONLINE_TRADE_VOUCHER_NOT_ALLOW_REFUND CURRENCY_NOT_SUPPORT TRADE_SETTLE_ERROR \
                ENTERPRISE_PAY_BIZ_ERROR REFUND_ACCOUNT_NOT_EXIST CUSTOMER_VALIDATE_ERROR \
                REFUND_ROYALTY_PAYEE_ACCOUNT_NOT_EXIST
                """
            ),
            (.unknown(.notProcessed), "INVALID_PARAMETER"),
        ]
        try check("refund", refund, AlipayErrorMap.refund.exact.count) { .refund($0) }
        #expect(try reading("refund", "40004", "ACQ.OVERDRAFT_AGREEMENT_NOT_MATCH").outcome == .refund(.failed(.limit)))
        #expect(try reading("refund", "40004", "ACQ.OVERDRAFT_").outcome == .refund(.unknown(.unlistedCode)))
        let refundQuery: [(RefundQueryOutcome, String)] = [
            (.notFound, "TRADE_NOT_EXIST"), (.unknown(.walletUnsure), "SYSTEM_ERROR"),
            (.unknown(.notProcessed), "INVALID_PARAMETER"),
        ]
        try check("refund-query", refundQuery, AlipayErrorMap.refundQuery.exact.count) { .refundQuery($0) }
    }

    private func check<Outcome>(
        _ word: String,
        _ rows: [(Outcome, String)],
        _ count: Int,
        as outcome: (Outcome) -> WalletOutcome
    ) throws {
        var seen = 0
        for (expected, codes) in rows {
            for code in codes.split(separator: " ") {
                for prefix in ["ACQ.", "AQC.", ""] {
                    let reading = try reading(word, "40004", "\(prefix)\(code)")
                    #expect(reading.outcome == outcome(expected), "\(word) \(prefix)\(code)")
                }
                seen += 1
            }
        }
        #expect(seen == count)
    }

    private static let door: [(String, String)] = [
        (
            "20001",
            """
            aop.invalid-auth-token aop.auth-token-time-out aop.invalid-app-auth-token aop.invalid-app-auth-token-no-api \
            aop.app-auth-token-time-out aop.no-product-reg-by-partner
            """
        ),
        (
            "40001",
            """
            isv.missing-method isv.missing-signature isv.missing-signature-type isv.missing-signature-key \
            isv.missing-app-id isv.missing-timestamp isv.missing-version isv.missing-app-cert-sn \
            isv.missing-alipay-root-cert-sn isv.decryption-error-missing-encrypt-type
            """
        ),
        (
            "40002",
            """
            isv.invalid-parameter isv.invalid-method isv.invalid-format isv.invalid-signature-type \
            isv.invalid-signature isv.invalid-encrypt-type isv.invalid-encrypt isv.invalid-app-id \
            isv.invalid-timestamp isv.invalid-charset isv.invalid-digest isv.illegal-json isv.suspected-attack \
            isv.forbidden-api isv.not-online-app isv.app-cert-expired isv.missing-signature-config \
            isv.not-support-app-auth isv.decryption-error-unknown
            """
        ),
        ("40003", "isv.missing-signature-config isv.invalid-auth-relations"),
        (
            "40006",
            "isv.insufficient-isv-permissions isv.insufficient-user-permissions isv.self-invoke-forbidden"
        ),
    ]

    @Test("what is refused at the door is not paid, and decides nothing about an undo or a refund")
    func doorCodes() throws {
        var all: Set<Substring> = []
        for (code, subCodes) in Self.door {
            for subCode in subCodes.split(separator: " ") {
                let reading = try reading("pay", code, String(subCode))
                #expect(reading.outcome == .pay(.declined(.merchantConfiguration)), "\(subCode)")
                #expect(reading.alarm == .merchantAccount || reading.alarm == .ourRequest, "\(subCode)")
                #expect(
                    try self.reading("query", code, String(subCode)).outcome == .query(.unknown(.notProcessed))
                )
                #expect(
                    try self.reading("cancel", code, String(subCode)).outcome == .cancel(.unknown(.notProcessed))
                )
                #expect(
                    try self.reading("refund", code, String(subCode)).outcome == .refund(.unknown(.notProcessed))
                )
                #expect(
                    try self.reading("refund-query", code, String(subCode)).outcome
                        == .refundQuery(.unknown(.notProcessed))
                )
                if !subCode.hasPrefix("isv.decryption-error-") { all.insert(subCode) }
            }
        }
        #expect(AlipayErrorMap.door.exact.count == all.count + 2)
    }

    @Test(
        "busy and unsure gateways decide nothing",
        arguments: [
            ("40005", "isv.app-call-limited"), ("40005", "isv.method-call-limited"), ("20000", "isp.unknow-error"),
            ("20000", "aop.unknow-error"), ("20000", "aop.ACQ.SYSTEM_ERROR"), ("20000", "whatever.comes"),
        ]
    )
    func unsure(code: String, subCode: String) throws {
        for word in ["pay", "query", "cancel", "refund", "refund-query"] {
            let reading = try reading(word, code, subCode)
            #expect(reading.outcome == (try Sample.operation(word)).unknown(.walletUnsure))
            #expect(reading.alarm == nil)
        }
    }

    @Test(
        "a code that is in no table of its call is unknown and counted",
        arguments: [
            ("pay", "40004", "ACQ.SOMETHING_NEW"), ("pay", "40004", "ACQ.TRADE_NOT_EXIST"),
            ("pay", "40004", "acq.buyer_balance_not_enough"), ("pay", "40002", "isv.something-new"),
            ("pay", "40007", "isv.invalid-signature"), ("pay", "10001", "ACQ.BUYER_BALANCE_NOT_ENOUGH"),
            ("pay", "40004", "isv.invalid-signature"), ("query", "10003", ""),
            ("query", "40004", "ACQ.TRADE_HAS_CLOSE"),
            ("cancel", "40004", "ACQ.TRADE_NOT_EXIST"), ("refund", "40004", "ACQ.TRADE_CANCEL_TIME_OUT"),
            ("refund-query", "40004", "ACQ.SELLER_BALANCE_NOT_ENOUGH"),
        ]
    )
    func unlisted(word: String, code: String, subCode: String) throws {
        let reading = try reading(word, code, subCode)
        #expect(reading.outcome == (try Sample.operation(word)).unknown(.unlistedCode))
        #expect(reading.alarm == .unlistedCode)
    }
}
