// Part of Tillbridge. See LICENSE.
import Synchronization

/// The wallets behind a lock, and what they changed behind a group commit: nobody sees a state that is not durable.
package final class SandboxCore: Sendable {
    private let state: Mutex<SandboxState>
    private let commit: GroupCommit
    private let time: any SandboxTime
    package let pace: Pace

    package init(state: SandboxState, commit: GroupCommit, time: any SandboxTime) {
        pace = state.pace
        self.state = Mutex(state)
        self.commit = commit
        self.time = time
    }

    /// The policies as they are now.
    package var policies: Policies { state.withLock { $0.policies } }

    /// The real moment, by which the age of signed requests is judged.
    package var realNow: Int64 { time.now }

    /// Does something with the wallets at the sandbox's present moment and returns when its changes, and all changes
    /// it may have seen, are durable.
    package func perform<Answer: Sendable>(
        _ body: (inout SandboxState, _ now: Int64) throws -> sending Answer
    ) async throws -> Answer {
        let (answer, ticket) = try state.withLock { state in
            let now = time.now + state.clockOffset
            state.settle(until: now)
            // What had become due is queued even if the rest fails.
            let result = Result { try body(&state, now) }
            let ticket = commit.enqueue(state.drainChanges())
            return (try result.get(), ticket)
        }
        try await commit.wait(for: ticket)
        return answer
    }
}

extension SandboxState {
    /// The state as it was stored.
    package init(restoring changes: [Change], pace: Pace, seed: UInt64, realisticShoppers: Bool) throws {
        self.init(pace: pace, seed: seed, realisticShoppers: realisticShoppers)
        for change in changes {
            switch change {
            case .code(let code): self[code.wallet].restore(change)
            case .shopper(let shopper): self[shopper.wallet].restore(change)
            case .trade(let trade): self[trade.wallet].restore(change)
            case .entry(let entry): self[entry.wallet].restore(change)
            case .fence(let wallet, _): self[wallet].restore(change)
            case .latePay(let late): self[late.request.wallet].restore(change)
            case .latePayDone: break
            case .setting(let name, let value): try restore(setting: name, value)
            }
        }
    }

    private mutating func restore(setting name: String, _ value: String) throws {
        switch name {
        case "faults":
            faults = try JSONText.decode([Fault].self, from: value)
        case "clock":
            clockOffset = try JSONText.decode(Int64.self, from: value)
        case "policies":
            for (name, answer) in try JSONText.decode([String: String].self, from: value) {
                guard let question = Policies.Question(rawValue: name), policies.choose(answer, for: question) else {
                    throw SandboxError("the stored policy \(name) has the answer \(answer)")
                }
            }
        default:
            throw SandboxError("a stored setting is named \(name)")
        }
    }

    /// Queues the settings for storing, after they changed.
    package mutating func storeSettings() {
        if let text = try? JSONText.encode(faults) { store(setting: "faults", text) }
        if let text = try? JSONText.encode(policies.all) { store(setting: "policies", text) }
        if let text = try? JSONText.encode(clockOffset) { store(setting: "clock", text) }
    }
}
