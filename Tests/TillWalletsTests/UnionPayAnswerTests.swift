// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillEngine

@testable import TillWallets

/// Recorded answers of UnionPay and what each means.
@Suite struct UnionPayAnswerTests {
    static let trade = "702611221830001234567"

    private func read(_ name: String, of operation: WalletOperation? = nil) throws -> WalletReading {
        let operation = try operation ?? Sample.operation(name)
        return try Account.unionPay().read(Fixture.response("unionpay/\(name)"), of: operation)
    }

    private func paid(_ name: String) throws -> WalletTrade? {
        if case .query(.paid(let trade)) = try read(name).outcome { trade } else { nil }
    }

    @Test(
        "an accepted payment is waited for and never paid, whatever else the answer says",
        arguments: [
            "pay-accepted", "pay-accepted-nested", "pay-accepted-claims-paid", "pay-accepted-empty-fields", "pay-later",
        ]
    )
    func accepted(name: String) throws {
        #expect(try read(name).outcome == .pay(.waitingForShopper))
    }

    @Test(
        "what is not signed by UnionPay, at this time, is unknown",
        arguments: [
            "pay-accepted-unsigned", "pay-accepted-no-certificate", "pay-accepted-bad-signature",
            "pay-accepted-hashed-once", "pay-accepted-own-key", "pay-accepted-encoded", "pay-accepted-expired",
            "pay-accepted-renewed", "pay-accepted-customer", "pay-accepted-stranger", "pay-accepted-by-customer",
            "pay-accepted-production",
        ]
    )
    func unsigned(name: String) throws {
        #expect(try read(name) == WalletReading(outcome: .pay(.unknown(.badSignature)), alarm: .forgedAnswer))
    }

    @Test(
        "a genuine answer about another merchant, order or time decides nothing and calls a person",
        arguments: [
            "pay-accepted-other-merchant", "pay-accepted-other-order", "pay-accepted-other-time",
            "refund-query-other-refund", "refund-query-other-time",
        ]
    )
    func foreign(name: String) throws {
        let operation = try Sample.operation(name)
        #expect(try read(name) == WalletReading(outcome: operation.unknown(.malformed), alarm: .forgedAnswer))
    }

    @Test(
        "what is not an answer of UnionPay's is unknown",
        arguments: ["html-page", "bad-gateway-signed", "pay-field-twice", "pay-no-equals", "pay-empty"]
    )
    func malformed(name: String) throws {
        #expect(try read(name) == WalletReading(outcome: .pay(.unknown(.malformed))))
    }

    @Test("an answer that does not say what it is about decides nothing; what it says of our message is worth a call")
    func noEcho() throws {
        #expect(
            try read("pay-format-no-echo")
                == WalletReading(outcome: .pay(.unknown(.malformed)), code: "10", alarm: .ourRequest)
        )
        #expect(try read("pay-accepted-no-echo").outcome == .pay(.unknown(.malformed)))
    }

    @Test(
        "pay answers other than accepted",
        arguments: [
            ("pay-balance-too-low", PayOutcome.declined(.insufficientFunds)),
            ("pay-code-used", .declined(.codeExpired)),
            ("pay-no-such-code", .declined(.codeInvalid)), ("pay-duplicate", .unknown(.alreadyUsed)),
            ("pay-unclear", .unknown(.walletUnsure)), ("pay-busy", .unknown(.notProcessed)),
            ("pay-unlisted", .unknown(.unlistedCode)),
        ]
    )
    func others(name: String, outcome: PayOutcome) throws {
        #expect(try read(name).outcome == .pay(outcome))
    }

    @Test("a query that shows success is a payment, with a flaw or without, and with or without its nonce")
    func success() throws {
        for name in ["query-paid", "query-paid-flawed"] {
            #expect(try paid(name) == Sample.trade(Self.trade), "\(name)")
        }
        #expect(try paid("query-paid")?.isPayment(of: Sample.order()) == true)
        #expect(try paid("query-paid-no-echo") == Sample.trade(Self.trade, nonce: nil))
        #expect(try paid("query-paid-other-amount")?.amount == Money(fen: 129))
        for name in ["query-paid-other-amount", "query-paid-stranger"] {
            #expect(try #require(try paid(name)).isPayment(of: Sample.order()) == false, "\(name)")
        }
    }

    @Test(
        "what a query found otherwise",
        arguments: [
            ("query-later", QueryOutcome.open), ("query-unclear", .open), ("query-reversed", .closed),
            ("query-balance-too-low", .closed), ("query-refunded", .unknown(.refundExists)),
            ("query-flawed", .unknown(.alreadyUsed)), ("query-new-state", .unknown(.unlistedCode)),
            ("query-not-found", .notFound), ("query-too-often", .unknown(.notProcessed)),
            ("query-no-state", .unknown(.malformed)), ("query-paid-decimal-amount", .unknown(.malformed)),
            ("query-paid-dollars", .unknown(.malformed)), ("query-paid-no-currency", .unknown(.malformed)),
            ("query-paid-no-number", .unknown(.malformed)),
        ]
    )
    func query(name: String, outcome: QueryOutcome) throws {
        #expect(try read(name).outcome == .query(outcome))
    }

    @Test(
        "a reversal",
        arguments: [
            ("cancel-done", CancelOutcome.closed), ("cancel-done-before", .closed), ("cancel-nothing-found", .notFound),
            ("cancel-wrong-state", .refused), ("cancel-unclear", .retry),
        ]
    )
    func cancel(name: String, outcome: CancelOutcome) throws {
        #expect(try read(name).outcome == .cancel(outcome))
    }

    @Test(
        "success of a refund is accepted, never done, and so is a number that comes again",
        arguments: [
            ("refund-accepted", RefundOutcome.accepted), ("refund-again", .accepted),
            ("refund-other-amount", .unknown(.malformed)), ("refund-unclear", .unknown(.walletUnsure)),
            ("refund-merchant-empty", .failed(.merchantBalance)),
        ]
    )
    func refund(name: String, outcome: RefundOutcome) throws {
        #expect(try read(name).outcome == .refund(outcome))
    }

    @Test(
        "a refund is shown by its own number, time and amount",
        arguments: [
            ("refund-query-done", RefundQueryOutcome.done), ("refund-query-later", .pending),
            ("refund-query-failed", .failed(.other)), ("refund-query-new-state", .unknown(.unlistedCode)),
            ("refund-query-nothing", .notFound), ("refund-query-other-amount", .unknown(.malformed)),
        ]
    )
    func refundQuery(name: String, outcome: RefundQueryOutcome) throws {
        #expect(try read(name).outcome == .refundQuery(outcome))
    }

    @Test("the undo's own refund says whether the whole amount went back")
    func returns() throws {
        let operation = WalletOperation.returns(try Sample.order())
        for (name, outcome) in [
            ("refund-query-done", QueryOutcome.closed), ("refund-query-later", .returning),
            ("refund-query-failed", .unknown(.refundExists)), ("refund-query-nothing", .unknown(.refundExists)),
            ("refund-query-new-state", .unknown(.unlistedCode)), ("refund-query-other-amount", .unknown(.malformed)),
        ] {
            #expect(try read(name, of: operation).outcome == .query(outcome), "\(name)")
        }
        let request = try Account.unionPay().request(for: operation, at: Sample.now, message: Sample.message())
        let same = try Account.unionPay()
            .request(for: .refundQuery(Sample.refund()), at: Sample.now, message: Sample.message())
        #expect(request == same)
    }

    @Test("the signed answer to another call is not an answer to this one, whatever its number is")
    func otherCalls() throws {
        let answers = ["pay-accepted", "query-paid", "cancel-done", "refund-accepted", "refund-query-done"]
        for asked in ["pay", "query", "cancel", "refund", "refund-query"] {
            for answer in answers where answer.split(separator: "-").dropLast().joined(separator: "-") != asked {
                let operation = try Sample.operation(asked)
                let reading = try read(answer, of: operation)
                #expect(
                    reading == WalletReading(outcome: operation.unknown(.malformed), alarm: .forgedAnswer),
                    "\(answer) as the answer to \(asked)"
                )
            }
        }
    }
}
