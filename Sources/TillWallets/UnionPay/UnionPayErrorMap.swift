// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// What UnionPay's response codes mean, call by call. There is one list of codes for all calls and all states, so that
/// every table has all of them; whatever is not listed is unknown.
enum UnionPayErrorMap {
    /// Of a trade: success, and "success with a flaw".
    static let success = ["00", "A6"]

    /// The system is not open, or busy: its text says that nothing was done.
    private static let busy = ["02", "06"]
    /// Communication time-out, state unclear, general error.
    private static let unclear = ["03", "04", "99"]
    /// Accepted, waiting for the cardholder, the issuer is at work.
    private static let running = ["05", "70", "83"]
    /// Signature, state, hours or rights of the merchant.
    private static let account = ["11", "31", "32", "39", "43", "44", "92", "93", "94", "95", "96"]
    private static let request = ["10", "13", "14", "40", "41"]
    /// Paid after the time limit; paid, and the write-off is unknown or failed. A person has to look.
    private static let flawed = ["42", "74", "75"]
    /// Card, issuer, identity, password or promotion.
    private static let card = [
        "30", "60", "61", "62", "63", "65", "66", "67", "68", "71", "72", "73", "76", "77", "78", "79", "80", "82",
        "85", "89", "90", "91",
    ]
    private static let limits = ["33", "81", "87"]
    /// Failed, risk, balance, input timed out, code in a wrong state, no such code.
    private static let refused = ["01", "38", "64", "69", "86", "88"]
    /// Asked too often, no such file: no answer to the call.
    private static let stray = ["37", "98"]

    /// Success is missing: an accepted payment is not a paid one, and waits.
    static let pay = CodeTable<PayOutcome>(
        .init(.waitingForShopper, group: running),
        .init(.unknown(.walletUnsure), group: unclear),
        // "Not processed" by its text. It decides nothing, so that an outage counts as one.
        .init(.unknown(.notProcessed), group: busy + stray),
        // The number exists, or is said to: by our own earlier call, or in a state that only a query shows.
        .init(.unknown(.alreadyUsed), "12", "34", "35", "36", "45"),
        .init(.unknown(.alreadyUsed), alarm: .merchantAccount, group: flawed),
        .init(.declined(.closed), "46"),
        // One code for expired and used codes; the remedy is the same: a fresh one.
        .init(.declined(.codeExpired), "86"),
        .init(.declined(.codeInvalid), "88"),
        .init(.declined(.insufficientFunds), "64"),
        .init(.declined(.limitExceeded), group: limits),
        .init(.declined(.risk), "38"),
        .init(.declined(.payerDeclined), "69"),
        .init(.declined(.payerRestricted), "01"),
        .init(.declined(.payerRestricted), group: card),
        .init(.declined(.merchantConfiguration), alarm: .merchantAccount, group: account),
        .init(.declined(.merchantConfiguration), alarm: .ourRequest, group: request)
    )

    /// What went wrong with the question itself.
    static let query = CodeTable<QueryOutcome>(
        .init(.notFound, "34"),
        .init(.unknown(.walletUnsure), group: busy + unclear + running),
        .init(.unknown(.notProcessed), group: stray + refused + card + limits),
        .init(.unknown(.notProcessed), "12", "35", "36", "45", "46"),
        .init(.unknown(.notProcessed), group: flawed),
        .init(.unknown(.notProcessed), alarm: .merchantAccount, group: account),
        .init(.unknown(.notProcessed), alarm: .ourRequest, group: request)
    )

    /// Whether the same request may be answered at another time.
    static func isPassing(_ code: String) -> Bool { (busy + unclear + running + ["37"]).contains(code) }

    /// The state of an order, where it is not success. UnionPay ends the questions with every code but 03, 04 and 05: the
    /// order failed and its number is used up, so that no money is held.
    static let orders = CodeTable<QueryOutcome>(
        .init(.open, group: running + unclear),
        .init(.closed, "46"),
        .init(.unknown(.refundExists), "45"),
        .init(.unknown(.walletUnsure), group: stray),
        .init(.unknown(.alreadyUsed), "12", "34", "35", "36"),
        .init(.unknown(.alreadyUsed), alarm: .merchantAccount, group: flawed),
        .init(.closed, group: busy + refused + card + limits),
        .init(.closed, alarm: .merchantAccount, group: account),
        .init(.closed, alarm: .ourRequest, group: request)
    )

    static let cancel = CodeTable<CancelOutcome>(
        .init(.closed, "46"),
        .init(.retry, group: busy + unclear + running),
        .init(.notFound, "34"),
        // Not an order that can be reversed, or not any more. The query says whether a refund takes its place.
        .init(.refused, "35", "45"),
        .init(.refused, alarm: .ourRequest, "36"),
        .init(.refused, group: refused + card + limits),
        .init(.unknown(.alreadyUsed), "12"),
        .init(.unknown(.alreadyUsed), alarm: .merchantAccount, group: flawed),
        .init(.unknown(.notProcessed), group: stray),
        .init(.unknown(.notProcessed), alarm: .merchantAccount, group: account),
        .init(.unknown(.notProcessed), alarm: .ourRequest, group: request)
    )

    static let refund = CodeTable<RefundOutcome>(
        // A number that comes again is the refund that it was.
        .init(.accepted, "05", "12"),
        .init(.retry, group: busy),
        .init(.unknown(.walletUnsure), group: unclear),
        .init(.unknown(.walletUnsure), "70", "83"),
        .init(.failed(.merchantBalance), alarm: .merchantAccount, "64"),
        .init(.failed(.limit), group: limits),
        .init(.failed(.other), "01", "38", "69", "86", "88"),
        .init(.failed(.other), "34", "35", "36", "45", "46"),
        .init(.failed(.other), group: card),
        .init(.unknown(.alreadyUsed), alarm: .merchantAccount, group: flawed),
        .init(.unknown(.notProcessed), group: stray),
        .init(.unknown(.notProcessed), alarm: .merchantAccount, group: account),
        .init(.unknown(.notProcessed), alarm: .ourRequest, group: request)
    )

    /// The state of a refund, which is an order of its own.
    static let refunds = CodeTable<RefundQueryOutcome>(
        .init(.done, group: success),
        .init(.pending, group: running + unclear),
        .init(.failed(.merchantBalance), alarm: .merchantAccount, "64"),
        .init(.failed(.limit), group: limits),
        .init(.failed(.other), "01", "38", "69", "86", "88"),
        .init(.failed(.other), "35", "36", "45", "46"),
        .init(.failed(.other), group: busy + card),
        .init(.failed(.other), alarm: .merchantAccount, group: account),
        .init(.failed(.other), alarm: .ourRequest, group: request),
        .init(.unknown(.alreadyUsed), "12", "34"),
        .init(.unknown(.alreadyUsed), alarm: .merchantAccount, group: flawed),
        .init(.unknown(.walletUnsure), group: stray)
    )

    /// What a verified `respCode` other than 00 means.
    static func reading(_ code: String, of operation: WalletOperation) -> WalletReading {
        switch operation {
        case .pay: reading(code, pay) { .pay($0) } ?? unlisted(code, operation)
        case .query: reading(code, query) { .query($0) } ?? unlisted(code, operation)
        case .cancel: reading(code, cancel) { .cancel($0) } ?? unlisted(code, operation)
        case .refund: reading(code, refund) { .refund($0) } ?? unlisted(code, operation)
        case .refundQuery: reading(code, query) { .refundQuery(refundQuery($0)) } ?? unlisted(code, operation)
        case .returns: reading(code, query) { .query(returns($0)) } ?? unlisted(code, operation)
        }
    }

    /// What an order's `origRespCode` other than success means.
    static func orderReading(_ code: String) -> WalletReading {
        reading(code, orders) { .query($0) }
            ?? WalletReading(outcome: .query(.unknown(.unlistedCode)), code: code, alarm: .unlistedCode)
    }

    /// What a refund's `origRespCode` means.
    static func refundReading(_ code: String) -> WalletReading {
        reading(code, refunds) { .refundQuery($0) }
            ?? WalletReading(outcome: .refundQuery(.unknown(.unlistedCode)), code: code, alarm: .unlistedCode)
    }

    private static func reading<Outcome>(
        _ code: String,
        _ table: CodeTable<Outcome>,
        as outcome: (Outcome) -> WalletOutcome
    ) -> WalletReading? {
        table[code].map { WalletReading(outcome: outcome($0.outcome), code: code, alarm: $0.alarm) }
    }

    private static func unlisted(_ code: String, _ operation: WalletOperation) -> WalletReading {
        WalletReading(outcome: operation.unknown(.unlistedCode), code: code, alarm: .unlistedCode)
    }

    /// A query that failed, of a refund: "no such order" is "no such refund".
    private static func refundQuery(_ outcome: QueryOutcome) -> RefundQueryOutcome {
        if case .unknown(let cause) = outcome { .unknown(cause) } else { .notFound }
    }

    /// A query that failed, of the undo's own refund: without it, it stays what the order's state said.
    private static func returns(_ outcome: QueryOutcome) -> QueryOutcome {
        if case .unknown(let cause) = outcome { .unknown(cause) } else { .unknown(.refundExists) }
    }
}
