// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// What Alipay's documented codes mean, call by call. Business codes are compared without their `ACQ.` prefix, which
/// the documents leave out here and misspell (`AQC.`) there. Whatever is not listed is unknown.
enum AlipayErrorMap {
    /// Business errors of alipay.trade.pay (code 40004).
    static let pay = CodeTable<PayOutcome>(
        .init(.unknown(.walletUnsure), "SYSTEM_ERROR"),
        .init(.unknown(.alreadyUsed), "TRADE_HAS_SUCCESS"),
        // One code for expired, used and foreign codes; the remedy is the same: a fresh one.
        .init(.declined(.codeExpired), "PAYMENT_AUTH_CODE_INVALID"),
        .init(.declined(.codeInvalid), "PULL_MOBILE_CASHIER_FAIL", "PAYMENT_FAIL"),
        .init(.declined(.closed), "TRADE_HAS_CLOSE", "NOW_TIME_AFTER_EXPIRE_TIME_ERROR"),
        // The number exists with other data: it may be paid, by another buyer, or by our own earlier call.
        .init(.unknown(.alreadyUsed), "CONTEXT_INCONSISTENT", "TRADE_BUYER_NOT_MATCH", "TRADE_STATUS_ERROR"),
        .init(.declined(.insufficientFunds), "BUYER_BALANCE_NOT_ENOUGH", "BUYER_BANKCARD_BALANCE_NOT_ENOUGH"),
        .init(
            .declined(.payerRestricted),
            "BUYER_BANKCARD_INVALID",
            "BUYER_BANKCARD_DECLINED",
            "ERROR_BALANCE_PAYMENT_DISABLE",
            "BUYER_SELLER_EQUAL",
            "BUYER_ENABLE_STATUS_FORBID",
            "MOBILE_PAYMENT_SWITCH_OFF",
            "USER_FACE_PAYMENT_SWITCH_OFF",
            "NO_PAYMENT_INSTRUMENTS_AVAILABLE",
            "BUYER_NOT_EXIST",
            "NOT_CERTIFIED_USER",
            "BUYER_NOT_MAINLAND_CERT",
            "NOT_SUPPORT_PAYMENT_INST",
            "PAYER_UNMATCHED",
            "USER_LOGONID_DUP"
        ),
        .init(
            .declined(.limitExceeded),
            "BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR",
            "BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR",
            "BUYER_LIMIT_EXCEEDED",
            "ERROR_BUYER_CERTIFY_LEVEL_LIMIT"
        ),
        .init(.declined(.risk), "PAYMENT_REQUEST_HAS_RISK"),
        .init(
            .declined(.merchantConfiguration),
            alarm: .merchantAccount,
            "ACCESS_FORBIDDEN",
            "PARTNER_ERROR",
            "SELLER_BEEN_BLOCKED",
            "SELLER_NOT_EXIST",
            "INVALID_RECEIVE_ACCOUNT",
            "INVALID_STORE_ID",
            "BEYOND_PAY_RESTRICTION",
            "BEYOND_PER_RECEIPT_RESTRICTION",
            "BEYOND_PER_RECEIPT_DAY_RESTRICTION",
            "BEYOND_PER_RECEIPT_SINGLE_RESTRICTION",
            "PRODUCT_AMOUNT_LIMIT_ERROR",
            "MERCHANT_AGREEMENT_NOT_EXIST",
            "MERCHANT_AGREEMENT_INVALID",
            "MERCHANT_STATUS_NOT_NORMAL",
            "MERCHANT_PERM_RECEIPT_SUSPEND_LIMIT",
            "MERCHANT_PERM_RECEIPT_SINGLE_LIMIT",
            "MERCHANT_PERM_RECEIPT_DAY_LIMIT",
            "RESTRICTED_MERCHANT_INDUSTRY",
            "UN_SUPPORT_TRADE_SCENE",
            "SUB_MERCHANT_CREATE_FAIL",
            "SUB_MERCHANT_TYPE_INVALID",
            "SECONDARY_MERCHANT_STATUS_ERROR",
            "SECONDARY_MERCHANT_ALIPAY_ACCOUNT_INVALID",
            "SECONDARY_MERCHANT_ID_INVALID",
            "SECONDARY_MERCHANT_NOT_MATCH",
            "SECONDARY_MERCHANT_ID_BLANK",
            "SECONDARY_MERCHANT_ISV_PUNISH_INDIRECT",
            "PLATFORM_BUSINESS_ACQUIRE_MODE_MUST_MERCHANT_ID",
            "SMILE_PAY_MERCHANT_NOT_MATCH",
            "ROYALTY_ACCOUNT_NOT_EXIST",
            "TRADE_SETTLE_ERROR",
            "OVER_MERCHANT_DAILY_DEDUCT_AMOUNT"
        ),
        .init(
            .declined(.merchantConfiguration),
            alarm: .ourRequest,
            "INVALID_PARAMETER",
            "EXIST_FORBIDDEN_WORD",
            "TOTAL_FEE_EXCEED",
            "AMOUNT_OR_CURRENCY_ERROR",
            "CURRENCY_NOT_SUPPORT",
            "REQUEST_AMOUNT_EXCEED",
            "SUB_GOODS_SIZE_MAX_COUNT",
            "RISK_MERCHANT_IP_NOT_EXIST",
            "AUTH_TOKEN_IS_NOT_EXIST"
        ),
        // Codes of products that we do not use: agreements, pre-authorisation, subscriptions, credit.
        .init(
            .declined(.merchantConfiguration),
            alarm: .ourRequest,
            "AGREEMENT_NOT_EXIST",
            "AGREEMENT_INVALID",
            "AGREEMENT_STATUS_NOT_NORMAL",
            "AGREEMENT_ERROR",
            "AUTH_NO_ERROR",
            "AUTH_AMOUNT_NOT_ENOUGH",
            "PRE_AUTH_PROD_CODE_INCONSISTENT",
            "AUTH_ORDER_NOT_PAID",
            "AUTH_ORDER_HAS_FINISHED",
            "AUTH_ORDER_HAS_CLOSED",
            "CYCLE_PAY_DATE_NOT_MATCH",
            "CYCLE_PAY_SINGLE_FEE_EXCEED",
            "CYCLE_PAY_TOTAL_FEE_EXCEED",
            "CYCLE_PAY_TOTAL_TIMES_EXCEED",
            "MERCHANT_UNSUPPORT_ADVANCE",
            "BUYER_UNSUPPORT_ADVANCE",
            "ORDER_UNSUPPORT_ADVANCE",
            "CARD_USER_NOT_MATCH",
            "CARD_TYPE_ERROR",
            "CERT_EXPIRED",
            "ZM_AUTH_AMOUNT_EXCEED",
            "ZM_CREDIT_AUTH_FAIL",
            "ZM_AUTH_RULE_LIMIT",
            "OVER_MAX_DEDUCT_COUNT",
            "OVER_MAX_UNDER_WAY_DEDUCT_COUNT",
            "OVER_DEDUCT_PERIOD"
        )
    )

    static let query = CodeTable<QueryOutcome>(
        .init(.notFound, "TRADE_NOT_EXIST"),
        .init(.unknown(.walletUnsure), "SYSTEM_ERROR"),
        .init(.unknown(.notProcessed), alarm: .ourRequest, "INVALID_PARAMETER"),
        .init(.unknown(.notProcessed), alarm: .merchantAccount, "ENTERPRISE_PAY_BIZ_ERROR")
    )

    static let cancel = CodeTable<CancelOutcome>(
        .init(.retry, "SYSTEM_ERROR"),
        // The money is with us and cannot go back: the refund that follows a refused cancel meets the same empty
        // account, says so in its own words, and a person is called at once.
        .init(.refused, alarm: .merchantAccount, "SELLER_BALANCE_NOT_ENOUGH", "REASON_TRADE_BEEN_FREEZEN"),
        .init(.refused, "TRADE_CANCEL_TIME_OUT", "REASON_TRADE_REFUND_FEE_ERR"),
        .init(.refused, "TRADE_HAS_FINISHED", "CANCEL_NOT_ALLOWED"),
        .init(.unknown(.notProcessed), alarm: .ourRequest, "INVALID_PARAMETER")
    )

    static let refund = CodeTable<RefundOutcome>(
        .init(.unknown(.walletUnsure), "SYSTEM_ERROR"),
        .init(.retry, "REFUND_CHARGE_ERROR"),
        .init(.failed(.merchantBalance), alarm: .merchantAccount, "SELLER_BALANCE_NOT_ENOUGH"),
        .init(.failed(.tradeFrozen), "REASON_TRADE_BEEN_FREEZEN"),
        .init(.failed(.other), "TRADE_NOT_EXIST", "TRADE_STATUS_ERROR", "REASON_TRADE_STATUS_INVALID"),
        .init(
            .failed(.other),
            "REFUND_AMT_NOT_EQUAL_TOTAL",
            "REASON_TRADE_REFUND_FEE_ERR",
            "REFUND_FEE_ERROR",
            "ALLOC_AMOUNT_VALIDATE_ERROR"
        ),
        .init(.failed(.other), "TRADE_HAS_FINISHED", "TRADE_HAS_CLOSE", "TRADE_NOT_ALLOW_REFUND"),
        .init(.failed(.other), alarm: .ourRequest, "DISCORDANT_REPEAT_REQUEST"),
        .init(.failed(.limit), "OVERDRAFT_*", "REFUNDALLOC_UNAUTH_LIMIT"),
        .init(
            .failed(.other),
            "BUYER_NOT_EXIST",
            "BUYER_ENABLE_STATUS_FORBID",
            "BUYER_ERROR",
            "USER_NOT_MATCH_ERR",
            "NOT_ALLOW_PARTIAL_REFUND",
            "ONLINE_TRADE_VOUCHER_NOT_ALLOW_REFUND",
            "CURRENCY_NOT_SUPPORT",
            "TRADE_SETTLE_ERROR",
            "ENTERPRISE_PAY_BIZ_ERROR",
            "REFUND_ACCOUNT_NOT_EXIST",
            "CUSTOMER_VALIDATE_ERROR",
            "REFUND_ROYALTY_PAYEE_ACCOUNT_NOT_EXIST"
        ),
        .init(.unknown(.notProcessed), alarm: .ourRequest, "INVALID_PARAMETER")
    )

    static let refundQuery = CodeTable<RefundQueryOutcome>(
        .init(.notFound, "TRADE_NOT_EXIST"),
        .init(.unknown(.walletUnsure), "SYSTEM_ERROR"),
        .init(.unknown(.notProcessed), alarm: .ourRequest, "INVALID_PARAMETER")
    )

    /// What the gateway says before it looks at the business.
    enum Door: Equatable, Sendable {
        /// Our request was not let in: not executed.
        case refused
        /// Too many calls. The documents publish no limits, so that nothing is concluded from it.
        case limited
    }

    static let doorCodes: Set<String> = ["20001", "40001", "40002", "40003", "40005", "40006"]

    static let door = CodeTable<Door>(
        .init(
            .refused,
            alarm: .merchantAccount,
            "aop.invalid-auth-token",
            "aop.auth-token-time-out",
            "aop.invalid-app-auth-token",
            "aop.invalid-app-auth-token-no-api",
            "aop.app-auth-token-time-out",
            "aop.no-product-reg-by-partner"
        ),
        .init(
            .refused,
            alarm: .ourRequest,
            "isv.missing-method",
            "isv.missing-signature",
            "isv.missing-signature-type",
            "isv.missing-app-id",
            "isv.missing-timestamp",
            "isv.missing-version",
            "isv.missing-app-cert-sn",
            "isv.missing-alipay-root-cert-sn"
        ),
        .init(.refused, alarm: .merchantAccount, "isv.missing-signature-key", "isv.missing-signature-config"),
        .init(
            .refused,
            alarm: .ourRequest,
            "isv.invalid-parameter",
            "isv.invalid-method",
            "isv.invalid-format",
            "isv.invalid-signature-type",
            "isv.invalid-encrypt-type",
            "isv.invalid-encrypt",
            "isv.invalid-timestamp",
            "isv.invalid-charset",
            "isv.invalid-digest",
            "isv.illegal-json",
            "isv.suspected-attack",
            "isv.decryption-error-*"
        ),
        .init(
            .refused,
            alarm: .merchantAccount,
            "isv.invalid-signature",
            "isv.invalid-app-id",
            "isv.forbidden-api",
            "isv.not-online-app",
            "isv.app-cert-expired",
            "isv.not-support-app-auth",
            "isv.invalid-auth-relations",
            "isv.insufficient-isv-permissions",
            "isv.insufficient-user-permissions",
            "isv.self-invoke-forbidden"
        ),
        .init(.limited, "isv.app-call-limited", "isv.method-call-limited")
    )

    /// What a verified answer means that is neither a success nor "waiting".
    static func reading(code: String, subCode: String?, of operation: WalletOperation) -> WalletReading {
        let spoken = subCode ?? code
        if code == "20000" { return WalletReading(outcome: operation.unknown(.walletUnsure), code: spoken) }
        if doorCodes.contains(code), let subCode, let meaning = door[subCode] {
            return WalletReading(outcome: atDoor(meaning.outcome, of: operation), code: spoken, alarm: meaning.alarm)
        }
        guard code == "40004", let subCode, let known = business(bare(subCode), of: operation) else {
            return WalletReading(outcome: operation.unknown(.unlistedCode), code: spoken, alarm: .unlistedCode)
        }
        return WalletReading(outcome: known.outcome, code: spoken, alarm: known.alarm)
    }

    /// A payment that was not let in is definitely not paid by this call. An undo or a refund that was not let in may
    /// have been executed by an earlier call, so that it decides nothing.
    private static func atDoor(_ answer: Door, of operation: WalletOperation) -> WalletOutcome {
        switch (answer, operation) {
        case (.refused, .pay): .pay(.declined(.merchantConfiguration))
        case (.refused, _): operation.unknown(.notProcessed)
        case (.limited, _): operation.unknown(.walletUnsure)
        }
    }

    private static func business(_ code: String, of operation: WalletOperation) -> CodeMeaning<WalletOutcome>? {
        switch operation {
        case .pay: pay[code].map { CodeMeaning(outcome: .pay($0.outcome), alarm: $0.alarm) }
        case .query, .returns: query[code].map { CodeMeaning(outcome: .query($0.outcome), alarm: $0.alarm) }
        case .cancel: cancel[code].map { CodeMeaning(outcome: .cancel($0.outcome), alarm: $0.alarm) }
        case .refund: refund[code].map { CodeMeaning(outcome: .refund($0.outcome), alarm: $0.alarm) }
        case .refundQuery: refundQuery[code].map { CodeMeaning(outcome: .refundQuery($0.outcome), alarm: $0.alarm) }
        }
    }

    static func bare(_ subCode: String) -> String {
        for prefix in ["ACQ.", "AQC."] where subCode.hasPrefix(prefix) { return String(subCode.dropFirst(4)) }
        return subCode
    }
}
