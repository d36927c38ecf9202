// Part of Tillbridge. See LICENSE.
import TillRegister

/// What happens when something breaks on the way.
enum TroubleScenarios {
    static let replyLost = Scenario(
        name: "Reply lost after the wallet booked",
        expected: "paid",
        amount: 6600,
        needsFault: true
    ) { lane, sale, amount in
        let code = try await lane.sandbox.issueCode(.wechatpay)
        let fault = SandboxControl.Fault(wallet: .wechatpay, operation: "pay", fault: "drop-reply", count: 1)
        return Played(try await lane.faults.strike(sale, fault) { try await lane.sell(sale, amount, code: code) })
    }

    static let walletSilent = Scenario(
        name: "Wallet silent until the decision time",
        expected: "cancelled",
        amount: 8200,
        needsFault: true
    ) { lane, sale, amount in
        let code = try await lane.sandbox.issueCode(.alipay)
        let fault = SandboxControl.Fault(wallet: .alipay, operation: "pay", fault: "drop-request", count: 1)
        let told = try await lane.faults.strike(sale, fault) { try await lane.sell(sale, amount, code: code) }
        var played = Played(told)
        let busy = try await lane.sell(
            await lane.desk.newSaleReference(),
            500,
            code: lane.sandbox.issueCode(.wechatpay)
        )
        played.expect(busy.word == "busy", "a new payment was answered \(busy.word) while the gate was shut")
        try await lane.waitUntilUndone(sale)
        let next = try await lane.sellNext(500)
        played.expect(next.word == "paid", "the next payment was \(next.word)")
        return played
    }

    static let lateExecution = Scenario(
        name: "Late execution after the cancel",
        expected: "cancelled",
        amount: 7100,
        needsFault: true
    ) { lane, sale, amount in
        let code = try await lane.sandbox.issueCode(.alipay)
        let fault = SandboxControl.Fault(
            wallet: .alipay,
            operation: "pay",
            fault: "late-execution",
            count: 1,
            // After the decision at 45 s and its cancel, before the code expires at 60 s.
            seconds: 54
        )
        let told = try await lane.faults.strike(sale, fault) { try await lane.sell(sale, amount, code: code) }
        var played = Played(told)
        let number = told.answer?.orderNumber ?? ""
        try await lane.wait(lane.allowance(40), for: "the wallet to book late") {
            try await lane.sandbox.trades(number: number).first.map { $0.state != "waiting" } ?? false
        }
        try await lane.waitUntilUndone(sale)
        let next = try await lane.sellNext(500)
        played.expect(next.word == "paid", "the next payment was \(next.word)")
        return played
    }

    static let plugInKilled = Scenario(
        name: "Plug-in SIGKILLed in the middle",
        expected: "cancelled",
        amount: 3900
    ) { lane, sale, amount in
        let code = try await lane.sandbox.issueCode(.wechatpay, "never")
        let start = ContinuousClock.now
        // The register lost its power, too: it does not ask again before the plug-in has decided.
        async let torn = lane.sell(sale, amount, code: code, patience: .zero)
        try await lane.waitForTrade(code, state: "waiting")
        try await lane.stack.killPlugin(lane.position)
        let silence = try await torn
        try await lane.stack.startPlugin(lane.position)
        try await lane.waitUntilDecided()
        let told = Told(reply: try await lane.desk.status(of: sale), seconds: DemoLane.seconds(since: start))
        var played = Played(told)
        played.expect(silence.word == "silence", "a killed plug-in answered \(silence.word)")
        played.expect(told.answer?.reason == "restart", "the reason is not the restart")
        try await lane.waitUntilUndone(sale)
        let next = try await lane.sellNext(500)
        played.expect(next.word == "paid", "the next payment was \(next.word)")
        return played
    }

    /// Needs a stack of its own: it loses its cloud A for good.
    static let cloudKilled = Scenario(
        name: "Cloud A SIGKILLed after the wallet booked",
        expected: "paid",
        amount: 9300,
        needsFault: true
    ) { lane, sale, amount in
        let code = try await lane.sandbox.issueCode(.alipay)
        let fault = SandboxControl.Fault(wallet: .alipay, operation: "pay", fault: "drop-reply", count: 1)
        let told = try await lane.faults.strike(sale, fault) {
            try await lane.sell(sale, amount, code: code)
        } struck: {
            try await lane.waitForTrade(code, state: "paid")
            try await lane.stack.killCloud("A")
        }
        return Played(told)
    }

    /// Follows the one before: after it no cloud is left.
    static let bothCloudsDown = Scenario(
        name: "Both clouds down",
        expected: "unavailable",
        amount: 2100
    ) { lane, sale, amount in
        try await lane.stack.killCloud("B")
        try await lane.wait(lane.allowance(10), for: "the tender key to go dark") {
            if case .answer(let status) = await lane.desk.plugin.laneStatus() { !status.available } else { false }
        }
        let told = try await lane.sell(sale, amount, code: lane.sandbox.issueCode(.alipay))
        var played = Played(told)
        played.expect(told.seconds < 0.5, "it was not refused at once")
        try await lane.desk.takeCash(sale: sale, amount: amount)
        return played
    }
}
