// Part of Tillbridge. See LICENSE.
import AsyncHTTPClient
import Foundation
import TillRegister
import UnixSignals

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The parent of all processes of a demo.
package struct DemoRunner: Sendable {
    private let options: DemoOptions
    private let say: @Sendable (String) -> Void
    private let complain: @Sendable (String) -> Void

    /// - Parameters:
    ///   - say: Writes a line to standard output.
    ///   - complain: Writes a line to standard error.
    package init(
        options: DemoOptions,
        say: @escaping @Sendable (String) -> Void,
        complain: @escaping @Sendable (String) -> Void
    ) {
        self.options = options
        self.say = say
        self.complain = complain
    }

    // MARK: - Until Ctrl-C

    /// Runs one stack until SIGINT, SIGTERM or SIGHUP.
    /// - Parameter headless: Says one line for programs, and not addresses for people.
    package func serve(headless: Bool, withConsole: Bool) async throws {
        try checkPrograms()
        // A folder of something else is left alone before anything is written to it.
        _ = try DemoFolder.read(options.data)
        try DemoFolder.make(options.data)
        let lock = try await DemoLock.take(options.data)
        defer { lock.release() }
        let known = try DemoFolder.read(options.data)
        let chain = known.map(\.chain) ?? (options.withChain ? .begun : nil)
        if let known, options.withChain, known.chain == nil {
            complain("\(options.data) holds a small shop from before: for the chain, name another folder with --data.")
        }
        let ports = try choosePorts(known?.ports, registers: chain == nil ? 1 : ChainSeeding.registers)
        let settings = StackSettings(
            data: options.data,
            ports: ports,
            withTill: true,
            withConsole: withConsole,
            executable: options.executable,
            pluginBinary: options.pluginBinary
        )
        try await withStacks(lock) { makeStack in
            let start = ContinuousClock.now
            let stack = try makeStack(settings)
            var registers = known?.registers ?? []
            try DemoFolder.write(options.data, .init(ports: ports, registers: registers, chain: chain))
            if chain == .begun {
                if !headless { say(ChainSeeding.announcement) }
                let made = try await stack.makeChain()
                registers = made.running
                try DemoFolder.write(options.data, .init(ports: ports, registers: registers, chain: .made))
                if !headless { say("… \(made.summary), after \(DemoWelcome.seconds(since: start)) s.") }
            }
            if !headless { say("Starting sandbox, two clouds, proxy, plug-ins, till and console …") }
            try await stack.start(known: registers)
            let running = await stack.plugins.map(\.register)
            try DemoFolder.write(
                options.data,
                .init(ports: ports, registers: running, chain: chain == nil ? nil : .made)
            )
            let ready = await stack.ready
            // The first register is the till's.
            let sales = LiveSales(
                plugins: Array(await stack.plugins.dropFirst()),
                sandbox: await stack.sandboxAddresses.sandbox,
                perMinute: options.salesPerMinute
            )
            if headless {
                say(ready.text)
            } else {
                say(
                    DemoWelcome.text(
                        ready,
                        data: options.data,
                        seconds: DemoWelcome.seconds(since: start),
                        phone: await stack.sandboxAddresses.phone,
                        sales: sales
                    )
                )
            }
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await watch(stack) }
                tasks.addTask { try await sales.run() }
                try await tasks.waitForAll()
            }
        }
    }

    /// Says it when a part ends; nothing is started again.
    private func watch(_ stack: DemoStack) async throws {
        var told: Set<Int32> = []
        while true {
            for child in stack.fallen where told.insert(child.pid).inserted {
                let how = child.exit.map { "\($0)" } ?? "unknown"
                complain("\(child.name) has ended (\(how)); its log is \(child.log).")
            }
            try await Task.sleep(for: .milliseconds(300))
        }
    }

    // MARK: - Once

    /// Plays all scenarios and returns their rows.
    package func once(realTime: Bool) async throws -> OnceResult {
        try checkPrograms()
        let folder = "\(options.data)/once-\(Int(Date().timeIntervalSince1970))-\(getpid())"
        try DemoFolder.make(folder)
        let factor = realTime ? 1 : 0.2
        let rows = try await withStacks { makeStack in
            let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: TillRegisterService.httpSettings)
            do {
                let rows = try await play(makeStack, folder: folder, factor: factor, http: http)
                try await http.shutdown()
                return rows
            } catch {
                try? await http.shutdown()
                throw error
            }
        }
        let result = OnceResult(rows: rows)
        if result.isAsExpected {
            try? FileManager.default.removeItem(atPath: folder)
        } else {
            complain("Logs, journals and books of this run are kept in \(folder).")
        }
        return result
    }

    private func play(
        _ makeStack: @Sendable (StackSettings) throws -> DemoStack,
        folder: String,
        factor: Double,
        http: HTTPClient
    ) async throws -> [OnceResult.Row] {
        let player = OncePlayer(http: http) { complain($0) }
        let stacks = [
            ("main", OncePlayer.main, (a: 100, b: 100)),
            // The row that kills cloud A wants its payment there.
            ("clouds", OncePlayer.clouds, (a: 1000, b: 1)),
        ]
        let rows = try await withThrowingTaskGroup(of: [OnceResult.Row].self) { tasks in
            for (name, groups, weights) in stacks {
                let settings = StackSettings(
                    data: "\(folder)/\(name)",
                    ports: try StackPorts(free: groups.count),
                    registers: groups.count,
                    timeFactor: factor,
                    weights: weights,
                    executable: options.executable,
                    pluginBinary: options.pluginBinary
                )
                let stack = try makeStack(settings)
                tasks.addTask {
                    try await stack.start()
                    return try await player.play(groups, on: stack)
                }
            }
            return try await tasks.reduce(into: []) { $0 += $1 }
        }
        return rows.sorted { left, right in
            let order = OncePlayer.order
            return order.firstIndex(of: left.scenario) ?? 0 < order.firstIndex(of: right.scenario) ?? 0
        }
    }

    // MARK: - Processes

    /// Runs `body`, which makes stacks, until it returns or a signal comes; then ends all their processes.
    /// - Throws: ``DemoFailure``; a signal is not an error.
    private func withStacks<Result: Sendable>(
        _ lock: DemoLock? = nil,
        _ body: @Sendable @escaping (@Sendable @escaping (StackSettings) throws -> DemoStack) async throws -> Result
    ) async throws -> Result {
        let guardian = try ProcessGuard(executable: options.executable, lock: lock)
        let stacks = StackList()
        let signals = await UnixSignalsSequence(trapping: [.sigint, .sigterm, .sighup])
        let outcome: Swift.Result<Result, any Error>
        do {
            let result = try await withThrowingTaskGroup(of: Result?.self) { tasks in
                tasks.addTask {
                    for await _ in signals { throw DemoStopped() }
                    return nil
                }
                tasks.addTask { try await body { try stacks.make($0, guardian: guardian) } }
                defer { tasks.cancelAll() }
                while let result = try await tasks.next() {
                    if let result { return result }
                }
                throw DemoStopped()
            }
            outcome = .success(result)
        } catch {
            outcome = .failure(error)
        }
        await stacks.end()
        await guardian.close()
        return try outcome.get()
    }

    private func checkPrograms() throws {
        for (path, option) in [(options.executable, ""), (options.pluginBinary, " or name it with --plugin-binary")] {
            guard access(path, X_OK) == 0 else {
                throw DemoFailure("The program \(path) is missing: build it\(option).")
            }
        }
    }

    private func choosePorts(_ known: StackPorts?, registers: Int) throws -> StackPorts {
        let ports: StackPorts
        switch (known, options.portBase) {
        case (nil, 0): return try StackPorts(free: registers)
        case (nil, let base): ports = StackPorts(base: base, registers: registers)
        case (let known?, 0): ports = known
        case (let known?, let base):
            guard known == StackPorts(base: base, registers: registers) else {
                throw DemoFailure(
                    "The demo in \(options.data) uses other ports (sandbox \(known.sandbox)): give --port-base "
                        + "\(known.sandbox), or another folder with --data."
                )
            }
            ports = known
        }
        for port in ports.all where !FreePorts.take(port) {
            throw DemoFailure(
                known == nil
                    ? "Port \(port) is in use: end the program that uses it, or choose others with --port-base."
                    : "Port \(port) is in use and belongs to the demo in \(options.data): end the program that uses it, "
                        + "or start another demo with --data and --port-base."
            )
        }
        return ports
    }
}

/// A signal asked the demo to end.
package struct DemoStopped: Error, Sendable {
    package init() {}
}
