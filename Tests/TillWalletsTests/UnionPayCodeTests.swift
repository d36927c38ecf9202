// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillEngine

@testable import TillWallets

/// Every code of UnionPay's list has a meaning in every call, and no other code has one.
@Suite struct UnionPayCodeTests {
    private static let documented = Set(
        """
        01 02 03 04 05 06 10 11 12 13 14 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 60 61 62 63 64 65 66 67 68 \
        69 70 71 72 73 74 75 76 77 78 79 80 81 82 83 85 86 87 88 89 90 91 92 93 94 95 96 98 99
        """.split(separator: " ").map(String.init)
    )

    private static let card = "30 60 61 62 63 65 66 67 68 71 72 73 76 77 78 79 80 82 85 89 90 91"
    private static let account = "11 31 32 39 43 44 92 93 94 95 96"
    private static let request = "10 13 14 40 41"

    private func check<Outcome>(
        _ word: String,
        state: Bool = false,
        _ rows: [(Outcome, WalletAlarm?, String)],
        more: Set<String> = [],
        as outcome: (Outcome) -> WalletOutcome
    ) throws {
        var seen: Set<String> = []
        let adapter = try Account.unionPay()
        for (expected, alarm, codes) in rows {
            for code in codes.split(separator: " ").map(String.init) {
                let fields = state ? ["origRespCode": code] : ["respCode": code]
                let more = ["txnAmt": "1290", "currencyCode": "156"]
                let answer = try AnswerWriter.unionPay(word, fields.merging(more) { $1 })
                let reading = try adapter.read(answer, of: Sample.operation(word))
                #expect(
                    reading == WalletReading(outcome: outcome(expected), code: code, alarm: alarm),
                    "\(word) \(code)"
                )
                #expect(seen.insert(code).inserted)
            }
        }
        #expect(seen == Self.documented.union(more), "\(word)")
    }

    @Test("every code of a payment")
    func pay() throws {
        let rows: [(PayOutcome, WalletAlarm?, String)] = [
            (.waitingForShopper, nil, "00 05 70 83"), (.unknown(.walletUnsure), nil, "03 04 99"),
            (.unknown(.notProcessed), nil, "02 06 37 98"), (.unknown(.alreadyUsed), nil, "12 34 35 36 45"),
            (.unknown(.alreadyUsed), .merchantAccount, "42 74 75"), (.declined(.closed), nil, "46"),
            (.declined(.codeExpired), nil, "86"), (.declined(.codeInvalid), nil, "88"),
            (.declined(.insufficientFunds), nil, "64"), (.declined(.limitExceeded), nil, "33 81 87"),
            (.declined(.risk), nil, "38"), (.declined(.payerDeclined), nil, "69"),
            (.declined(.payerRestricted), nil, Self.card + " 01"),
            (.declined(.merchantConfiguration), .merchantAccount, Self.account),
            (.declined(.merchantConfiguration), .ourRequest, Self.request),
        ]
        try check("pay", rows, more: ["00"]) { .pay($0) }
    }

    @Test("every code of a query, and every state of an order but success")
    func query() throws {
        let stray = "37 98 01 38 64 69 86 88 33 81 87 12 35 36 45 46 42 74 75 "
        let rows: [(QueryOutcome, WalletAlarm?, String)] = [
            (.notFound, nil, "34"), (.unknown(.walletUnsure), nil, "02 06 03 04 99 05 70 83"),
            (.unknown(.notProcessed), nil, stray + Self.card),
            (.unknown(.notProcessed), .merchantAccount, Self.account),
            (.unknown(.notProcessed), .ourRequest, Self.request),
        ]
        try check("query", rows) { .query($0) }
        let states: [(QueryOutcome, WalletAlarm?, String)] = [
            (.open, nil, "03 04 05 70 83 99"), (.closed, nil, "46 02 06 01 38 64 69 86 88 33 81 87 " + Self.card),
            (.closed, .merchantAccount, Self.account), (.closed, .ourRequest, Self.request),
            (.unknown(.refundExists), nil, "45"), (.unknown(.walletUnsure), nil, "37 98"),
            (.unknown(.alreadyUsed), nil, "12 34 35 36"), (.unknown(.alreadyUsed), .merchantAccount, "42 74 75"),
        ]
        try check("query", state: true, states) { .query($0) }
    }

    @Test("every code of a reversal")
    func cancel() throws {
        let rows: [(CancelOutcome, WalletAlarm?, String)] = [
            (.closed, nil, "00 46"), (.retry, nil, "02 06 03 04 99 05 70 83"), (.notFound, nil, "34"),
            (.refused, nil, "35 45 01 38 64 69 86 88 33 81 87 " + Self.card), (.refused, .ourRequest, "36"),
            (.unknown(.alreadyUsed), nil, "12"), (.unknown(.alreadyUsed), .merchantAccount, "42 74 75"),
            (.unknown(.notProcessed), nil, "37 98"), (.unknown(.notProcessed), .merchantAccount, Self.account),
            (.unknown(.notProcessed), .ourRequest, Self.request),
        ]
        try check("cancel", rows, more: ["00"]) { .cancel($0) }
    }

    @Test("every code of a refund, of the question for one, and every state of one")
    func refund() throws {
        let rows: [(RefundOutcome, WalletAlarm?, String)] = [
            (.accepted, nil, "00 05 12"), (.retry, nil, "02 06"), (.unknown(.walletUnsure), nil, "03 04 99 70 83"),
            (.failed(.merchantBalance), .merchantAccount, "64"), (.failed(.limit), nil, "33 81 87"),
            (.failed(.other), nil, "01 38 69 86 88 34 35 36 45 46 " + Self.card),
            (.unknown(.alreadyUsed), .merchantAccount, "42 74 75"), (.unknown(.notProcessed), nil, "37 98"),
            (.unknown(.notProcessed), .merchantAccount, Self.account),
            (.unknown(.notProcessed), .ourRequest, Self.request),
        ]
        try check("refund", rows, more: ["00"]) { .refund($0) }
        let stray = "37 98 01 38 64 69 86 88 33 81 87 12 35 36 45 46 42 74 75 "
        let questions: [(RefundQueryOutcome, WalletAlarm?, String)] = [
            (.notFound, nil, "34"), (.unknown(.walletUnsure), nil, "02 06 03 04 99 05 70 83"),
            (.unknown(.notProcessed), nil, stray + Self.card),
            (.unknown(.notProcessed), .merchantAccount, Self.account),
            (.unknown(.notProcessed), .ourRequest, Self.request),
        ]
        try check("refund-query", questions) { .refundQuery($0) }
        let states: [(RefundQueryOutcome, WalletAlarm?, String)] = [
            (.done, nil, "00 A6"), (.pending, nil, "03 04 05 70 83 99"),
            (.failed(.merchantBalance), .merchantAccount, "64"), (.failed(.limit), nil, "33 81 87"),
            (.failed(.other), nil, "02 06 01 38 69 86 88 35 36 45 46 " + Self.card),
            (.failed(.other), .merchantAccount, Self.account), (.failed(.other), .ourRequest, Self.request),
            (.unknown(.alreadyUsed), nil, "12 34"), (.unknown(.alreadyUsed), .merchantAccount, "42 74 75"),
            (.unknown(.walletUnsure), nil, "37 98"),
        ]
        try check("refund-query", state: true, states, more: ["00", "A6"]) { .refundQuery($0) }
    }

    @Test(
        "a code that is not in the list is unknown and counted, in every call",
        arguments: ["pay", "query", "cancel", "refund", "refund-query"],
        ["A6", "07", "84", "97", "0", "000", "4 6"]
    )
    func unlisted(word: String, code: String) throws {
        let operation = try Sample.operation(word)
        let reading = try Account.unionPay().read(AnswerWriter.unionPay(word, ["respCode": code]), of: operation)
        let isCode = !code.contains(" ")
        #expect(reading.outcome == operation.unknown(isCode ? .unlistedCode : .malformed))
        #expect(reading.alarm == (isCode ? .unlistedCode : nil))
    }
}
