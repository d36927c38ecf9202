// Part of Tillbridge. See LICENSE.

/// How each part of a stack is called.
extension StackSettings {
    var sandboxArguments: [String] {
        [
            "sandbox", "--port", "\(ports.sandbox)", "--tls-port", "\(ports.sandboxTLS)", "--data", sandboxData,
            "--export", sandboxKeys, "--speed", "\(1 / timeFactor)",
        ]
    }

    /// - Parameter name: `A` or `B`.
    func cloudArguments(_ name: String) -> [String] {
        let (own, peer) = name == "A" ? (ports.cloudA, ports.cloudB) : (ports.cloudB, ports.cloudA)
        return [
            "cloud", "--name", name, "--data", cloudData(name), "--keys", keys, "--listen", "127.0.0.1:\(own)",
            "--peer", "https://127.0.0.1:\(peer)", "--time-factor", "\(timeFactor)",
            "--proxies", "127.0.0.1:\(ports.proxy)",
        ]
    }

    var proxyArguments: [String] {
        [
            "proxy", "--listen", "127.0.0.1:\(ports.proxy)", "--admin", "127.0.0.1:\(ports.proxyAdmin)",
            "--cloud", "A=https://127.0.0.1:\(ports.cloudA)", "--cloud", "B=https://127.0.0.1:\(ports.cloudB)",
            "--weight", "A=\(weights.a)", "--weight", "B=\(weights.b)", "--data", keys,
        ]
    }

    /// The work that makes a new folder's chain.
    var chainArguments: [String] {
        [
            ChainSeeding.command, "--keys", keys, "--cloud-a", cloudData("A"), "--cloud-b", cloudData("B"),
            "--sandbox", sandboxData, "--export", sandboxKeys, "--console", consoleData,
            "--sandbox-port", "\(ports.sandbox)", "--sandbox-tls-port", "\(ports.sandboxTLS)",
            "--supervisor-code", StackSetup.supervisorCode,
        ]
    }

    func pluginArguments(_ position: Int) -> [String] { ["run", "--config", pluginConfiguration(position)] }

    var consoleArguments: [String] {
        [
            "console", "--data", consoleData, "--cloud", cloudData("A"), "--cloud", cloudData("B"),
            "--listen", "127.0.0.1:\(ports.console)", "--demo-users", demoUsersFile,
            "--webhooks-inside",
        ]
    }

    func tillArguments(_ plugin: DemoStack.Plugin, phone: String?) -> [String] {
        [
            "till", "--plugin", plugin.url, "--token-file", plugin.tokenFile, "--listen", "127.0.0.1:\(ports.till)",
            "--data", tillData(0),
        ] + (phone.map { ["--phone", $0] } ?? [])
    }
}
