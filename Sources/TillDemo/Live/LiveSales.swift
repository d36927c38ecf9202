// Part of Tillbridge. See LICENSE.
import AsyncHTTPClient
import Foundation
import TillRegister

/// Sales that come in by themselves while a demo runs: each of some registers of its own sells to one shopper after the
/// other, through plug-in, proxy, cloud and wallet. Whatever breaks, a register waits until it can sell again.
package struct LiveSales: Sendable {
    package static let standardPerMinute = 20
    package static let mostPerMinute = 120

    let plugins: [DemoStack.Plugin]
    /// The sandbox's address.
    let sandbox: String
    /// Of all registers together.
    let perMinute: Int

    private var isOn: Bool { perMinute > 0 && !plugins.isEmpty }

    /// For people; nil where nothing comes in.
    var text: String? {
        guard isOn else { return nil }
        let shares = LiveSale.allCases.map { "\($0.share) % \($0.words)" }
        return """
              Live sales: about \(perMinute) a minute at \(plugins.count) registers of their own.
              \(shares.prefix(4).joined(separator: ", ")),
              \(shares.dropFirst(4).joined(separator: ", ")).
              Another rate: --sales-per-minute N, 0 for none.
            """
    }

    /// Until it is cancelled.
    func run() async throws {
        guard isOn else { return }
        let control = SandboxControl(address: sandbox, http: .shared)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for (position, plugin) in plugins.enumerated() {
                let client = PluginClient(address: plugin.url, token: try plugin.token(), http: .shared)
                tasks.addTask {
                    // Not all at once.
                    try await Task.sleep(for: pause * Double(position) / Double(plugins.count))
                    try await sell(at: LiveRegister(plugin: client, sandbox: control))
                }
            }
            try await tasks.waitForAll()
        }
    }

    /// Between the beginnings of two sales at one register, on the average.
    private var pause: Duration { .seconds(60) * plugins.count / perMinute }

    private func sell(at register: LiveRegister) async throws {
        var generator = SystemRandomNumberGenerator()
        var next = ContinuousClock.now
        while true {
            try await register.waitUntilAvailable()
            // A sandbox that does not answer is one of the things that somebody tries out.
            _ = try? await register.sell(LiveSale.draw(using: &generator), using: &generator)
            try Task.checkCancellation()
            next = max(next + pause * Double.random(in: 0.4...1.6, using: &generator), ContinuousClock.now)
            try await Task.sleep(until: next, clock: .continuous)
        }
    }
}

/// One register of the live sales, and the shoppers before it.
struct LiveRegister: Sendable {
    let plugin: PluginClient
    let sandbox: SandboxControl

    /// - Throws: If the task is cancelled.
    func waitUntilAvailable() async throws {
        while true {
            if case .answer(let status) = await plugin.laneStatus(), status.available { return }
            try await Task.sleep(for: .seconds(1))
        }
    }

    /// One sale, until its result is known.
    /// - Throws: ``DemoFailure`` or a network's error where the sandbox gives no code.
    @discardableResult
    func sell(
        _ kind: LiveSale,
        using generator: inout some RandomNumberGenerator
    ) async throws -> PluginReply<SaleAnswer> {
        let wallet = LiveSale.wallet(using: &generator)
        let seconds = Int.random(in: 3...10, using: &generator)
        let code = try await sandbox.issueCode(wallet, kind.behaviour(seconds: seconds))
        if kind == .replyLost {
            // Of this code alone: no other payment meets the fault.
            try await sandbox.addFault(
                .init(wallet: wallet, operation: "pay", fault: "drop-reply", count: 1, code: code)
            )
        }
        let items = LiveSale.basket(using: &generator)
        let sale = "LIVE-\(UUID().uuidString.prefix(13))"
        let request = PaymentRequest(
            saleRef: sale,
            amount: items.reduce(0) { $0 + $1.quantity * $1.unitPrice },
            paymentCode: code,
            operator: "demo",
            items: items
        )
        let reply = await withTaskGroup(of: PluginReply<SaleAnswer>?.self) { tasks in
            tasks.addTask { await plugin.pay(request) }
            tasks.addTask {
                await act(kind, sale, code, after: seconds)
                return nil
            }
            // What the shopper or the cashier does changes the register's answer, and ends by itself.
            var reply: PluginReply<SaleAnswer>?
            for await result in tasks { reply = result ?? reply }
            return reply
        }
        if case .answer(let answer)? = reply, answer.outcome == .paid { _ = await plugin.acknowledge(sale) }
        return reply ?? .silence("given up")
    }

    /// What shopper or cashier do meanwhile.
    private func act(_ kind: LiveSale, _ sale: String, _ code: String, after seconds: Int) async {
        switch kind {
        case .paid, .password, .tooLittleMoney, .expiredCode: break
        case .declined:
            for _ in 0..<seconds {
                try? await Task.sleep(for: .seconds(1))
                if (try? await sandbox.code(code).trade?.state) == "waiting" { break }
            }
            try? await sandbox.reject(code)
        case .stopped:
            try? await Task.sleep(for: .seconds(seconds))
            _ = await plugin.cancel(sale)
        case .replyLost:
            // Before a cloud has asked what became of it.
            try? await Task.sleep(for: .seconds(2))
            _ = await plugin.cancel(sale)
        }
    }
}
