// Part of Tillbridge. See LICENSE.
import Foundation

/// Everything a stack needs before its parts can run: keys, configuration, activations; and how each part is called.
struct StackSetup: Sendable {
    private let settings: StackSettings
    private let files = FileManager.default

    init(_ settings: StackSettings) { self.settings = settings }

    // MARK: - Before the start

    func makeKeys() async throws {
        guard !files.fileExists(atPath: settings.keys) else { return }
        try await admin("keys", "--data", settings.keys)
    }

    /// Store, registers and accounts.
    /// - Returns: A one-time code for each register that is not activated yet.
    func configureClouds() async throws -> [Int: String] {
        [:]
    }

    /// Enrols the register of a plug-in, unless it is already.
    /// - Returns: The register's number.
    func activate(_ position: Int, code: String?) async throws -> String {
        ""
    }

    private func writeConfiguration(_ position: Int) throws {
        let text = """
            data = \(settings.pluginData(position))
            listen = 127.0.0.1:\(settings.ports.plugins[position])
            proxies = 127.0.0.1:\(settings.ports.proxy)
            acknowledges = yes
            token = required

            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: settings.pluginConfiguration(position)), options: .atomic)
    }

    @discardableResult
    private func admin(_ arguments: String...) async throws -> String {
        try await Command.run(settings.executable, ["admin"] + arguments)
    }

    // MARK: - How the parts are called

    var sandboxArguments: [String] {
        [
            "sandbox", "--port", "\(settings.ports.sandbox)", "--tls-port", "\(settings.ports.sandboxTLS)",
            "--data", settings.sandboxData, "--export", settings.sandboxKeys,
            "--speed", "\(1 / settings.timeFactor)",
        ]
    }

    func cloudArguments(_ name: String) -> [String] { ["cloud"] }

    var proxyArguments: [String] {
        [
            "proxy", "--listen", "127.0.0.1:\(settings.ports.proxy)",
            "--admin", "127.0.0.1:\(settings.ports.proxyAdmin)",
            "--cloud", "A=https://127.0.0.1:\(settings.ports.cloudA)",
            "--cloud", "B=https://127.0.0.1:\(settings.ports.cloudB)",
            "--weight", "A=\(settings.weights.a)", "--weight", "B=\(settings.weights.b)",
            "--data", settings.keys,
        ]
    }

    func tillArguments(_ plugin: DemoStack.Plugin, phone: String?) -> [String] {
        [
            "till", "--plugin", plugin.url, "--token-file", plugin.tokenFile,
            "--listen", "127.0.0.1:\(settings.ports.till)", "--data", settings.tillData(0),
        ] + (phone.map { ["--phone", $0] } ?? [])
    }
}
