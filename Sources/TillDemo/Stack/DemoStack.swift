// Part of Tillbridge. See LICENSE.
import AsyncHTTPClient
import Foundation
import TillRegister

/// Sandbox, two clouds, proxy, plug-ins and a till as separate processes on loopback.
actor DemoStack {
    struct Plugin: Sendable {
        let register: String
        let url: String
        let tokenFile: String

        func token() throws -> String {
            guard let content = FileManager.default.contents(atPath: tokenFile) else {
                throw DemoFailure("The plug-in's token file \(tokenFile) cannot be read.")
            }
            return String(decoding: content, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }

    nonisolated let settings: StackSettings
    nonisolated var timeFactor: Double { settings.timeFactor }

    private let family: Family
    private var sandbox: ChildProcess?
    private var clouds: [String: ChildProcess] = [:]
    private var proxy: ChildProcess?
    private var pluginProcesses: [ChildProcess] = []
    private var till: ChildProcess?
    private var console: ChildProcess?

    private(set) var sandboxAddresses = SandboxAddresses()
    private(set) var plugins: [Plugin] = []
    private(set) var tillURL: String?
    private(set) var consoleURL: String?

    init(settings: StackSettings, guardian: ProcessGuard) throws {
        self.settings = settings
        for folder in [settings.data, settings.logs] { try DemoFolder.make(folder) }
        family = Family(guardian: guardian, logs: settings.logs)
    }

    // MARK: - Start and end

    /// Makes a chain and its day in the folders of this stack, none of which is in use. What an earlier attempt left
    /// there is removed.
    func makeChain() async throws -> ChainSeeding.Made {
        for folder in [settings.cloudData("A"), settings.cloudData("B"), settings.sandboxData, settings.consoleData]
        where FileManager.default.fileExists(atPath: folder) {
            do {
                try FileManager.default.removeItem(atPath: folder)
            } catch {
                throw DemoFailure("\(folder) cannot be removed: name another folder with --data.")
            }
        }
        try await StackSetup(settings).makeKeys()
        let work = try family.start("chain", settings.executable, settings.chainArguments)
        let made = try await work.waitUntilReady(seconds: ChainSeeding.patience)
        guard try await family.finish(work) == .code(0) else {
            throw DemoFailure("The chain was not made: see \(work.log).")
        }
        return try JSONDecoder().decode(ChainSeeding.Made.self, from: made)
    }

    /// Makes what is missing and starts everything in the order in which the parts need each other.
    /// - Parameter known: The registers of an earlier start with the same folder.
    func start(known: [String] = []) async throws {
        let setup = StackSetup(settings)
        try await setup.makeKeys()
        let sandbox = try family.start("sandbox", settings.executable, settings.sandboxArguments)
        self.sandbox = sandbox
        for name in ["A", "B"] {
            clouds[name] = try family.start("cloud\(name)", settings.executable, settings.cloudArguments(name))
        }
        let proxy = try family.start("proxy1", settings.executable, settings.proxyArguments)
        self.proxy = proxy
        sandboxAddresses = try SandboxAddresses(try await sandbox.waitUntilReady())
        for name in ["A", "B"] { _ = try await clouds[name]?.waitUntilReady() }
        let registers = try await setup.configure(known: known)
        _ = try await proxy.waitUntilReady()
        for (position, register) in registers.enumerated() {
            try await setup.enrol(position, register)
            plugins.append(
                Plugin(
                    register: register.id,
                    url: "http://127.0.0.1:\(settings.ports.plugins[position])",
                    tokenFile: "\(settings.pluginData(position))/register.token"
                )
            )
            pluginProcesses.append(try startProcess(position))
        }
        for process in pluginProcesses { _ = try await process.waitUntilReady() }
        if settings.withTill { try await startTill() }
        if settings.withConsole { try await startConsole() }
        try await setup.waitUntilShipped(registers)
        for plugin in plugins { try await waitUntilAvailable(plugin) }
    }

    /// Until the first sale is possible.
    private func waitUntilAvailable(_ plugin: Plugin) async throws {
        let client = PluginClient(address: plugin.url, token: try plugin.token(), http: .shared)
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            if case .answer(let status) = await client.laneStatus(), status.available { return }
            guard ContinuousClock.now < deadline else {
                throw DemoFailure("Register \(plugin.register) took no payments after 30 s: see \(settings.logs).")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private func startTill() async throws {
        let till = try family.start(
            "till",
            settings.executable,
            settings.tillArguments(plugins[0], phone: sandboxAddresses.phone)
        )
        self.till = till
        struct Ready: Decodable { var till: String }
        tillURL = try JSONDecoder().decode(Ready.self, from: try await till.waitUntilReady()).till
    }

    private func startConsole() async throws {
        let console = try family.start("console", settings.executable, settings.consoleArguments)
        self.console = console
        struct Ready: Decodable { var console: String }
        consoleURL = try JSONDecoder().decode(Ready.self, from: try await console.waitUntilReady()).console
    }

    private func startProcess(_ position: Int) throws -> ChildProcess {
        try family.start("plugin\(position + 1)", settings.pluginBinary, settings.pluginArguments(position))
    }

    func end() async { await family.end() }

    /// The children that have ended by themselves.
    nonisolated var fallen: [ChildProcess] { family.fallen }

    // MARK: - Blows

    func killCloud(_ name: String) async throws {
        guard let cloud = clouds.removeValue(forKey: name) else { return }
        try await family.kill(cloud)
    }

    func killPlugin(_ position: Int) async throws { try await family.kill(pluginProcesses[position]) }

    func startPlugin(_ position: Int) async throws {
        let process = try startProcess(position)
        pluginProcesses[position] = process
        _ = try await process.waitUntilReady()
    }

    // MARK: - What people and programs are told

    var ready: ReadyLine {
        var pids: [String: Int32] = [:]
        var logs: [String: String] = [:]
        let named: [(String, ChildProcess?)] =
            [
                ("sandbox", sandbox), ("cloudA", clouds["A"]), ("cloudB", clouds["B"]), ("proxy1", proxy),
                ("till", till), ("console", console),
            ] + pluginProcesses.enumerated().map { ("plugin\($0.offset + 1)", $0.element) }
        for (name, child) in named {
            guard let child else { continue }
            pids[name] = child.pid
            logs[name] = child.log
        }
        return ReadyLine(
            sandbox: sandboxAddresses.sandbox,
            sandboxTLS: sandboxAddresses.sandboxTLS,
            clouds: [
                "A": "https://127.0.0.1:\(settings.ports.cloudA)", "B": "https://127.0.0.1:\(settings.ports.cloudB)",
            ],
            proxies: ["127.0.0.1:\(settings.ports.proxy)"],
            proxyAdmin: ["http://127.0.0.1:\(settings.ports.proxyAdmin)"],
            plugins: plugins.map { ReadyLine.Plugin(register: $0.register, url: $0.url, tokenFile: $0.tokenFile) },
            till: tillURL,
            console: consoleURL,
            pids: pids,
            logs: logs,
            keys: ["sandbox": "\(settings.sandboxKeys)/sandbox.json", "ca": "\(settings.keys)/ca.pem"]
        )
    }
}

/// What the sandbox said when it was ready.
struct SandboxAddresses: Codable, Sendable {
    var sandbox = ""
    var sandboxTLS: String?
    var phone: String?

    init() {}

    init(_ ready: Data) throws { self = try JSONDecoder().decode(SandboxAddresses.self, from: ready) }
}
