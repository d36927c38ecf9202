// Part of Tillbridge. See LICENSE.

/// The sandbox's faults strike whoever comes next, so the scenarios that need one go first, one after another: each
/// sets its fault, lets it strike, and takes it away. The others wait until the last has struck.
actor FaultTurn {
    private let sandbox: SandboxControl
    private var outstanding: Int
    private var settled: Set<String> = []
    private var isTaken = false

    /// - Parameter scenarios: How many scenarios will set a fault.
    init(sandbox: SandboxControl, scenarios: Int) {
        self.sandbox = sandbox
        outstanding = scenarios
    }

    /// Plays `body` with a fault that strikes once, and `struck` right after it has.
    func strike<Result: Sendable>(
        _ sale: String,
        _ fault: SandboxControl.Fault,
        _ body: @Sendable () async throws -> Result,
        struck: @Sendable () async throws -> Void = {}
    ) async throws -> Result {
        while isTaken { try await Task.sleep(for: .milliseconds(20)) }
        isTaken = true
        do {
            try await sandbox.setFaults([fault])
        } catch {
            await release(sale)
            throw error
        }
        async let result = body()
        do {
            try await waitUntilStruck()
        } catch {
            await release(sale)
            throw error
        }
        await release(sale)
        try await struck()
        return try await result
    }

    func waitUntilAllStruck() async throws {
        while outstanding > 0 { try await Task.sleep(for: .milliseconds(20)) }
    }

    /// The scenario with this sale will set no fault any more.
    func settle(_ sale: String) {
        if settled.insert(sale).inserted { outstanding -= 1 }
    }

    private func release(_ sale: String) async {
        try? await sandbox.setFaults([])
        isTaken = false
        settle(sale)
    }

    private func waitUntilStruck() async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while try await sandbox.faults().first?.hits ?? 0 < 1 {
            guard ContinuousClock.now < deadline else {
                throw DemoFailure("The payment did not reach the wallet within 20 s.")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
