// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillEngine
import TillWallets

/// Recorded answers of Alipay and what each means.
@Suite struct AlipayAnswerTests {
    static let trade = "2026112222001400000000000001"

    private func read(_ name: String, of operation: WalletOperation? = nil) throws -> WalletReading {
        let operation = try operation ?? Sample.operation(name)
        return try Account.alipay().read(Fixture.response("alipay/\(name)"), of: operation)
    }

    private func paid(_ name: String) throws -> WalletTrade? {
        switch try read(name).outcome {
        case .pay(.paid(let trade)), .query(.paid(let trade)): trade
        default: nil
        }
    }

    @Test(
        "a signed success is a payment with the answer's own amount and numbers",
        arguments: ["pay-paid", "pay-paid-number-amount", "pay-paid-old-list", "pay-certificate-mode"]
    )
    func success(name: String) throws {
        let expected = try Sample.trade(Self.trade, nonce: nil, payer: "159****5620")
        #expect(try paid(name) == expected)
        #expect(try read(name).alarm == nil)
    }

    @Test("another amount is told as it is and is not a payment of the order")
    func otherAmount() throws {
        let trade = try #require(try paid("pay-paid-other-amount"))
        #expect(trade.amount == Money(fen: 1291))
        #expect(!trade.isPayment(of: try Sample.order()))
    }

    @Test("a genuine answer about another order is no answer")
    func otherOrder() throws {
        let reading = try read("pay-paid-other-order")
        #expect(reading.outcome == .pay(.unknown(.malformed)))
        #expect(reading.alarm == .forgedAnswer)
    }

    @Test(
        "a success is believed in GBK and with slashes written either way, as long as it is signed",
        arguments: [
            "pay-paid-in-gbk", "pay-slashes-escaped", "pay-slashes-signed-plain", "pay-slashes-signed-escaped",
        ]
    )
    func encodings(name: String) throws {
        let expected = try Sample.trade(Self.trade, nonce: nil, payer: "159****5620")
        #expect(try paid(name) == expected)
    }

    @Test(
        "whatever is not signed by Alipay is unknown",
        arguments: [
            ("pay-paid-unsigned", WalletAlarm.forgedAnswer), ("pay-paid-bad-signature", .forgedAnswer),
            ("pay-paid-own-key", .forgedAnswer), ("pay-invalid-app-unsigned", .merchantAccount),
            ("pay-invalid-app-error-node", .merchantAccount),
        ]
    )
    func unsigned(name: String, alarm: WalletAlarm) throws {
        let reading = try read(name)
        #expect(reading.outcome == .pay(.unknown(.badSignature)))
        #expect(reading.alarm == alarm)
    }

    @Test("an unsigned set-up error names its code for the people who are called")
    func setUpCode() throws {
        #expect(try read("pay-invalid-app-unsigned").code == "isv.invalid-app-id")
    }

    @Test(
        "what is not the documented envelope is unknown",
        arguments: [
            "pay-node-twice", "pay-node-twice-inside", "pay-error-node-success", "html-page", "bad-gateway",
            "bad-gateway-signed",
        ]
    )
    func malformed(name: String) throws {
        #expect(try read(name).outcome == .pay(.unknown(.malformed)))
    }

    @Test(
        "pay answers other than success",
        arguments: [
            ("pay-waiting", PayOutcome.waitingForShopper), ("pay-balance-too-low", .declined(.insufficientFunds)),
            ("pay-braces", .declined(.codeExpired)), ("pay-system-error", .unknown(.walletUnsure)),
            ("pay-unknown-in-gbk", .unknown(.walletUnsure)), ("pay-has-success", .unknown(.alreadyUsed)),
            ("pay-unlisted", .unknown(.unlistedCode)), ("pay-invalid-app-signed", .declined(.merchantConfiguration)),
        ]
    )
    func others(name: String, outcome: PayOutcome) throws {
        #expect(try read(name).outcome == .pay(outcome))
    }

    @Test("an unlisted code is counted under its own name")
    func unlisted() throws {
        let reading = try read("pay-unlisted")
        #expect(reading.code == "ACQ.SOMETHING_NEW")
        #expect(reading.alarm == .unlistedCode)
    }

    @Test("success of a query is not paid: the trade's status decides")
    func query() throws {
        let expected = try Sample.trade(Self.trade, payer: "159****5620")
        #expect(try read("query-paid").outcome == .query(.paid(expected)))
        #expect(try read("query-finished").outcome == .query(.paid(expected)))
        #expect(try read("query-waiting").outcome == .query(.open))
        #expect(try read("query-closed").outcome == .query(.closed))
        #expect(try read("query-not-found").outcome == .query(.notFound))
        #expect(try read("query-new-status").outcome == .query(.unknown(.unlistedCode)))
        #expect(try read("query-paid-dollars").outcome == .query(.unknown(.malformed)))
    }

    @Test("the echoed nonce tells our order from a stranger's, and silence from both")
    func nonce() throws {
        let order = try Sample.order()
        #expect(try paid("query-paid")?.isPayment(of: order) == true)
        #expect(try paid("query-paid-no-echo")?.nonce == nil)
        #expect(try paid("query-paid-no-echo")?.isPayment(of: order) == true)
        for name in ["query-paid-stranger", "query-paid-stranger-text"] {
            let trade = try #require(try paid(name))
            #expect(trade.nonce != nil)
            #expect(!trade.isPayment(of: order))
        }
    }

    @Test(
        "a cancel is what its action says, and nothing found without one",
        arguments: [
            ("cancel-closed", CancelOutcome.closed), ("cancel-refunded", .refunded),
            ("cancel-nothing-found", .notFound), ("cancel-no-action", .unknown(.malformed)),
            ("cancel-misspelled", .retry), ("cancel-retry", .retry), ("cancel-too-late", .refused),
        ]
    )
    func cancel(name: String, outcome: CancelOutcome) throws {
        #expect(try read(name).outcome == .cancel(outcome))
    }

    @Test(
        "success of a refund is done only where this call moved money",
        arguments: [
            ("refund-done", RefundOutcome.done), ("refund-not-decided", .accepted), ("refund-no-flag", .accepted),
            ("refund-merchant-empty", .failed(.merchantBalance)),
        ]
    )
    func refund(name: String, outcome: RefundOutcome) throws {
        #expect(try read(name).outcome == .refund(outcome))
    }

    @Test(
        "a refund is shown done by its own number, amount and status",
        arguments: [
            ("refund-query-done", RefundQueryOutcome.done), ("refund-query-nothing", .notFound),
            ("refund-query-no-trade", .notFound), ("refund-query-other-amount", .unknown(.malformed)),
            ("refund-query-other-refund", .unknown(.malformed)),
        ]
    )
    func refundQuery(name: String, outcome: RefundQueryOutcome) throws {
        #expect(try read(name).outcome == .refundQuery(outcome))
    }

    @Test("the signed answer to another call is not an answer to this one")
    func otherCalls() throws {
        let names = [
            "pay": ["query-paid", "query-waiting", "refund-done", "refund-query-done", "cancel-closed"],
            "query": ["pay-paid", "cancel-closed", "cancel-nothing-found", "refund-done", "refund-query-done"],
            "cancel": ["pay-paid", "query-closed", "refund-done", "refund-query-nothing", "pay-waiting"],
            "refund": ["pay-paid", "query-paid", "cancel-refunded", "refund-query-done", "refund-query-nothing"],
            "refund-query": ["pay-paid", "query-closed", "cancel-refunded"],
        ]
        for (asked, answers) in names {
            let operation = try Sample.operation(asked)
            let node = try Self.node(asked)
            for answer in answers {
                let response = try Fixture.response("alipay/\(answer)")
                let renamed = String(decoding: response.body, as: UTF8.self)
                    .replacing(try Self.node(answer), with: node)
                let reading = try Account.alipay()
                    .read(
                        InboundResponse(status: 200, body: [UInt8](renamed.utf8), receivedAt: Sample.now),
                        of: operation
                    )
                let isUnknown =
                    switch reading.outcome {
                    case .pay(.unknown), .query(.unknown), .cancel(.unknown), .refund(.unknown), .refundQuery(.unknown):
                        true
                    // What says nothing of a refund says that there is none: the same number is asked again.
                    case .refundQuery(.notFound): true
                    default: false
                    }
                #expect(isUnknown, "\(answer) as the answer to \(asked): \(reading.outcome)")
            }
        }
    }

    private static func node(_ name: String) throws -> String {
        if name.hasPrefix("refund-query") { return "alipay_trade_fastpay_refund_query_response" }
        let word = try #require(name.split(separator: "-").first)
        return "alipay_trade_\(word)_response"
    }
}
