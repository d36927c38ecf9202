// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillEngine

@testable import TillWallets

/// Recorded answers of QQ Wallet and what each means.
@Suite struct QQWalletAnswerTests {
    static let trade = "1900000109471612220000000001"

    private func read(_ name: String, of operation: WalletOperation? = nil) throws -> WalletReading {
        let operation = try operation ?? Sample.operation(name)
        return try Account.qqWallet().read(Fixture.response("qqwallet/\(name)"), of: operation)
    }

    private func paid(_ name: String) throws -> WalletTrade? {
        switch try read(name).outcome {
        case .pay(.paid(let trade)), .query(.paid(let trade)): trade
        default: nil
        }
    }

    @Test(
        "a signed success is a payment, with or without its state, however its XML is written",
        arguments: ["pay-paid", "pay-paid-no-state", "pay-paid-new-field", "pay-paid-plain-text"]
    )
    func success(name: String) throws {
        #expect(try paid(name) == Sample.trade(Self.trade))
        #expect(try paid(name)?.isPayment(of: Sample.order()) == true)
    }

    @Test("another amount and a stranger's order are told as they are and are no payment of the order")
    func differing() throws {
        #expect(try paid("pay-paid-other-amount")?.amount == Money(fen: 129))
        for name in ["pay-paid-other-amount", "pay-paid-stranger"] {
            #expect(try #require(try paid(name)).isPayment(of: Sample.order()) == false)
        }
    }

    @Test(
        "what is not signed with our key is unknown",
        arguments: ["pay-paid-unsigned", "pay-paid-bad-signature", "pay-paid-hmac"]
    )
    func unsigned(name: String) throws {
        #expect(
            try read(name) == WalletReading(outcome: .pay(.unknown(.badSignature)), alarm: .forgedAnswer)
        )
    }

    @Test(
        "what is not the documented answer to this call is unknown",
        arguments: [
            "pay-paid-decimal-amount", "pay-paid-dollars", "pay-paid-other-merchant", "pay-paid-other-order",
            "html-page", "bad-gateway-signed", "pay-field-twice",
        ]
    )
    func malformed(name: String) throws {
        #expect(try read(name).outcome == .pay(.unknown(.malformed)))
    }

    @Test("a genuine answer about another order or merchant calls a person")
    func foreign() throws {
        for name in ["pay-paid-other-merchant", "pay-paid-other-order"] {
            #expect(try read(name).alarm == .forgedAnswer)
        }
    }

    @Test(
        "pay answers other than success",
        arguments: [
            ("pay-typing", PayOutcome.waitingForShopper), ("pay-typing-state", .waitingForShopper),
            ("pay-typing-success", .waitingForShopper), ("pay-system-error", .unknown(.walletUnsure)),
            ("pay-balance-too-low", .declined(.insufficientFunds)), ("pay-code-expired", .declined(.codeExpired)),
            ("pay-order-paid", .unknown(.alreadyUsed)), ("pay-unlisted", .unknown(.unlistedCode)),
            ("pay-refused-unsigned", .unknown(.notProcessed)), ("pay-paid-other-state", .unknown(.walletUnsure)),
        ]
    )
    func others(name: String, outcome: PayOutcome) throws {
        #expect(try read(name).outcome == .pay(outcome))
    }

    @Test("the trade's state decides what a query found")
    func query() throws {
        #expect(try read("query-paid").outcome == .query(.paid(Sample.trade(Self.trade))))
        #expect(try paid("query-paid-no-echo")?.nonce == nil)
        let others: [(String, QueryOutcome)] = [
            ("query-refund-exists", .unknown(.refundExists)), ("query-typing", .open), ("query-not-paid", .open),
            ("query-closed", .closed), ("query-revoked", .closed), ("query-pay-error", .payError),
            ("query-new-state", .unknown(.unlistedCode)), ("query-not-found", .notFound),
            ("query-paid-no-amount", .unknown(.malformed)), ("query-paid-no-state", .unknown(.malformed)),
        ]
        for (name, outcome) in others { #expect(try read(name).outcome == .query(outcome), "\(name)") }
    }

    @Test(
        "a reverse has ended only with recall N, and is called again after every error that is not about us",
        arguments: [
            ("cancel-done", CancelOutcome.closed), ("cancel-again", .retry), ("cancel-no-recall", .unknown(.malformed)),
            ("cancel-typing", .retry), ("cancel-unlisted-again", .retry), ("cancel-nothing-found", .notFound),
            ("cancel-done-before", .closed),
        ]
    )
    func cancel(name: String, outcome: CancelOutcome) throws {
        #expect(try read(name).outcome == .cancel(outcome))
    }

    @Test(
        "success of a refund is accepted, never done",
        arguments: [
            ("refund-accepted", RefundOutcome.accepted), ("refund-other-amount", .unknown(.malformed)),
            ("refund-merchant-empty", .failed(.merchantBalance)), ("refund-system-error", .retry),
        ]
    )
    func refund(name: String, outcome: RefundOutcome) throws {
        #expect(try read(name).outcome == .refund(outcome))
    }

    @Test(
        "a refund is shown by its own number and amount",
        arguments: [
            ("refund-query-done", RefundQueryOutcome.done), ("refund-query-done-second", .done),
            ("refund-query-processing", .pending), ("refund-query-failed", .failed(.other)),
            ("refund-query-change", .failed(.other)), ("refund-query-new-state", .unknown(.unlistedCode)),
            ("refund-query-other-refund", .unknown(.malformed)), ("refund-query-other-amount", .unknown(.malformed)),
            ("refund-query-nothing", .notFound),
        ]
    )
    func refundQuery(name: String, outcome: RefundQueryOutcome) throws {
        #expect(try read(name).outcome == .refundQuery(outcome))
        #expect(try read("refund-query-change").alarm == .refundReturned)
    }

    @Test("the signed answer to another call is not an answer to this one, but for pay and query, which are alike")
    func otherCalls() throws {
        let answers = ["pay-paid", "query-paid", "cancel-done", "refund-accepted", "refund-query-done"]
        let alike: Set = ["pay", "query"]
        for asked in ["pay", "query", "cancel", "refund", "refund-query"] {
            for answer in answers {
                let call = answer.split(separator: "-").dropLast().joined(separator: "-")
                guard call != asked, !(alike.contains(call) && alike.contains(asked)) else { continue }
                let operation = try Sample.operation(asked)
                let outcome = try read(answer, of: operation).outcome
                #expect(outcome == operation.unknown(.malformed), "\(answer) as the answer to \(asked)")
            }
        }
    }

    private func returns(_ refunds: [(fee: String, status: String)], _ more: [String: String] = [:]) throws
        -> WalletOutcome
    {
        var fields = [
            "result_code": "SUCCESS", "out_trade_no": "TQF000K703343G7H2000016R", "total_fee": "1290",
            "transaction_id": Self.trade, "refund_count": "\(refunds.count)",
        ]
        for (place, refund) in refunds.enumerated() {
            fields["out_refund_no_\(place)"] = "R\(place)"
            fields["refund_fee_\(place)"] = refund.fee
            fields["refund_status_\(place)"] = refund.status
        }
        fields.merge(more) { $1 }
        return try Account.qqWallet().read(AnswerWriter.qqWallet(fields), of: .returns(Sample.order())).outcome
    }

    @Test("no money is held only if the refunds of the order add up to all of it, done")
    func returned() throws {
        #expect(try returns([("290", "SUCCESS"), ("1000", "SUCCESS")]) == .query(.closed))
        #expect(try returns([("290", "SUCCESS"), ("1000", "PROCESSING")]) == .query(.returning))
        #expect(try returns([("1290", "FAIL"), ("1290", "SUCCESS")]) == .query(.closed))
        for refunds in [[], [("290", "SUCCESS")], [("1290", "FAIL")], [("1290", "CHANGE")], [("1291", "SUCCESS")]] {
            #expect(try returns(refunds) == .query(.unknown(.refundExists)), "\(refunds)")
        }
        #expect(try returns([("1290", "SUCCESS")], ["total_fee": "1291"]) == .query(.unknown(.malformed)))
        #expect(
            try returns([("1290", "SUCCESS")], ["out_trade_no": "TQF000K703343G7H2000026L"])
                == .query(.unknown(.malformed))
        )
        let request = try Account.qqWallet()
            .request(for: .returns(Sample.order()), at: Sample.now, message: Sample.message())
        let body = String(decoding: request.body, as: UTF8.self)
        #expect(request.target == "/cgi-bin/pay/qpay_refund_query.cgi" && !request.needsClientCertificate)
        #expect(body.contains("out_trade_no") && !body.contains("out_refund_no"))
    }

    @Test("after a change of the API key the answers of both keys are read")
    func keyChange() throws {
        let changed = ["apiKey": "Another0Key0For0Unit0Tests000002"]
        let response = try Fixture.response("qqwallet/pay-paid")
        let operation = WalletOperation.pay(try Sample.payment())
        #expect(try Account.qqWallet(changed).outcome(of: operation, from: response) == .pay(.unknown(.badSignature)))
        let switching = try Account.qqWallet(changed.merging(["previousAPIKey": Account.weChatPayKey]) { $1 })
        #expect(switching.outcome(of: operation, from: response) == .pay(.paid(try Sample.trade(Self.trade))))
    }

    @Test("an account with an application sends its number")
    func application() throws {
        let adapter = try Account.qqWallet(["appID": "1101000001"])
        let request = try adapter.request(for: .query(Sample.order()), at: Sample.now, message: Sample.message())
        #expect(String(decoding: request.body, as: UTF8.self).contains("<appid><![CDATA[1101000001]]></appid>"))
    }
}
