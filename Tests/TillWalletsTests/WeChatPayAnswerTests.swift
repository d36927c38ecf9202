// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillEngine
import TillWallets

/// Recorded answers of WeChat Pay and what each means.
@Suite struct WeChatPayAnswerTests {
    static let trade = "4200002026112200000000000001"

    private func read(_ name: String, of operation: WalletOperation? = nil) throws -> WalletReading {
        let operation = try operation ?? Sample.operation(name)
        return try Account.weChatPay().read(Fixture.response("wechatpay/\(name)"), of: operation)
    }

    private func paid(_ name: String) throws -> WalletTrade? {
        switch try read(name).outcome {
        case .pay(.paid(let trade)), .query(.paid(let trade)): trade
        default: nil
        }
    }

    @Test(
        "a signed success is a payment, whichever way its XML is written and whatever new fields it has",
        arguments: [
            "pay-paid", "pay-paid-new-field", "pay-paid-bom", "pay-paid-split-cdata", "pay-paid-plain-text",
            "pay-paid-empty-fields",
        ]
    )
    func success(name: String) throws {
        let expected = try Sample.trade(Self.trade)
        #expect(try paid(name) == expected)
        #expect(try paid(name)?.isPayment(of: try Sample.order()) == true)
    }

    @Test("another amount and a stranger's order are told as they are and are no payment of the order")
    func differing() throws {
        let order = try Sample.order()
        #expect(try paid("pay-paid-other-amount")?.amount == Money(fen: 129))
        for name in ["pay-paid-other-amount", "pay-paid-stranger"] {
            #expect(try #require(try paid(name)).isPayment(of: order) == false)
        }
    }

    @Test(
        "what is not signed with our key is unknown",
        arguments: ["pay-paid-unsigned", "pay-paid-bad-signature", "pay-paid-md5"]
    )
    func unsigned(name: String) throws {
        let reading = try read(name)
        #expect(reading.outcome == .pay(.unknown(.badSignature)))
        #expect(reading.alarm == .forgedAnswer)
    }

    @Test(
        "what is not the documented answer to this call is unknown",
        arguments: [
            "pay-paid-decimal-amount", "pay-paid-dollars", "pay-paid-other-merchant", "pay-paid-other-order",
            "html-page", "bad-gateway-signed", "pay-external-entity", "pay-billion-laughs", "pay-nested",
            "pay-field-twice",
        ]
    )
    func malformed(name: String) throws {
        #expect(try read(name).outcome == .pay(.unknown(.malformed)))
    }

    @Test(
        "pay answers other than success",
        arguments: [
            ("pay-typing", PayOutcome.waitingForShopper), ("pay-system-error", .unknown(.walletUnsure)),
            ("pay-balance-too-low", .declined(.insufficientFunds)), ("pay-code-expired", .declined(.codeExpired)),
            ("pay-order-paid", .unknown(.alreadyUsed)), ("pay-unlisted", .unknown(.unlistedCode)),
            ("pay-refused-unsigned", .unknown(.notProcessed)), ("pay-system-error-outside", .unknown(.walletUnsure)),
        ]
    )
    func others(name: String, outcome: PayOutcome) throws {
        #expect(try read(name).outcome == .pay(outcome))
    }

    @Test("the trade's state decides what a query found")
    func query() throws {
        let expected = try Sample.trade(Self.trade)
        #expect(try read("query-paid").outcome == .query(.paid(expected)))
        #expect(try paid("query-paid-no-echo")?.nonce == nil)
        let others: [(String, QueryOutcome)] = [
            ("query-refund-exists", .unknown(.refundExists)), ("query-typing", .open), ("query-not-paid", .open),
            ("query-accepted", .open), ("query-closed", .closed), ("query-revoked", .closed),
            ("query-pay-error", .payError), ("query-new-state", .unknown(.unlistedCode)),
            ("query-not-found", .notFound), ("query-paid-no-amount", .unknown(.malformed)),
        ]
        for (name, outcome) in others { #expect(try read(name).outcome == .query(outcome), "\(name)") }
    }

    @Test(
        "a reverse has ended only with recall N",
        arguments: [
            ("cancel-done", CancelOutcome.closed), ("cancel-again", .retry), ("cancel-no-recall", .unknown(.malformed)),
            ("cancel-typing", .retry), ("cancel-system-error", .retry), ("cancel-nothing-found", .notFound),
            ("cancel-too-late", .refused),
        ]
    )
    func cancel(name: String, outcome: CancelOutcome) throws {
        #expect(try read(name).outcome == .cancel(outcome))
    }

    @Test("a refused reverse that asks for another call is called again, whatever its code")
    func recallBesideFailure() throws {
        for code in ["INVALID_REQUEST", "TRADE_ERROR", "REVERSE_EXPIRE", "ORDERNOTEXIST", "SOMETHING_NEW"] {
            let answer = AnswerWriter.weChatPay(["result_code": "FAIL", "err_code": code, "recall": "Y"])
            let reading = try Account.weChatPay().read(answer, of: .cancel(Sample.order()))
            #expect(reading.outcome == .cancel(.retry) && reading.code == code)
        }
    }

    @Test("a state without the order's number says nothing about the order")
    func stateWithoutNumber() throws {
        for state in ["CLOSED", "REVOKED", "NOTPAY", "PAYERROR", "REFUND"] {
            let answer = AnswerWriter.weChatPay(["result_code": "SUCCESS", "trade_state": state])
            let outcome = try Account.weChatPay().read(answer, of: .query(Sample.order())).outcome
            #expect(outcome == .query(.unknown(.malformed)), "\(state)")
        }
    }

    @Test("an order with a refund is no payment, even where the answer has every field of one")
    func refundIsNotPaid() throws {
        let fields = [
            "result_code": "SUCCESS", "trade_state": "REFUND", "out_trade_no": "TQF000K703343G7H2000016R",
            "total_fee": "1290", "fee_type": "CNY", "transaction_id": Self.trade, "attach": Sample.nonce,
            "trade_type": "MICROPAY",
        ]
        func read(_ state: String) throws -> WalletOutcome {
            let answer = AnswerWriter.weChatPay(fields.merging(["trade_state": state]) { $1 })
            return try Account.weChatPay().read(answer, of: .query(Sample.order())).outcome
        }
        #expect(try read("REFUND") == .query(.unknown(.refundExists)))
        #expect(try read("SUCCESS") == .query(.paid(Sample.trade(Self.trade))))
        #expect(try read("REVOKED") == .query(.closed))
    }

    @Test(
        "success of a refund is accepted, never done",
        arguments: [
            ("refund-accepted", RefundOutcome.accepted), ("refund-other-amount", .unknown(.malformed)),
            ("refund-merchant-empty", .failed(.merchantBalance)), ("refund-again", .retry),
        ]
    )
    func refund(name: String, outcome: RefundOutcome) throws {
        #expect(try read(name).outcome == .refund(outcome))
    }

    @Test(
        "a refund is shown by its own number and amount",
        arguments: [
            ("refund-query-done", RefundQueryOutcome.done), ("refund-query-done-second", .done),
            ("refund-query-processing", .pending), ("refund-query-closed", .failed(.other)),
            ("refund-query-change", .failed(.other)), ("refund-query-new-state", .unknown(.unlistedCode)),
            ("refund-query-other-refund", .unknown(.malformed)), ("refund-query-other-amount", .unknown(.malformed)),
            ("refund-query-nothing", .notFound),
        ]
    )
    func refundQuery(name: String, outcome: RefundQueryOutcome) throws {
        #expect(try read(name).outcome == .refundQuery(outcome))
    }

    @Test("money that came back to the merchant calls a person")
    func change() throws {
        #expect(try read("refund-query-change").alarm == .refundReturned)
    }

    @Test("the signed answer to another call is not an answer to this one")
    func otherCalls() throws {
        let answers = ["pay-paid", "query-paid", "cancel-done", "refund-accepted", "refund-query-done"]
        for asked in ["pay", "query", "cancel", "refund", "refund-query"] {
            for answer in answers
            where !answer.hasPrefix(asked + "-") || (asked == "refund" && answer.contains("query")) {
                let outcome = try read(answer, of: Sample.operation(asked)).outcome
                #expect(outcome == Self.malformed(asked), "\(answer) as the answer to \(asked)")
            }
        }
    }

    private static func malformed(_ asked: String) -> WalletOutcome {
        switch asked {
        case "pay": .pay(.unknown(.malformed))
        case "query": .query(.unknown(.malformed))
        case "cancel": .cancel(.unknown(.malformed))
        case "refund": .refund(.unknown(.malformed))
        default: .refundQuery(.unknown(.malformed))
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
        return try Account.weChatPay().read(AnswerWriter.weChatPay(fields), of: .returns(Sample.order())).outcome
    }

    @Test("no money is held only if the refunds of the order add up to all of it, done")
    func returned() throws {
        #expect(try returns([("1290", "SUCCESS")]) == .query(.closed))
        #expect(try returns([("290", "SUCCESS"), ("1000", "SUCCESS")]) == .query(.closed))
        #expect(try returns([("1290", "PROCESSING")]) == .query(.returning))
        #expect(try returns([("290", "SUCCESS"), ("1000", "PROCESSING")]) == .query(.returning))
        // A refund that failed was tried again under another number.
        #expect(try returns([("1290", "REFUNDCLOSE"), ("1290", "SUCCESS")]) == .query(.closed))
        for refunds in [
            [], [("290", "SUCCESS")], [("1290", "REFUNDCLOSE")], [("1290", "CHANGE")], [("1290", "SOMETHING_NEW")],
            [("1291", "SUCCESS")],
        ] {
            #expect(try returns(refunds) == .query(.unknown(.refundExists)), "\(refunds)")
        }
        for (refunds, more) in [
            ([("12.90", "SUCCESS")], [:]), ([("-1", "SUCCESS"), ("1291", "SUCCESS")], [:]),
            ([("0", "SUCCESS"), ("1290", "SUCCESS")], [:]), ([("1290", "SUCCESS")], ["out_trade_no": ""]),
            ([("1290", "SUCCESS")], ["out_trade_no": "TQF000K703343G7H2000016S"]),
            ([("1290", "SUCCESS")], ["total_fee": "1291"]), ([("1290", "SUCCESS")], ["total_fee": ""]),
            ([("1290", "SUCCESS")], ["refund_fee_0": ""]), ([("1290", "SUCCESS")], ["refund_status_0": ""]),
        ] as [([(String, String)], [String: String])] {
            #expect(try returns(refunds.map { (fee: $0.0, status: $0.1) }, more) == .query(.unknown(.malformed)))
        }
        func failure(_ code: String) throws -> WalletOutcome {
            try Account.weChatPay().read(AnswerWriter.weChatPay(failure: code), of: .returns(Sample.order())).outcome
        }
        #expect(try failure("REFUNDNOTEXIST") == .query(.unknown(.refundExists)))
        #expect(try failure("SYSTEMERROR") == .query(.unknown(.walletUnsure)))
        #expect(try failure("ANYTHING_ELSE") == .query(.unknown(.unlistedCode)))
    }

    @Test("the refunds of an order are asked for by the order's number, without the certificate")
    func returnsRequest() throws {
        let request = try Account.weChatPay()
            .request(for: .returns(Sample.order()), at: Sample.now, message: Sample.message())
        let body = String(decoding: request.body, as: UTF8.self)
        #expect(request.target == "/pay/refundquery" && !request.needsClientCertificate)
        #expect(body.contains("out_trade_no") && !body.contains("out_refund_no"))
    }

    @Test("after a change of the API key the answers of both keys are read")
    func keyChange() throws {
        let changed = ["apiKey": "Another0Key0For0Unit0Tests000002"]
        let response = try Fixture.response("wechatpay/pay-paid")
        let operation = WalletOperation.pay(try Sample.payment())
        let strict = try Account.weChatPay(changed)
        #expect(strict.outcome(of: operation, from: response) == .pay(.unknown(.badSignature)))
        let switching = try Account.weChatPay(changed.merging(["previousAPIKey": Account.weChatPayKey]) { $1 })
        #expect(switching.outcome(of: operation, from: response) == .pay(.paid(try Sample.trade(Self.trade))))
    }
}
