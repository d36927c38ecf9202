// Part of Tillbridge. See LICENSE.
import TillRegister

/// What happens at a register every day, without anything breaking.
enum EverydayScenarios {
    static let alipayPaid = Scenario(name: "Alipay paid", expected: "paid", amount: 1280) { lane, sale, amount in
        Played(try await lane.sell(sale, amount, code: lane.sandbox.issueCode(.alipay)))
    }

    static let weChatPaid = Scenario(name: "WeChat paid", expected: "paid", amount: 2350) { lane, sale, amount in
        Played(try await lane.sell(sale, amount, code: lane.sandbox.issueCode(.wechatpay)))
    }

    static let qqWalletPaid = Scenario(name: "QQ Wallet paid", expected: "paid", amount: 1660) { lane, sale, amount in
        Played(try await lane.sell(sale, amount, code: lane.sandbox.issueCode(.qqwallet)))
    }

    static let unionPayPaid = Scenario(name: "UnionPay paid", expected: "paid", amount: 4120) { lane, sale, amount in
        Played(try await lane.sell(sale, amount, code: lane.sandbox.issueCode(.unionpay)))
    }

    static let passwordLater = Scenario(
        name: "Shopper types the password after some seconds",
        expected: "paid",
        amount: 88_800
    ) { lane, sale, amount in
        let code = try await lane.sandbox.issueCode(.wechatpay, "password-pays-after:12")
        let told = try await lane.sell(sale, amount, code: code)
        var played = Played(told)
        played.expect(told.seconds >= 12 * lane.stack.timeFactor, "it was paid before the shopper confirmed")
        return played
    }

    static let shopperDeclines = Scenario(
        name: "Shopper declines",
        expected: "declined",
        amount: 4590
    ) { lane, sale, amount in
        let code = try await lane.sandbox.issueCode(.alipay, "password")
        async let told = lane.sell(sale, amount, code: code)
        try await lane.waitForTrade(code, state: "waiting")
        try await lane.sandbox.reject(code)
        return Played(try await told)
    }

    static let insufficient = Scenario(
        name: "Balance too low",
        expected: "declined",
        amount: 9900
    ) { lane, sale, amount in
        let told = try await lane.sell(sale, amount, code: lane.sandbox.issueCode(.alipay, "insufficient"))
        var played = Played(told)
        played.expect(told.answer?.reason == "insufficient-funds", "the reason is not insufficient-funds")
        return played
    }

    static let expired = Scenario(name: "Expired code", expected: "declined", amount: 620) { lane, sale, amount in
        let told = try await lane.sell(sale, amount, code: lane.sandbox.issueCode(.wechatpay, "expired"))
        var played = Played(told)
        played.expect(told.answer?.reason == "code-expired", "the reason is not code-expired")
        return played
    }

    static let noWallet = Scenario(
        name: "Code of no wallet",
        expected: "declined",
        amount: 510
    ) { lane, sale, amount in
        let before = try await lane.sandbox.allTrades().filter { $0.register == lane.register }.count
        let told = try await lane.sell(sale, amount, code: "991234567890123456")
        var played = Played(told)
        played.expect(told.answer?.reason == "unsupported-code", "the reason is not unsupported-code")
        played.expect(told.seconds < 0.5, "it was not answered at once")
        played.expect(told.answer?.orderNumber == nil, "an order number was drawn")
        let after = try await lane.sandbox.allTrades().filter { $0.register == lane.register }.count
        played.expect(before == after, "something reached the wallet")
        return played
    }

    static let badAmounts = Scenario(
        name: "Amount 0, negative, huge, fractional",
        expected: "refused",
        amount: 0
    ) { lane, sale, _ in
        let before = try await lane.journalIndex()
        let code = try await lane.sandbox.issueCode(.alipay)
        var played = Played(try await lane.sell(sale, 0, code: code))
        for amount in ["-100", "9007199254740993", "100000000000000000000", "12.5", "\"1280\""] {
            let reference = await lane.desk.newSaleReference()
            let body = #"{"saleRef":"\#(reference)","amount":\#(amount),"currency":"CNY","paymentCode":"\#(code)"}"#
            guard case .refused(let problem) = try await lane.desk.present(body, as: reference) else {
                played.remarks.append("amount \(amount) was taken")
                continue
            }
            played.expect(problem.status == 400 && problem.field == "amount", "amount \(amount): not named as wrong")
        }
        played.expect(try await lane.journalIndex() == before, "something was journalled")
        return played
    }

    static let sameSaleTwice = Scenario(
        name: "Same saleRef twice",
        expected: "paid",
        amount: 3100
    ) { lane, sale, amount in
        let code = try await lane.sandbox.issueCode(.alipay)
        let first = try await lane.sell(sale, amount, code: code)
        let second = try await lane.sell(sale, amount, code: code)
        var played = Played(first)
        played.expect(second.word == "paid", "the second time it was told \(second.word)")
        played.expect(first.answer?.orderNumber == second.answer?.orderNumber, "two order numbers were drawn")
        return played
    }

    static let twoCodesAtOnce = Scenario(
        name: "Two codes for one saleRef at once",
        expected: "paid",
        amount: 7700
    ) { lane, sale, amount in
        let one = try await lane.sandbox.issueCode(.alipay)
        let other = try await lane.sandbox.issueCode(.wechatpay)
        async let first = lane.sell(sale, amount, code: one)
        async let second = lane.sell(sale, amount, code: other)
        let told = try await [first, second]
        var played = Played(told[0])
        played.expect(told[1].word == told[0].word, "the other code was answered \(told[1].word)")
        let numbers = Set(told.compactMap { $0.answer?.orderNumber })
        played.expect(numbers.count == 1, "the answers name \(numbers.count) order numbers")
        let trades = try await lane.sandbox.allTrades().filter { numbers.contains($0.merchantOrderNumber) }
        played.expect(trades.filter { $0.net > 0 }.count == 1, "not exactly one charge")
        return played
    }

    static let secondCode = Scenario(
        name: "Declined, then the same saleRef with another code",
        expected: "paid",
        amount: 5400
    ) { lane, sale, amount in
        let poor = try await lane.sandbox.issueCode(.alipay, "insufficient")
        let declined = try await lane.sell(sale, amount, code: poor)
        let told = try await lane.sell(sale, amount, code: lane.sandbox.issueCode(.wechatpay))
        var played = Played(told)
        played.expect(declined.word == "declined", "the first code was \(declined.word)")
        played.expect(declined.answer?.orderNumber != told.answer?.orderNumber, "one number for two attempts")
        return played
    }

    static let neverAcknowledged = Scenario(
        name: "Register never acknowledges",
        expected: "unacknowledged",
        amount: 1990
    ) { lane, sale, amount in
        let paid = try await lane.sell(
            sale,
            amount,
            code: lane.sandbox.issueCode(.alipay),
            acknowledge: false
        )
        let next = await lane.desk.newSaleReference()
        let told = try await lane.sell(next, 800, code: lane.sandbox.issueCode(.alipay))
        var played = Played(told)
        played.expect(paid.word == "paid", "the first sale was \(paid.word)")
        played.expect(told.answer?.blockedBy == sale, "the answer does not name the sale in the way")
        if case .answer(let disowned) = try await lane.desk.disown(sale) {
            played.expect(disowned.outcome == .cancelled, "disowning was answered \(disowned.outcome.rawValue)")
        } else {
            played.remarks.append("disowning was refused")
        }
        try await lane.waitUntilUndone(sale)
        let after = try await lane.sellNext(800)
        played.expect(after.word == "paid", "the next sale was \(after.word)")
        return played
    }
}

extension DemoLane {
    /// How many records the plug-in's journal holds.
    func journalIndex() async throws -> Int64 {
        struct Head: Decodable, Sendable { var journalIndex: Int64 }
        guard case .answer(let head) = await desk.plugin.get("/v1/status", as: Head.self) else {
            throw DemoFailure("The plug-in of register \(register) does not answer.")
        }
        return head.journalIndex
    }
}
