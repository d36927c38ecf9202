// Part of Tillbridge. See LICENSE.
import Foundation
import TillRegister

/// What a register was told, and after how long.
struct Told: Sendable {
    let reply: PluginReply<SaleAnswer>
    let seconds: Double

    var answer: SaleAnswer? {
        if case .answer(let answer) = reply { answer } else { nil }
    }

    var word: String {
        switch reply {
        case .answer(let answer): answer.outcome.rawValue
        case .refused: "refused"
        case .silence: "silence"
        }
    }
}

/// One register in a scenario's hands: its till, the wallets' side, and the stack whose parts can be killed.
struct DemoLane: Sendable {
    let register: String
    let desk: TillDesk
    let paper: String
    let sandbox: SandboxControl
    let faults: FaultTurn
    let stack: DemoStack
    /// The position of this register's plug-in in the stack.
    let position: Int

    /// A time of the protocol as it passes here, with room for a busy machine.
    func allowance(_ protocolSeconds: Double) -> Double { protocolSeconds * stack.timeFactor + 30 }

    func sell(
        _ sale: String,
        _ amount: Int64,
        code: String,
        acknowledge: Bool = true,
        patience: Duration? = nil
    ) async throws -> Told {
        let start = ContinuousClock.now
        let item = PaymentRequest.Item(sku: "6901", name: "Goods", quantity: 1, unitPrice: amount)
        let request = PaymentRequest(
            saleRef: sale,
            amount: amount,
            paymentCode: code,
            operator: "demo",
            items: amount > 0 ? [item] : []
        )
        let reply = try await desk.pay(request, acknowledge: acknowledge, patience: patience)
        return Told(reply: reply, seconds: DemoLane.seconds(since: start))
    }

    /// The next customer at this register: waits until it can sell again, sells, and says how that went.
    func sellNext(_ amount: Int64) async throws -> Told {
        try await waitUntilAvailable()
        let code = try await sandbox.issueCode(.alipay)
        return try await sell(await desk.newSaleReference(), amount, code: code)
    }

    func waitUntilAvailable() async throws {
        try await wait(allowance(140), for: "register \(register) to take payments") {
            if case .answer(let status) = await desk.plugin.laneStatus() { status.available } else { false }
        }
    }

    /// Until no payment of this register is undecided any more.
    func waitUntilDecided() async throws {
        try await wait(allowance(20), for: "register \(register) to decide") {
            if case .answer(let status) = await desk.plugin.laneStatus() { status.lane != "waiting" } else { false }
        }
    }

    /// Until the register has been told that the undo of its sale is final.
    func waitUntilUndone(_ sale: String) async throws {
        try await wait(allowance(150), for: "the undo of \(sale)") {
            guard case .answer(let answer) = try await desk.status(of: sale) else { return false }
            return answer.outcome == .cancelled && answer.final == true
        }
    }

    /// Until the wallet has a trade of this code in this state.
    func waitForTrade(_ code: String, state: String) async throws {
        try await wait(allowance(10), for: "the wallet to have the payment as \(state)") {
            try await sandbox.code(code).trade?.state == state
        }
    }

    func wait(_ seconds: Double, for what: String, _ isSo: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while try await !isSo() {
            guard ContinuousClock.now < deadline else {
                throw DemoFailure("Waited \(Int(seconds)) s in vain for \(what).")
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    static func seconds(since start: ContinuousClock.Instant) -> Double {
        let passed = (ContinuousClock.now - start).components
        return Double(passed.seconds) + Double(passed.attoseconds) / 1e18
    }
}
