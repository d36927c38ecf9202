// Part of Tillbridge. See LICENSE.
import ArgumentParser
import Logging
import ServiceLifecycle
import TillDomain
import TillEngine
import TillProxy
import UnixSignals

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// `tillbridge proxy`: the only way out of the store network.
struct ProxyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "proxy",
        abstract: "Connects registers to the clouds: health, assignment, forwarding.",
        discussion: """
            Prints one line 'ready {"listen":"HOST:PORT","admin":"URL"}' when both ports are open, and ends after \
            SIGTERM once the requests in flight are answered.
            """
    )

    @Option(help: "Where registers connect, by TLS: HOST:PORT. Port 0 takes a free one.")
    var listen = "127.0.0.1:7500"

    @Option(help: "Where /metrics, /healthz and /readyz are, in plain HTTP: an address of loopback.")
    var admin = "127.0.0.1:7501"

    @Option(name: .customLong("cloud"), help: "A cloud: A=https://HOST:PORT or B=https://HOST:PORT. Give each once.")
    var clouds: [String] = []

    @Option(name: .customLong("weight"), help: "A cloud's size relative to the other: A=1…1000. Default 100.")
    var weights: [String] = []

    @Option(help: "The folder of 'tillbridge admin keys': proxy.pem, proxy.key and ca.pem are taken from there.")
    var data: String?

    @Option(help: "The proxy's certificate (proxy.tillbridge), a PEM file.")
    var certificate: String?

    @Option(help: "The certificate's private key, a PEM file that its owner alone may read.")
    var key: String?

    @Option(help: "The private CA that the clouds' certificates chain to, a PEM file.")
    var ca: String?

    @Option(name: .customLong("client-ca"), help: "Ask registers for a certificate of this CA as well, a PEM file.")
    var clientCA: String?

    /// The limits where nothing else is set.
    private static let standard = ProxySettings.Limits()

    @Option(help: "Register connections at the same time.")
    var connections = ProxyCommand.standard.connections

    @Option(name: .customLong("connections-per-address"), help: "Register connections from one address.")
    var connectionsPerAddress = ProxyCommand.standard.connectionsPerAddress

    @Option(help: "Requests at one cloud at the same time, at most. The limit adapts itself below this.")
    var concurrency = ProxyCommand.standard.concurrency.maximum

    @Option(name: .customLong("requests-per-second"), help: "Requests of one connection; 0 does not limit.")
    var requestsPerSecond = Int(ProxyCommand.standard.requests?.perSecond ?? 0)

    @Option(help: "Event loops.")
    var threads = 2

    @Option(name: .customLong("drain-seconds"), help: "How long requests may take to end after SIGTERM.")
    var drainSeconds = 30

    @Option(name: .customLong("access-log"), help: "A file, '-' for standard error, or 'off'.")
    var accessLog = "-"

    func run() async throws {
        do {
            let settings = try settings()
            let logger = Logger(label: "tillbridge.proxy") { StreamLogHandler.standardError(label: $0) }
            let service = ProxyService(settings: settings, logger: logger, whenReady: announce)
            let group = ServiceGroup(
                configuration: ServiceGroupConfiguration(
                    services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)],
                    gracefulShutdownSignals: [.sigterm, .sigint],
                    logger: logger
                )
            )
            try await group.run()
        } catch let error as SettingError {
            complain(error.description)
            throw ExitCode(2)
        }
    }

    private func settings() throws(SettingError) -> ProxySettings {
        var settings = ProxySettings(
            listen: try address("--listen", listen),
            admin: try address("--admin", admin),
            clouds: try cloudAddresses(),
            keys: try keyFiles()
        )
        guard settings.admin.isLoopback else {
            throw SettingError("--admin is \"\(admin)\"; it speaks plain HTTP and must be on 127.0.0.1.")
        }
        settings.limits.connections = try number("--connections", connections, 1...1_000_000)
        settings.limits.connectionsPerAddress = try number(
            "--connections-per-address",
            connectionsPerAddress,
            1...1_000_000
        )
        let concurrency = try number("--concurrency", concurrency, 8...100_000)
        settings.limits.concurrency = AdaptiveLimit.Policy(
            initial: max(8, concurrency / 4),
            minimum: 8,
            maximum: concurrency
        )
        let perSecond = try number("--requests-per-second", requestsPerSecond, 0...1_000_000)
        settings.limits.requests =
            perSecond == 0 ? nil : TokenBucket.Policy(perSecond: Int64(perSecond), burst: 2 * Int64(perSecond))
        settings.threads = try number("--threads", threads, 1...64)
        settings.times.drain = 1_000 * Int64(try number("--drain-seconds", drainSeconds, 0...3_600))
        switch accessLog {
        case "off": settings.accessLog = .off
        case "-": settings.accessLog = .standardError
        default: settings.accessLog = .file(accessLog)
        }
        return settings
    }

    private func cloudAddresses() throws(SettingError) -> [CloudAddress] {
        guard !clouds.isEmpty else {
            throw SettingError(
                "--cloud is missing; give A=https://HOST:PORT, and B=https://HOST:PORT if there are two."
            )
        }
        var addresses: [CloudAddress] = []
        for text in clouds {
            let address = try CloudAddress(parsing: text)
            guard !addresses.contains(where: { $0.name == address.name }) else {
                throw SettingError("--cloud \"\(text)\" names a cloud that was given before; give each once.")
            }
            addresses.append(address)
        }
        for text in weights {
            let parts = text.split(separator: "=", omittingEmptySubsequences: false)
            guard parts.count == 2, let weight = Int(parts[1]), (1...1_000).contains(weight),
                let name = CloudName(wireName: Array(parts[0].utf8)),
                let index = addresses.firstIndex(where: { $0.name == name })
            else {
                throw SettingError("--weight is \"\(text)\"; it must be the name of a given cloud, = and 1 to 1000.")
            }
            addresses[index].weight = weight
        }
        return addresses
    }

    private func keyFiles() throws(SettingError) -> ProxySettings.KeyFiles {
        ProxySettings.KeyFiles(
            certificate: try file("--certificate", certificate, "proxy.pem"),
            key: try file("--key", key, "proxy.key"),
            authority: try file("--ca", ca, "ca.pem"),
            clientAuthority: clientCA
        )
    }

    private func file(_ setting: String, _ path: String?, _ name: String) throws(SettingError) -> String {
        if let path { return path }
        guard let data else {
            throw SettingError("\(setting) is missing; name a PEM file, or give --data with the folder of the keys.")
        }
        return data.hasSuffix("/") ? data + name : data + "/" + name
    }

    private func address(_ setting: String, _ text: String) throws(SettingError) -> HostPort {
        guard let address = HostPort(text) else {
            throw SettingError("\(setting) is \"\(text)\"; it must be HOST:PORT, with a port from 0 to 65535.")
        }
        return address
    }

    private func number(_ setting: String, _ value: Int, _ allowed: ClosedRange<Int>) throws(SettingError) -> Int {
        guard allowed.contains(value) else {
            throw SettingError(
                "\(setting) is \(value); it must be from \(allowed.lowerBound) to \(allowed.upperBound)."
            )
        }
        return value
    }
}

/// One line on standard output for whoever started the process.
private func announce(_ addresses: ProxyAddresses) {
    print("ready {\"listen\":\"\(addresses.listen)\",\"admin\":\"http://\(addresses.admin)\"}")
    fflush(nil)
}
