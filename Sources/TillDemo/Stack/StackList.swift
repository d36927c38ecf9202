// Part of Tillbridge. See LICENSE.
import Synchronization

/// The stacks that were started, to be ended whatever happens.
final class StackList: Sendable {
    private let stacks = Mutex<[DemoStack]>([])

    func make(_ settings: StackSettings, guardian: ProcessGuard) throws -> DemoStack {
        let stack = try DemoStack(settings: settings, guardian: guardian)
        stacks.withLock { $0.append(stack) }
        return stack
    }

    func end() async {
        for stack in stacks.withLock({ $0 }) { await stack.end() }
    }
}
